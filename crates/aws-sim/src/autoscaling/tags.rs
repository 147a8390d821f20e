//! Tags of scalable targets.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Target, target_arn};
use crate::wire::{ApiError, Ctx, Input};
use crate::world::World;

/// Tags of a resource.
const MOST: usize = 50;

/// `Tags` of an input.
pub(super) fn read(input: &Input<'_>) -> Result<BTreeMap<String, String>, ApiError> {
    let Some(given) = input.structure("Tags")? else {
        return Ok(BTreeMap::new());
    };
    let mut tags = BTreeMap::new();
    for key in given.names() {
        let value = given.need_str(key)?;
        if !(1..=128).contains(&key.chars().count()) || value.chars().count() > 256 {
            return Err(ApiError::validation(format!(
                "The tag {key} has a key of more than 128 or a value of more than 256 characters"
            )));
        }
        tags.insert(key.to_owned(), value.to_owned());
    }
    if tags.len() > MOST {
        return Err(ApiError::validation(format!(
            "At most {MOST} tags are allowed"
        )));
    }
    Ok(tags)
}

/// `TagResource`.
pub(super) fn tag(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    input.get("Tags").ok_or_else(|| input.required("Tags"))?;
    let given = read(input)?;
    let target = find(world, ctx, input)?;
    let mut tags = target.tags.clone();
    tags.extend(given);
    if tags.len() > MOST {
        return Err(ApiError::client(
            "TooManyTagsException",
            format!("A resource may have at most {MOST} tags"),
        ));
    }
    target.tags = tags;
    Ok(json!({}))
}

/// `UntagResource`.
pub(super) fn untag(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    input
        .get("TagKeys")
        .ok_or_else(|| input.required("TagKeys"))?;
    let keys = input.strings("TagKeys")?;
    let target = find(world, ctx, input)?;
    target.tags.retain(|key, _| !keys.contains(&key.as_str()));
    Ok(json!({}))
}

/// `ListTagsForResource`.
pub(super) fn list(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    Ok(json!({"Tags": find(world, ctx, input)?.tags}))
}

fn find<'w>(
    world: &'w mut World,
    ctx: &Ctx,
    input: &Input<'_>,
) -> Result<&'w mut Target, ApiError> {
    let arn = input.need_str("ResourceARN")?;
    let state = &mut world.region(&ctx.account, &ctx.region).autoscaling;
    let mut targets = state.targets.values_mut();
    let found = targets.find(|target| target_arn(ctx, target) == arn);
    found.ok_or_else(|| {
        ApiError::client(
            "ResourceNotFoundException",
            format!("The resource {arn} does not exist."),
        )
    })
}
