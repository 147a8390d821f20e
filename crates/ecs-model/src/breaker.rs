//! The deployment circuit breaker: what counts as a failure, and how many are too many (ecs-facts 2).

use serde::{Deserialize, Serialize};

use crate::bounds::narrow;

/// `thresholdConfiguration`: how many failures end a deployment (ecs-facts 2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Threshold {
    /// A percentage of the desired count, rounded up, but never under 3 or over 200.
    BoundedPercent(u32),
    /// A percentage of the desired count, rounded up.
    UnboundedPercent(u32),
    /// This many.
    Count(u32),
}

impl Default for Threshold {
    fn default() -> Self {
        Self::BoundedPercent(50)
    }
}

impl Threshold {
    /// The number of failures at which a deployment of `desired` tasks fails.
    ///
    /// Never under 1: a percentage of nothing would otherwise fail a deployment that did nothing.
    #[must_use]
    pub fn failures(self, desired: u32) -> u32 {
        let part = |percent: u32| narrow((u64::from(desired) * u64::from(percent)).div_ceil(100));
        match self {
            Self::BoundedPercent(percent) => part(percent).clamp(3, 200),
            Self::UnboundedPercent(percent) => part(percent).max(1),
            Self::Count(count) => count.max(1),
        }
    }
}

/// `deploymentCircuitBreaker` of a service on which it is enabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreakerConfig {
    /// Whether a failed deployment is rolled back to the last completed one.
    pub rollback: bool,
    /// `resetOnHealthyTask`: failures in a row (true), or over the whole deployment (false).
    pub reset_on_healthy: bool,
    /// How many failures are too many.
    pub threshold: Threshold,
}

impl Default for BreakerConfig {
    fn default() -> Self {
        Self {
            rollback: true,
            reset_on_healthy: true,
            threshold: Threshold::default(),
        }
    }
}

/// `deploymentCircuitBreaker.status` of a service deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum BreakerStatus {
    /// Not enabled.
    Disabled,
    /// Counting.
    Monitoring,
    /// It failed the deployment.
    Triggered,
    /// The deployment ended without its help.
    MonitoringComplete,
}

/// How a task of a deployment went wrong, as far as the breaker cares (ecs-facts 2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// It never reached RUNNING.
    NeverRan,
    /// It was replaced because a health check failed.
    Unhealthy,
    /// It reached RUNNING and exited before it was healthy.
    EarlyExit,
}

/// The breaker's count for one deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Breaker {
    failures: u32,
    one_ran: bool,
}

impl Breaker {
    /// Failures counted by now.
    #[must_use]
    pub const fn failures(&self) -> u32 {
        self.failures
    }

    /// A task reached RUNNING: from now on failed starts no longer count, failed checks do.
    pub const fn ran(&mut self) {
        self.one_ran = true;
    }

    /// A task became healthy.
    pub const fn healthy(&mut self, config: &BreakerConfig) {
        if config.reset_on_healthy {
            self.failures = 0;
        }
    }

    /// A task failed. `early_exits_count` decides the case that AWS leaves open.
    pub const fn failed(&mut self, failure: Failure, early_exits_count: bool) {
        let counts = match failure {
            Failure::NeverRan => !self.one_ran,
            Failure::Unhealthy => self.one_ran,
            Failure::EarlyExit => early_exits_count,
        };
        if counts {
            self.failures = self.failures.saturating_add(1);
        }
    }

    /// Whether the deployment has failed, by the desired count of this moment.
    #[must_use]
    pub fn trips(&self, config: &BreakerConfig, desired: u32) -> bool {
        self.failures >= config.threshold.failures(desired)
    }
}
