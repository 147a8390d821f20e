//! A service and the stages and alarms of its current service deployment.

use std::time::Duration;

use crate::breaker::BreakerStatus;
use crate::deployment::RolloutState;
use crate::event::Say;
use crate::lifecycle::{Facts, Lifecycle, Step};
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
        let reason = "Service deployment failed because an alarm was triggered.";
        self.fail("ECS deployment alarm", rollback, reason, outside);
        true
    }

    /// Goes through the stages; none when there are none, or no longer.
    pub(super) fn follow_course(&mut self, outside: &mut dyn Outside) -> Option<bool> {
        let at = self.clock;
        if self.current_is(Status::RollbackInProgress) {
            return None;
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
            Step::Moved => current.updated_at = at,
            Step::Finished => self.complete(outside),
            Step::Refused(reason) => self.fail("ECS deployment", true, reason, outside),
        }
        Some(true)
    }

    fn fail(&mut self, who: &str, rollback: bool, reason: &str, outside: &mut dyn Outside) {
        let at = self.clock;
        self.deployments[0].enter(RolloutState::Failed, Some(format!("{who}: {reason}")), at);
        let id = self.primary().id.clone();
        self.say(&Say::GaveUp(&id, reason), outside);
        self.fall(rollback, reason, who, outside);
    }
}
