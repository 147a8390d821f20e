//! DescribeScalableTargets.

use serde_json::{Value, json};

use super::{DIMENSION, NAMESPACE, Target, dimension, namespace, target_arn};
use crate::wire::{ApiError, Ctx, Input, page};
use crate::world::World;

/// Largest and default page.
const PAGE: i64 = 50;

/// `DescribeScalableTargets`; unknown ids are left out.
pub(super) fn describe(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    namespace(input)?;
    if let Some(text) = input.str("ScalableDimension")? {
        dimension(text)?;
    }
    let asked = input.strings("ResourceIds")?;
    let size = input.int("MaxResults")?.unwrap_or(PAGE);
    let size = usize::try_from(size)
        .ok()
        .filter(|_| (1..=PAGE).contains(&size));
    let size = size
        .ok_or_else(|| ApiError::validation(format!("MaxResults must be between 1 and {PAGE}")))?;
    let targets = &world.region(&ctx.account, &ctx.region).autoscaling.targets;
    let wanted = targets
        .iter()
        .filter(|(id, _)| asked.is_empty() || asked.contains(&id.as_str()));
    let shown = wanted.map(|(id, target)| show(ctx, id, target)).collect();
    let (shown, next) = page(shown, input.str("NextToken")?, size).ok_or_else(|| {
        ApiError::client("InvalidNextTokenException", "The next token is invalid.")
    })?;
    let mut answer = json!({"ScalableTargets": shown});
    if let Some(next) = next {
        answer["NextToken"] = next.into();
    }
    Ok(answer)
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
