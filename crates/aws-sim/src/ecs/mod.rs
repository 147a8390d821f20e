//! The ECS service: awsJson1.1 on top of `ecs-model`.
//!
//! The frame calls four functions here, all with the world's lock held (so: short, no waiting):
//!
//! - [`call`] for each API call. `ctx` says who calls, where and when; input comes through
//!   [`crate::wire::Input`]; errors are [`ApiError`] (the frame writes the wire form and the log).
//! - [`tick`] when simulated time has reached the deadline that the last tick gave, and after every
//!   call that may have changed something. It brings the state up to `now` (several deadlines may
//!   lie behind, after a jump of a paused clock) and gives the next deadline. The frame ticks before
//!   a call when a deadline has passed, so that calls always see the state of their own `now`.
//! - [`seed`] to create a cluster with services (`crate::seed`). What exists already stays as it is.
//! - [`clamp_desired`] when Auto Scaling registers a target (ecs-facts 8).
//!
//! State lives in `world.region(account, region).ecs` and must stay serialisable; ids come from
//! `world.ids`; images are resolved by `World::resolve_image`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock::SimTime;
use crate::seed::ClusterSeed;
use crate::wire::{ApiError, Ctx};
use crate::world::World;

/// Everything ECS knows in one account and region.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {}

/// Answers one API call.
pub(crate) fn call(
    _world: &mut World,
    _ctx: &Ctx,
    action: &str,
    _input: &Value,
) -> Result<Value, ApiError> {
    Err(ApiError::unknown_operation(action))
}

/// Brings all accounts and regions up to `now`; gives the next instant at which something happens.
pub(crate) fn tick(_world: &mut World, _now: SimTime) -> Option<SimTime> {
    None
}

/// Creates a cluster and its services unless they exist.
pub(crate) fn seed(
    _world: &mut World,
    _now: SimTime,
    _account: &str,
    _region: &str,
    _seed: &ClusterSeed,
) -> Result<(), ApiError> {
    Ok(())
}

/// Pulls the desired count of a service into `min..=max`; `Err` when there is no such service.
pub(crate) fn clamp_desired(
    _world: &mut World,
    _ctx: &Ctx,
    cluster: &str,
    service: &str,
    _bounds: std::ops::RangeInclusive<u32>,
) -> Result<(), ApiError> {
    Err(ApiError::client(
        "ServiceNotFoundException",
        format!("Service not found: {cluster}/{service}"),
    ))
}
