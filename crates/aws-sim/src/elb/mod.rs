//! Elastic Load Balancing: target groups and the health of what is registered in them.

mod attributes;
mod groups;
mod health;
mod state;

use serde_json::Value;

use crate::wire::{ApiError, Ctx, Input};
use crate::world::World;

pub(crate) use state::State;
pub use state::TargetGroup;

/// Answers one API call.
pub(crate) fn call(
    world: &mut World,
    ctx: &Ctx,
    action: &str,
    input: &Value,
) -> Result<Value, ApiError> {
    let input = &Input::textual(input, "ValidationError")?;
    match action {
        "DescribeTargetGroups" => groups::describe(world, ctx, input),
        "DescribeTargetHealth" => health::describe(world, ctx, input),
        "DescribeTargetGroupAttributes" => attributes::describe(world, ctx, input),
        _ => Err(ApiError::client(
            "InvalidAction",
            format!("The simulator does not offer the operation {action}"),
        )),
    }
}
