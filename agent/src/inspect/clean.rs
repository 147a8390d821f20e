//! Old revisions of a service's task definition, deregistered on request: what of it breaks off is done by the next one.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Context as _;
use shipway_domain::ids::{AppName, EnvName, Target};
use shipway_domain::observe::ServiceSeen;
use shipway_domain::revisions::{self, Cleaned, Fate, Owner};
use shipway_plugin::{ErrorKind, ObserveTasks, RegionApi};
use shipway_proto::v1;

use crate::revisions::of_family;

/// Revisions that are looked at, a page of ECS.
const LOOKED_AT: u32 = 100;
/// The API lets one a second through once its burst is used up (ecs-facts 5.2).
const PAUSE: Duration = Duration::from_secs(1);
/// Pauses after which the others are left to the next one who asks.
const PAUSES: u32 = 120;

pub(super) async fn clean(
    region: &dyn RegionApi,
    target: &Target,
    service: &ServiceSeen,
    asked: &v1::inspection::Clean,
) -> anyhow::Result<v1::Cleaning> {
    let app = AppName::new(asked.app.as_str())?;
    let env = EnvName::new(asked.env.as_str())?;
    let owner = Owner {
        app: &app,
        env: &env,
        target,
    };
    let family = revisions::family(&service.task_definition);
    let family = family.context("the service names no revision")?;
    let all = of_family(region, family, LOOKED_AT).await?;
    // After the list: what came into use meanwhile is seen.
    let tasks = (region.tasks(&target.cluster, &target.service, ObserveTasks::Running)).await?;
    let now = region.service(&target.cluster, &target.service).await?;
    let now = now.with_context(|| format!("there is no service {target}"))?;
    let mut in_use: BTreeSet<&str> =
        BTreeSet::from([&*service.task_definition, &*now.task_definition]);
    in_use.extend(asked.proven.as_deref());
    in_use.extend(
        now.deployments
            .iter()
            .map(|entry| entry.task_definition.as_str()),
    );
    in_use.extend(tasks.iter().map(|task| task.task_definition.as_str()));
    let fates = revisions::fates(&all, owner, asked.keep, &in_use);
    let mut done: Vec<Cleaned> = fates
        .into_iter()
        .map(|(revision, fate)| Cleaned {
            arn: revision.arn.clone(),
            fate,
            gone: false,
            problem: None,
        })
        .collect();
    if !asked.looks_only {
        deregister(region, &mut done).await;
    }
    Ok(v1::Cleaning {
        revisions: done.iter().map(Into::into).collect(),
    })
}

/// Oldest first.
async fn deregister(region: &dyn RegionApi, done: &mut [Cleaned]) {
    let mut pauses = 0;
    for revision in done.iter_mut().rev() {
        if revision.fate != Fate::Goes {
            continue;
        }
        revision.problem = loop {
            match region.deregister_task_definition(&revision.arn).await {
                Ok(()) => break None,
                Err(error) if error.kind == ErrorKind::NotFound => break None,
                Err(error) if error.kind == ErrorKind::Throttled && pauses < PAUSES => {
                    pauses += 1;
                    tokio::time::sleep(PAUSE).await;
                }
                Err(error) => break Some(error.to_string()),
            }
        };
        revision.gone = revision.problem.is_none();
    }
}
