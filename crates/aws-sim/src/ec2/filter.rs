//! Filters of EC2's Describe operations: names, and values with wildcards.

use serde_json::Value;

use crate::glob;
use crate::wire::{ApiError, Input};

/// Names of filters and the members that they look at.
const FILTERS: [(&str, &str); 12] = [
    ("availability-zone", "availabilityZone"),
    ("availabilityZone", "availabilityZone"),
    ("available-ip-address-count", "availableIpAddressCount"),
    ("cidr", "cidrBlock"),
    ("cidr-block", "cidrBlock"),
    ("cidrBlock", "cidrBlock"),
    ("default-for-az", "defaultForAz"),
    ("owner-id", "ownerId"),
    ("state", "state"),
    ("subnet-arn", "subnetArn"),
    ("subnet-id", "subnetId"),
    ("vpc-id", "vpcId"),
];

/// One filter: a member must have one of the values.
#[derive(Debug)]
pub(super) struct Filter<'a> {
    /// None for a filter by tags, which nothing has.
    member: Option<&'static str>,
    values: Vec<&'a str>,
}

/// The filters of an input; all must be met.
pub(super) fn read<'a>(input: &Input<'a>) -> Result<Vec<Filter<'a>>, ApiError> {
    let filters = input.structures("Filter")?.into_iter();
    filters
        .map(|filter| {
            let name = filter.need_str("Name")?;
            let values = filter.strings("Value")?;
            if values.is_empty() {
                return Err(invalid(format!(
                    "The filter '{name}' has no values; at least one is needed"
                )));
            }
            let mut known = FILTERS.iter().filter(|(known, _)| *known == name);
            let member = known.next().map(|(_, member)| *member);
            if member.is_none() && !name.starts_with("tag:") && name != "tag-key" {
                return Err(invalid(format!("The filter '{name}' is invalid")));
            }
            Ok(Filter { member, values })
        })
        .collect()
}

impl Filter<'_> {
    pub(super) fn fits(&self, shown: &Value) -> bool {
        let value = self.member.and_then(|member| shown.get(member));
        let text = match value {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => return false,
        };
        let mut values = self.values.iter();
        values.any(|wanted| glob::matches(wanted, &text))
    }
}

/// `InvalidParameterValue`.
pub(super) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::client("InvalidParameterValue", message)
}
