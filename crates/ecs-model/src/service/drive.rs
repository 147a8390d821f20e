//! Time passes: tasks take their steps, and the service reacts.

use crate::breaker::{BreakerStatus, Failure};
use crate::event::Say;
use crate::outside::Outside;
use crate::service_deployment::Status;
use crate::task::{Task, TaskChange, TaskStatus};
use crate::time::Time;

use super::{KEEP_DEPLOYMENTS, KEEP_STOPPED, MOST_STOPPED, Rare, SAY_AGAIN, Service};

impl Service {
    /// Lets everything happen that is due up to and including `now`.
    pub fn advance(&mut self, now: Time, outside: &mut dyn Outside) {
        while let Some(at) = self.next_wakeup().filter(|at| *at <= now) {
            self.clock = self.clock.max(at);
            self.step(outside);
        }
        self.clock = self.clock.max(now);
    }

    /// Lets everything happen that is due before `now`, so that an input at `now` comes first.
    pub(super) fn advance_before(&mut self, now: Time, outside: &mut dyn Outside) {
        while let Some(at) = self.next_wakeup().filter(|at| *at < now) {
            self.clock = self.clock.max(at);
            self.step(outside);
        }
        self.clock = self.clock.max(now);
    }

    /// When something changes by itself; none when nothing ever will.
    #[must_use]
    pub fn next_wakeup(&self) -> Option<Time> {
        if self.dirty {
            return Some(self.clock);
        }
        let tasks = self.tasks.iter().filter_map(Task::next_wakeup);
        let passing = self.history.iter().filter_map(|passing| passing.due);
        let later = self.deployments.iter().flat_map(|entry| {
            let waits = Some(entry.launches_from).filter(|from| *from > self.clock);
            [
                waits,
                entry.baking_until.filter(|until| *until > self.clock),
            ]
        });
        let current = self
            .current()
            .filter(|current| !current.status.is_terminal());
        let watched = current.and_then(|current| {
            let stages = current.lifecycle.as_ref();
            let stages = stages.and_then(|stages| stages.next_wakeup(self.clock));
            // Nobody looks at alarms before it is in progress, or once its rollback is asked for.
            let looks = current.status == Status::InProgress;
            let look = current.alarms.next_wakeup().filter(|_| looks);
            [look, stages].into_iter().flatten().min()
        });
        let again = self.said.iter().map(|(_, at)| *at + SAY_AGAIN);
        tasks
            .chain(passing)
            .chain(later.flatten())
            .chain(again)
            .chain(watched)
            .min()
    }

    fn step(&mut self, outside: &mut dyn Outside) {
        let at = self.clock;
        self.dirty = false;
        self.said.retain(|(_, said)| *said + SAY_AGAIN > at);
        let mut drained = 0;
        let mut registered = 0;
        for index in 0..self.tasks.len() {
            while let Some(change) = self.tasks[index].step(at, self.config.grace) {
                drained += usize::from(change == TaskChange::Drained);
                registered += usize::from(change == TaskChange::Running);
                self.react(index, change, outside);
            }
        }
        self.say_targets(registered, drained, outside);
        self.report_breaker();
        // Each round either changes something or is the last; tasks and places are finite.
        while self.pass(outside) {}
        self.note_standing(outside);
        self.forget();
    }

    fn react(&mut self, index: usize, change: TaskChange, outside: &mut dyn Outside) {
        let at = self.clock;
        let (count_exits, breaker) = (self.config.choices.early_exits_count, self.config.breaker);
        let task = &self.tasks[index];
        let launched = task.times().created_at;
        let owner = task.deployment().unwrap_or_default().to_owned();
        let Some(entry) = self.deployments.iter_mut().find(|d| d.id == owner) else {
            return;
        };
        match change {
            TaskChange::Moved | TaskChange::Drained => {}
            TaskChange::Running => {
                entry.breaker.ran();
                entry.backoff_rounds = 0;
                self.unsay(Rare::Impaired);
            }
            TaskChange::Healthy => {
                let resets = breaker.unwrap_or_default();
                entry.breaker.healthy(&resets);
                if resets.reset_on_healthy {
                    entry.failed_tasks = 0;
                }
            }
            TaskChange::Unhealthy => self.say_unhealthy(index, outside),
            TaskChange::NeverRan => {
                entry.failed_tasks += 1;
                entry.breaker.failed(Failure::NeverRan, count_exits);
                // Others of the same round do not lengthen the gap again.
                if launched >= entry.launches_from {
                    self.back_off(&owner, outside);
                }
            }
            TaskChange::Exited { early } => {
                if early {
                    entry.failed_tasks += 1;
                    entry.breaker.failed(Failure::EarlyExit, count_exits);
                }
            }
        }
        if let Some(entry) = self.deployments.iter_mut().find(|d| d.id == owner) {
            entry.updated_at = at;
        }
    }

