//! `shipway plan`: what a deploy would do to each target, while nothing is changed.

use futures::future::try_join_all;
use serde_json::{Value, json};
use shipway_domain::ids::Target;
use shipway_domain::image::is_by_digest;
use shipway_domain::plan::{Change, CourseEnd, TargetPlan};
use shipway_domain::spec::{ReleaseSpec, Source};
use shipway_proto::v1::inspection;

use crate::commands::deploy;
use crate::error::Error;
use crate::exit;
use crate::json;
use crate::server::Server;
use crate::session::Session;
use crate::text::preview;

/// Options of `plan`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The environment, as in shipway.toml
    pub env: String,
    /// What would be deployed
    #[command(flatten)]
    pub what: deploy::What,
}

/// Prints the plan of each target.
pub(crate) async fn run(args: Args, session: &mut Session<'_>) -> Result<u8, Error> {
    let resolved = deploy::preview(&args.env, &args.what, session)?;
    let server = session.server().await?;
    let spec = &resolved.spec;
    let looks = spec
        .targets
        .iter()
        .map(|target| look(&server, &target.target, spec, &resolved.task_definition));
    let plans = try_join_all(looks).await?;
    let changes = plans.iter().any(|(_, plan)| plan.changes());
    if session.json() {
        let targets: Value = plans.iter().map(object).collect();
        session.print_json(&json::document(json!({
            "app": spec.app.as_str(),
            "env": spec.env.as_str(),
            "changes": changes,
            "targets": targets,
        })))?;
    } else {
        let names = super::accounts::names(&server).await;
        for (target, plan) in &plans {
            let name = names.get(&target.account).map(String::as_str);
            let (width, _) = session.size();
            let lines = preview::lines(target, name, plan);
            let lines: Vec<_> = lines.into_iter().flat_map(|line| line.fit(width)).collect();
            session.print(&lines)?;
        }
    }
    Ok(if changes { exit::CHANGES } else { 0 })
}

async fn look(
    server: &Server,
    target: &Target,
    spec: &ReleaseSpec,
    definition: &str,
) -> Result<(Target, TargetPlan), Error> {
    let image = match &spec.source {
        // A tag may name another image by the time of the deploy.
        Source::Image { reference } if is_by_digest(reference) => Some(reference.clone()),
        Source::Image { .. } | Source::Context { .. } | Source::Commit { .. } => None,
    };
    let what = inspection::What::Plan(inspection::Plan {
        task_definition: definition.to_owned(),
        containers: spec.containers.clone(),
        image,
        rollout: Some((&spec.rollout).into()),
    });
    let answer = server.inspect(target, what).await;
    let answer = answer.map_err(|status| server.failed(&status))?;
    let plan = answer.plan.ok_or_else(|| {
        Error::local(
            "the coordinator does not know plans",
            "it is older than this command".to_owned(),
        )
    })?;
    Ok((target.clone(), plan.into()))
}

fn object((target, plan): &(Target, TargetPlan)) -> Value {
    let changes = |changes: &[Change]| -> Value {
        let change = |c: &Change| json!({"path": c.path, "before": c.before, "after": c.after});
        changes.iter().map(change).collect()
    };
    let warnings: Value = plan
        .warnings
        .iter()
        .map(|w| json!({"code": w.code, "text": w.text, "remedy": w.remedy}))
        .collect();
    let course = plan.course.as_ref().map(|course| {
        let points: Value = course
            .points
            .iter()
            .map(|p| json!({"seconds": p.at.as_secs_f64(), "old": p.old, "new": p.new}))
            .collect();
        let (end, seconds) = match course.end {
            CourseEnd::Completed(after) => ("completed", Some(after.as_secs_f64())),
            CourseEnd::Stalled(after) => ("stalled", Some(after.as_secs_f64())),
            CourseEnd::Open => ("open", None),
        };
        json!({
            "desired": course.desired,
            "lower": course.lower,
            "upper": course.upper,
            "breaker_after": course.breaker,
            "points": points,
            "end": end,
            "seconds": seconds,
            "extra": {
                "tasks": course.extra.tasks,
                "cpu_units": course.extra.cpu_units,
                "memory_mib": course.extra.memory_mib,
                "addresses": course.extra.addresses,
            },
            "assumptions": course.assumptions,
        })
    });
    let members = json!({
        "serving": plan.serving,
        "changes": plan.changes(),
        "forced": plan.forced,
        "image_known": plan.image_known,
        "definition": changes(&plan.definition),
        "settings": changes(&plan.settings),
        "course": course,
        "warnings": warnings,
    });
    json::with(json::target(target), members)
}
