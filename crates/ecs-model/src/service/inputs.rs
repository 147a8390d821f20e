//! What people and other services can ask of a service.

use crate::alarm::AlarmReport;
use crate::breaker::BreakerStatus;
use crate::config::Config;
use crate::deployment::{Deployment, RolloutState};
use crate::lifecycle::{HookAction, Lifecycle, Strategy};
use crate::outside::{Fresh, Outside};
use crate::service_deployment::{BreakerReport, ServiceDeployment, Status};
use crate::task::{Health, StopCode, TaskStatus};
use crate::time::Time;

use super::Service;

/// Why a service deployment was not stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopRefused {
    /// This service has no such deployment.
    Unknown,
    /// It is over.
    Over,
}

/// Why a hook was not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContinueRefused {
    /// This service has no such deployment.
    Unknown,
    /// No hook of this id waits.
    NothingWaits,
}

impl Service {
    /// Starts a deployment; the one under way, if any, is superseded.
    pub fn update(&mut self, deployment: impl Into<String>, now: Time, outside: &mut dyn Outside) {
        self.advance_before(now, outside);
        self.supersede();
        self.begin(deployment.into(), outside);
        self.dirty = true;
    }

    /// Changes the desired count. That starts no deployment.
    pub fn set_desired(&mut self, desired: u32, now: Time, outside: &mut dyn Outside) {
        self.advance_before(now, outside);
        self.desired = desired;
        self.dirty = true;
    }

    /// Changes the settings. That starts no deployment.
    pub fn set_config(&mut self, config: Config, now: Time, outside: &mut dyn Outside) {
        self.advance_before(now, outside);
        self.config = config;
        self.dirty = true;
    }

    /// Stops a service deployment and rolls it back, as `StopServiceDeployment` with ROLLBACK does.
    ///
    /// # Errors
    /// [`StopRefused`] when there is nothing to stop.
    pub fn stop_deployment(
        &mut self,
        id: &str,
        now: Time,
        outside: &mut dyn Outside,
    ) -> Result<(), StopRefused> {
        self.advance_before(now, outside);
        let at = self.clock;
        let due = at + self.config.pace.requested;
        let known = self.history.iter_mut().find(|known| known.id == id);
        let asked = known.ok_or(StopRefused::Unknown)?;
        if asked.status.is_terminal() {
            return Err(StopRefused::Over);
        }
        let reason = self.config.reasons.stop_requested.clone();
        if asked.enter(Status::RollbackRequested, Some(reason), at) {
            asked.due = Some(due);
        }
        self.dirty = true;
        Ok(())
    }

    /// Stops the service deployment that is under way where it stands, as `StopServiceDeployment` with ABORT would,
    /// if ECS took that: nothing is rolled back, as when a breaker without `rollback` trips.
    ///
    /// # Errors
    /// [`StopRefused`] when there is nothing to stop.
    pub fn abort_deployment(
        &mut self,
        id: &str,
        now: Time,
        outside: &mut dyn Outside,
    ) -> Result<(), StopRefused> {
        self.advance_before(now, outside);
        let known = self.history.iter().find(|known| known.id == id);
        let asked = known.ok_or(StopRefused::Unknown)?;
        if !matches!(asked.status, Status::Pending | Status::InProgress) {
            return Err(StopRefused::Over);
        }
        let reason = self.config.reasons.stopped.clone();
        let at = self.clock;
        self.deployments[0].enter(RolloutState::Failed, Some(reason.clone()), at);
        self.fall(false, &reason, "", outside);
        self.dirty = true;
        Ok(())
    }

    /// Answers a hook that pauses a service deployment, as `ContinueServiceDeployment` does.
    ///
    /// # Errors
    /// [`ContinueRefused`] when there is nothing to answer.
    pub fn continue_deployment(
        &mut self,
        id: &str,
        hook: &str,
        action: HookAction,
        now: Time,
        outside: &mut dyn Outside,
    ) -> Result<(), ContinueRefused> {
        self.advance_before(now, outside);
        let known = self.history.iter_mut().find(|known| known.id == id);
        let asked = known.ok_or(ContinueRefused::Unknown)?;
        let lifecycle = asked.lifecycle.as_mut();
        if !lifecycle.is_some_and(|lifecycle| lifecycle.answer(hook, action)) {
            return Err(ContinueRefused::NothingWaits);
        }
        asked.updated_at = self.clock;
        self.dirty = true;
        Ok(())
    }

