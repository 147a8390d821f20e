//! Stopping a rollout that cannot come to serve, instead of waiting for the circuit breaker: with its back-off ECS may
//! try for an hour (ecs-facts 1.6), and a crash loop without a health check never trips it.

use std::time::Duration;

use super::{Action, Next, Rollout};
use crate::checkpoint::Checkpoint;
use crate::diagnose::UnderWay;
use crate::event::NoteLevel;
use crate::observe::{ServiceDeploymentSeen, ServiceDeploymentStatus};
use crate::time::Timestamp;

/// Stopped tasks that ECS counts and does not list yet are looked for again after this.
const LOOK_AGAIN: Duration = Duration::from_secs(15);

impl Rollout {
    /// A look at stopped tasks, when something of our deployment has failed that was not looked at.
    pub(super) fn look_at_trouble(
        &self,
        now: Timestamp,
        deployment: &ServiceDeploymentSeen,
    ) -> Option<Next> {
        if self.wanted.settings.stop_early_after == 0
            || deployment.status != ServiceDeploymentStatus::InProgress
        {
            return None;
        }
        let trouble = self.trouble(deployment);
        let (looked_at, of) = self.seen.looked_at_trouble.unwrap_or_default();
        let hidden = self.stopped_of_ours() < trouble && now >= looked_at.plus(LOOK_AGAIN);
        (trouble > of || hidden).then_some(Next::Do(Action::StoppedTasks { under_way: true }))
    }

    /// Stopped tasks were looked at.
    pub(super) fn looked_at_trouble(&mut self, now: Timestamp) {
        let deployment = self.seen.deployment.as_ref();
        let trouble = deployment.map_or(0, |deployment| self.trouble(deployment));
        self.seen.looked_at_trouble = Some((now, trouble));
        self.saw_dead(now);
        self.judge();
    }

    /// Whether what was seen leaves no hope; told once.
    pub(super) fn judge(&mut self) {
        let exits = self.wanted.settings.stop_early_after;
        if exits == 0 || self.seen.hopeless.is_some() || self.stop.is_some() {
            return;
        }
        let (Some(deployment), Some(intent)) = (&self.seen.deployment, self.update_intent()) else {
            return;
        };
        if deployment.status != ServiceDeploymentStatus::InProgress {
            return;
        }
        let service = self.seen.service.as_ref();
        let under_way = UnderWay {
            stopped: self.seen.stopped.as_deref().unwrap_or_default(),
            events: service.map_or(&[][..], |service| service.events.as_slice()),
            task_definition: intent.task_definition,
            since: deployment.created_at,
            running: deployment.target_revision.running,
        };
        let Some(finding) = under_way.hopeless(exits) else {
            return;
        };
        let text = format!(
            "it cannot come to serve, and is stopped early: {}",
            finding.cause
        );
        self.remarks.push((NoteLevel::Warning, text));
        self.seen.hopeless = Some(finding);
    }

    /// Why our deployment is to be stopped early: as an attempt has noted, or as was seen.
    pub(super) fn early(&self) -> Option<&str> {
        let seen = self.seen.hopeless.as_ref();
        self.stopped_early()
            .or_else(|| seen.map(|finding| finding.cause.as_str()))
    }

    /// Why our deployment was stopped early, if it was.
    pub(super) fn stopped_early(&self) -> Option<&str> {
        self.noted.iter().find_map(|note| match note {
            Checkpoint::StopIntent { early, .. } => early.as_deref(),
            _ => None,
        })
    }

    /// Tasks of ours that have failed, as far as ECS's counts and messages show it. More than one source: the breaker
    /// counts only where it is on, `failedTasks` is set back by the first task that runs, and of a crash loop only
    /// the messages about new tasks are left.
    pub(super) fn trouble(&self, deployment: &ServiceDeploymentSeen) -> u32 {
        let breaker = deployment
            .breaker
            .as_ref()
            .map_or(0, |count| count.failures);
        let ours = self.registered();
        let service = self.seen.service.as_ref();
        let entries = service.map_or(&[][..], |service| service.deployments.as_slice());
        let entry = entries
            .iter()
            .find(|entry| Some(entry.task_definition.as_str()) == ours);
        let failed = entry.map_or(0, |entry| entry.failed);
        let started: u32 = self.events().map(|event| started(&event.message)).sum();
        let more = started.saturating_sub(deployment.target_revision.requested);
        breaker.max(failed).max(more)
    }

    fn stopped_of_ours(&self) -> u32 {
        let ours = self.registered();
        let stopped = self.seen.stopped.iter().flatten();
        let count = stopped.filter(|task| Some(task.task_definition.as_str()) == ours);
        u32::try_from(count.count()).unwrap_or(u32::MAX)
    }
}

/// How many tasks a message of the service says it has started (ecs-facts 1.6).
pub(super) fn started(message: &str) -> u32 {
    let after = message.split_once("has started ").map(|(_, after)| after);
    let number = after.and_then(|after| after.split(' ').next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::started;

    #[test]
    fn started_tasks_are_read_off_the_message() {
        let message = "(service web) has started 2 tasks: (task a) (task b).";
        assert_eq!(started(message), 2);
        assert_eq!(started("(service web) has reached a steady state."), 0);
        assert_eq!(started("(service web) has started many tasks"), 0);
    }
}
