//! Free addresses of subnets.

use serde_json::Value;
use shipway_domain::surroundings::SubnetSeen;
use shipway_plugin::PlatformError;

use super::{list, number, numbered, text};
use crate::clients::Clients;
use crate::operation::DESCRIBE_SUBNETS;
use crate::signed;

/// Those of these ids.
pub(super) async fn by_id(
    clients: &Clients,
    ids: &[String],
) -> Result<Vec<SubnetSeen>, PlatformError> {
    let order = Value::Object(numbered("SubnetId", ids));
    let answer = signed::send(clients, &DESCRIBE_SUBNETS, None, &order).await?;
    let seen = list(&answer["subnetSet"]).map(|subnet| SubnetSeen {
        id: text(subnet, "subnetId"),
        free: number(subnet, "availableIpAddressCount"),
    });
    Ok(seen.collect())
}
