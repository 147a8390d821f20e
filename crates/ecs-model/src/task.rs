//! One task on its way through its states (ecs-facts 1.4).

mod life;
mod report;
mod words;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::plan::{Outcome, Plan};
use crate::time::Time;

use report::Told;

pub use report::Report;
pub use words::{Exit, Health, Stop, StopCode, TaskChange, TaskStatus, TaskTimes};

/// One task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    id: String,
    deployment: Option<String>,
    plan: Plan,
    status: TaskStatus,
    health: Health,
    was_healthy: bool,
    times: TaskTimes,
    version: u64,
    stop: Option<Stop>,
    exit: Option<Exit>,
    next_status: Option<Time>,
    next_health: Option<(Time, Health)>,
    ends: Option<(Time, Exit)>,
    #[serde(default)]
    told: Told,
}

impl Task {
    /// A task launched now, by a deployment or on its own.
    ///
    /// Starting takes at least a millisecond, so that a task that fails at once cannot stop time.
    #[must_use]
    pub fn launch(id: String, deployment: Option<String>, plan: Plan, at: Time) -> Self {
        let first = plan.phases.provisioning.max(Duration::from_millis(1));
        Self {
            id,
            deployment,
            plan,
            status: TaskStatus::Provisioning,
            health: Health::Unknown,
            was_healthy: false,
            times: TaskTimes {
                created_at: at,
                ..TaskTimes::default()
            },
            version: 1,
            stop: None,
            exit: None,
            next_status: Some(at + first),
            next_health: None,
            ends: None,
            told: Told::default(),
        }
    }

    /// A task that has been running and healthy for a while. Nobody has really started it, so nobody will
    /// report about it.
    #[must_use]
    pub fn running(id: String, deployment: Option<String>, plan: Plan, at: Time) -> Self {
        let mut task = Self::launch(id, deployment, plan, at);
        if task.is_external() {
            task.plan.outcome = Outcome::Runs;
        }
        task.times = TaskTimes {
            connectivity_at: Some(at),
            pull_started_at: Some(at),
            pull_stopped_at: Some(at),
            started_at: Some(at),
            ..task.times
        };
        task.status = TaskStatus::Running;
        task.next_status = None;
        task.health = Health::Healthy;
        task.was_healthy = true;
        task
    }

    /// The id the caller gave.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The deployment that launched it; none for a task of its own.
    #[must_use]
    pub fn deployment(&self) -> Option<&str> {
        self.deployment.as_deref()
    }

    /// What was decided at its launch.
    #[must_use]
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// `lastStatus`.
    #[must_use]
    pub const fn status(&self) -> TaskStatus {
        self.status
    }

    /// Its health, by the rules of ecs-facts 1.1.
    #[must_use]
    pub const fn health(&self) -> Health {
        self.health
    }

    /// Whether it was healthy at some time.
    #[must_use]
    pub const fn was_healthy(&self) -> bool {
        self.was_healthy
    }

    /// Its timestamps.
    #[must_use]
    pub const fn times(&self) -> &TaskTimes {
        &self.times
    }

    /// Grows with each change.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// Why it was stopped, once it is being stopped.
    #[must_use]
    pub const fn stop_cause(&self) -> Option<&Stop> {
        self.stop.as_ref()
    }

    /// How its container ended, once it has.
    #[must_use]
    pub const fn exit(&self) -> Option<&Exit> {
        self.exit.as_ref()
    }

    /// Whether its `desiredStatus` is RUNNING.
    #[must_use]
    pub const fn is_wanted(&self) -> bool {
        self.stop.is_none()
    }

    /// PROVISIONING, PENDING or ACTIVATING.
    #[must_use]
    pub fn is_starting(&self) -> bool {
        self.status < TaskStatus::Running
    }

    /// When it next changes by itself.
    #[must_use]
    pub fn next_wakeup(&self) -> Option<Time> {
        [
            self.next_status,
            self.next_health.map(|(at, _)| at),
            self.ends.as_ref().map(|(at, _)| *at),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Whether it will still become healthy, unhealthy or RUNNING by itself, or end its stopping.
    #[must_use]
    pub fn is_moving(&self) -> bool {
        self.next_status.is_some() || self.next_health.is_some() || self.awaits_report()
    }
}
