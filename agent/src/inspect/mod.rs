//! Looks at AWS, asked for by people. They change nothing, but for the one that cleans up.

mod around;
mod clean;
mod diagnose;
mod plan;

use std::sync::Arc;

use anyhow::Context as _;
use shipway_domain::document::Document;
use shipway_domain::ids::Target;
use shipway_domain::observe::ServiceSeen;
use shipway_domain::standing::{Changed, ServiceNow};
use shipway_domain::task_definition::strip_describe_only;
use shipway_domain::time::Timestamp;
use shipway_plugin::{Place, Platform, RegionApi, Session};
use shipway_proto::v1;
use shipway_proto::v1::inspect_answer::Answer;
use shipway_proto::v1::inspection::What;

/// Answers with what was seen, or with what went wrong.
pub(crate) async fn answer(
    platform: Arc<dyn Platform>,
    order: v1::InspectOrder,
    now: Timestamp,
) -> v1::InspectAnswer {
    let number = order.number;
    let answer = match look(&*platform, order, now).await {
        Ok(answer) => answer,
        Err(error) => Answer::Error(format!("{error:#}")),
    };
    v1::InspectAnswer {
        number,
        answer: Some(answer),
    }
}

async fn look(
    platform: &dyn Platform,
    order: v1::InspectOrder,
    now: Timestamp,
) -> anyhow::Result<Answer> {
    let target: Target = order.target.context("no target was named")?.try_into()?;
    let what = order
        .what
        .and_then(|what| what.what)
        .context("this agent does not know how")?;
    let place = Place {
        account: target.account.clone(),
        region: target.region.clone(),
    };
    let region = platform.open(&place, &Session::Agent).await?;
    let service = region.service(&target.cluster, &target.service).await?;
    match what {
        What::TaskDefinition(_) => {
            let service = service.with_context(|| format!("there is no service {target}"))?;
            let json = running_definition(&*region, &service.task_definition).await?;
            Ok(Answer::Json(json))
        }
        What::Service(asked) => {
            let mut now = ServiceNow::of(service.as_ref());
            if let Some(service) = &service
                && now.differs(asked.proven.as_deref())
            {
                // It says more; what differs is told without it, too.
                now.changed = changed(&*region, service).await.ok();
            }
            Ok(Answer::Service((&now).into()))
        }
        What::Diagnose(_) => {
            let service = service.with_context(|| format!("there is no service {target}"))?;
            let diagnosis = diagnose::diagnose(&*region, &target, &service).await?;
            Ok(Answer::Diagnosis((&diagnosis).into()))
        }
        What::Clean(asked) => {
            let service = service.with_context(|| format!("there is no service {target}"))?;
            let cleaning = clean::clean(&*region, &target, &service, &asked).await?;
            Ok(Answer::Cleaning(cleaning))
        }
        What::Plan(asked) => {
            let service = service.with_context(|| format!("there is no service {target}"))?;
            let plan = plan::plan(platform, &*region, &target, service, asked, now).await?;
            Ok(Answer::Plan((&plan).into()))
        }
    }
}

/// Who made what serves now.
async fn changed(region: &dyn RegionApi, service: &ServiceSeen) -> anyhow::Result<Changed> {
    let at = service.primary().and_then(|entry| entry.created_at);
    let found = region.task_definition(&service.task_definition).await?;
    let found = found.context("the task definition is gone")?;
    let definition = Document::parse(&found.json).context("AWS sent no JSON")?;
    let by = definition.get("registeredBy").and_then(Document::as_str);
    Ok(Changed::of(by.unwrap_or_default(), &found.tags, at))
}

/// The running definition as it can be registered again: tags kept, describe-only members gone.
async fn running_definition(region: &dyn RegionApi, arn: &str) -> anyhow::Result<String> {
    let found = region
        .task_definition(arn)
        .await?
        .with_context(|| format!("task definition {arn} is gone"))?;
    let mut definition = Document::parse(&found.json).context("AWS sent no JSON")?;
    strip_describe_only(&mut definition);
    if !found.tags.is_empty() {
        let tag = |(key, value): &(String, String)| {
            Document::Object(vec![
                ("key".to_owned(), Document::from(key.as_str())),
                ("value".to_owned(), Document::from(value.as_str())),
            ])
        };
        let ours = |key: &str| key.starts_with("shipway:");
        let tags = found
            .tags
            .iter()
            .filter(|(key, _)| !ours(key))
            .map(tag)
            .collect();
        definition.set("tags", Document::Array(tags));
    }
    Ok(definition.pretty())
}
