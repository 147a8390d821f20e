//! Elastic Load Balancing: target groups and the health of what is registered in them.

mod attributes;
mod groups;
mod health;
mod state;

use serde_json::Value;

use crate::wire::{ApiError, Ctx, Input, Operation, find};
use crate::world::World;

pub(crate) use state::State;
pub use state::TargetGroup;

/// What it offers, and what answers it.
pub(crate) const OPERATIONS: &[Operation] = &[
    ("DescribeTargetGroups", groups::describe),
    ("DescribeTargetHealth", health::describe),
    ("DescribeTargetGroupAttributes", attributes::describe),
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
