//! What stopped tasks and service events mean (ecs-facts section 10).
//!
//! Evidence counts only when it is of *this* deployment: tasks of our task definition, events since
//! it began.

mod exit;
mod hopeless;
mod lines;
mod now;
mod rules;
mod targets;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;

use crate::observe::{ServiceDeploymentSeen, ServiceEventSeen, TaskSeen};
use crate::time::Timestamp;
use crate::verdict::Finding;
pub(crate) use exit::ENDS;
pub use hopeless::UnderWay;
pub(crate) use hopeless::died;
pub(crate) use lines::stream_of;
pub use lines::{LINES, last_words, quote};
pub use now::{Diagnosis, Latest};
use rules::Weight;
pub(crate) use targets::{of_target, with_targets, without_targets};

/// Lines of evidence of one finding at most.
const EVIDENCE: usize = 5;

/// Causes that the stopped tasks and events of our deployment show: what explains most first, and of
/// what explains as much the most frequent.
#[must_use]
pub fn findings(
    stopped: &[TaskSeen],
    events: &[ServiceEventSeen],
    task_definition: &str,
    since: Timestamp,
) -> Vec<Finding> {
    let mut found: Vec<Found> = Vec::new();
    let ours = stopped
        .iter()
        .filter(|task| task.task_definition == task_definition);
    for (weight, finding) in ours.filter_map(of_task) {
        add(&mut found, weight, finding);
    }
    for event in events.iter().filter(|event| event.at >= since) {
        if let Some(rule) = rules::of(&event.message) {
            let evidence = format!("{}: {}", event.at, event.message);
            add(&mut found, rule.weight, rule.finding(evidence));
        }
    }
    found.sort_by_key(|found| Reverse((found.weight, found.times)));
    found.into_iter().map(|found| found.finding).collect()
}

/// Codes of all findings that this can give, with their causes and remedies: for the documents.
#[must_use]
pub fn catalogue() -> Vec<(&'static str, &'static str, &'static str)> {
    let told = rules::all().map(rules::Rule::told);
    told.chain(exit::KINDS).collect()
}

/// The alarms that ended the deployment, if any did.
#[must_use]
pub fn alarm(deployment: &ServiceDeploymentSeen) -> Option<Finding> {
    let names = deployment.triggered_alarms.join(", ");
    let reason = deployment
        .rollback
        .as_ref()
        .map(|rollback| &rollback.reason);
    (!names.is_empty()).then(|| Finding {
        code: "alarm-fired".to_owned(),
        cause: format!("an alarm of the service fired during the deployment: {names}"),
        evidence: reason
            .into_iter()
            .chain(&deployment.status_reason)
            .cloned()
            .collect(),
        remedy: "look at what the alarm measures, from the beginning of the deployment on"
            .to_owned(),
    })
}

/// What is said when nothing explains the end.
#[must_use]
pub fn unexplained(deployment: &ServiceDeploymentSeen) -> Finding {
    let words = deployment
        .rollback
        .as_ref()
        .map(|rollback| rollback.reason.clone());
    Finding {
        code: "unexplained".to_owned(),
        cause: "ECS ended the deployment, and no stopped task says why".to_owned(),
        evidence: words
            .into_iter()
            .chain(deployment.status_reason.clone())
            .collect(),
        remedy: "look at the service's events and the logs of its tasks".to_owned(),
    }
}

/// The cause of one stopped task; `None` for what is normal (scaling in, SIGTERM, a person).
fn of_task(task: &TaskSeen) -> Option<(Weight, Finding)> {
    let reason = task.stopped_reason.as_deref().unwrap_or_default();
    if reason.to_lowercase().contains("scaling activity") {
        return None;
    }
    let reasons = task
        .containers
        .iter()
        .filter_map(|container| container.reason.as_deref());
    let code = task.stop_code.as_deref().unwrap_or_default();
    let words: Vec<&str> = std::iter::once(reason).chain(reasons).collect();
    // The code stands for texts that change more often than it does.
    let text = format!("{} {code}", words.join(" "));
    if let Some(rule) = rules::of(&text) {
        let mut said: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
        // ECS says of the task what it says of its container.
        said.dedup();
        let evidence = format!("task {}: {}{}", short(task), said.join("; "), when(task));
        return Some((rule.weight, rule.finding(evidence)));
    }
    exit::of(task).map(|finding| (Weight::Cause, finding))
}

/// The task's id, short enough to read.
fn short(task: &TaskSeen) -> &str {
    let id = task.arn.rsplit('/').next().unwrap_or(&task.arn);
    id.get(..8).unwrap_or(id)
}

/// When the task stopped, as a part of its evidence.
fn when(task: &TaskSeen) -> String {
    task.stopped_at
        .map_or_else(String::new, |at| format!(", {at}"))
}

/// A finding, and how often it was found.
struct Found {
    weight: Weight,
    times: usize,
    finding: Finding,
}

/// Puts equal causes together.
fn add(found: &mut Vec<Found>, weight: Weight, finding: Finding) {
    let known = found
        .iter_mut()
        .find(|known| known.finding.code == finding.code && known.finding.cause == finding.cause);
    match known {
        Some(known) => {
            known.times += 1;
            for line in finding.evidence {
                let evidence = &mut known.finding.evidence;
                if evidence.len() < EVIDENCE && !evidence.contains(&line) {
                    evidence.push(line);
                }
            }
        }
        None => found.push(Found {
            weight,
            times: 1,
            finding,
        }),
    }
}
