//! The words for a task: statuses, health, causes, timestamps (ecs-facts 1.4 and 10).

use serde::{Deserialize, Serialize};

use crate::time::Time;

/// `lastStatus`, in the order in which a task goes through them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum TaskStatus {
    /// Capacity and network are being found.
    Provisioning,
    /// The image is being pulled.
    Pending,
    /// The container is being started.
    Activating,
    /// It runs.
    Running,
    /// It is being taken out of its target groups.
    Deactivating,
    /// Its containers were told to stop.
    Stopping,
    /// Its network is being given back.
    Deprovisioning,
    /// It is over.
    Stopped,
}

impl TaskStatus {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Provisioning => "PROVISIONING",
            Self::Pending => "PENDING",
            Self::Activating => "ACTIVATING",
            Self::Running => "RUNNING",
            Self::Deactivating => "DEACTIVATING",
            Self::Stopping => "STOPPING",
            Self::Deprovisioning => "DEPROVISIONING",
            Self::Stopped => "STOPPED",
        }
    }
}

/// `healthStatus`, and whether the task counts towards `lower`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Health {
    /// Nobody can say yet.
    Unknown,
    /// It counts.
    Healthy,
    /// It is to be replaced.
    Unhealthy,
}

/// `stopCode` (ecs-facts 10), those the model knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum StopCode {
    /// It never reached RUNNING.
    TaskFailedToStart,
    /// An essential container ended by itself.
    EssentialContainerExited,
    /// A person or tool stopped it.
    UserInitiated,
    /// The service scheduler stopped it.
    ServiceSchedulerInitiated,
}

impl StopCode {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TaskFailedToStart => "TaskFailedToStart",
            Self::EssentialContainerExited => "EssentialContainerExited",
            Self::UserInitiated => "UserInitiated",
            Self::ServiceSchedulerInitiated => "ServiceSchedulerInitiated",
        }
    }
}

/// Why a task was stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// `stopCode`.
    pub code: StopCode,
    /// `stoppedReason`.
    pub reason: String,
}

/// How the task's essential container ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    /// Exit code; 137 for a killed process.
    pub code: i32,
    /// What the container's `reason` says, for instance `OutOfMemoryError: ...`.
    pub reason: Option<String>,
}

/// When things happened to a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are those of the API; ecs-facts 1.4")]
pub struct TaskTimes {
    pub created_at: Time,
    pub connectivity_at: Option<Time>,
    pub pull_started_at: Option<Time>,
    pub pull_stopped_at: Option<Time>,
    pub started_at: Option<Time>,
    pub stopping_at: Option<Time>,
    pub execution_stopped_at: Option<Time>,
    pub stopped_at: Option<Time>,
}

/// What a step of a task means to its service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskChange {
    /// On its way, nothing to react to.
    Moved,
    /// It reached RUNNING.
    Running,
    /// It counts as healthy from now on.
    Healthy,
    /// A check failed it.
    Unhealthy,
    /// It ended without ever reaching RUNNING.
    NeverRan,
    /// Its container ended by itself; true when it had not been healthy by then.
    Exited {
        /// Before it was ever healthy.
        early: bool,
    },
    /// It has left its target groups.
    Drained,
}
