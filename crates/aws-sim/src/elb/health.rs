//! DescribeTargetHealth: how the tasks in a target group stand.

use serde_json::{Value, json};

use super::state::{find, region};
use crate::ecs::{RegisteredTask, Standing};
use crate::wire::{ApiError, Ctx, Input};
use crate::world::World;

/// `DescribeTargetHealth`, of all targets or of those that are named.
pub(super) fn describe(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let arn = input.need_str("TargetGroupArn")?;
    let region = region(world, ctx);
    find(region, arn)?;
    let known = region.ecs.registered_in(arn, ctx.now);
    let zone = format!("{}a", ctx.region);
    let asked = input.structures("Targets")?;
    if asked.is_empty() {
        let shown: Vec<Value> = known.iter().map(|target| show(target, &zone)).collect();
        return Ok(json!({"TargetHealthDescriptions": shown}));
    }
    let mut shown = Vec::new();
    for target in asked {
        let (id, port) = (target.need_str("Id")?, target.int("Port")?);
        let same = |known: &&RegisteredTask| {
            known.address == id && port.is_none_or(|port| port == i64::from(known.port))
        };
        shown.push(match known.iter().find(same) {
            Some(known) => show(known, &zone),
            None => unused(id, port),
        });
    }
    Ok(json!({"TargetHealthDescriptions": shown}))
}

fn show(target: &RegisteredTask, zone: &str) -> Value {
    let (state, reason, description) = match &target.standing {
        Standing::Healthy => ("healthy", None, None),
        Standing::Checking => (
            "initial",
            Some("Elb.InitialHealthChecking"),
            Some("Initial health checks in progress"),
        ),
        Standing::Unhealthy(text) => ("unhealthy", Some(reason(text)), Some(text.as_str())),
        Standing::Draining => (
            "draining",
            Some("Target.DeregistrationInProgress"),
            Some("Target deregistration is in progress"),
        ),
    };
    let mut health = json!({"State": state});
    for (member, text) in [("Reason", reason), ("Description", description)] {
        if let Some(text) = text {
            health[member] = text.into();
        }
    }
    json!({
        "Target": {"Id": target.address, "Port": target.port, "AvailabilityZone": zone},
        "HealthCheckPort": target.port.to_string(),
        "TargetHealth": health,
    })
}

/// The reason behind a text: codes that do not match, no answer in time, or any other failure.
fn reason(text: &str) -> &'static str {
    let text = text.to_ascii_lowercase();
    if text.contains("codes") {
        "Target.ResponseCodeMismatch"
    } else if text.contains("timed out") || text.contains("timeout") {
        "Target.Timeout"
    } else {
        "Target.FailedHealthChecks"
    }
}

fn unused(id: &str, port: Option<i64>) -> Value {
    let mut shown = json!({
        "Target": {"Id": id},
        "TargetHealth": {
            "State": "unused",
            "Reason": "Target.NotRegistered",
            "Description": "Target is not registered to the target group",
        },
    });
    if let Some(port) = port {
        shown["Target"]["Port"] = port.into();
    }
    shown
}
