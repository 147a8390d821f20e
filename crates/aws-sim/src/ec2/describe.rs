//! DescribeSubnets.

use serde_json::{Value, json};

use super::filter::{self, invalid};
use super::state::{Subnet, all};
use crate::wire::{ApiError, Ctx, Input, page};
use crate::world::World;

/// Sizes of pages that can be asked for; without one a page has all.
const PAGE: std::ops::RangeInclusive<usize> = 5..=1000;

/// `DescribeSubnets`, by id, by filters, or all.
pub(super) fn describe(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    if input.bool("DryRun")?.unwrap_or_default() {
        return Err(ApiError {
            status: 412,
            ..ApiError::client(
                "DryRunOperation",
                "Request would have succeeded, but DryRun flag is set.",
            )
        });
    }
    let ids = input.strings("SubnetId")?;
    if let Some(odd) = ids.iter().find(|id| !id.starts_with("subnet-")) {
        return Err(ApiError::client(
            "InvalidSubnetID.Malformed",
            format!("Invalid id: \"{odd}\" (expecting \"subnet-...\")"),
        ));
    }
    let filters = filter::read(input)?;
    let size = size(input)?;
    if size.is_some() && !ids.is_empty() {
        return Err(ApiError::client(
            "InvalidParameterCombination",
            "The parameter subnetSet cannot be used with the parameter maxResults",
        ));
    }
    let known = all(world.region(&ctx.account, &ctx.region));
    let missing: Vec<&str> = ids
        .iter()
        .copied()
        .filter(|id| !known.contains_key(*id))
        .collect();
    if !missing.is_empty() {
        return Err(not_found(&missing));
    }
    let wanted = known.values();
    let wanted = wanted.filter(|(subnet, _)| ids.is_empty() || ids.contains(&subnet.id.as_str()));
    let shown: Vec<Value> = wanted
        .map(|(subnet, tasks)| show(subnet, *tasks, ctx))
        .filter(|shown| filters.iter().all(|filter| filter.fits(shown)))
        .collect();
    let token = input.str("NextToken")?;
    let (shown, next) = page("subnets", shown, token, size.unwrap_or(usize::MAX))
        .ok_or_else(|| ApiError::client("InvalidNextToken", "The token is not valid."))?;
    let mut answer = json!({"subnetSet": shown});
    if let Some(next) = next {
        answer["nextToken"] = next.into();
    }
    Ok(answer)
}

fn size(input: &Input<'_>) -> Result<Option<usize>, ApiError> {
    let Some(asked) = input.int("MaxResults")? else {
        return Ok(None);
    };
    let size = usize::try_from(asked).ok();
    let size = size.filter(|size| PAGE.contains(size));
    size.map(Some).ok_or_else(|| {
        invalid(format!(
            "Value ( {asked} ) for parameter maxResults is invalid. Expecting a value from {} to {}.",
            PAGE.start(),
            PAGE.end()
        ))
    })
}

fn not_found(ids: &[&str]) -> ApiError {
    let message = match ids {
        [id] => format!("The subnet ID '{id}' does not exist"),
        ids => format!("The subnet IDs '{}' do not exist", ids.join(", ")),
    };
    ApiError::client("InvalidSubnetID.NotFound", message)
}

fn show(subnet: &Subnet, tasks: u32, ctx: &Ctx) -> Value {
    let first = || format!("{}a", ctx.region);
    json!({
        "subnetId": subnet.id,
        "subnetArn": ctx.arn("ec2", &format!("subnet/{}", subnet.id)),
        "state": "available",
        "ownerId": ctx.account,
        "vpcId": subnet.vpc,
        "cidrBlock": subnet.cidr(),
        "availableIpAddressCount": subnet.available(tasks),
        "availabilityZone": subnet.zone.clone().unwrap_or_else(first),
        "defaultForAz": false,
        "mapPublicIpOnLaunch": false,
        "mapCustomerOwnedIpOnLaunch": false,
        "assignIpv6AddressOnCreation": false,
        "ipv6CidrBlockAssociationSet": [],
        "ipv6Native": false,
        "enableDns64": false,
    })
}
