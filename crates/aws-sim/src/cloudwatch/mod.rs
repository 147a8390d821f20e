//! CloudWatch: alarms, as DescribeAlarms shows them.

mod alarms;
mod control;
mod describe;

use serde_json::Value;

use crate::wire::{ApiError, Ctx, Input};
use crate::world::World;

pub(crate) use alarms::State;
pub(crate) use control::ALARMS;

/// Answers one API call.
pub(crate) fn call(
    world: &mut World,
    ctx: &Ctx,
    action: &str,
    input: &Value,
) -> Result<Value, ApiError> {
    let input = &Input::textual(input, "ValidationError")?;
    match action {
        "DescribeAlarms" => describe::describe(world, ctx, input),
        _ => Err(ApiError::client(
            "InvalidAction",
            format!("The simulator does not offer the operation {action}"),
        )),
    }
}
