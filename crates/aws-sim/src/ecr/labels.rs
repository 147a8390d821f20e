//! Tags of repositories as AWS resources (not of images).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{missing, needed};
use crate::ecr::Repository;
use crate::wire::{ApiError, Ctx, Input};
use crate::world::World;

/// Most tags a repository can have.
const LIMIT: usize = 50;

/// Reads `tags`.
pub(super) fn read(input: &Input<'_>) -> Result<BTreeMap<String, String>, ApiError> {
    read_as(input, "tags")
}

/// Reads tags from another member.
pub(super) fn read_as(
    input: &Input<'_>,
    member: &str,
) -> Result<BTreeMap<String, String>, ApiError> {
    let mut labels = BTreeMap::new();
    for tag in input.structures(member)? {
        let key = tag.need_str("Key")?;
        if key.is_empty() || key.len() > 128 || key.starts_with("aws:") {
            return Err(ApiError::client(
                "InvalidTagParameterException",
                format!("Invalid parameter at 'tags': the key '{key}' is not allowed"),
            ));
        }
        labels.insert(key.to_owned(), tag.need_str("Value")?.to_owned());
    }
    limited(labels.len())?;
    Ok(labels)
}

fn limited(count: usize) -> Result<(), ApiError> {
    if count <= LIMIT {
        return Ok(());
    }
    Err(ApiError::client(
        "TooManyTagsException",
        format!("A repository can have at most {LIMIT} tags"),
    ))
}

/// `TagResource`.
pub(super) fn tag(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let added = read(input)?;
    let repository = by_arn(world, ctx, input)?;
    let mut labels = repository.labels.clone();
    labels.extend(added);
    limited(labels.len())?;
    repository.labels = labels;
    Ok(json!({}))
}

/// `UntagResource`.
pub(super) fn untag(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let keys = input.strings("tagKeys")?;
    needed((!keys.is_empty()).then_some(()), input, "tagKeys")?;
    let repository = by_arn(world, ctx, input)?;
    repository
        .labels
        .retain(|key, _| !keys.contains(&key.as_str()));
    Ok(json!({}))
}

/// `ListTagsForResource`.
pub(super) fn list(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let repository = by_arn(world, ctx, input)?;
    let tags = repository.labels.iter();
    let tags = tags.map(|(key, value)| json!({"Key": key, "Value": value}));
    Ok(json!({"tags": tags.collect::<Vec<_>>()}))
}

/// The repository of `resourceArn`, which must be the caller's own.
fn by_arn<'w>(
    world: &'w mut World,
    ctx: &Ctx,
    input: &Input<'_>,
) -> Result<&'w mut Repository, ApiError> {
    let arn = input.need_str("resourceArn")?;
    let Some(name) = arn.strip_prefix(&ctx.arn("ecr", "repository/")) else {
        return Err(ApiError::invalid_parameter(format!(
            "Invalid parameter at 'resourceArn': '{arn}' is not a repository of this registry"
        )));
    };
    let repository = world.repository(&ctx.account, &ctx.region, name);
    repository.ok_or_else(|| missing(&ctx.account, name))
}
