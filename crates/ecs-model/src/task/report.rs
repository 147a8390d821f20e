//! What is told about a task that really runs somewhere ([`Outcome::External`]).

use serde::{Deserialize, Serialize};

use super::{Exit, Health, Task, TaskStatus};
use crate::plan::{Check, Outcome};
use crate::time::Time;

/// News of an external task. One that does not fit the task's state is ignored: it came too late.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// Its images are there: from PENDING to ACTIVATING.
    Pulled,
    /// Its containers were started: from ACTIVATING to RUNNING.
    Running,
    /// It ends without having reached RUNNING; this is what `stoppedReason` says.
    CannotStart(String),
    /// A check passes.
    Passed(Check),
    /// A check has failed often enough; this is what ECS says about it.
    Failed(Check, String),
    /// Its essential container has ended, by itself or because it was told to.
    Exited(Exit),
}

/// What was told and still matters.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Told {
    /// Why it cannot start.
    pub(super) failure: Option<String>,
    /// How it ended, told while it is being stopped.
    pub(super) exit: Option<Exit>,
    container_passes: bool,
    target_passes: bool,
    trouble: Option<(Check, String)>,
}

impl Task {
    /// Whether what becomes of it is told from outside.
    #[must_use]
    pub fn is_external(&self) -> bool {
        self.plan.outcome == Outcome::External
    }

    /// Takes news in. They take effect with the step that is due at `at`; a failing check not before RUNNING
    /// is `grace` old.
    pub fn report(&mut self, at: Time, grace: std::time::Duration, report: Report) {
        if !self.is_external() {
            return;
        }
        match (report, self.status) {
            (Report::Pulled, TaskStatus::Pending) | (Report::Running, TaskStatus::Activating) => {
                self.next_status = Some(at);
            }
            (Report::CannotStart(reason), TaskStatus::Provisioning) => {
                self.told.failure = Some(reason);
            }
            (Report::CannotStart(reason), TaskStatus::Pending | TaskStatus::Activating) => {
                self.told.failure = Some(reason);
                self.next_status = Some(at);
            }
            (Report::Passed(check), TaskStatus::Running) => self.passes(check, at),
            (Report::Failed(check, reason), TaskStatus::Running) => {
                let ignored_until = self.times.started_at.unwrap_or(at) + grace;
                self.told.trouble = Some((check, reason));
                *self.told.passing(check) = false;
                self.next_health = Some((at.max(ignored_until), Health::Unhealthy));
            }
            (Report::Exited(exit), TaskStatus::Activating | TaskStatus::Running) => {
                self.ends = Some((at, exit));
            }
            (Report::Exited(exit), TaskStatus::Deactivating) => self.told.exit = Some(exit),
            (Report::Exited(exit), TaskStatus::Stopping) => {
                self.told.exit = Some(exit);
                self.next_status = Some(at);
            }
            _ => {}
        }
    }

    /// The check that this task fails or will fail, and what ECS says about it.
    #[must_use]
    pub fn trouble(&self) -> Option<(Check, &str)> {
        match &self.plan.outcome {
            Outcome::Unhealthy { check, reason, .. } => Some((*check, reason)),
            _ => {
                let (check, reason) = self.told.trouble.as_ref()?;
                Some((*check, reason))
            }
        }
    }

    /// What was told last about the target of an external task: it passes, or why it does not; `None` before the
    /// first verdict, and for tasks of which nobody tells.
    #[must_use]
    pub fn target_told(&self) -> Option<Result<(), &str>> {
        if self.told.target_passes {
            return Some(Ok(()));
        }
        match self.told.trouble.as_ref()? {
            (Check::Target, reason) => Some(Err(reason)),
            (Check::Container, _) => None,
        }
    }

    /// Whether it changes next when something is told about it.
    pub(super) fn awaits_report(&self) -> bool {
        self.is_external()
            && match self.status {
                TaskStatus::Pending | TaskStatus::Activating | TaskStatus::Stopping => true,
                TaskStatus::Running => self.health == Health::Unknown,
                _ => false,
            }
    }

    fn passes(&mut self, check: Check, at: Time) {
        *self.told.passing(check) = true;
        let checks = self.plan.checks;
        let all = (self.told.container_passes || !checks.container)
            && (self.told.target_passes || !checks.target);
        if !all {
            return;
        }
        // One that was found unhealthy is being replaced.
        self.next_health = match self.health {
            Health::Unknown => Some((at, Health::Healthy)),
            Health::Healthy | Health::Unhealthy => None,
        };
    }
}

impl Told {
    const fn passing(&mut self, check: Check) -> &mut bool {
        match check {
            Check::Container => &mut self.container_passes,
            Check::Target => &mut self.target_passes,
        }
    }
}
