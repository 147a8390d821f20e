//! A service deployment: one attempt to bring a service to a revision, rollback included (ecs-facts 3.2).

use serde::{Deserialize, Serialize};

use crate::alarm::AlarmReport;
use crate::breaker::BreakerStatus;
use crate::lifecycle::Lifecycle;
use crate::time::Time;

/// `status` of a service deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Status {
    /// Accepted.
    Pending,
    /// Replacing tasks.
    InProgress,
    /// A newer one took over, or it failed without a rollback; it is being stopped.
    StopRequested,
    /// A person asked for a rollback.
    RollbackRequested,
    /// Going back to the last completed revision.
    RollbackInProgress,
    /// The target revision is in place.
    Successful,
    /// Over, without having reached anything.
    Stopped,
    /// The earlier revision is in place again.
    RollbackSuccessful,
    /// Neither revision is in place.
    RollbackFailed,
}

impl Status {
    /// All nine.
    pub const ALL: [Self; 9] = [
        Self::Pending,
        Self::InProgress,
        Self::StopRequested,
        Self::RollbackRequested,
        Self::RollbackInProgress,
        Self::Successful,
        Self::Stopped,
        Self::RollbackSuccessful,
        Self::RollbackFailed,
    ];

    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::InProgress => "IN_PROGRESS",
            Self::StopRequested => "STOP_REQUESTED",
            Self::RollbackRequested => "ROLLBACK_REQUESTED",
            Self::RollbackInProgress => "ROLLBACK_IN_PROGRESS",
            Self::Successful => "SUCCESSFUL",
            Self::Stopped => "STOPPED",
            Self::RollbackSuccessful => "ROLLBACK_SUCCESSFUL",
            Self::RollbackFailed => "ROLLBACK_FAILED",
        }
    }

    /// Whether nothing follows.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(
            self,
            Self::Successful | Self::Stopped | Self::RollbackSuccessful | Self::RollbackFailed
        )
    }

    /// Whether ECS goes from this status to that one: the table of ecs-facts 3.2.
    #[must_use]
    pub const fn allows(self, next: Self) -> bool {
        use Status::{
            InProgress, Pending, RollbackFailed, RollbackInProgress, RollbackRequested,
            RollbackSuccessful, StopRequested, Stopped, Successful,
        };
        match self {
            Pending => matches!(
                next,
                InProgress | StopRequested | RollbackRequested | Stopped
            ),
            InProgress => matches!(
                next,
                Successful | StopRequested | RollbackRequested | RollbackInProgress | Stopped
            ),
            StopRequested => matches!(next, Stopped),
            RollbackRequested => matches!(next, RollbackInProgress | Successful | Stopped),
            RollbackInProgress => matches!(next, RollbackSuccessful | RollbackFailed),
            Successful | Stopped | RollbackSuccessful | RollbackFailed => false,
        }
    }
}

/// `rollback` of a service deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rollback {
    /// Why.
    pub reason: String,
    /// Since when.
    pub started_at: Time,
    /// The deployment whose revision comes back.
    pub to: String,
}

/// How many tasks of a revision there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// How many there should be.
    pub requested: u32,
    /// RUNNING.
    pub running: u32,
    /// PROVISIONING, PENDING or ACTIVATING.
    pub pending: u32,
}

/// The breaker's report inside a service deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreakerReport {
    /// What it is doing.
    pub status: BreakerStatus,
    /// What it has counted.
    pub failures: u32,
    /// At which count it fails the deployment.
    pub threshold: u32,
}

/// One service deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceDeployment {
    /// Its id.
    pub id: String,
    /// The deployment (and revision) it brings.
    pub target: String,
    /// The deployments that had tasks when it began.
    pub sources: Vec<String>,
    /// The deployment with the production traffic that the target does not have. None where traffic does not
    /// move, or was nowhere before, or will not go back: from CLEAN_UP on.
    #[serde(default)]
    pub serving: Option<String>,
    /// Where it stands.
    pub status: Status,
    /// `statusReason`.
    pub reason: Option<String>,
    /// `createdAt`.
    pub created_at: Time,
    /// `startedAt`: when it left PENDING.
    pub started_at: Option<Time>,
    /// `finishedAt`: when it reached a terminal status.
    pub finished_at: Option<Time>,
    /// `stoppedAt`: when it was stopped.
    pub stopped_at: Option<Time>,
    /// `updatedAt`.
    pub updated_at: Time,
    /// The way back, once it is taken.
    pub rollback: Option<Rollback>,
    /// What the breaker says.
    pub breaker: BreakerReport,
    /// What the alarms say.
    pub alarms: AlarmReport,
    /// Its stages; none when it is rolling and has no hooks.
    pub lifecycle: Option<Lifecycle>,
    /// Counts by deployment at its end: a snapshot, no longer live.
    pub final_counts: Option<Vec<(String, Counts)>>,
    /// When the present status ends by itself.
    pub(crate) due: Option<Time>,
}

impl ServiceDeployment {
    /// Enters a status that the table allows; anything else changes nothing and answers false.
    pub(crate) fn enter(&mut self, status: Status, reason: Option<String>, at: Time) -> bool {
        if !self.status.allows(status) {
            return false;
        }
        self.status = status;
        self.updated_at = at;
        self.due = None;
        if reason.is_some() {
            self.reason = reason;
        }
        if status == Status::InProgress {
            self.started_at = Some(at);
        }
        if status == Status::Stopped {
            self.stopped_at = Some(at);
        }
        if status.is_terminal() {
            self.finished_at = Some(at);
            self.alarms.end();
            if let Some(lifecycle) = &mut self.lifecycle {
                lifecycle.give_up();
            }
            if self.breaker.status == BreakerStatus::Monitoring {
                self.breaker.status = BreakerStatus::MonitoringComplete;
            }
        }
        true
    }
}
