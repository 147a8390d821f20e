//! Application Auto Scaling: scalable targets of ECS services (ecs-facts 8).

mod describe;
mod register;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::clock::SimTime;
use crate::wire::{ApiError, Ctx, Input};
use crate::world::World;

const NAMESPACE: &str = "ecs";
const DIMENSION: &str = "ecs:service:DesiredCount";

/// All targets of one account and region.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    /// By resource id.
    pub(crate) targets: BTreeMap<String, Target>,
}

/// A service whose desired count is scaled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Target {
    id: String,
    pub(crate) min: u32,
    pub(crate) max: u32,
    pub(crate) suspended: Suspended,
    created: SimTime,
}

/// Which kinds of scaling are suspended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Suspended {
    pub(crate) dynamic_scaling_in_suspended: bool,
    pub(crate) dynamic_scaling_out_suspended: bool,
    pub(crate) scheduled_scaling_suspended: bool,
}

/// Answers one API call.
pub(crate) fn call(
    world: &mut World,
    ctx: &Ctx,
    action: &str,
    input: &Value,
) -> Result<Value, ApiError> {
    let input = &Input::new(input, "ValidationException")?;
    match action {
        "RegisterScalableTarget" => register::register(world, ctx, input),
        "DescribeScalableTargets" => describe::describe(world, ctx, input),
        "DeregisterScalableTarget" => deregister(world, ctx, input),
        _ => Err(ApiError::unknown_operation(action)),
    }
}

/// `DeregisterScalableTarget`.
fn deregister(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let resource = resource(input)?;
    let region = world.region(&ctx.account, &ctx.region);
    if region.autoscaling.targets.remove(resource.id).is_none() {
        return Err(ApiError::client(
            "ObjectNotFoundException",
            format!(
                "No scalable target found for service namespace: {NAMESPACE}, resource ID: {}, \
                 scalable dimension: {DIMENSION}",
                resource.id
            ),
        ));
    }
    Ok(json!({}))
}

/// The service a call is about.
struct Resource<'a> {
    /// `service/<cluster>/<service>`.
    id: &'a str,
    cluster: &'a str,
    service: &'a str,
}

/// Reads namespace, resource id and dimension.
fn resource<'a>(input: &Input<'a>) -> Result<Resource<'a>, ApiError> {
    namespace(input)?;
    let id = input.need_str("ResourceId")?;
    dimension(input.need_str("ScalableDimension")?)?;
    let parts: Vec<&str> = id.split('/').collect();
    match parts[..] {
        ["service", cluster, service] if !cluster.is_empty() && !service.is_empty() => {
            Ok(Resource {
                id,
                cluster,
                service,
            })
        }
        _ => Err(ApiError::validation(format!(
            "Unsupported service namespace, resource type or scalable dimension: '{id}' is not \
             service/<cluster>/<service>"
        ))),
    }
}

fn namespace(input: &Input<'_>) -> Result<(), ApiError> {
    match input.need_str("ServiceNamespace")? {
        NAMESPACE => Ok(()),
        other => Err(ApiError::validation(format!(
            "The simulator scales only the service namespace ecs, not '{other}'"
        ))),
    }
}

fn dimension(text: &str) -> Result<(), ApiError> {
    if text == DIMENSION {
        return Ok(());
    }
    Err(ApiError::validation(format!(
        "Unsupported scalable dimension '{text}' for service namespace ecs"
    )))
}

fn target_arn(ctx: &Ctx, target: &Target) -> String {
    ctx.arn(
        "application-autoscaling",
        &format!("scalable-target/{}", target.id),
    )
}