    /// Stops one of its tasks, as `StopTask` does; the service replaces it. False when it has no such task.
    pub fn stop_task(
        &mut self,
        id: &str,
        reason: &str,
        now: Time,
        outside: &mut dyn Outside,
    ) -> bool {
        self.advance_before(now, outside);
        let at = self.clock;
        let Some(task) = self.tasks.iter_mut().find(|task| task.id() == id) else {
            return false;
        };
        task.stop(at, StopCode::UserInitiated, reason);
        self.dirty = true;
        true
    }

    pub(super) fn begin(&mut self, id: String, outside: &mut dyn Outside) {
        let at = self.clock;
        let sources = self.deployments.iter().map(|old| old.id.clone()).collect();
        let serving = match self.config.course.strategy {
            Strategy::Rolling => None,
            _ => self.serving().map(str::to_owned),
        };
        let breaker = self.config.breaker;
        let entry = Deployment::new(id.clone(), self.desired, at);
        self.deployments.insert(0, entry);
        self.deadlocked = false;
        let alarms = AlarmReport::begin(self.config.alarms.as_ref(), at, outside);
        self.history.push(ServiceDeployment {
            id: outside.fresh(Fresh::ServiceDeployment),
            target: id,
            sources,
            serving,
            status: Status::Pending,
            reason: None,
            created_at: at,
            started_at: None,
            finished_at: None,
            stopped_at: None,
            updated_at: at,
            rollback: None,
            breaker: BreakerReport {
                status: breaker.map_or(BreakerStatus::Disabled, |_| BreakerStatus::Monitoring),
                failures: 0,
                threshold: breaker.map_or(0, |b| b.threshold.failures(self.desired)),
            },
            alarms,
            lifecycle: Lifecycle::of(&self.config.course, at),
            final_counts: None,
            due: Some(at + self.config.pace.pending),
        });
    }

    /// The present service deployment gives way to a newer one (ecs-facts 1.2, 3.2).
    fn supersede(&mut self) {
        let at = self.clock;
        let due = at + self.config.pace.requested;
        let reason = self.config.reasons.superseded.clone();
        let next = match self.history.last().map(|current| current.status) {
            Some(Status::Pending | Status::InProgress) => Some(Status::StopRequested),
            Some(Status::RollbackRequested) => Some(Status::Stopped),
            Some(Status::RollbackInProgress) => Some(Status::RollbackFailed),
            _ => None,
        };
        if let Some(next) = next {
            self.enter_current(next, Some(reason));
            // Traffic that was on its way turns back; what has arrived stays.
            let course = self.history.last_mut().and_then(|c| c.lifecycle.as_mut());
            if let Some(lifecycle) = course.filter(|l| !l.has_all_traffic()) {
                lifecycle.send_back();
            }
            if let Some(current) = self.history.last_mut().filter(|c| !c.status.is_terminal()) {
                current.due = Some(due);
            }
        }
        // What a superseded entry may keep: a steady one its size, another one no more than it has.
        if let Some(old) = self.deployments.first() {
            let has = self.census_of(&old.id).live();
            // One that has the traffic has to keep its tasks as well.
            let steady = old.was_completed || self.serving() == Some(old.id.as_str());
            let wanted = if steady { self.desired.max(has) } else { has };
            self.deployments[0].wanted = wanted;
            self.deployments[0].refills = if steady { wanted } else { 0 };
        }
    }
}

/// The tasks of one deployment, by how they do.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Census {
    pub(super) healthy: u32,
    pub(super) unhealthy: u32,
    pub(super) unsettled: u32,
    /// Being stopped, and still taking up a place.
    pub(super) leaving: u32,
}

impl Census {
    /// Tasks that nobody has asked to stop.
    pub(super) const fn live(&self) -> u32 {
        self.healthy + self.unhealthy + self.unsettled
    }
}

impl Service {
    pub(super) fn census_of(&self, deployment: &str) -> Census {
        let mut census = Census::default();
        for task in self.tasks_of(deployment) {
            let group = match task.health() {
                _ if !task.is_wanted() && task.status() >= TaskStatus::Deprovisioning => continue,
                _ if !task.is_wanted() => &mut census.leaving,
                Health::Healthy => &mut census.healthy,
                Health::Unhealthy => &mut census.unhealthy,
                Health::Unknown => &mut census.unsettled,
            };
            *group += 1;
        }
        census
    }
}
