//! Whether a deployment that is under way can still come to serve.

use std::time::Duration;

use super::{Found, add, of_task, rules};
use crate::observe::{ServiceEventSeen, TaskSeen};
use crate::time::Timestamp;
use crate::verdict::Finding;

/// Causes that no further try removes: what is denied, missing or wrong stays so until somebody changes it. Networks,
/// limits and capacity may recover, and are left to the circuit breaker.
pub(super) const FOR_EVER: [&str; 11] = [
    "wrong-architecture",
    "image-not-found",
    "image-pull-denied",
    "secret-denied",
    "secret-not-found",
    "secret-format",
    "log-group",
    "role-not-assumed",
    "cannot-start",
    "command-fails",
    "incompatible-compute",
];

/// Of these no task may ever come into being: what the scheduler says is all that will be seen.
const WITHOUT_TASKS: [&str; 2] = ["role-not-assumed", "incompatible-compute"];

/// So many tasks or messages must agree: a role that was made a moment ago is not seen everywhere at once.
const SURE: usize = 2;

/// A container that ends this soon after its start has not come to serve.
const WITHIN: Duration = Duration::from_secs(30);

/// What is known of a deployment under way.
#[derive(Clone, Copy, Debug)]
pub struct UnderWay<'a> {
    /// Stopped tasks of the service.
    pub stopped: &'a [TaskSeen],
    /// Messages of the service.
    pub events: &'a [ServiceEventSeen],
    /// The task definition that is rolled out.
    pub task_definition: &'a str,
    /// Since when.
    pub since: Timestamp,
    /// Tasks of it that run.
    pub running: u32,
}

impl UnderWay<'_> {
    /// Why the deployment cannot come to serve, if that is plain: the same lasting cause twice while nothing of it
    /// runs, or `exits` containers, and more than run, that ended within 30 s of their start.
    #[must_use]
    pub fn hopeless(&self, exits: u32) -> Option<Finding> {
        self.cannot_start().or_else(|| self.dies_at_once(exits))
    }

    fn ours(&self) -> impl Iterator<Item = &TaskSeen> {
        let ours = |task: &&TaskSeen| task.task_definition == self.task_definition;
        self.stopped.iter().filter(ours)
    }

    fn cannot_start(&self) -> Option<Finding> {
        if self.running > 0 {
            return None;
        }
        let mut found = Vec::new();
        for (weight, finding) in self.ours().filter_map(of_task) {
            add(&mut found, weight, finding);
        }
        let events = self.events.iter().filter(|event| event.at >= self.since);
        for event in events {
            let Some(rule) = rules::of(&event.message) else {
                continue;
            };
            let times = if WITHOUT_TASKS.contains(&rule.code) {
                SURE
            } else {
                1
            };
            for _ in 0..times {
                let evidence = format!("{}: {}", event.at, event.message);
                add(&mut found, rule.weight, rule.finding(evidence));
            }
        }
        let lasting =
            |found: &&Found| found.times >= SURE && FOR_EVER.contains(&found.finding.code.as_str());
        most(found.iter().filter(lasting))
    }

    fn dies_at_once(&self, exits: u32) -> Option<Finding> {
        let mut found = Vec::new();
        let mut quick = 0;
        for task in self
            .ours()
            .filter(|task| lived(task).is_some_and(|lived| lived <= WITHIN))
        {
            if let Some(finding) = by_itself(task) {
                quick += 1;
                add(&mut found, rules::Weight::Cause, finding);
            }
        }
        if exits == 0 || quick < exits || quick <= self.running {
            return None;
        }
        most(found.iter())
    }
}

/// What the task failed of; `None` when it was stopped, or lost its host: then it has not ended by itself.
fn by_itself(task: &TaskSeen) -> Option<Finding> {
    let (weight, finding) = of_task(task)?;
    (weight == rules::Weight::Cause && finding.code != "stop-timeout").then_some(finding)
}

/// The tasks of this definition that came to run and ended by themselves, and how long each of them ran.
pub(crate) fn died<'a>(
    stopped: &'a [TaskSeen],
    task_definition: &'a str,
) -> impl Iterator<Item = (&'a TaskSeen, Duration)> {
    let ours = move |task: &&TaskSeen| task.task_definition == task_definition;
    let dead = stopped.iter().filter(ours);
    dead.filter(|task| by_itself(task).is_some())
        .filter_map(|task| Some((task, lived(task)?)))
}

/// How long the task was in RUNNING.
fn lived(task: &TaskSeen) -> Option<Duration> {
    let ended = task.execution_stopped_at.or(task.stopped_at)?;
    Some(ended.since(task.started_at?))
}

/// The most frequent; of equal ones the first.
fn most<'a>(found: impl Iterator<Item = &'a Found>) -> Option<Finding> {
    let mut best: Option<&Found> = None;
    for one in found {
        if best.is_none_or(|best| one.times > best.times) {
            best = Some(one);
        }
    }
    best.map(|found| found.finding.clone())
}
