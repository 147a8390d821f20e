//! The clock.

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use super::{Answer, Asked, parse, show as answer};
use crate::shared::Shared;

/// What can be done to the clock.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockChange {
    scale: Option<f64>,
    advance_seconds: Option<f64>,
}

/// Simulated time now, and how fast it goes.
pub(super) fn show(shared: &Shared, _: &Asked) -> Answer {
    answer(&json!({"now": shared.clock.now().json(), "scale": shared.clock.scale()}))
}

/// Scales or advances the clock; both or neither is done.
pub(super) fn change(shared: &Shared, asked: &Asked) -> Answer {
    let change: ClockChange = parse(&asked.body)?;
    if let Some(scale) = change.scale
        && scale != 0.0
        && !(1.0..=1000.0).contains(&scale)
    {
        return Err(format!(
            "scale {scale} is neither 0 (paused) nor in 1..=1000"
        ));
    }
    let span = change.advance_seconds.map(|seconds| {
        Duration::try_from_secs_f64(seconds)
            .map_err(|error| format!("advance_seconds {seconds}: {error}"))
    });
    let span = span.transpose()?;
    if let Some(scale) = change.scale {
        shared.clock.set_scale(scale);
    }
    if let Some(span) = span {
        shared.clock.advance(span);
    }
    shared.changed();
    show(shared, asked)
}
