//! DescribeScalableTargets.

use serde_json::{Value, json};

use super::page::{names, paged};
use super::{DIMENSION, NAMESPACE, Target, resource, target_arn};
use crate::wire::{ApiError, Ctx, Input};
use crate::world::World;

/// `DescribeScalableTargets`; unknown ids are left out.
pub(super) fn describe(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    resource::filter(input)?;
    let asked = names(input, "ResourceIds")?;
    let targets = &world.region(&ctx.account, &ctx.region).autoscaling.targets;
    let wanted = targets
        .iter()
        .filter(|(id, _)| asked.is_empty() || asked.contains(&id.as_str()));
    let shown = wanted.map(|(id, target)| show(ctx, id, target)).collect();
    paged("ScalableTargets", shown, input)
}

fn show(ctx: &Ctx, resource: &str, target: &Target) -> Value {
    json!({
        "ServiceNamespace": NAMESPACE,
        "ResourceId": resource,
        "ScalableDimension": DIMENSION,
        "MinCapacity": target.min,
        "MaxCapacity": target.max,
        "RoleARN": format!(
            "arn:aws:iam::{}:role/aws-service-role/ecs.application-autoscaling.amazonaws.com/\
             AWSServiceRoleForApplicationAutoScaling_ECSService",
            ctx.account
        ),
        "CreationTime": target.created.json(),
        "SuspendedState": {
            "DynamicScalingInSuspended": target.suspended.dynamic_scaling_in_suspended,
            "DynamicScalingOutSuspended": target.suspended.dynamic_scaling_out_suspended,
            "ScheduledScalingSuspended": target.suspended.scheduled_scaling_suspended,
        },
        "ScalableTargetARN": target_arn(ctx, target),
    })
}
