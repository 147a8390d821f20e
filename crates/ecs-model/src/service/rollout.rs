//! How a deployment ends: completed, failed, rolled back, stopped (ecs-facts 2.4, 3.2).

use crate::breaker::{Breaker, BreakerStatus};
use crate::deployment::{Deployment, RolloutState};
use crate::event::Say;
use crate::outside::{Fresh, Outside};
use crate::service_deployment::{Counts, Rollback, Status};
use crate::task::{Health, Task, TaskStatus};

use super::{Rare, Service};

impl Service {
    /// Ends what has come to its end: true when something changed.
    pub(super) fn settle_rollout(&mut self, outside: &mut dyn Outside) -> bool {
        let mut moved = self.leave_passing_states(outside);
        if !self.primary().in_progress() || self.current_is(Status::Pending) {
            return moved;
        }
        let tripped = self
            .config
            .breaker
            .is_some_and(|breaker| self.primary().breaker.trips(&breaker, self.desired));
        if tripped && !self.current_is(Status::RollbackRequested) {
            self.trip(outside);
            return true;
        }
        if self.look_at_alarms(outside) {
            return true;
        }
        match self.follow_course(outside) {
            Some(changed) => moved |= changed,
            None if self.has_arrived() && self.is_baked() => {
                self.complete(outside);
                moved = true;
            }
            None => {}
        }
        moved
    }

    pub(super) fn current_is(&self, status: Status) -> bool {
        self.current()
            .is_some_and(|current| current.status == status)
    }

    /// Its goal is reached, or as much of it as early success asks for (ecs-facts 3.6).
    fn has_arrived(&self) -> bool {
        match self.config.early {
            Some(early) if !self.current_is(Status::RollbackInProgress) => {
                let whole = u64::from(self.desired) * u64::from(early.healthy_percent);
                let healthy = self.census_of(&self.primary().id).healthy;
                u64::from(healthy) >= whole.div_ceil(100) && (early.deferred || self.is_alone())
            }
            _ => self.is_filled() && self.is_alone(),
        }
    }

    /// PRIMARY has all its tasks, and all are healthy.
    pub(super) fn is_filled(&self) -> bool {
        let census = self.census_of(&self.primary().id);
        census.healthy == self.desired && census.live() == self.desired
    }

    /// No task of another deployment is left.
    pub(super) fn is_alone(&self) -> bool {
        let primary = Some(self.primary().id.as_str());
        self.tasks
            .iter()
            .all(|task| task.deployment() == primary || task.status() >= TaskStatus::Deprovisioning)
    }

    /// The bake time is over; it starts with the first call. A rollback is not baked.
    fn is_baked(&mut self) -> bool {
        let at = self.clock;
        let bake = self.bake();
        if bake.is_zero() || self.current_is(Status::RollbackInProgress) {
            return true;
        }
        *self.deployments[0].baking_until.get_or_insert(at + bake) <= at
    }

    pub(super) fn complete(&mut self, outside: &mut dyn Outside) {
        let at = self.clock;
        let primary = &mut self.deployments[0];
        primary.enter(RolloutState::Completed, None, at);
        let id = primary.id.clone();
        self.eligible = Some(id.clone());
        let end = match self.current().map(|current| current.status) {
            Some(Status::RollbackInProgress) => Status::RollbackSuccessful,
            _ => Status::Successful,
        };
        self.enter_current(end, None);
        if self.is_alone() {
            self.deployments.truncate(1);
        }
        self.unsay(Rare::Steady);
        self.say(&Say::Completed(&id), outside);
    }

    /// For a service that is born steady.
    pub(super) fn complete_at_once(&mut self, outside: &mut dyn Outside) {
        self.enter_current(Status::InProgress, None);
        let lifecycle = self.history.last_mut().and_then(|c| c.lifecycle.as_mut());
        if let Some(lifecycle) = lifecycle {
            lifecycle.finish();
        }
        self.complete(outside);
        self.note_standing(outside);
    }

    /// The breaker has had enough.
    fn trip(&mut self, outside: &mut dyn Outside) {
        let at = self.clock;
        let failed = &mut self.deployments[0];
        failed.enter(RolloutState::Failed, None, at);
        let id = failed.id.clone();
        self.say(&Say::Failed(&id), outside);
        if self.current_is(Status::RollbackInProgress) {
            let reason = self.config.reasons.rollback_failed.clone();
            self.enter_current(Status::RollbackFailed, Some(reason));
            return;
        }
        if let Some(current) = self.history.last_mut() {
            current.breaker.status = BreakerStatus::Triggered;
            current.updated_at = at;
        }
        let reason = self.config.reasons.breaker.clone();
        let rollback = self.config.breaker.is_some_and(|breaker| breaker.rollback);
        self.fall(rollback, &reason, "ECS deployment circuit breaker", outside);
    }

    /// A failed deployment goes back, or is stopped, or stays for ever (ecs-facts 2.4).
    pub(super) fn fall(
        &mut self,
        rollback: bool,
        reason: &str,
        who: &str,
        outside: &mut dyn Outside,
    ) {
        let at = self.clock;
        if let Some(current) = self.history.last_mut() {
            current.alarms.end();
            if let Some(lifecycle) = &mut current.lifecycle {
                lifecycle.give_up();
            }
        }
        match (rollback, self.eligible.take()) {
            (true, Some(target)) => {
                let text = format!("{who}: rolling back to deploymentId {target}");
                self.roll_back(target, reason, text, outside);
            }
            // Nothing to go back to: the service deployment stays as it is, for ever (ecs-facts 2.4).
            (true, None) => self.enter_reason(reason),
            (false, eligible) => {
                self.eligible = eligible;
                self.turn_back();
                self.enter_current(Status::StopRequested, Some(reason.to_owned()));
                let due = at + self.config.pace.requested;
                if let Some(current) = self.history.last_mut() {
                    current.due = Some(due);
                }
            }
        }
    }