    /// A round of launches failed: the next one waits (ecs-facts 1.6).
    pub(super) fn back_off(&mut self, deployment: &str, outside: &mut dyn Outside) {
        let at = self.clock;
        let backoff = self.config.backoff;
        let Some(entry) = self.deployments.iter_mut().find(|d| d.id == deployment) else {
            return;
        };
        entry.backoff_rounds += 1;
        let gap = backoff.gap(entry.backoff_rounds);
        entry.launches_from = at + gap;
        if !gap.is_zero() {
            self.say(&Say::Impaired, outside);
        }
    }

    fn say_targets(&mut self, registered: usize, drained: usize, outside: &mut dyn Outside) {
        let Some(group) = self.config.target_group.clone() else {
            return;
        };
        if registered > 0 {
            self.say(&Say::Registered(registered, &group), outside);
        }
        if drained > 0 {
            self.say(&Say::Deregistered(drained, &group), outside);
        }
    }

    fn say_unhealthy(&mut self, index: usize, outside: &mut dyn Outside) {
        let task = &self.tasks[index];
        let id = task.id().to_owned();
        let Some((check, reason)) = task.trouble() else {
            return;
        };
        let reason = reason.to_owned();
        let group = match check {
            crate::plan::Check::Target => self.config.target_group.clone(),
            crate::plan::Check::Container => None,
        };
        let what = Say::TaskUnhealthy(&id, &reason, group.as_deref());
        self.say(&what, outside);
    }

    /// The current service deployment shows what the breaker has counted, by the desired count of now.
    fn report_breaker(&mut self) {
        let (breaker, desired) = (self.config.breaker, self.desired);
        let Some((current, primary)) = self.history.last_mut().zip(self.deployments.first()) else {
            return;
        };
        if current.target != primary.id || current.status.is_terminal() {
            return;
        }
        let report = &mut current.breaker;
        match breaker {
            Some(config) if report.status != BreakerStatus::Triggered => {
                report.status = BreakerStatus::Monitoring;
                report.failures = primary.breaker.failures();
                report.threshold = config.threshold.failures(desired);
            }
            Some(_) => {}
            None => report.status = BreakerStatus::Disabled,
        }
    }

    fn forget(&mut self) {
        let at = self.clock;
        let has_stopped = |task: &Task| task.status() == TaskStatus::Stopped;
        let stopped = self.tasks.iter().filter(|task| has_stopped(task)).count();
        let mut too_many = stopped.saturating_sub(MOST_STOPPED);
        self.tasks.retain(|task| {
            if !has_stopped(task) {
                return true;
            }
            if too_many > 0 {
                too_many -= 1;
                return false;
            }
            let stopped = task.times().stopped_at;
            stopped.is_none_or(|stopped| at.since(stopped) < KEEP_STOPPED)
        });
        // Replaced entries are listed as long as they have tasks, or a rollback could go to them.
        let emptied = |service: &Self, id: &str| {
            service.eligible.as_deref() != Some(id) && {
                let census = service.census_of(id);
                census.live() + census.leaving == 0
            }
        };
        for index in (1..self.deployments.len()).rev() {
            if emptied(self, &self.deployments[index].id) {
                self.deployments.remove(index);
            }
        }
        let newest = self.history.last().map(|current| current.id.clone());
        self.history.retain(|old| {
            Some(&old.id) == newest.as_ref() || at.since(old.created_at) < KEEP_DEPLOYMENTS
        });
    }
}
