//! Whether tasks that prove our digest at this moment stay up. Without a health check ECS takes a container for healthy
//! that has run for 40 s: one that crashes a little later, again and again, is SUCCESSFUL in between (ecs-facts 4.3).

use std::time::Duration;

use super::early::started;
use super::{Action, Next, Rollout};
use crate::diagnose;
use crate::observe::ServiceSeen;
use crate::time::Timestamp;

/// Tasks are watched for longer than those ran that died, by this much.
const MARGIN: Duration = Duration::from_secs(30);
/// Whoever has run for so long has come to serve; what ends it later is nothing of the rollout.
const LONG_ENOUGH: Duration = Duration::from_secs(300);
/// Time between two looks.
const LOOK_AGAIN: Duration = Duration::from_secs(10);
/// One death may be an accident.
const AGAIN: usize = 2;

/// Tasks of ours that had died when our deployment had just ended.
#[derive(Clone, Debug)]
pub(super) struct Dead {
    /// When they were looked at.
    at: Timestamp,
    /// Their ARNs.
    tasks: Vec<String>,
    /// How long the one of them ran that ran longest.
    longest: Duration,
}

impl Rollout {
    /// What is still to be seen before tasks that prove our digest, looked at `tasks_at`, count as live: when tasks of
    /// ours have died, that the others outlive them. `None` once nothing is.
    pub(super) fn until_they_stay(
        &self,
        now: Timestamp,
        ours: &str,
        tasks_at: Timestamp,
    ) -> Option<Next> {
        let deployment = self.seen.deployment.as_ref()?;
        // A look for each rollout would be a call for each: ECS's counts and messages show that a task was replaced.
        if self.seen.dead_at_end.is_none() && self.trouble(deployment) == 0 {
            return None;
        }
        let look = Next::Do(Action::StoppedTasks { under_way: false });
        let (Some(before), Some(stopped)) = (&self.seen.dead_at_end, &self.seen.stopped) else {
            return Some(look);
        };
        if before.tasks.is_empty() {
            return None;
        }
        let died: Vec<&str> = diagnose::died(stopped, ours)
            .map(|(task, _)| task.arn.as_str())
            .collect();
        if died.iter().any(|arn| !before.has(arn)) {
            let times = died.len();
            let text = format!("{times} tasks of {ours} have ended by themselves, again and again");
            return Some(self.not_serving(text));
        }
        let until = before
            .at
            .plus(before.longest.min(LONG_ENOUGH).saturating_add(MARGIN));
        let (looked_at, _) = self.seen.looked_at_trouble.unwrap_or_default();
        let again = looked_at.plus(LOOK_AGAIN).min(until);
        if looked_at < until {
            let reason = format!(
                "{} of its tasks ended by themselves; those that run are to outlive them",
                before.tasks.len()
            );
            return Some(if now >= again {
                look
            } else {
                Next::Wait {
                    until: again,
                    reason,
                }
            });
        }
        (tasks_at < until).then_some(Next::Do(Action::RunningTasks))
    }

    /// Stopped tasks were looked at: the first such look after the end is what later ones are compared with.
    pub(super) fn saw_dead(&mut self, now: Timestamp) {
        if self.seen.ended_at.is_none() || self.seen.dead_at_end.is_some() {
            return;
        }
        let Some(ours) = self.registered() else {
            return;
        };
        let mut dead = Dead {
            at: now,
            tasks: Vec::new(),
            longest: Duration::ZERO,
        };
        let stopped = self.seen.stopped.as_deref().unwrap_or_default();
        for (task, lived) in diagnose::died(stopped, ours) {
            dead.tasks.push(task.arn.clone());
            dead.longest = dead.longest.max(lived);
        }
        self.seen.dead_at_end = Some(dead);
    }

    /// A look at stopped tasks of a service that is as wanted, when tasks were started since it was deployed.
    pub(super) fn look_at_restarts(&self, service: &ServiceSeen) -> Option<Next> {
        let mut events = service.events.iter().map(|event| event.message.as_str());
        let restarted = events
            .find(|message| started(message) > 0 || message.contains("deployment completed"))
            .is_some_and(|message| started(message) > 0);
        (restarted && self.seen.stopped.is_none())
            .then_some(Next::Do(Action::StoppedTasks { under_way: false }))
    }

    /// Whether tasks of this definition have died more than once in the last hour.
    pub(super) fn dies_again(&self, task_definition: &str) -> bool {
        let stopped = self.seen.stopped.as_deref().unwrap_or_default();
        diagnose::died(stopped, task_definition).count() >= AGAIN
    }
}

impl Dead {
    fn has(&self, arn: &str) -> bool {
        self.tasks.iter().any(|known| known == arn)
    }
}
