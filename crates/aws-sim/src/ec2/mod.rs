//! EC2: the subnets of tasks, as DescribeSubnets shows them.

mod describe;
mod filter;
mod state;

use serde_json::Value;

use crate::wire::{ApiError, Ctx, Input, Operation, find};
use crate::world::World;

pub use state::Subnet;
pub(crate) use state::{Addresses, State};

/// What it offers, and what answers it.
pub(crate) const OPERATIONS: &[Operation] = &[("DescribeSubnets", describe::describe)];

/// Answers one API call.
pub(crate) fn call(
    world: &mut World,
    ctx: &Ctx,
    action: &str,
    input: &Value,
) -> Result<Value, ApiError> {
    let input = &Input::textual(input, "MissingParameter")?;
    let answerer = find(OPERATIONS, action).ok_or_else(|| {
        ApiError::client(
            "InvalidAction",
            format!("The action {action} is not valid for this web service."),
        )
    })?;
    answerer(world, ctx, input)
}
