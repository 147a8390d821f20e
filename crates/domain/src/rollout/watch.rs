//! Looking at the tasks of a rollout one by one, now and then, for people who follow it. Nothing is decided by it.

use std::collections::BTreeSet;
use std::time::Duration;

use super::phase::{Checks, number};
use super::stage::{self, StageSince};
use super::{Action, Next, Rollout, limits};
use crate::bounds::Percentages;
use crate::event::NoteLevel;
use crate::observe::{ServiceDeploymentSeen, ServiceDeploymentStatus, TaskSeen};
use crate::time::Timestamp;

/// A look is two calls for many rollouts of a cluster (design.md section 6); after another count it pays at once.
const SOONEST: Duration = Duration::from_secs(3);
/// The time between two looks while nothing else tells that something has changed: it grows with the time since the
/// last change, from the one to the other, and with each hundred tasks, for those are another call.
const PAUSE: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(30));
/// A look that failed is not tried again before.
const PAUSE_REFUSED: Duration = Duration::from_secs(60);

/// What the looks brought to light.
#[derive(Clone, Debug, Default)]
pub(super) struct Watched {
    /// Tasks that are wanted, ours and others.
    pub(super) tasks: Vec<TaskSeen>,
    /// Old tasks that go, and have not gone.
    pub(super) leaving: Vec<TaskSeen>,
    /// ARNs of ours that count as healthy.
    pub(super) healthy: BTreeSet<String>,
    /// Since when all new tasks are healthy and no old one is left.
    pub(super) complete_since: Option<Timestamp>,
    /// The slowest start of one of ours, from its making to RUNNING.
    pub(super) start: Option<Duration>,
    /// The slowest proof of health of one of ours, from RUNNING.
    pub(super) health: Option<Duration>,
    /// The slowest end of an old one, from its being told until its containers ended.
    pub(super) end: Option<Duration>,
    wanted: Looked,
    unwanted: Looked,
    /// Most old tasks that were seen.
    most_old: u32,
    changed_at: Timestamp,
    refused_at: Option<Timestamp>,
    /// Since when the deployment is in its stage.
    pub(super) stage: Option<StageSince>,
}

/// When a kind of look was last taken, and how the counts were then.
#[derive(Clone, Copy, Debug, Default)]
struct Looked {
    at: Option<Timestamp>,
    counts: [u32; 3],
}

impl Watched {
    /// When the tasks that are wanted were last looked at.
    pub(super) const fn at(&self) -> Option<Timestamp> {
        self.wanted.at
    }

    /// Whether the last look at them was refused.
    pub(super) const fn is_refused(&self) -> bool {
        self.refused_at.is_some()
    }

    /// A poll has seen the counts.
    pub(super) fn saw_counts(&mut self, deployment: &ServiceDeploymentSeen) {
        let [old, ..] = counts(deployment);
        self.most_old = self.most_old.max(old);
    }

    fn pause(&self, now: Timestamp) -> Duration {
        let calm = now.since(self.changed_at) / 2;
        let pages = number(self.tasks.len() / 100) + 1;
        calm.clamp(PAUSE.0, PAUSE.1).saturating_mul(pages)
    }

    fn is_due(&self, now: Timestamp, looked: Looked, counts: [u32; 3]) -> bool {
        let Some(at) = looked.at else {
            return true;
        };
        let after = if looked.counts == counts {
            self.pause(now)
        } else {
            SOONEST
        };
        now >= at.plus(after)
    }
}

/// Running old ones, running new ones, new ones on their way.
pub(super) fn counts(deployment: &ServiceDeploymentSeen) -> [u32; 3] {
    let old = deployment.source_revisions.iter();
    let new = &deployment.target_revision;
    [
        old.map(|revision| revision.running).sum(),
        new.running,
        new.pending,
    ]
}

impl Rollout {
    /// A look at tasks, when there is something to see that the counts do not tell.
    pub(super) fn look_at_tasks(
        &self,
        now: Timestamp,
        deployment: &ServiceDeploymentSeen,
    ) -> Option<Next> {
        let watched = &self.seen.watched;
        let refused = watched.refused_at.map(|at| at.plus(PAUSE_REFUSED));
        if deployment.status != ServiceDeploymentStatus::InProgress
            || refused.is_some_and(|until| now < until)
            || !stage::moves_tasks(deployment)
        {
            return None;
        }
        let counts = counts(deployment);
        let [old, running, pending] = counts;
        let look = |leaving| Some(Next::Do(Action::WatchTasks { leaving }));
        let complete = watched.complete_since.is_some() && watched.wanted.counts == counts;
        if running + pending > 0 && !complete && watched.is_due(now, watched.wanted, counts) {
            return look(false);
        }
        let goes = old < watched.most_old
            && (watched.unwanted.counts != counts || !watched.leaving.is_empty());
        (goes && watched.is_due(now, watched.unwanted, counts))
            .then(|| look(true))
            .flatten()
    }

