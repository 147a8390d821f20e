//! Which services are changed, and how.

use std::time::Duration;

use shipway_domain::spec::{Autoscaling, Breaker, RolloutSettings, TargetSpec};

use crate::error::ConversionError;
use crate::fields::{millis, required};
use crate::v1;

impl From<&TargetSpec> for v1::TargetSpec {
    fn from(spec: &TargetSpec) -> Self {
        Self {
            target: Some((&spec.target).into()),
            wave: spec.wave,
        }
    }
}

impl TryFrom<v1::TargetSpec> for TargetSpec {
    type Error = ConversionError;

    fn try_from(message: v1::TargetSpec) -> Result<Self, ConversionError> {
        Ok(Self {
            target: required("target", message.target)?,
            wave: message.wave,
        })
    }
}

impl From<&RolloutSettings> for v1::RolloutSettings {
    fn from(rollout: &RolloutSettings) -> Self {
        Self {
            minimum_healthy_percent: rollout.minimum_healthy_percent,
            maximum_percent: rollout.maximum_percent,
            health_check_grace_period_ms: rollout.health_check_grace_period.map(millis),
            breaker_off_reason: match &rollout.breaker {
                Breaker::On => None,
                Breaker::Off { reason } => Some(reason.clone()),
            },
            suspend_autoscaling: rollout.autoscaling == Autoscaling::Suspend,
            timeout_ms: millis(rollout.timeout),
            force: rollout.force,
            // What is usual is left unsaid: specifications of earlier versions stay byte for byte what they were.
            stop_early_after: Some(rollout.stop_early_after)
                .filter(|after| *after != RolloutSettings::STOP_EARLY_AFTER),
            keep_revisions: rollout.keep_revisions,
        }
    }
}

impl TryFrom<v1::RolloutSettings> for RolloutSettings {
    type Error = ConversionError;

    fn try_from(message: v1::RolloutSettings) -> Result<Self, ConversionError> {
        Ok(Self {
            minimum_healthy_percent: message.minimum_healthy_percent,
            maximum_percent: message.maximum_percent,
            health_check_grace_period: message
                .health_check_grace_period_ms
                .map(Duration::from_millis),
            breaker: message
                .breaker_off_reason
                .map_or(Breaker::On, |reason| Breaker::Off { reason }),
            autoscaling: if message.suspend_autoscaling {
                Autoscaling::Suspend
            } else {
                Autoscaling::Keep
            },
            timeout: Duration::from_millis(message.timeout_ms),
            force: message.force,
            stop_early_after: message.stop_early_after.unwrap_or(Self::STOP_EARLY_AFTER),
            keep_revisions: message.keep_revisions,
        })
    }
}
