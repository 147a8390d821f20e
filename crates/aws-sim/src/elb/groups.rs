//! DescribeTargetGroups.

use serde_json::{Value, json};

use super::state::{TargetGroup, all, not_found, region};
use crate::wire::{ApiError, Ctx, Input, page};
use crate::world::World;

/// Largest and default page.
const PAGE: i64 = 400;

/// `DescribeTargetGroups`, by load balancer, by ARN or by name, or all.
pub(super) fn describe(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let balancer = input.str("LoadBalancerArn")?;
    let (arns, names) = (input.strings("TargetGroupArns")?, input.strings("Names")?);
    let asked = [balancer.is_some(), !arns.is_empty(), !names.is_empty()];
    if asked.iter().filter(|asked| **asked).count() > 1 {
        return Err(ApiError::client(
            "ValidationError",
            "Only one of LoadBalancerArn, TargetGroupArns and Names can be specified",
        ));
    }
    let size = input.int("PageSize")?.unwrap_or(PAGE);
    let size = usize::try_from(size)
        .ok()
        .filter(|_| (1..=PAGE).contains(&size));
    let size = size.ok_or_else(|| {
        ApiError::client(
            "ValidationError",
            format!("PageSize must be between 1 and {PAGE}"),
        )
    })?;
    let known = all(region(world, ctx));
    let missing = |name: &&str| !known.values().any(|group| group.name() == *name);
    if arns.iter().any(|arn| !known.contains_key(*arn)) || names.iter().any(missing) {
        return Err(not_found());
    }
    let of = |group: &TargetGroup| group.load_balancer.as_deref() == balancer;
    if balancer.is_some() && !known.values().any(of) {
        return Err(ApiError::client(
            "LoadBalancerNotFound",
            "One or more load balancers not found",
        ));
    }
    let wanted = known.values().filter(|group| {
        (balancer.is_none() || of(group))
            && (arns.is_empty() || arns.contains(&group.arn.as_str()))
            && (names.is_empty() || names.contains(&group.name()))
    });
    let shown = wanted.map(show).collect();
    let (shown, next) = page::<Value>("TargetGroups", shown, input.str("Marker")?, size)
        .ok_or_else(|| ApiError::client("ValidationError", "The marker is not valid"))?;
    let mut answer = json!({"TargetGroups": shown});
    if let Some(next) = next {
        answer["NextMarker"] = next.into();
    }
    Ok(answer)
}

fn show(group: &TargetGroup) -> Value {
    json!({
        "TargetGroupArn": group.arn,
        "TargetGroupName": group.name(),
        "Protocol": "HTTP",
        "Port": group.port,
        "VpcId": group.vpc,
        "HealthCheckProtocol": "HTTP",
        "HealthCheckPort": "traffic-port",
        "HealthCheckEnabled": true,
        "HealthCheckIntervalSeconds": group.health_check_interval_seconds,
        "HealthCheckTimeoutSeconds": 5,
        "HealthyThresholdCount": group.healthy_threshold_count,
        "UnhealthyThresholdCount": 2,
        "HealthCheckPath": group.health_check_path,
        "Matcher": {"HttpCode": "200"},
        "LoadBalancerArns": group.load_balancer.iter().collect::<Vec<_>>(),
        "TargetType": "ip",
        "ProtocolVersion": "HTTP1",
        "IpAddressType": "ipv4",
    })
}
