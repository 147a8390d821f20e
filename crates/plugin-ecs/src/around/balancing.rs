//! Target groups, and the health of what is registered in them.

use std::time::Duration;

use futures::future::try_join_all;
use serde_json::{Value, json};
use shipway_domain::surroundings::{TargetGroupSeen, TargetHealth};
use shipway_plugin::PlatformError;

use super::{list, number, numbered, text};
use crate::clients::Clients;
use crate::operation::{
    DESCRIBE_TARGET_GROUP_ATTRIBUTES, DESCRIBE_TARGET_GROUPS, DESCRIBE_TARGET_HEALTH,
};
use crate::signed;

/// A service has at most five target groups: one call for all, and one each for their attributes.
pub(super) async fn groups(
    clients: &Clients,
    arns: &[String],
) -> Result<Vec<TargetGroupSeen>, PlatformError> {
    let order = Value::Object(numbered("TargetGroupArns.member", arns));
    let described = signed::send(clients, &DESCRIBE_TARGET_GROUPS, None, &order);
    let delays = arns.iter().map(|arn| delay(clients, arn));
    let (described, delays) = tokio::try_join!(described, try_join_all(delays))?;
    let shown = &described["DescribeTargetGroupsResult"]["TargetGroups"];
    let seen = arns.iter().zip(delays).map(|(arn, deregistration_delay)| {
        let group = list(shown).find(|group| group["TargetGroupArn"] == arn.as_str());
        let interval = group.map_or(0, |group| number(group, "HealthCheckIntervalSeconds"));
        TargetGroupSeen {
            arn: arn.clone(),
            check_interval: Duration::from_secs(interval.into()),
            deregistration_delay,
        }
    });
    Ok(seen.collect())
}

async fn delay(clients: &Clients, arn: &str) -> Result<Duration, PlatformError> {
    let order = json!({"TargetGroupArn": arn});
    let operation = &DESCRIBE_TARGET_GROUP_ATTRIBUTES;
    let answer = signed::send(clients, operation, None, &order).await?;
    let attributes = &answer["DescribeTargetGroupAttributesResult"]["Attributes"];
    let delay = list(attributes).find(|a| a["Key"] == "deregistration_delay.timeout_seconds");
    let seconds = delay.map_or(0, |attribute| number(attribute, "Value"));
    Ok(Duration::from_secs(seconds.into()))
}

/// What is registered in a target group, and how it stands.
pub(super) async fn health(
    clients: &Clients,
    arn: &str,
) -> Result<Vec<TargetHealth>, PlatformError> {
    let order = json!({"TargetGroupArn": arn});
    let answer = signed::send(clients, &DESCRIBE_TARGET_HEALTH, None, &order).await?;
    let shown = &answer["DescribeTargetHealthResult"]["TargetHealthDescriptions"];
    let seen = list(shown).map(|one| TargetHealth {
        id: text(&one["Target"], "Id"),
        port: number(&one["Target"], "Port"),
        state: text(&one["TargetHealth"], "State"),
        reason: text(&one["TargetHealth"], "Reason"),
        description: text(&one["TargetHealth"], "Description"),
    });
    Ok(seen.collect())
}
