//! CloudWatch: alarms, as DescribeAlarms shows them, and the metric of one quota.

mod alarms;
mod control;
mod describe;
mod statistics;

use serde_json::Value;

use crate::wire::{ApiError, Ctx, Input, Operation, find};
use crate::world::World;

pub(crate) use alarms::State;
pub(crate) use control::ALARMS;

/// What it offers, and what answers it.
pub(crate) const OPERATIONS: &[Operation] = &[
    ("DescribeAlarms", describe::describe),
    ("GetMetricStatistics", statistics::get),
];

/// Answers one API call.
pub(crate) fn call(
    world: &mut World,
    ctx: &Ctx,
    action: &str,
    input: &Value,
) -> Result<Value, ApiError> {
    let input = &Input::textual(input, "ValidationError")?;
    let answerer = find(OPERATIONS, action).ok_or_else(|| {
        ApiError::client(
            "InvalidAction",
            format!("The simulator does not offer the operation {action}"),
        )
    })?;
    answerer(world, ctx, input)
}
