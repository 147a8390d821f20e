//! A service and the stages and alarms of its current service deployment.

use std::time::Duration;

use crate::breaker::BreakerStatus;
use crate::deployment::{Deployment, RolloutState};
use crate::event::Say;
use crate::lifecycle::{Facts, Lifecycle, Stage, Step};
use crate::outside::{Fresh, Outside};
use crate::service_deployment::Status;

use super::Service;

impl Service {
    /// The stages, as long as they say what may be done.
    fn lifecycle(&self) -> Option<&Lifecycle> {
        let current = self.current().filter(|c| !c.status.is_terminal())?;
        current.lifecycle.as_ref()
    }

    /// New tasks have to wait for a stage.
    pub(super) fn holds_launches(&self) -> bool {
        self.lifecycle().is_some_and(Lifecycle::holds_launches)
    }

    /// Tasks of the earlier revision have to stay until a stage.
    pub(super) fn holds_old(&self) -> bool {
        self.lifecycle().is_some_and(Lifecycle::holds_old)
    }

    /// The deployment that has production traffic: all of it, or what the newest one does not have yet.
    pub(super) fn serving(&self) -> Option<&str> {
        let current = self.current()?;
        match current.lifecycle.as_ref().filter(|l| l.weights().is_some()) {
            Some(lifecycle) if lifecycle.has_all_traffic() => Some(&current.target),
            Some(_) => current.serving.as_deref(),
            None => {
                let mut all = self.deployments.iter();
                let steady = all.find(|entry| entry.was_completed);
                steady.map(|entry| entry.id.as_str())
            }
        }
    }

    /// Whether this deployment's tasks take traffic that has nowhere else to go yet.
    pub(super) fn is_needed(&self, deployment: &Deployment) -> bool {
        let Some(current) = self.current().filter(|c| !c.status.is_terminal()) else {
            return false;
        };
        let serves = current.serving.as_ref() == Some(&deployment.id);
        if current.status == Status::RollbackInProgress {
            // Until all traffic is back.
            let leaves = current.lifecycle.as_ref().filter(|l| l.has_traffic());
            return serves || leaves.is_some() && current.target == deployment.id;
        }
        self.holds_old() && (serves || current.serving.is_none() && deployment.was_completed)
    }

    /// Both revisions may have all their tasks.
    pub(super) fn doubles(&self) -> bool {
        self.lifecycle().is_some_and(Lifecycle::doubles)
    }

    /// A stage that nothing but time or a person ends.
    pub(super) fn stage_waits(&self) -> bool {
        self.lifecycle().is_some_and(Lifecycle::waits)
    }

    /// How long a deployment is watched at its end: as set, or as ECS computes it from the alarms.
    pub(super) fn bake(&self) -> Duration {
        if !self.config.bake.is_zero() {
            return self.config.bake;
        }
        self.current().map_or(Duration::ZERO, |current| {
            if current.alarms.status == BreakerStatus::Monitoring {
                current.alarms.computed_bake()
            } else {
                Duration::ZERO
            }
        })
    }

    /// True when an alarm has failed the deployment.
    pub(super) fn look_at_alarms(&mut self, outside: &mut dyn Outside) -> bool {
        let at = self.clock;
        if !self.current_is(Status::InProgress) {
            return false;
        }
        let Some(current) = self.history.last_mut() else {
            return false;
        };
        if !current.alarms.look(at, outside) {
            return false;
        }
        let rollback = current.alarms.rolls_back();
        let reason = self.config.reasons.alarm.clone();
        self.fail("ECS deployment alarm", rollback, &reason, outside);
        true
    }

    /// Goes through the stages; none when there are none, or no longer.
    pub(super) fn follow_course(&mut self, outside: &mut dyn Outside) -> Option<bool> {
        let at = self.clock;
        if self.current_is(Status::RollbackInProgress) {
            return self.follow_rollback().then_some(true);
        }
        let facts = Facts {
            filled: self.is_filled(),
            alone: self.is_alone(),
            bake: self.bake(),
        };
        let current = self.history.last_mut()?;
        let lifecycle = current.lifecycle.as_mut()?;
        match lifecycle.step(at, facts, &mut || outside.fresh(Fresh::Hook)) {
            Step::Stayed => return Some(false),
            Step::Moved => {
                current.updated_at = at;
                if lifecycle.stage() == Stage::CleanUp {
                    // From here on the earlier revision falls to pieces.
                    current.serving = None;
                }
            }
            Step::Finished => self.complete(outside),
            Step::Refused(reason) => self.fail("ECS deployment", true, reason, outside),
        }
        Some(true)
    }

    /// Traffic goes back as soon as the earlier revision can take it; as a stage it ends after a day.
    fn follow_rollback(&mut self) -> bool {
        if self.turn_back() {
            return true;
        }
        let (at, filled) = (self.clock, self.is_filled());
        let primary = self.primary().id.clone();
        let Some(current) = self.history.last_mut() else {
            return false;
        };
        let Some(lifecycle) = &mut current.lifecycle else {
            return false;
        };
        let elsewhere = current
            .serving
            .as_ref()
            .is_some_and(|serving| *serving != primary);
        if filled && (elsewhere || lifecycle.has_traffic()) {
            lifecycle.send_back();
            current.serving = Some(primary);
            current.updated_at = at;
            return true;
        }
        if !lifecycle.is_back_overdue(at) {
            return false;
        }
        let reason = "The rollback did not end within 24 hours.".to_owned();
        let text = format!("ECS deployment: {reason}");
        self.deployments[0].enter(RolloutState::Failed, Some(text), at);
        self.enter_current(Status::RollbackFailed, Some(reason));
        true
    }

    /// A deployment fails: its traffic goes back to where it came from, if that still is whole. True if it does.
    pub(super) fn turn_back(&mut self) -> bool {
        let Some(current) = self.history.last_mut() else {
            return false;
        };
        let course = current.lifecycle.as_mut().filter(|l| l.has_traffic());
        let Some(lifecycle) = course.filter(|_| current.serving.is_some()) else {
            return false;
        };
        lifecycle.send_back();
        true
    }

    /// PRIMARY takes traffic, some or all.
    pub(super) fn primary_has_traffic(&self) -> bool {
        self.current().is_some_and(|current| {
            let lifecycle = current.lifecycle.as_ref();
            current.target == self.primary().id && lifecycle.is_some_and(Lifecycle::has_traffic)
        })
    }

    fn fail(&mut self, who: &str, rollback: bool, reason: &str, outside: &mut dyn Outside) {
        let at = self.clock;
        self.deployments[0].enter(RolloutState::Failed, Some(format!("{who}: {reason}")), at);
        let id = self.primary().id.clone();
        self.say(&Say::GaveUp(&id, reason), outside);
        self.fall(rollback, reason, who, outside);
    }
}
