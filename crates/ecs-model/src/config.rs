//! How a service is set up, as far as its rolling updates are concerned.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::alarm::AlarmConfig;
use crate::bounds::Percents;
use crate::breaker::BreakerConfig;
use crate::lifecycle::Course;

/// Settings of a service. All may change while it runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// Minimum healthy and maximum percent.
    pub percents: Percents,
    /// The circuit breaker, when it is enabled.
    pub breaker: Option<BreakerConfig>,
    /// The alarms, when they are enabled.
    pub alarms: Option<AlarmConfig>,
    /// Strategy and hooks.
    pub course: Course,
    /// Success before all tasks are there, when it is enabled.
    pub early: Option<EarlySuccess>,
    /// `healthCheckGracePeriodSeconds`: for so long after RUNNING failing checks are ignored.
    pub grace: Duration,
    /// `bakeTimeInMinutes`: how long a deployment is watched after it is complete.
    pub bake: Duration,
    /// The target group named in events; none without a load balancer.
    pub target_group: Option<String>,
    /// Gaps between launches that fail.
    pub backoff: Backoff,
    /// How long the passing states of a service deployment last.
    pub pace: Pace,
    /// Points that AWS leaves open.
    pub choices: Choices,
    /// Texts that AWS documents nowhere.
    #[serde(default)]
    pub reasons: Reasons,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            percents: Percents::default(),
            breaker: None,
            alarms: None,
            course: Course::default(),
            early: None,
            grace: Duration::ZERO,
            bake: Duration::ZERO,
            target_group: None,
            backoff: Backoff::default(),
            pace: Pace::default(),
            choices: Choices::default(),
            reasons: Reasons::default(),
        }
    }
}

/// `earlySuccessCriteria` of a service on which they are enabled (rolling only).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EarlySuccess {
    /// `healthyPercent`: so many percent of the desired count, rounded up, have to be healthy.
    pub healthy_percent: u32,
    /// `sourceServiceRevisionCleanup` DEFERRED: success does not wait for old tasks to go.
    pub deferred: bool,
}

/// The launch back-off of ecs-facts 1.6, for tasks that never reached RUNNING.
///
/// The first retry comes at once, the second after `base`, and each later one after twice the gap before;
/// the observed rollouts of ecs-facts 1.7 fit that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backoff {
    /// The first real gap.
    pub base: Duration,
    /// The longest gap: 27 minutes in AWS.
    pub longest: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            base: Duration::from_secs(240),
            longest: Duration::from_secs(27 * 60),
        }
    }
}

impl Backoff {
    /// The gap after this many rounds of failed launches in a row.
    #[must_use]
    pub fn gap(&self, rounds: u32) -> Duration {
        match rounds {
            0 | 1 => Duration::ZERO,
            _ => {
                let doubled = 2_u32.saturating_pow(rounds - 2);
                self.base.saturating_mul(doubled).min(self.longest)
            }
        }
    }
}

/// How long the passing states of a service deployment last. AWS promises nothing; both are short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pace {
    /// PENDING.
    pub pending: Duration,
    /// STOP_REQUESTED and ROLLBACK_REQUESTED.
    pub requested: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            pending: Duration::from_secs(1),
            requested: Duration::from_secs(2),
        }
    }
}

/// Where the documents disagree or are silent, one answer each (ecs-facts 13).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choices {
    /// Tasks that are being stopped count against `upper` (the stricter reading of ecs-facts 1.1).
    pub stopping_counts: bool,
    /// A task without a health check that exits before it counted as healthy is a failure for the breaker.
    pub early_exits_count: bool,
}

impl Default for Choices {
    fn default() -> Self {
        Self {
            stopping_counts: true,
            early_exits_count: true,
        }
    }
}

/// Texts of `statusReason` and `rolloutStateReason` that AWS documents nowhere (ecs-facts 13).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Reasons {
    /// The circuit breaker has tripped.
    pub breaker: String,
    /// An alarm has gone off.
    pub alarm: String,
    /// A person has asked for a rollback, which has not begun.
    pub stop_requested: String,
    /// The deployment that a person has stopped.
    pub stopped: String,
    /// A newer service deployment has taken its place.
    pub superseded: String,
    /// What was rolled back to has failed too.
    pub rollback_failed: String,
}

impl Default for Reasons {
    fn default() -> Self {
        let circuit_breaker =
            "Service deployment failed because the circuit breaker threshold was exceeded.";
        Self {
            breaker: circuit_breaker.to_owned(),
            alarm: "Service deployment failed because an alarm was triggered.".to_owned(),
            stop_requested: "A user requested a rollback of the service deployment.".to_owned(),
            stopped: "Service deployment stopped because of a user request.".to_owned(),
            superseded: "Superseded by a newer service deployment.".to_owned(),
            rollback_failed: "The deployment that was rolled back to failed too.".to_owned(),
        }
    }
}
