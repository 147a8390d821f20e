//! stub
use serde_json::Value;
use crate::wire::{ApiError, Ctx};
use crate::world::World;
pub(crate) fn call(_world: &mut World, _ctx: &Ctx, action: &str, _input: &Value) -> Result<Value, ApiError> {
    Err(ApiError::unknown_operation(action))
}
