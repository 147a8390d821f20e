//! The calls about scaling policies, and the alarms that come with them.

use serde_json::{Value, json};

use super::metric::Side;
use super::page::{names, paged};
use super::policy::Policy;
use super::{DIMENSION, NAMESPACE, resource};
use crate::clock::SimTime;
use crate::wire::{ApiError, Ctx, Input};
use crate::world::World;

/// Policies of one target.
const MOST: usize = 50;

/// `PutScalingPolicy`: makes a policy or replaces its configuration.
pub(super) fn put(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let name = input.need_str("PolicyName")?;
    let printable = name.chars().all(|letter| !letter.is_control());
    if !(1..=256).contains(&name.chars().count()) || !printable {
        return Err(ApiError::validation(
            "PolicyName must have 1 to 256 printable characters",
        ));
    }
    let resource = resource::read(input)?;
    let config = input.structure("TargetTrackingScalingPolicyConfiguration")?;
    kind(input)?;
    let config = config
        .map(|config| Policy::read(&config, ctx.now))
        .transpose()?;
    let id = world.ids.uuid();
    let state = &mut world.region(&ctx.account, &ctx.region).autoscaling;
    let target = state.target(resource.id)?;
    if let Some(mut policy) = config {
        let spec = specification(&policy);
        let mut others = target.policies.iter().filter(|(other, _)| *other != name);
        if others.any(|(_, other)| specification(other) == spec) {
            return Err(ApiError::validation(
                "Only one TargetTrackingScaling policy for a given metric specification is allowed.",
            ));
        }
        match target.policies.get(name) {
            Some(earlier) => policy.succeed(earlier),
            None if target.policies.len() >= MOST => {
                return Err(ApiError::client(
                    "LimitExceededException",
                    format!("A scalable target has at most {MOST} scaling policies"),
                ));
            }
            None if input.get("PolicyType").is_none() => {
                return Err(ApiError::validation(
                    "PolicyType is required to create a scaling policy",
                ));
            }
            None => policy.id = id,
        }
        target.policies.insert(name.to_owned(), policy);
        target.look = Some(ctx.now);
    }
    let known = target.policies.get(name).ok_or_else(|| {
        ApiError::validation("TargetTrackingScalingPolicyConfiguration must be specified")
    })?;
    Ok(json!({
        "PolicyARN": arn(ctx, resource.id, name, known),
        "Alarms": alarms_of(ctx, resource.id, known),
    }))
}

/// Only target tracking does something here: step scaling hangs on alarms that CloudWatch's own calls
/// would make, and forecasts need a history.
fn kind(input: &Input<'_>) -> Result<(), ApiError> {
    for other in [
        "StepScalingPolicyConfiguration",
        "PredictiveScalingPolicyConfiguration",
    ] {
        if input.get(other).is_some() {
            return Err(unsupported(other));
        }
    }
    match input.str("PolicyType")? {
        Some("TargetTrackingScaling") | None => Ok(()),
        Some(other @ ("StepScaling" | "PredictiveScaling")) => Err(unsupported(other)),
        Some(other) => Err(ApiError::validation(format!(
            "1 validation error detected: Value '{other}' at 'policyType' failed to satisfy \
             constraint: Member must satisfy enum value set: [StepScaling, PredictiveScaling, \
             TargetTrackingScaling]"
        ))),
    }
}

fn unsupported(what: &str) -> ApiError {
    ApiError::validation(format!(
        "The simulator does not act on {what}; it offers TargetTrackingScaling"
    ))
}

fn specification(policy: &Policy) -> (Option<&Value>, Option<&Value>) {
    let of = |name: &str| policy.config.get(name);
    (
        of("PredefinedMetricSpecification"),
        of("CustomizedMetricSpecification"),
    )
}

/// `DescribeScalingPolicies`.
pub(super) fn describe(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let asked = resource::filter(input)?;
    let names = names(input, "PolicyNames")?;
    let targets = &world.region(&ctx.account, &ctx.region).autoscaling.targets;
    let targets = targets.iter();
    let targets = targets.filter(|(id, _)| asked.is_none_or(|asked| asked == *id));
    let policies = targets.flat_map(|(id, target)| {
        let policies = target.policies.iter();
        policies.map(move |(name, policy)| (id, name, policy))
    });
    let policies = policies.filter(|(id, name, policy)| {
        let arn = arn(ctx, id, name, policy);
        names.is_empty() || names.contains(&name.as_str()) || names.contains(&arn.as_str())
    });
    let shown = policies.map(|(id, name, policy)| {
        json!({
            "PolicyARN": arn(ctx, id, name, policy),
            "PolicyName": name,
            "ServiceNamespace": NAMESPACE,
            "ResourceId": id,
            "ScalableDimension": DIMENSION,
            "PolicyType": "TargetTrackingScaling",
            "TargetTrackingScalingPolicyConfiguration": policy.config,
            "Alarms": alarms_of(ctx, id, policy),
            "CreationTime": policy.created.json(),
        })
    });
    paged("ScalingPolicies", shown.collect(), input)
}