    fn enter_reason(&mut self, reason: &str) {
        if let Some(current) = self.history.last_mut() {
            current.reason = Some(reason.to_owned());
        }
    }

    /// PENDING, STOP_REQUESTED and ROLLBACK_REQUESTED end after a while.
    fn leave_passing_states(&mut self, outside: &mut dyn Outside) -> bool {
        let at = self.clock;
        let mut moved = false;
        for index in 0..self.history.len() {
            let passing = &mut self.history[index];
            if passing.due.is_none_or(|due| due > at) {
                continue;
            }
            passing.due = None;
            moved = true;
            match passing.status {
                Status::Pending => {
                    passing.enter(Status::InProgress, None, at);
                    if let Some(lifecycle) = &mut passing.lifecycle {
                        lifecycle.start(at, &mut || outside.fresh(Fresh::Hook));
                    }
                }
                Status::StopRequested => self.enter_at(index, Status::Stopped, None),
                Status::RollbackRequested => self.carry_out_request(outside),
                _ => {}
            }
        }
        moved
    }

    /// A person asked for a rollback, and now it comes.
    fn carry_out_request(&mut self, outside: &mut dyn Outside) {
        let at = self.clock;
        let reason = self.config.reasons.stopped.clone();
        self.deployments[0].enter(RolloutState::Failed, Some(reason.clone()), at);
        match self.eligible.take() {
            Some(target) => {
                let text = format!("ECS deployment rolling back to deploymentId {target}");
                self.roll_back(target, &reason, text, outside);
            }
            None => self.enter_current(Status::Stopped, Some(reason)),
        }
    }

    /// The last completed deployment becomes PRIMARY again, inside the same service deployment.
    fn roll_back(&mut self, to: String, reason: &str, text: String, outside: &mut dyn Outside) {
        let at = self.clock;
        self.enter_current(Status::RollbackInProgress, Some(reason.to_owned()));
        if let Some(current) = self.history.last_mut() {
            current.rollback = Some(Rollback {
                reason: reason.to_owned(),
                started_at: at,
                to: to.clone(),
            });
            current.alarms.end();
            if let Some(lifecycle) = &mut current.lifecycle {
                lifecycle.roll_back(at);
            }
        }
        self.deployments[0].refills = 0;
        let from = self.primary().id.clone();
        let known = self.deployments.iter().position(|entry| entry.id == to);
        let mut entry = match known {
            Some(index) => self.deployments.remove(index),
            None => Deployment::new(to.clone(), self.desired, at),
        };
        entry.was_completed = true;
        entry.breaker = Breaker::default();
        entry.failed_tasks = 0;
        entry.backoff_rounds = 0;
        entry.launches_from = at;
        entry.enter(RolloutState::InProgress, Some(text), at);
        self.deployments.insert(0, entry);
        self.unsay(Rare::Impaired);
        self.say(&Say::RollingBack(&from, &to), outside);
    }

    pub(super) fn enter_current(&mut self, status: Status, reason: Option<String>) {
        if let Some(index) = self.history.len().checked_sub(1) {
            self.enter_at(index, status, reason);
        }
    }

    fn enter_at(&mut self, index: usize, status: Status, reason: Option<String>) {
        let at = self.clock;
        if self.history[index].enter(status, reason, at) && status.is_terminal() {
            let counts = self.snapshot(index);
            self.history[index].final_counts = Some(counts);
        }
    }

    fn snapshot(&self, index: usize) -> Vec<(String, Counts)> {
        let ended = &self.history[index];
        let revisions = ended.sources.iter().chain([&ended.target]);
        revisions.map(|id| (id.clone(), self.counts(id))).collect()
    }

    /// Says when the service is steady, or cannot move.
    pub(super) fn note_standing(&mut self, outside: &mut dyn Outside) {
        let steady = self.primary().rollout == RolloutState::Completed
            && self.is_filled()
            && self.is_alone();
        if steady {
            self.say(&Say::SteadyState, outside);
        } else {
            self.unsay(Rare::Steady);
        }
        self.deadlocked = self.is_deploying() && self.is_stuck();
        if self.deadlocked {
            self.say(&Say::Deadlock, outside);
        } else {
            self.unsay(Rare::Deadlock);
        }
    }

    /// Nothing could be started or stopped, and nothing that is on its way will change that.
    pub(super) fn is_stuck(&self) -> bool {
        let primary = self.primary();
        let waits = primary.launches_from > self.clock || primary.baking_until.is_some();
        let passing = self.current().is_some_and(|current| current.due.is_some());
        let moving = |task: &Task| {
            task.is_moving() && task.status() != TaskStatus::Deprovisioning
                || task.health() == Health::Unhealthy && task.is_wanted()
        };
        let waits = waits || self.stage_waits();
        !waits && !passing && !self.tasks.iter().any(moving)
    }
}
