//! The clock.

use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::json;

use super::{Answer, Asked, parse, show as answer};
use crate::shared::Shared;

/// Longest jump of the clock at once, in seconds: everything that happens on the way is gone through.
const LONGEST_JUMP: f64 = 366.0 * 86_400.0;

/// The clock does not jump beyond this, in epoch seconds (the year 9000): times must stay writable.
const LAST_JUMP: f64 = 221_845_392_000.0;

/// A jump is made in strides of at most so much simulated time: between them other callers get their turn.
const STRIDE: Duration = Duration::from_secs(60);

/// Strides are no shorter than this.
const SHORT_STRIDE: Duration = Duration::from_secs(1);

/// A stride that takes longer, in real time, is followed by a shorter one.
const LONG: Duration = Duration::from_millis(50);

/// How long a jump may take, in real time. A service whose tasks fail for ever has much to do in a year.
const PATIENCE: Duration = Duration::from_secs(5);

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

/// Scales or advances the clock. What is refused changes nothing; a jump that takes too long ends on its
/// way, and says where.
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
    let span = change.advance_seconds.map(|seconds| jump(shared, seconds));
    let span = span.transpose()?;
    if let Some(scale) = change.scale {
        shared.clock.set_scale(scale);
    }
    if let Some(span) = span {
        leap(shared, span)?;
    }
    shared.changed();
    show(shared, asked)
}

/// How far the clock shall jump.
fn jump(shared: &Shared, seconds: f64) -> Result<Duration, String> {
    let span = Duration::try_from_secs_f64(seconds)
        .map_err(|error| format!("advance_seconds {seconds}: {error}"))?;
    if seconds > LONGEST_JUMP || shared.clock.now().epoch_seconds() + seconds > LAST_JUMP {
        return Err(format!(
            "advance_seconds {seconds}: at most {LONGEST_JUMP} (366 days) at once, and not beyond the year 9000"
        ));
    }
    Ok(span)
}

/// Advances the clock, and lets everything happen on the way.
fn leap(shared: &Shared, span: Duration) -> Result<(), String> {
    let until = Instant::now() + PATIENCE;
    let (mut left, mut longest) = (span, STRIDE);
    while !left.is_zero() {
        if Instant::now() >= until {
            let done = (span - left).as_secs_f64();
            shared.changed();
            return Err(format!(
                "advance_seconds: so much happens on the way that only {done} s are done; ask again for the rest"
            ));
        }
        let (stride, began) = (left.min(longest), Instant::now());
        {
            let mut world = shared.world();
            shared.clock.advance(stride);
            world.catch_up(shared.clock.now());
        }
        left -= stride;
        if began.elapsed() > LONG {
            longest = (longest / 2).max(SHORT_STRIDE);
        }
    }
    Ok(())
}
