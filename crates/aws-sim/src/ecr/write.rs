//! Changing images through the API: PutImage and BatchDeleteImage.

use serde_json::{Value, json};

use super::images::{failure, image_id, some_ids};
use super::put::Refusal;
use super::{Repository, quotas, repository};
use crate::digest;
use crate::wire::{ApiError, Ctx, Input};
use crate::world::World;

/// Largest manifest (ecs-facts 7.7).
const MANIFEST_LIMIT: usize = 4 << 20;

/// `PutImage`: a manifest under a new tag, or one whose layers were pushed before.
pub(super) fn put(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let manifest = input.need_str("imageManifest")?;
    let media_type = input.str("imageManifestMediaType")?;
    let tag = input.str("imageTag")?;
    if let Some(tag) = tag.filter(|tag| !super::is_tag(tag)) {
        return Err(ApiError::invalid_parameter(format!(
            "Invalid parameter at 'imageTag': '{tag}' is not a tag"
        )));
    }
    if !(1..=MANIFEST_LIMIT).contains(&manifest.len()) {
        return Err(ApiError::invalid_parameter(format!(
            "Invalid parameter at 'imageManifest' failed to satisfy constraint: 'Member must have \
             length between 1 and {MANIFEST_LIMIT}'"
        )));
    }
    let files = world.files.clone();
    let (owner, name, repository) = repository(world, ctx, input, "PutImage")?;
    let computed = digest::of(manifest.as_bytes());
    if let Some(expected) = input
        .str("imageDigest")?
        .filter(|digest| *digest != computed)
    {
        return Err(ApiError::client(
            "ImageDigestDoesNotMatchException",
            format!("Image digest '{expected}' does not match the computed digest '{computed}'"),
        ));
    }
    let put = repository.put(manifest, media_type, tag, ctx.now, &files);
    let digest = put.map_err(|refusal| refused(&refusal, owner, name, tag))?;
    let media_type = repository
        .images
        .get(&digest)
        .map(|image| &image.media_type);
    let mut shown = json!({
        "registryId": owner,
        "repositoryName": name,
        "imageId": {"imageDigest": digest},
        "imageManifest": manifest,
        "imageManifestMediaType": media_type,
    });
    if let Some(tag) = tag {
        shown["imageId"]["imageTag"] = tag.into();
    }
    Ok(json!({"image": shown}))
}

fn refused(refusal: &Refusal, owner: &str, name: &str, tag: Option<&str>) -> ApiError {
    let place = format!("in the repository with name '{name}' in registry with id '{owner}'");
    let tag = tag.unwrap_or("null");
    match refusal {
        Refusal::Malformed(problem) => ApiError::invalid_parameter(format!(
            "Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid JSON \
             syntax or unsupported manifest: {problem}'"
        )),
        Refusal::LayersMissing(digests) => ApiError::client(
            "LayersNotFoundException",
            format!(
                "Layers with digests '[{}]' required for pushing image with tag '{tag}' into repository with name '{name}' in the registry with id '{owner}' do not exist",
                digests.join(", ")
            ),
        ),
        Refusal::ChildrenMissing(digests) => ApiError::client(
            "ReferencedImagesNotFoundException",
            format!(
                "Images with digests '[{}]' required for pushing image into repository with name '{name}' in the registry with id '{owner}' do not exist",
                digests.join(", ")
            ),
        ),
        Refusal::TagTaken { .. } => ApiError::client(
            "ImageTagAlreadyExistsException",
            format!(
                "The image tag '{tag}' already exists {place} and cannot be overwritten because the tag is immutable."
            ),
        ),
        Refusal::TooManyTags => limit(quotas::too_many_tags(tag, name, owner)),
        Refusal::TooManyImages => limit(quotas::too_many_images(name, owner)),
        Refusal::Unchanged(digest) => ApiError::client(
            "ImageAlreadyExistsException",
            format!("Image with digest '{digest}' and tag '{tag}' already exists {place}"),
        ),
    }
}

fn limit(text: String) -> ApiError {
    ApiError::client("LimitExceededException", text)
}

/// `BatchDeleteImage`: by tag removes the tag, and the image with its last one; by digest all.
pub(super) fn batch_delete(
    world: &mut World,
    ctx: &Ctx,
    input: &Input<'_>,
) -> Result<Value, ApiError> {
    let asked = some_ids(input)?;
    let (_, _, repository) = repository(world, ctx, input, "BatchDeleteImage")?;
    let (mut deleted, mut failures) = (Vec::new(), Vec::new());
    for id in &asked {
        let named = image_id(id)?;
        let digest = match named.resolve(repository) {
            Ok(digest) => digest,
            Err((code, reason)) => {
                failures.push(failure(id, code, reason));
                continue;
            }
        };
        let tag = named.tag.filter(|_| named.digest.is_none());
        match repository.take_away(&digest, tag) {
            Err(parent) => {
                let reason = format!("Requested image referenced by manifest list: [{parent}]");
                failures.push(failure(id, "ImageReferencedByManifestList", &reason));
            }
            Ok(tags) if tags.is_empty() => deleted.push(json!({"imageDigest": digest})),
            Ok(tags) => deleted.extend(
                tags.iter()
                    .map(|tag| json!({"imageDigest": digest, "imageTag": tag})),
            ),
        }
    }
    Ok(json!({"imageIds": deleted, "failures": failures}))
}

impl Repository {
    /// Takes away a tag, and the image with its last one; without a tag the image with all it has. Gives the tags
    /// that are gone.
    ///
    /// # Errors
    /// The digest of an index that lists the image: it stays.
    pub(crate) fn take_away(
        &mut self,
        digest: &str,
        tag: Option<&str>,
    ) -> Result<Vec<String>, String> {
        let tags = self.tags_of(digest).into_iter().map(str::to_owned);
        let tags: Vec<String> = tags.collect();
        if let Some(tag) = tag.filter(|_| tags.len() > 1) {
            self.tags.remove(tag);
            return Ok(vec![tag.to_owned()]);
        }
        if let Some(parent) = self.parent_of(digest) {
            return Err(parent.to_owned());
        }
        self.remove(digest);
        Ok(tags)
    }
}
