//! Tags of clusters, services, tasks and task definitions.

use serde_json::{Value, json};

use super::names::Place;
use super::state::{State, Tag};
use crate::wire::{ApiError, Ctx, Input};
use crate::world::World;

/// Most tags of one resource.
const MOST: usize = 50;

/// `tags` of an input.
pub(super) fn read(input: &Input<'_>) -> Result<Vec<Tag>, ApiError> {
    let mut tags: Vec<Tag> = Vec::new();
    for tag in input.structures("tags")? {
        let key = tag.str("key")?.unwrap_or_default();
        if key.is_empty() || key.len() > 128 {
            return Err(ApiError::invalid_parameter(
                "Tag keys must have 1 to 128 characters.",
            ));
        }
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(ApiError::invalid_parameter(
                "Tag keys must not start with aws:, which is reserved.",
            ));
        }
        if tags.iter().any(|known| known.key == key) {
            return Err(ApiError::invalid_parameter(format!(
                "Duplicate tag key: {key}"
            )));
        }
        tags.push(Tag {
            key: key.to_owned(),
            value: tag.str("value")?.unwrap_or_default().to_owned(),
        });
    }
    limited(&tags)?;
    Ok(tags)
}

fn limited(tags: &[Tag]) -> Result<(), ApiError> {
    if tags.len() <= MOST {
        return Ok(());
    }
    Err(ApiError::invalid_parameter(format!(
        "A resource has at most {MOST} tags."
    )))
}

impl State {
    /// The tags of a resource as a member of an answer.
    pub(super) fn tags_of(&self, arn: &str) -> Value {
        let tags = self.tags.get(arn).map_or(&[][..], Vec::as_slice);
        let shown = tags.iter();
        shown
            .map(|tag| json!({"key": tag.key, "value": tag.value}))
            .collect()
    }

    /// Sets the tags that a resource is born with.
    pub(super) fn set_tags(&mut self, arn: &str, tags: Vec<Tag>) {
        if !tags.is_empty() {
            self.tags.insert(arn.to_owned(), tags);
        }
    }

    /// Whether tags can be put on this ARN.
    fn exists(&self, place: &Place, arn: &str) -> bool {
        let rest = arn.strip_prefix(&place.arn("")).unwrap_or_default();
        let Some((kind, _)) = rest.split_once('/') else {
            return false;
        };
        let parts = place.parts(kind, arn).unwrap_or_default();
        match (kind, parts[..].as_ref()) {
            ("cluster", [name]) => self.cluster(name).is_ok(),
            ("service", [cluster, name]) => self
                .cluster(cluster)
                .is_ok_and(|cluster| cluster.services.contains_key(*name)),
            ("task", [cluster, id]) => self.cluster(cluster).is_ok_and(|cluster| {
                let services = cluster.services.values();
                cluster.tasks.contains_key(*id)
                    || services
                        .flat_map(|service| service.model.tasks())
                        .any(|task| task.id() == *id)
            }),
            ("task-definition", [name]) => self.definition(place, name).is_some(),
            _ => false,
        }
    }

    fn taggable<'a>(&self, place: &Place, input: &Input<'a>) -> Result<&'a str, ApiError> {
        let arn = input.need_str("resourceArn")?;
        if self.exists(place, arn) {
            return Ok(arn);
        }
        Err(ApiError::client(
            "ResourceNotFoundException",
            "The specified resource could not be found.",
        ))
    }
}

/// `TagResource`.
pub(super) fn tag(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let state = &mut world.region(&ctx.account, &ctx.region).ecs;
    let arn = state.taggable(&Place::of(ctx), input)?;
    let added = read(input)?;
    let mut tags = state.tags.get(arn).cloned().unwrap_or_default();
    tags.retain(|tag| !added.iter().any(|new| new.key == tag.key));
    tags.extend(added);
    limited(&tags)?;
    state.tags.insert(arn.to_owned(), tags);
    Ok(json!({}))
}

/// `UntagResource`.
pub(super) fn untag(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let state = &mut world.region(&ctx.account, &ctx.region).ecs;
    let arn = state.taggable(&Place::of(ctx), input)?;
    let keys = input.strings("tagKeys")?;
    if let Some(tags) = state.tags.get_mut(arn) {
        tags.retain(|tag| !keys.contains(&tag.key.as_str()));
    }
    Ok(json!({}))
}

/// `ListTagsForResource`.
pub(super) fn list(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let state = &world.region(&ctx.account, &ctx.region).ecs;
    // Among the errors that the model of the API has for it there is no ResourceNotFoundException.
    let arn = state.taggable(&Place::of(ctx), input).map_err(|error| {
        if error.code == "ResourceNotFoundException" {
            ApiError::invalid_parameter("The specified resource could not be found.")
        } else {
            error
        }
    })?;
    Ok(json!({"tags": state.tags_of(arn)}))
}
