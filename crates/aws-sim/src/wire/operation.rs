//! The operations of a service: one table that both answers calls and says what is offered.

use serde_json::Value;

use super::{ApiError, Ctx, Input};
use crate::world::World;

/// What answers a call.
pub(crate) type Answerer = fn(&mut World, &Ctx, &Input<'_>) -> Result<Value, ApiError>;

/// Name and answerer.
pub(crate) type Operation = (&'static str, Answerer);

/// The answerer of an operation, if it is offered.
pub(crate) fn find(operations: &[Operation], action: &str) -> Option<Answerer> {
    let mut operations = operations.iter();
    operations.find_map(|(name, answerer)| (*name == action).then_some(*answerer))
}