    /// The tasks were looked at.
    pub(super) fn saw_tasks(&mut self, now: Timestamp, leaving: bool, tasks: Vec<TaskSeen>) {
        let Some(deployment) = &self.seen.deployment else {
            return;
        };
        let looked = Looked {
            at: Some(now),
            counts: counts(deployment),
        };
        let since = deployment.created_at;
        let Some(ours) = self.registered().map(ToOwned::to_owned) else {
            return;
        };
        // What ECS has found healthy is.
        let floor = if stage::is_up(deployment) {
            u32::MAX
        } else {
            self.floor()
        };
        let checks = self.checks();
        let [old, ..] = looked.counts;
        let watched = &mut self.seen.watched;
        watched.refused_at = None;
        if leaving {
            watched.unwanted = looked;
            watched.take_leaving(&ours, since, now, tasks);
        } else {
            watched.wanted = looked;
            watched.take_wanted(&ours, checks, (floor, old), now, tasks);
        }
        let complete = watched.leaving.is_empty() && watched.is_filled(&ours, looked.counts);
        watched.complete_since = complete.then(|| watched.complete_since.unwrap_or(now));
    }

    /// They cannot be looked at: it is told once, and hinders nothing.
    pub(super) fn saw_no_tasks(&mut self, now: Timestamp, message: &str) {
        let watched = &mut self.seen.watched;
        if watched.refused_at.replace(now).is_none() && watched.wanted.at.is_none() {
            let text = format!("the phases of tasks are not shown: {message}");
            self.remarks.push((NoteLevel::Warning, text));
        }
    }

    /// What a new task goes through until it counts as healthy.
    pub(super) fn checks(&self) -> Checks {
        let service = self.seen.service.as_ref();
        let grace = self.wanted.settings.health_check_grace_period;
        Checks {
            container: limits::container_check(&self.wanted.task_definition),
            balanced: service.is_some_and(|service| !service.target_groups.is_empty()),
            grace: grace
                .or_else(|| service?.health_check_grace_period)
                .unwrap_or_default(),
        }
    }

    /// Healthy tasks below which ECS does not go by itself, new ones and old ones together.
    fn floor(&self) -> u32 {
        let service = self.seen.service.as_ref();
        let now = service.map_or(0, |service| service.desired);
        // More are wanted than were there: that they are missing says nothing about the health of others.
        let desired = self
            .seen
            .desired_before
            .map_or(now, |before| before.min(now));
        self.percentages().of(desired).lower
    }

    pub(super) fn percentages(&self) -> Percentages {
        Percentages {
            minimum_healthy: self.wanted.settings.minimum_healthy_percent,
            maximum: self.wanted.settings.maximum_percent,
        }
    }
}

impl Watched {
    fn take_wanted(
        &mut self,
        ours: &str,
        checks: Checks,
        (floor, counted): (u32, u32),
        now: Timestamp,
        tasks: Vec<TaskSeen>,
    ) {
        let states = |tasks: &[TaskSeen]| -> Vec<(String, String, String)> {
            let each = tasks.iter();
            each.map(|task| {
                (
                    task.arn.clone(),
                    task.last_status.clone(),
                    task.health.clone(),
                )
            })
            .collect()
        };
        if states(&tasks) != states(&self.tasks) {
            self.changed_at = now;
        }
        self.tasks = tasks;
        let (new, old): (Vec<_>, Vec<_>) =
            (self.tasks.iter()).partition(|task| task.task_definition == ours);
        let running = |task: &&&TaskSeen| task.last_status == "RUNNING";
        let old = number(old.iter().filter(running).count());
        let starts = new.iter().filter(running);
        let starts = starts.filter_map(|task| Some(task.started_at?.since(task.created_at?)));
        self.start = starts.chain(self.start).max();

        let mut passed: Vec<&TaskSeen> = new
            .into_iter()
            .filter(|task| checks.passed(task, now))
            .collect();
        passed.sort_by_key(|task| task.started_at);
        // The load balancer's opinion is not to be seen. But ECS stops no old task before a new one is healthy when
        // fewer than the lower bound would be left.
        let certain = if checks.balanced {
            floor.saturating_sub(old.max(counted)) as usize
        } else {
            passed.len()
        };
        let before = std::mem::take(&mut self.healthy);
        let known = passed.iter().filter(|task| before.contains(&task.arn));
        let known = known.count().max(certain);
        passed.sort_by_key(|task| (!before.contains(&task.arn), task.started_at));
        for task in passed.into_iter().take(known) {
            if !before.contains(&task.arn) {
                self.changed_at = now;
                let took = task.started_at.map(|at| now.since(at));
                self.health = self.health.max(took);
            }
            self.healthy.insert(task.arn.clone());
        }
    }

    fn take_leaving(&mut self, ours: &str, since: Timestamp, now: Timestamp, tasks: Vec<TaskSeen>) {
        let is_old = |task: &TaskSeen| {
            task.task_definition != ours && task.stopping_at.is_some_and(|at| at >= since)
        };
        let (leaving, gone): (Vec<_>, Vec<_>) = (tasks.into_iter().filter(is_old))
            .partition(|task| matches!(task.last_status.as_str(), "DEACTIVATING" | "STOPPING"));
        let ends = gone.iter().filter_map(|task| {
            let ended = task.execution_stopped_at.or(task.stopped_at)?;
            Some(ended.since(task.stopping_at?))
        });
        self.end = ends.chain(self.end).max();
        if leaving.len() != self.leaving.len() {
            self.changed_at = now;
        }
        self.leaving = leaving;
    }

    /// Whether all tasks that run or are on their way are ours, and healthy.
    fn is_filled(&self, ours: &str, [old, running, pending]: [u32; 3]) -> bool {
        let ours = self
            .tasks
            .iter()
            .filter(|task| task.task_definition == ours);
        let healthy = ours.filter(|task| self.healthy.contains(&task.arn)).count();
        old == 0 && pending == 0 && running > 0 && number(healthy) >= running
    }
}
