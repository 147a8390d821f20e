//! What Application Auto Scaling does to services (ecs-facts 8).

use super::drive::{model_time, with};
use super::names::Place;
use crate::wire::{ApiError, Ctx};
use crate::world::World;

/// Pulls the desired count of a service into `min..=max`; `Err` when there is no such service.
pub(crate) fn clamp_desired(
    world: &mut World,
    ctx: &Ctx,
    cluster: &str,
    service: &str,
    bounds: std::ops::RangeInclusive<u32>,
) -> Result<(), ApiError> {
    let now = model_time(ctx.now);
    with(world, &Place::of(ctx), cluster, service, |model, hands| {
        let wanted = model.desired().clamp(*bounds.start(), *bounds.end());
        if wanted != model.desired() {
            model.set_desired(wanted, now, hands);
        }
    })
}
