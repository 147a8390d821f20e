//! What stopped tasks and service events mean (ecs-facts section 10).
//!
//! Evidence counts only when it is of *this* deployment: tasks of our task definition, events since
//! it began.

mod rules;
#[cfg(test)]
mod tests;

use crate::observe::{ServiceDeploymentSeen, ServiceEventSeen, TaskSeen};
use crate::time::Timestamp;
use crate::verdict::Finding;

/// Causes that the stopped tasks and events of our deployment show, most frequent first.
#[must_use]
pub fn findings(
    stopped: &[TaskSeen],
    events: &[ServiceEventSeen],
    task_definition: &str,
    since: Timestamp,
) -> Vec<Finding> {
    let mut found: Vec<(Finding, usize)> = Vec::new();
    let ours = stopped
        .iter()
        .filter(|task| task.task_definition == task_definition);
    for finding in ours.filter_map(of_task) {
        add(&mut found, finding);
    }
    for event in events.iter().filter(|event| event.at >= since) {
        let text = event.message.to_lowercase();
        if let Some(rule) = rules::of(&text) {
            add(&mut found, rule.finding(event.message.clone()));
        }
    }
    found.sort_by_key(|(_, times)| std::cmp::Reverse(*times));
    found.into_iter().map(|(finding, _)| finding).collect()
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
fn of_task(task: &TaskSeen) -> Option<Finding> {
    let reason = task.stopped_reason.as_deref().unwrap_or_default();
    if reason.to_lowercase().contains("scaling activity") {
        return None;
    }
    let reasons = task
        .containers
        .iter()
        .filter_map(|container| container.reason.as_deref());
    let words: Vec<&str> = std::iter::once(reason).chain(reasons).collect();
    let text = words.join(" ").to_lowercase();
    let id = task.arn.rsplit('/').next().unwrap_or(&task.arn);
    let id = id.get(..8).unwrap_or(id);
    if let Some(rule) = rules::of(&text) {
        let mut said: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
        // ECS says of the task what it says of its container.
        said.dedup();
        return Some(rule.finding(format!("task {id}: {}", said.join("; "))));
    }
    let exited = task.containers.iter().find(|container| {
        container
            .exit_code
            .is_some_and(|code| code != 0 && code != 143)
    })?;
    let code = exited.exit_code?;
    let lived = task
        .started_at
        .zip(task.execution_stopped_at.or(task.stopped_at));
    let after = lived.map_or_else(String::new, |(from, to)| {
        format!(" about {} s after it started", to.since(from).as_secs())
    });
    Some(Finding {
        code: "container-exits".to_owned(),
        cause: format!("the new container exits with code {code}"),
        evidence: vec![format!(
            "task {id}, container {}, exit {code}{after}",
            exited.name
        )],
        remedy: exit_remedy(code).to_owned(),
    })
}

const fn exit_remedy(code: i32) -> &'static str {
    match code {
        126 | 127 => "see that the command exists in the image and may be executed",
        137 => "it was killed: see its memory, and that it ends on SIGTERM within the stop timeout",
        139 => "it crashed with a segmentation fault: see the app",
        _ => "read the container's first lines of output: configuration, environment, migrations",
    }
}

/// Puts equal causes together, with at most five lines of evidence.
fn add(found: &mut Vec<(Finding, usize)>, finding: Finding) {
    let known = found
        .iter_mut()
        .find(|(known, _)| known.code == finding.code && known.cause == finding.cause);
    match known {
        Some((known, times)) => {
            *times += 1;
            for line in finding.evidence {
                if known.evidence.len() < 5 && !known.evidence.contains(&line) {
                    known.evidence.push(line);
                }
            }
        }
        None => found.push((finding, 1)),
    }
}
