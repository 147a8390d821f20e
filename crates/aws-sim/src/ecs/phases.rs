//! How long the phases of simulated tasks take: settable, because rehearsals and benchmarks want other paces.

use std::time::Duration;

use ecs_model::{Backoff, Course, Pace, Phases};
use serde::{Deserialize, Serialize};

use super::spec::HealthCheck;

/// Simulated seconds; what is absent follows the defaults of `ecs-model` (ecs-facts 1.4) and the task definition.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    /// PROVISIONING.
    pub(crate) provisioning: Option<f64>,
    /// PENDING.
    pub(crate) pulling: Option<f64>,
    /// ACTIVATING.
    pub(crate) activating: Option<f64>,
    /// From RUNNING until a task without a check counts as healthy: the 40 s rule.
    pub(crate) settling: Option<f64>,
    /// From RUNNING until the container check passes; else its interval.
    pub(crate) container_passing: Option<f64>,
    /// From trouble until the container check has failed; else start period and retries.
    pub(crate) container_failing: Option<f64>,
    /// From RUNNING until a target is healthy.
    pub(crate) target_passing: Option<f64>,
    /// From trouble until a target is unhealthy.
    pub(crate) target_failing: Option<f64>,
    /// DEACTIVATING behind a load balancer: the deregistration delay.
    pub(crate) draining: Option<f64>,
    /// STOPPING: how long processes take to end.
    pub(crate) terminating: Option<f64>,
    /// DEPROVISIONING.
    pub(crate) deprovisioning: Option<f64>,
    /// How long a task of RunTask runs before it exits with 0, unless a script says otherwise.
    pub(crate) one_off: Option<f64>,
    /// A second registration of a family within so many seconds is refused; never when absent.
    pub(crate) registration: Option<f64>,
    /// First gap of the launch back-off.
    pub(crate) backoff_base: Option<f64>,
    /// Longest gap of the launch back-off.
    pub(crate) backoff_longest: Option<f64>,
    /// PENDING of a service deployment.
    pub(crate) pending: Option<f64>,
    /// STOP_REQUESTED and ROLLBACK_REQUESTED of a service deployment.
    pub(crate) requested: Option<f64>,
    /// How long listener rules take to move traffic, in deployments with traffic stages.
    pub(crate) traffic_shift: Option<f64>,
    /// The bake time with alarms where none is set.
    pub(crate) computed_bake: Option<f64>,
    /// For so long after a mutation, DescribeServices shows a service as it was before.
    pub(crate) stale_reads: Option<f64>,
    /// For so long `currentServiceDeployment` does not name a new service deployment.
    pub(crate) current_deployment: Option<f64>,
}

/// How long a task of RunTask runs by itself.
const ONE_OFF: Duration = Duration::from_secs(20);

/// No task comes to be in no time: one that fails at once and is replaced would never let the clock go on.
const SHORTEST: Duration = Duration::from_millis(100);

fn span(seconds: Option<f64>, otherwise: Duration) -> Duration {
    let given = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    given.unwrap_or(otherwise)
}

impl Settings {
    /// Refuses what is no span of time.
    pub(crate) fn check(&self) -> Result<(), String> {
        let all = serde_json::to_value(self).map_err(|error| error.to_string())?;
        let members = all.as_object().into_iter().flatten();
        for (name, value) in members {
            if let Some(seconds) = value.as_f64()
                && !(0.0..=86_400.0).contains(&seconds)
            {
                return Err(format!("{name} {seconds} is not in 0..=86400 seconds"));
            }
        }
        Ok(())
    }

    /// The phases of a task with this stop timeout and container health check.
    pub(super) fn phases(&self, stop_timeout: Duration, check: Option<HealthCheck>) -> Phases {
        let usual = Phases::default();
        let passing = check.map_or(usual.container_passing, |check| check.interval);
        let failing = check.map_or(usual.container_failing, |check| {
            check.start_period + check.interval * check.retries
        });
        Phases {
            provisioning: span(self.provisioning, usual.provisioning).max(SHORTEST),
            pulling: span(self.pulling, usual.pulling),
            activating: span(self.activating, usual.activating),
            settling: span(self.settling, usual.settling),
            container_passing: span(self.container_passing, passing),
            container_failing: span(self.container_failing, failing),
            target_passing: span(self.target_passing, usual.target_passing),
            target_failing: span(self.target_failing, usual.target_failing),
            draining: self.draining(),
            terminating: span(self.terminating, usual.terminating),
            stop_timeout,
            deprovisioning: span(self.deprovisioning, usual.deprovisioning),
        }
    }

    /// How long a target drains, where its group does not say it.
    pub(crate) fn draining(&self) -> Duration {
        span(self.draining, Phases::default().draining)
    }

    /// How long a task of RunTask runs.
    pub(super) fn one_off(&self) -> Duration {
        span(self.one_off, ONE_OFF)
    }

    /// Within which time registrations of one family count as concurrent.
    pub(super) fn registration(&self) -> Duration {
        span(self.registration, Duration::ZERO)
    }

    /// How long a change of listener rules takes.
    pub(super) fn traffic_shift(&self) -> Duration {
        span(self.traffic_shift, Course::default().shift)
    }

    /// The bake time that alarms bring along.
    pub(super) fn computed_bake(&self, usual: Duration) -> Duration {
        span(self.computed_bake, usual)
    }

    /// How long DescribeServices lags behind.
    pub(super) fn stale_reads(&self) -> Duration {
        span(self.stale_reads, Duration::ZERO)
    }

    /// How long `currentServiceDeployment` lags behind.
    pub(super) fn current_deployment(&self) -> Duration {
        span(self.current_deployment, Duration::ZERO)
    }

    /// The launch back-off.
    pub(super) fn backoff(&self) -> Backoff {
        let usual = Backoff::default();
        Backoff {
            base: span(self.backoff_base, usual.base),
            longest: span(self.backoff_longest, usual.longest),
        }
    }

    /// The passing states of a service deployment.
    pub(super) fn pace(&self) -> Pace {
        let usual = Pace::default();
        Pace {
            pending: span(self.pending, usual.pending),
            requested: span(self.requested, usual.requested),
        }
    }
}
