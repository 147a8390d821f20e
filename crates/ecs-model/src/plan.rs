//! What will become of one task: how long its phases take, how it is checked, how it ends.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How long each phase of a task takes (ecs-facts 1.4). The defaults are those of a small image on Fargate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phases {
    /// PROVISIONING: capacity and network interface.
    pub provisioning: Duration,
    /// PENDING: the image is pulled.
    pub pulling: Duration,
    /// ACTIVATING: the container is created, targets are registered.
    pub activating: Duration,
    /// From RUNNING until a task without any check counts as healthy: 40 s in AWS.
    pub settling: Duration,
    /// From RUNNING until the container check passes (one interval) ...
    pub container_passing: Duration,
    /// ... or has failed often enough (retries times interval).
    pub container_failing: Duration,
    /// From RUNNING until the load balancer finds the target healthy ...
    pub target_passing: Duration,
    /// ... or unhealthy.
    pub target_failing: Duration,
    /// DEACTIVATING: the deregistration delay of the target group, when there is one.
    pub draining: Duration,
    /// STOPPING: how long the process takes to end after its stop signal.
    pub terminating: Duration,
    /// How long ECS waits for that before it kills the process (`stopTimeout`).
    pub stop_timeout: Duration,
    /// DEPROVISIONING: the network interface is given back.
    pub deprovisioning: Duration,
}

impl Default for Phases {
    fn default() -> Self {
        Self {
            provisioning: Duration::from_secs(10),
            pulling: Duration::from_secs(20),
            activating: Duration::from_secs(5),
            settling: Duration::from_secs(40),
            container_passing: Duration::from_secs(30),
            container_failing: Duration::from_secs(90),
            target_passing: Duration::from_secs(30),
            target_failing: Duration::from_secs(60),
            draining: Duration::from_secs(300),
            terminating: Duration::from_secs(2),
            stop_timeout: Duration::from_secs(30),
            deprovisioning: Duration::from_secs(10),
        }
    }
}

impl Phases {
    /// Phases that take no time at all, as a base for tests and examples.
    #[must_use]
    pub const fn instant() -> Self {
        let zero = Duration::ZERO;
        Self {
            provisioning: zero,
            pulling: zero,
            activating: zero,
            settling: zero,
            container_passing: zero,
            container_failing: zero,
            target_passing: zero,
            target_failing: zero,
            draining: zero,
            terminating: zero,
            stop_timeout: Duration::from_secs(30),
            deprovisioning: zero,
        }
    }
}

/// Who says whether a task is healthy. With neither it counts as healthy some time after RUNNING.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Checks {
    /// An essential container has a health check in the task definition.
    pub container: bool,
    /// The task is registered in a target group.
    pub target: bool,
}

/// Which check a task fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Check {
    /// The container's own.
    Container,
    /// The load balancer's.
    Target,
}

impl Checks {
    /// Whether this check is made at all.
    #[must_use]
    pub const fn has(self, check: Check) -> bool {
        match check {
            Check::Container => self.container,
            Check::Target => self.target,
        }
    }
}

/// How far a task gets that never reaches RUNNING.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Until {
    /// No network interface, no resources, no secrets: it ends in PROVISIONING.
    Provisioning,
    /// The image cannot be pulled: it ends in PENDING.
    Pulling,
    /// The container cannot be created or started: it ends in ACTIVATING.
    Activating,
}

/// How a task goes if nobody stops it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Outcome {
    /// It runs.
    #[default]
    Runs,
    /// There is no place for it: no task comes into being, only an event with the reason.
    NoPlace {
        /// The part of the event that follows `Reason: `.
        reason: String,
    },
    /// It never reaches RUNNING.
    CannotStart {
        /// How far it gets.
        until: Until,
        /// What `stoppedReason` says.
        reason: String,
    },
    /// Its essential container exits some time after RUNNING.
    Exits {
        /// Exit code.
        code: i32,
        /// How long after RUNNING.
        after: Duration,
    },
    /// Its essential container is killed for want of memory some time after RUNNING.
    OutOfMemory {
        /// How long after RUNNING.
        after: Duration,
    },
    /// A check starts to fail some time after RUNNING.
    Unhealthy {
        /// Which.
        check: Check,
        /// How long after RUNNING the trouble begins; it is noticed a `*_failing` later.
        after: Duration,
        /// What ECS says about it, for instance `Health checks failed with these codes: [502]`.
        reason: String,
    },
    /// It really runs somewhere: everything from its pull to its exit is reported by
    /// [`Task::report`](crate::Task::report) or [`Service::report`](crate::Service::report).
    External,
}

/// Everything about one task that is decided when it is launched.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Plan {
    /// How long its phases take.
    pub phases: Phases,
    /// Who checks it.
    pub checks: Checks,
    /// How it goes.
    pub outcome: Outcome,
}
