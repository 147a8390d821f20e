//! Free addresses of subnets.

use serde_json::{Map, Value, json};
use shipway_domain::surroundings::SubnetSeen;
use shipway_plugin::PlatformError;

use super::{list, number, text};
use crate::clients::Clients;
use crate::operation::DESCRIBE_SUBNETS;
use crate::signed;

/// Those of these ids.
pub(super) async fn by_id(
    clients: &Clients,
    ids: &[String],
) -> Result<Vec<SubnetSeen>, PlatformError> {
    let named = ids.iter().enumerate();
    let order: Map<String, Value> = named
        .map(|(nth, id)| (format!("SubnetId.{}", nth + 1), json!(id)))
        .collect();
    let answer = signed::send(clients, &DESCRIBE_SUBNETS, None, &Value::Object(order)).await?;
    let seen = list(&answer["subnetSet"]).map(|subnet| SubnetSeen {
        id: text(subnet, "subnetId"),
        free: number(subnet, "availableIpAddressCount"),
    });
    Ok(seen.collect())
}
