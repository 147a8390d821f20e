//! How much Fargate may run in an account and region, and how much it runs.

use std::time::Duration;

use serde_json::{Value, json};
use shipway_domain::surroundings::FargateSeen;
use shipway_domain::time::Timestamp;
use shipway_plugin::PlatformError;

use super::list;
use crate::clients::Clients;
use crate::operation::{GET_METRIC_STATISTICS, GET_SERVICE_QUOTA};
use crate::signed;

/// "Fargate On-Demand vCPU resource count".
const QUOTA: &str = "L-3032A538";
/// Usage is published about once a minute, and late.
const WINDOW: Duration = Duration::from_secs(15 * 60);

/// Quota and usage. An account without the right to read usage still shows its quota.
pub(super) async fn room(clients: &Clients, now: Timestamp) -> Result<FargateSeen, PlatformError> {
    let order = json!({"ServiceCode": "fargate", "QuotaCode": QUOTA});
    let quota = signed::send(clients, &GET_SERVICE_QUOTA, None, &order);
    let usage = usage(clients, now);
    let (quota, usage) = tokio::join!(quota, usage);
    Ok(FargateSeen {
        limit: units(quota?["Quota"]["Value"].as_f64().unwrap_or_default()),
        used: usage.ok().flatten(),
    })
}

async fn usage(clients: &Clients, now: Timestamp) -> Result<Option<u32>, PlatformError> {
    let seconds = |at: Timestamp| at.to_string();
    let mut order = json!({
        "Namespace": "AWS/Usage",
        "MetricName": "ResourceCount",
        "StartTime": seconds(now.minus(WINDOW)),
        "EndTime": seconds(now),
        "Period": 60,
        "Statistics.member.1": "Maximum",
    });
    let dimensions = [
        ("Class", "Standard/OnDemand"),
        ("Resource", "vCPU"),
        ("Service", "Fargate"),
        ("Type", "Resource"),
    ];
    for (nth, (name, value)) in dimensions.iter().enumerate() {
        order[format!("Dimensions.member.{}.Name", nth + 1)] = json!(name);
        order[format!("Dimensions.member.{}.Value", nth + 1)] = json!(value);
    }
    let answer = signed::send(clients, &GET_METRIC_STATISTICS, None, &order).await?;
    let points = list(&answer["GetMetricStatisticsResult"]["Datapoints"]);
    let latest = points.max_by_key(|point| point["Timestamp"].as_str().unwrap_or_default());
    let maximum = latest.and_then(|point: &Value| point["Maximum"].as_str()?.parse().ok());
    Ok(maximum.map(units))
}

/// CPU units of so many vCPU.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to what u32 holds"
)]
fn units(vcpu: f64) -> u32 {
    (vcpu * 1024.0).clamp(0.0, f64::from(u32::MAX)) as u32
}
