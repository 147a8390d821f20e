//! `shipway plan`: what a deploy would do to each target, while nothing is changed.

use futures::future::join_all;
use serde_json::{Value, json};
use shipway_domain::gate::{Gates, When};
use shipway_domain::ids::Target;
use shipway_domain::image::is_by_digest;
use shipway_domain::plan::{Change, CourseEnd, Staged, TargetPlan};
use shipway_domain::spec::{ReleaseSpec, Source};
use shipway_domain::strategy::{SetHook, Strategy};
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

/// A target, with its plan or why there is none.
type Looked = (Target, Result<TargetPlan, String>);

/// Prints the plan of each target.
pub(crate) async fn run(args: Args, session: &mut Session<'_>) -> Result<u8, Error> {
    let resolved = deploy::preview(&args.env, &args.what, session)?;
    let server = session.server().await?;
    let spec = &resolved.spec;
    let looks = spec
        .targets
        .iter()
        .map(|target| look(&server, &target.target, spec, &resolved.task_definition));
    let plans: Vec<Looked> = join_all(looks).await;
    let seen = || plans.iter().filter_map(|(_, plan)| plan.as_ref().ok());
    let changes = seen().any(TargetPlan::changes);
    let deployable = seen().count() == plans.len() && seen().all(|plan| plan.refused.is_none());
    if session.json() {
        let targets: Value = plans.iter().map(object).collect();
        session.print_json(&json::document(json!({
            "app": spec.app.as_str(),
            "env": spec.env.as_str(),
            "changes": changes,
            "tasks": tasks(&spec.gates),
            "targets": targets,
        })))?;
    } else {
        let names = super::accounts::names(&server).await;
        let (width, _) = session.size();
        let around = preview::tasks(&spec.gates).into_iter();
        let around: Vec<_> = around.flat_map(|line| line.fit(width)).collect();
        session.print(&around)?;
        for (target, plan) in &plans {
            let name = names.get(&target.account).map(String::as_str);
            let lines = match plan {
                Ok(plan) => preview::lines(target, name, plan),
                Err(problem) => preview::problem(target, name, problem),
            };
            let lines: Vec<_> = lines.into_iter().flat_map(|line| line.fit(width)).collect();
            session.print(&lines)?;
        }
    }
    Ok(match (deployable, changes) {
        (false, _) => exit::ERROR,
        (true, true) => exit::CHANGES,
        (true, false) => 0,
    })
}

async fn look(server: &Server, target: &Target, spec: &ReleaseSpec, definition: &str) -> Looked {
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
        home: Some((&spec.image).into()),
        scan: spec.scan.as_ref().map(Into::into),
    });
    let plan = match server.inspect(target, what).await {
        Ok(answer) => match answer.plan {
            Some(plan) => Ok(plan.into()),
            None => Err("the coordinator is older than this command".to_owned()),
        },
        Err(status) => Err(status.message().to_owned()),
    };
    (target.clone(), plan)
}

/// What runs before and after each rollout.
fn tasks(gates: &Gates) -> Value {
    let tasks = When::ALL.into_iter().filter_map(|when| {
        let gate = gates.at(when)?;
        Some(json!({
            "when": when.as_str(),
            "container": gate.container,
            "command": gate.command,
            "timeout_seconds": gate.timeout.as_secs(),
        }))
    });
    tasks.collect()
}

fn object((target, plan): &Looked) -> Value {
    let members = match plan {
        Ok(plan) => members(plan),
        Err(problem) => json!({ "problem": problem }),
    };
    json::with(json::target(target), members)
}

fn members(plan: &TargetPlan) -> Value {
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
            "room": {"cpu_units": course.room.cpu_units, "addresses": course.room.addresses},
            "assumptions": course.assumptions,
        })
    });
    let refused = json::outcome::findings(plan.refused.as_slice());
    json!({
        "problem": null,
        "refused": refused[0],
        "unread": plan.unread,
        "serving": plan.serving,
        "changes": plan.changes(),
        "forced": plan.forced,
        "image_known": plan.image_known,
        "definition": changes(&plan.definition),
        "settings": changes(&plan.settings),
        "course": course,
        "staged": plan.staged.as_ref().map(staged),
        "warnings": warnings,
    })
}

fn staged(staged: &Staged) -> Value {
    let Strategy {
        name,
        bake,
        step,
        hooks,
    } = &staged.strategy;
    let hook = |hook: &SetHook| {
        json!({
            "type": hook.target_type,
            "stages": hook.stages,
            "timeout_seconds": hook.timeout.map(|timeout| timeout.as_secs()),
            "on_timeout": json::hook::action(hook.on_timeout),
        })
    };
    json!({
        "strategy": name,
        "bake_seconds": bake.map(|bake| bake.as_secs()),
        "step_percent": step.map(|step| step.share.percent()),
        "step_bake_seconds": step.map(|step| step.bake.as_secs()),
        "hooks": hooks.iter().map(hook).collect::<Value>(),
        "desired": staged.desired,
        "upper": staged.upper,
        "extra": {
            "tasks": staged.extra.tasks,
            "cpu_units": staged.extra.cpu_units,
            "memory_mib": staged.extra.memory_mib,
            "addresses": staged.extra.addresses,
        },
        "room": {"cpu_units": staged.room.cpu_units, "addresses": staged.room.addresses},
    })
}
