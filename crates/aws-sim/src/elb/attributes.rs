//! DescribeTargetGroupAttributes.

use std::time::Duration;

use serde_json::{Value, json};

use super::state::{find, region};
use crate::wire::{ApiError, Ctx, Input};
use crate::world::World;

/// `DescribeTargetGroupAttributes`: the deregistration delay is that by which tasks drain.
pub(super) fn describe(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let arn = input.need_str("TargetGroupArn")?;
    let usual = world.ecs_settings.draining();
    let region = region(world, ctx);
    let group = find(region, arn)?;
    let seeded = group.deregistration_delay_seconds;
    let delay = seeded.map_or(usual, |seconds| Duration::from_secs(seconds.into()));
    let attributes = [
        (
            "deregistration_delay.timeout_seconds",
            delay.as_secs().to_string(),
        ),
        ("load_balancing.algorithm.type", "round_robin".to_owned()),
        ("slow_start.duration_seconds", "0".to_owned()),
        ("stickiness.enabled", "false".to_owned()),
    ];
    let shown = attributes.map(|(key, value)| json!({"Key": key, "Value": value}));
    Ok(json!({"Attributes": shown}))
}
