//! Log lines of containers, as CloudWatch Logs keeps them: by group and stream.

mod store;

pub(crate) use store::{Store, stream_name};

use serde_json::Value;

use crate::wire::{ApiError, Ctx};
use crate::world::World;

/// Answers one API call.
pub(crate) fn call(
    _world: &mut World,
    _ctx: &Ctx,
    action: &str,
    _input: &Value,
) -> Result<Value, ApiError> {
    Err(ApiError::unknown_operation(action))
}