/// `DeleteScalingPolicy`.
pub(super) fn delete(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let name = input.need_str("PolicyName")?;
    let resource = resource::read(input)?;
    let state = &mut world.region(&ctx.account, &ctx.region).autoscaling;
    let target = state.target(resource.id)?;
    if target.policies.remove(name).is_none() {
        return Err(resource::not_found(format!(
            "No scaling policy found for service namespace: {NAMESPACE}, resource ID: {}, \
             scalable dimension: {DIMENSION}, policy name: {name}",
            resource.id
        )));
    }
    target.look = Some(ctx.now);
    Ok(json!({}))
}

fn arn(ctx: &Ctx, resource: &str, name: &str, policy: &Policy) -> String {
    ctx.arn(
        "autoscaling",
        &format!(
            "scalingPolicy:{}:resource/{NAMESPACE}/{resource}:policyName/{name}",
            policy.id
        ),
    )
}

/// The name of one of the two alarms of a policy.
pub(super) fn alarm_name(resource: &str, id: &str, side: Side) -> String {
    let side = match side {
        Side::Above => "AlarmHigh",
        Side::Below => "AlarmLow",
    };
    format!("TargetTracking-{resource}-{side}-{id}")
}

fn alarms_of(ctx: &Ctx, resource: &str, policy: &Policy) -> Value {
    let shown = [Side::Above, Side::Below].map(|side| {
        let name = alarm_name(resource, &policy.id, side);
        let arn = ctx.arn("cloudwatch", &format!("alarm:{name}"));
        json!({"AlarmName": name, "AlarmARN": arn})
    });
    json!(shown)
}

/// The alarms of all policies, as DescribeAlarms shows them.
pub(crate) fn alarms(world: &World, ctx: &Ctx) -> Vec<Value> {
    let Some(region) = world.existing_region(&ctx.account, &ctx.region) else {
        return Vec::new();
    };
    let state = &region.autoscaling;
    let mut alarms = Vec::new();
    for (id, target) in &state.targets {
        let readings = state.metrics.get(id);
        for (name, policy) in &target.policies {
            let reading = readings.and_then(|readings| readings.get(&policy.metric));
            let arn = arn(ctx, id, name, policy);
            for side in [Side::Above, Side::Below] {
                let known = reading.map(|reading| reading.since);
                alarms.push(alarm(ctx, (id, &arn), policy, side, known));
            }
        }
    }
    alarms
}

fn alarm(
    ctx: &Ctx,
    (resource, action): (&str, &str),
    policy: &Policy,
    side: Side,
    known: Option<SimTime>,
) -> Value {
    let name = alarm_name(resource, &policy.id, side);
    let (state, since) = match (known, policy.breach) {
        (None, _) => ("INSUFFICIENT_DATA", policy.created),
        (_, Some(breach)) if breach.side == side && breach.ripe() <= ctx.now => {
            ("ALARM", breach.ripe())
        }
        (Some(since), _) => ("OK", since),
    };
    let (threshold, comparison) = match side {
        Side::Above => (policy.target, "GreaterThanThreshold"),
        Side::Below => (policy.target * 0.9, "LessThanThreshold"),
    };
    let minutes = side.patience().as_secs() / 60;
    let mut names = resource.split('/').skip(1);
    let mut dimension = |name: &str| json!({"Name": name, "Value": names.next().unwrap_or("-")});
    json!({
        "AlarmName": name,
        "AlarmArn": ctx.arn("cloudwatch", &format!("alarm:{name}")),
        "AlarmDescription": format!("DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {action}."),
        "AlarmConfigurationUpdatedTimestamp": policy.created.json(),
        "ActionsEnabled": true,
        "OKActions": [],
        "AlarmActions": [action],
        "InsufficientDataActions": [],
        "StateValue": state,
        "StateReason": format!("The metric {} is in the state {state}", policy.metric),
        "StateUpdatedTimestamp": since.json(),
        "StateTransitionedTimestamp": since.json(),
        "MetricName": policy.metric,
        "Namespace": "AWS/ECS",
        "Statistic": "Average",
        "Dimensions": [dimension("ClusterName"), dimension("ServiceName")],
        "Period": 60,
        "EvaluationPeriods": minutes,
        "Threshold": threshold,
        "ComparisonOperator": comparison,
    })
}
