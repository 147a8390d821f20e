//! RegisterScalableTarget and DeregisterScalableTarget.

use serde_json::{Value, json};

use super::activity::Activity;
use super::drive::{At, clamp};
use super::{DIMENSION, NAMESPACE, Suspended, Target, resource, tags, target_arn};
use crate::choices::MissingFlags;
use crate::ecs;
use crate::wire::{ApiError, Ctx, Input};
use crate::world::World;

/// `RegisterScalableTarget`. On an update, what is not sent is unchanged; the desired count is
/// pulled into the bounds in any case.
pub(super) fn register(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let resource = resource::read(input)?;
    let (min, max) = (
        capacity(input, "MinCapacity")?,
        capacity(input, "MaxCapacity")?,
    );
    let suspended = input.structure("SuspendedState")?;
    let given = tags::read(input)?;
    let choices = world.choices.clone();
    let region = world.region(&ctx.account, &ctx.region);
    let mut target = match region.autoscaling.targets.get(resource.id) {
        Some(target) => target.clone(),
        None => Target {
            id: String::new(),
            min: min.ok_or_else(|| missing("MinCapacity"))?,
            max: max.ok_or_else(|| missing("MaxCapacity"))?,
            suspended: Suspended::default(),
            before: None,
            created: ctx.now,
            tags: given,
            policies: Default::default(),
            actions: Default::default(),
            look: None,
            held: None,
        },
    };
    target.min = min.unwrap_or(target.min);
    target.max = max.unwrap_or(target.max);
    if let Some(flags) = suspended {
        let missing = match choices.missing_flags {
            MissingFlags::False => Suspended::default(),
            MissingFlags::Kept => target.suspended,
        };
        let changed = read_suspended(&flags, missing)?;
        if changed != target.suspended {
            let delay = choices.suspension_delay();
            let felt = target.in_force(ctx.now);
            target.before = (!delay.is_zero()).then_some((felt, ctx.now + delay));
        }
        target.suspended = changed;
    }
    if target.min > target.max {
        return Err(ApiError::validation(format!(
            "Maximum capacity cannot be less than minimum capacity: {} < {}",
            target.max, target.min
        )));
    }
    let at = At::of(ctx, resource);
    if ecs::census(world, &at.service()).is_none() {
        return Err(ApiError::validation(format!(
            "ECS service doesn't exist: {}",
            resource.id
        )));
    }
    if target.id.is_empty() {
        target.id = world.ids.hex(30);
    }
    // What was suspended acts at once if its alarm is still in breach.
    target.look = Some(ctx.now);
    let arn = target_arn(ctx, &target);
    let bounds = (target.min, target.max);
    let region = world.region(&ctx.account, &ctx.region);
    region
        .autoscaling
        .targets
        .insert(resource.id.to_owned(), target);
    if let Some((outcome, cause)) = clamp(world, &at, bounds) {
        let activity = Activity::new(world, &at, outcome, cause);
        activity.keep(world, &at);
    }
    Ok(json!({"ScalableTargetARN": arn}))
}

/// `DeregisterScalableTarget`: policies and scheduled actions go with the target.
pub(super) fn deregister(
    world: &mut World,
    ctx: &Ctx,
    input: &Input<'_>,
) -> Result<Value, ApiError> {
    let resource = resource::read(input)?;
    let region = world.region(&ctx.account, &ctx.region);
    if region.autoscaling.targets.remove(resource.id).is_none() {
        return Err(resource::not_found(format!(
            "No scalable target found for service namespace: {NAMESPACE}, resource ID: {}, \
             scalable dimension: {DIMENSION}",
            resource.id
        )));
    }
    Ok(json!({}))
}

/// Reads the three flags; `missing` has those that are omitted. False is their default in the model of the API;
/// whether AWS keeps the old value is not documented (ecs-facts 13).
fn read_suspended(input: &Input<'_>, missing: Suspended) -> Result<Suspended, ApiError> {
    let flag = |name, missing| Ok::<_, ApiError>(input.bool(name)?.unwrap_or(missing));
    let (inward, outward) = (
        missing.dynamic_scaling_in_suspended,
        missing.dynamic_scaling_out_suspended,
    );
    Ok(Suspended {
        dynamic_scaling_in_suspended: flag("DynamicScalingInSuspended", inward)?,
        dynamic_scaling_out_suspended: flag("DynamicScalingOutSuspended", outward)?,
        scheduled_scaling_suspended: flag(
            "ScheduledScalingSuspended",
            missing.scheduled_scaling_suspended,
        )?,
    })
}

/// `MinCapacity` or `MaxCapacity`.
pub(super) fn capacity(input: &Input<'_>, name: &str) -> Result<Option<u32>, ApiError> {
    let Some(value) = input.int(name)? else {
        return Ok(None);
    };
    let bad = |_| ApiError::validation(format!("{name} must be at least 0 but was {value}"));
    i32::try_from(value)
        .and_then(u32::try_from)
        .map(Some)
        .map_err(bad)
}

fn missing(name: &str) -> ApiError {
    ApiError::validation(format!("{name} cannot be null for a new scalable target"))
}
