//! Where a release stands, as one JSON object: the last line of `deploy` and `watch`, and `list`.

use serde_json::{Value, json};
use shipway_domain::job::{Outcome, RolloutReport};
use shipway_domain::spec::ReleaseKind;

use crate::follow::block;
use crate::follow::ending::findings;
use crate::follow::job::Job;
use crate::follow::state::State;
use crate::json;
use crate::text::words::rfc3339;

/// The object for a release.
pub(crate) fn object(state: &State) -> Value {
    let builds = || state.jobs.values().filter(|job| job.target.is_none());
    let image = builds().find_map(|job| match &job.outcome {
        Some(Outcome::Built(image)) => Some(json::outcome::image(image)),
        _ => None,
    });
    let causes: Vec<_> = builds().flat_map(findings).cloned().collect();
    let (undoes, to) = match state.kind {
        ReleaseKind::Rollback { undoes, to } => (Some(undoes.to_string()), Some(to.to_string())),
        ReleaseKind::Deploy | ReleaseKind::Settle => (None, None),
    };
    json!({
        "release": state.release.to_string(),
        "app": state.app,
        "env": state.env,
        "kind": state.kind.as_str(),
        "undoes": undoes,
        "to": to,
        "title": state.title,
        "submitter": state.submitter,
        "submitted": rfc3339(state.submitted),
        "ended": state.ended.map(rfc3339),
        "trace": Some(&state.trace).filter(|trace| !trace.is_empty()),
        "verdict": state.verdict.map(|verdict| verdict.as_str()),
        "final": state.is_final(),
        "image": image,
        "findings": json::outcome::findings(&causes),
        "targets": state.targets().map(|job| target(state, job)).collect::<Value>(),
        "tasks": state.of_targets().filter(|job| job.is_task()).map(|job| task(state, job)).collect::<Value>(),
    })
}

/// A task before or after a rollout.
fn task(state: &State, job: &Job) -> Value {
    let run = match &job.outcome {
        Some(Outcome::Ran(run)) => Some(run),
        _ => None,
    };
    let place = job.target.as_ref().map_or(Value::Null, json::target);
    let stand = json!({
        "job": job.index,
        "when": job.when,
        "wave": job.wave,
        "phase": json::phase(job.phase),
        // Of a task that has done its work nothing is live.
        "verdict": job.verdict().filter(|_| run.is_none()).map(|verdict| verdict.as_str()),
        "summary": Some(block::summary(state, job)).filter(|text| !text.is_empty()),
        "task": run.map(|run| run.task.as_str()),
        "milliseconds": run.map(|run| run.millis),
        "findings": json::outcome::findings(findings(job)),
    });
    json::with(place, stand)
}

fn target(state: &State, job: &Job) -> Value {
    let report: Option<&RolloutReport> = match &job.outcome {
        Some(Outcome::RolledOut(report)) => Some(report),
        _ => None,
    };
    let place = job.target.as_ref().map_or(Value::Null, json::target);
    let stand = json!({
        "job": job.index,
        "kind": job.kind,
        "wave": job.wave,
        "phase": json::phase(job.phase),
        "verdict": job.verdict().map(|verdict| verdict.as_str()),
        "unchanged": report.is_some_and(|report| report.unchanged),
        "summary": Some(block::summary(state, job)).filter(|text| !text.is_empty()),
        "image_digest": report.and_then(|report| report.image_digest.as_ref()).map(|d| d.as_str()),
        "task_definition": report.and_then(|report| report.task_definition.as_deref()),
        "serving": report.and_then(|report| report.serving.as_deref()),
        "running": report.map(|report| report.running),
        "desired": report.map(|report| report.desired),
        "findings": json::outcome::findings(findings(job)),
    });
    json::with(place, stand)
}
