//! What a lifecycle policy would do: StartLifecyclePolicyPreview and GetLifecyclePolicyPreview.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::grammar::{Action, Policy};
use super::{none, read};
use crate::clock::SimTime;
use crate::ecr::images::{image_id, tag_filter};
use crate::ecr::{at_most, paged_by, repository};
use crate::wire::{ApiError, Ctx, Input};
use crate::world::World;

/// How long a preview takes.
const DURATION: Duration = Duration::from_secs(10);

/// A preview, computed when it was started.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Preview {
    policy: String,
    ready: SimTime,
    results: Vec<Value>,
}

impl Preview {
    fn status(&self, now: SimTime) -> &'static str {
        if self.ready <= now {
            "COMPLETE"
        } else {
            "IN_PROGRESS"
        }
    }
}

/// `StartLifecyclePolicyPreview`: of the given policy, or of the repository's own.
pub(in crate::ecr) fn start(
    world: &mut World,
    ctx: &Ctx,
    input: &Input<'_>,
) -> Result<Value, ApiError> {
    let given = input.str("lifecyclePolicyText")?;
    let (owner, name, repository) = repository(world, ctx, input, "StartLifecyclePolicyPreview")?;
    let text = given.or(repository.lifecycle.as_deref());
    let text = text.ok_or_else(|| none(owner, name))?.to_owned();
    let policy = read(&text)?;
    let before = repository.preview.as_ref();
    if before.is_some_and(|preview| preview.ready > ctx.now) {
        return Err(ApiError::client(
            "LifecyclePolicyPreviewInProgressException",
            format!(
                "A lifecycle policy preview is in progress for the repository with name '{name}' \
                 in the registry with id '{owner}'"
            ),
        ));
    }
    let results = results(repository, &policy, ctx.now);
    let preview = repository.preview.insert(Preview {
        policy: text,
        ready: ctx.now + DURATION,
        results,
    });
    Ok(json!({
        "registryId": owner,
        "repositoryName": name,
        "lifecyclePolicyText": preview.policy,
        "status": preview.status(ctx.now),
    }))
}

fn results(repository: &crate::ecr::Repository, policy: &Policy, now: SimTime) -> Vec<Value> {
    let verdicts = repository.verdicts(policy, now).into_iter();
    let results = verdicts.filter_map(|verdict| {
        let image = repository.images.get(verdict.digest)?;
        let action = match verdict.action {
            Action::Expire {} => json!({"type": "EXPIRE"}),
            Action::Transition { .. } => {
                json!({"type": "TRANSITION", "targetStorageClass": "ARCHIVE"})
            }
        };
        let archived = image.storage.archived.is_some();
        Some(json!({
            "imageTags": repository.tags_of(verdict.digest),
            "imageDigest": verdict.digest,
            "imagePushedAt": image.pushed.json(),
            "action": action,
            "appliedRulePriority": verdict.priority,
            "storageClass": if archived { "ARCHIVE" } else { "STANDARD" },
        }))
    });
    results.collect()
}

/// `GetLifecyclePolicyPreview`.
pub(in crate::ecr) fn get(
    world: &mut World,
    ctx: &Ctx,
    input: &Input<'_>,
) -> Result<Value, ApiError> {
    at_most(input, "imageIds", 100)?;
    let asked = input.structures("imageIds")?;
    let filter = tag_filter(input)?;
    let (owner, name, repository) = repository(world, ctx, input, "GetLifecyclePolicyPreview")?;
    let preview = repository.preview.as_ref().ok_or_else(|| {
        ApiError::client(
            "LifecyclePolicyPreviewNotFoundException",
            format!(
                "There is no lifecycle policy preview for the repository with name '{name}' in \
                 the registry with id '{owner}'"
            ),
        )
    })?;
    let status = preview.status(ctx.now);
    let about = |status: &str| {
        json!({
            "registryId": owner,
            "repositoryName": name,
            "lifecyclePolicyText": preview.policy,
            "status": status,
        })
    };
    if status == "IN_PROGRESS" {
        return Ok(about(status));
    }
    let wanted = asked
        .iter()
        .map(|id| image_id(id)?.find(repository, owner, name));
    let wanted = wanted.collect::<Result<Vec<_>, _>>()?;
    let mut results = preview.results.clone();
    results.retain(|result| {
        let tagged = result["imageTags"]
            .as_array()
            .is_some_and(|tags| !tags.is_empty());
        let digest = result["imageDigest"].as_str().unwrap_or_default();
        filter(tagged) && (wanted.is_empty() || wanted.iter().any(|wanted| wanted == digest))
    });
    let expiring = |result: &&Value| result["action"]["type"] == "EXPIRE";
    let expiring = preview.results.iter().filter(expiring).count();
    let mut shown = paged_by(input, "previewResults", results, (100, 100))?;
    if let (Some(shown), Value::Object(about)) = (shown.as_object_mut(), about(status)) {
        shown.extend(about);
    }
    shown["summary"] = json!({
        "expiringImageTotalCount": expiring,
        "transitioningImageTotalCounts": [{
            "targetStorageClass": "ARCHIVE",
            "imageTotalCount": preview.results.len() - expiring,
        }],
    });
    Ok(shown)
}
