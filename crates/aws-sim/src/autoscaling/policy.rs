//! A target-tracking policy: what it keeps at its target, and what it wants.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::metric::{Breach, Reading, Side};
use crate::clock::SimTime;
use crate::wire::{ApiError, Input};

/// Default of the two cooldowns for ECS, in seconds.
const COOLDOWN: i64 = 300;

/// The predefined metrics that services have.
const METRICS: [&str; 3] = [
    "ECSServiceAverageCPUUtilization",
    "ECSServiceAverageMemoryUtilization",
    "ALBRequestCountPerTarget",
];

/// A policy.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Policy {
    /// The UUID in its ARN and in the names of its alarms.
    pub(super) id: String,
    pub(super) created: SimTime,
    /// `TargetTrackingScalingPolicyConfiguration`, as it was given.
    pub(super) config: Map<String, Value>,
    /// Name of the metric, as the control API sets it.
    pub(super) metric: String,
    pub(super) target: f64,
    pub(super) scale_in: bool,
    out_cooldown: Duration,
    in_cooldown: Duration,
    pub(super) breach: Option<Breach>,
    last_out: Option<Step>,
    last_in: Option<SimTime>,
}

/// The last time it scaled out.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Step {
    at: SimTime,
    /// The running count it counted from.
    from: u32,
    to: u32,
}

impl Policy {
    /// Reads the configuration of a policy.
    pub(super) fn read(config: &Input<'_>, now: SimTime) -> Result<Self, ApiError> {
        let target = config
            .number("TargetValue")?
            .ok_or_else(|| config.required("TargetValue"))?;
        if target.is_nan() || target <= 0.0 {
            return Err(ApiError::validation("TargetValue must be greater than 0"));
        }
        let cooldown = |name: &str| {
            let seconds = config.int(name)?.unwrap_or(COOLDOWN);
            let seconds = u32::try_from(seconds).map_err(|_| {
                ApiError::validation(format!("{name} must be at least 0 but was {seconds}"))
            })?;
            Ok::<_, ApiError>(Duration::from_secs(seconds.into()))
        };
        let known = [
            "TargetValue",
            "PredefinedMetricSpecification",
            "CustomizedMetricSpecification",
            "ScaleOutCooldown",
            "ScaleInCooldown",
            "DisableScaleIn",
        ];
        let members = known
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), config.get(name)?.clone())));
        Ok(Self {
            id: String::new(),
            created: now,
            metric: metric(config)?.to_owned(),
            target,
            scale_in: !config.bool("DisableScaleIn")?.unwrap_or_default(),
            out_cooldown: cooldown("ScaleOutCooldown")?,
            in_cooldown: cooldown("ScaleInCooldown")?,
            config: members.collect(),
            breach: None,
            last_out: None,
            last_in: None,
        })
    }

    /// Takes notice of the metric.
    pub(super) fn sense(&mut self, reading: Option<Reading>, now: SimTime) {
        let side = reading.and_then(|reading| Side::of(reading.value, self.target));
        if side != self.breach.map(|breach| breach.side) {
            self.breach = side.map(|side| Breach { side, since: now });
        }
    }

    /// The side of its alarm that has gone off, if one has.
    pub(super) fn alarmed(&self, now: SimTime) -> Option<Side> {
        let ripe = self.breach.filter(|breach| breach.ripe() <= now);
        ripe.map(|breach| breach.side)
    }

    /// The count that would bring the metric to its target, from the running one (ecs-facts 8).
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "floats saturate, and none is negative"
    )]
    pub(super) fn wants(&self, running: u32, value: f64) -> u32 {
        // A hair less, so that a count that is exact but for its last bit is not rounded up.
        (f64::from(running) * value / self.target - 1e-9)
            .ceil()
            .max(0.0) as u32
    }

    /// Whether it may scale out now. Within the cooldown it may if what it wants, counted from the
    /// same number of tasks as last time, is more than it wanted then.
    pub(super) fn may_scale_out(&self, now: SimTime, value: f64) -> bool {
        self.last_out.is_none_or(|last| {
            last.at + self.out_cooldown <= now || self.wants(last.from, value) > last.to
        })
    }

    /// Whether it may scale in now.
    pub(super) fn may_scale_in(&self, now: SimTime) -> bool {
        self.last_in
            .is_none_or(|last| last + self.in_cooldown <= now)
    }

    /// It has scaled out; a cooldown of scaling in ends with that.
    pub(super) const fn scaled_out(&mut self, at: SimTime, from: u32, to: u32) {
        self.last_out = Some(Step { at, from, to });
        self.last_in = None;
    }

    /// It has scaled in.
    pub(super) const fn scaled_in(&mut self, at: SimTime) {
        self.last_in = Some(at);
    }

    /// Takes over what an earlier version of it has done.
    pub(super) fn succeed(&mut self, earlier: &Self) {
        self.id.clone_from(&earlier.id);
        self.created = earlier.created;
        self.last_out = earlier.last_out;
        self.last_in = earlier.last_in;
    }
}

/// The name of the metric that a configuration tracks.
fn metric<'a>(config: &Input<'a>) -> Result<&'a str, ApiError> {
    let predefined = config.structure("PredefinedMetricSpecification")?;
    let customized = config.structure("CustomizedMetricSpecification")?;
    match (predefined, customized) {
        (Some(metric), None) => {
            let name = metric.need_str("PredefinedMetricType")?;
            if !METRICS.contains(&name) {
                return Err(ApiError::validation(format!(
                    "Invalid predefined metric type '{name}' for service namespace ecs: it must \
                     be one of {}",
                    METRICS.join(", ")
                )));
            }
            if (name == "ALBRequestCountPerTarget") != metric.str("ResourceLabel")?.is_some() {
                return Err(ApiError::validation(
                    "ResourceLabel goes with ALBRequestCountPerTarget, and with it only",
                ));
            }
            Ok(name)
        }
        (None, Some(metric)) => {
            if !metric.list("Metrics")?.is_empty() {
                return Err(ApiError::validation(
                    "The simulator does not do metric math: name one metric by MetricName",
                ));
            }
            metric.need_str("MetricName")
        }
        _ => Err(ApiError::validation(
            "Either PredefinedMetricSpecification or CustomizedMetricSpecification must be specified",
        )),
    }
}
