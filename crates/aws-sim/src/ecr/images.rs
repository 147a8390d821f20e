//! Reading images: DescribeImages, ListImages, BatchCheckLayerAvailability.

use serde_json::{Value, json};

use super::state::{Image, Repository};
use super::{at_most, needed, paged, repository};
use crate::digest;
use crate::wire::{ApiError, Ctx, Input};
use crate::world::World;

/// An `imageIdentifier`.
#[derive(Clone, Copy, Debug)]
pub(super) struct ImageId<'a> {
    pub(super) digest: Option<&'a str>,
    pub(super) tag: Option<&'a str>,
}

/// Reads an `imageIdentifier`.
pub(super) fn image_id<'a>(input: &Input<'a>) -> Result<ImageId<'a>, ApiError> {
    Ok(ImageId {
        digest: input.str("imageDigest")?,
        tag: input.str("imageTag")?,
    })
}

/// Between one and a hundred `imageIds`.
pub(super) fn some_ids<'a>(input: &Input<'a>) -> Result<Vec<Input<'a>>, ApiError> {
    let asked = input.structures("imageIds")?;
    if asked.is_empty() || asked.len() > 100 {
        return Err(ApiError::invalid_parameter(
            "Invalid parameter at 'imageIds' failed to satisfy constraint: 'Member must have \
             length between 1 and 100'",
        ));
    }
    Ok(asked)
}

/// An identifier as answers repeat it: with the digest, and the tag if one was asked for.
pub(super) fn shown_id(asked: &Input<'_>, digest: &str) -> Value {
    let mut shown = json!({"imageDigest": digest});
    if let Some(tag) = asked.get("imageTag") {
        shown["imageTag"] = tag.clone();
    }
    shown
}

impl ImageId<'_> {
    /// Digest of the image it means; otherwise failure code and reason as in batch answers.
    pub(super) fn resolve(
        self,
        repository: &Repository,
    ) -> Result<String, (&'static str, &'static str)> {
        const MISSING: (&str, &str) = ("ImageNotFound", "Requested image not found");
        let found = match (self.digest, self.tag) {
            (None, None) => {
                return Err(("MissingDigestAndTag", "Image digest and tag are missing"));
            }
            (Some(digest), _) if !digest::is_digest(digest) => {
                return Err(("InvalidImageDigest", "Invalid request: image digest"));
            }
            (Some(digest), Some(tag)) => match repository.tags.get(tag) {
                Some(tagged) if tagged == digest => Some(digest),
                Some(_) => {
                    return Err((
                        "ImageTagDoesNotMatchDigest",
                        "The image tag does not match the image digest",
                    ));
                }
                None => None,
            },
            (Some(digest), None) => Some(digest),
            (None, Some(tag)) => repository.tags.get(tag).map(String::as_str),
        };
        let found = found.and_then(|digest| repository.digest_of(digest));
        found.map(str::to_owned).ok_or(MISSING)
    }

    /// Digest of the image it means, for calls that fail as a whole.
    pub(super) fn find(
        self,
        repository: &Repository,
        owner: &str,
        name: &str,
    ) -> Result<String, ApiError> {
        self.resolve(repository).map_err(|(code, reason)| {
            if code != "ImageNotFound" {
                return ApiError::invalid_parameter(format!(
                    "Invalid parameter at 'imageId': {reason}"
                ));
            }
            ApiError::client(
                "ImageNotFoundException",
                format!(
                    "The image with imageId {{imageDigest:'{}', imageTag:'{}'}} does not exist \
                     within the repository with name '{name}' in the registry with id '{owner}'",
                    self.digest.unwrap_or("null"),
                    self.tag.unwrap_or("null"),
                ),
            )
        })
    }
}

/// Whether an image passes `filter.tagStatus`.
pub(super) fn tag_filter(input: &Input<'_>) -> Result<impl Fn(bool) -> bool + use<>, ApiError> {
    let filter = input.structure("filter")?;
    let wanted = match filter
        .map(|filter| filter.str("tagStatus"))
        .transpose()?
        .flatten()
    {
        None | Some("ANY") => None,
        Some("TAGGED") => Some(true),
        Some("UNTAGGED") => Some(false),
        Some(other) => {
            return Err(ApiError::invalid_parameter(format!(
                "Invalid parameter at 'filter.tagStatus': '{other}' is not TAGGED, UNTAGGED or ANY"
            )));
        }
    };
    Ok(move |tagged| wanted.is_none_or(|wanted| wanted == tagged))
}

/// `filter.imageStatus`; `None` for all.
pub(super) fn status_filter<'a>(input: &Input<'a>) -> Result<Option<&'a str>, ApiError> {
    let filter = input.structure("filter")?;
    let wanted = filter.map(|filter| filter.str("imageStatus")).transpose()?;
    match wanted.flatten() {
        None | Some("ANY") => Ok(None),
        Some(status @ ("ACTIVE" | "ARCHIVED" | "ACTIVATING")) => Ok(Some(status)),
        Some(other) => Err(ApiError::invalid_parameter(format!(
            "Invalid parameter at 'filter.imageStatus': '{other}' is not ACTIVE, ARCHIVED, \
             ACTIVATING or ANY"
        ))),
    }
}

/// `DescribeImages`.
pub(super) fn describe(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    at_most(input, "imageIds", 100)?;
    let asked = input.structures("imageIds")?;
    let filter = tag_filter(input)?;
    let status = status_filter(input)?;
    let (owner, name, repository) = repository(world, ctx, input, "DescribeImages")?;
    let digests: Vec<String> = if asked.is_empty() {
        repository.images.keys().cloned().collect()
    } else {
        let found = asked
            .iter()
            .map(|id| image_id(id)?.find(repository, owner, name));
        found.collect::<Result<_, _>>()?
    };
    let details = digests.iter().filter_map(|digest| {
        let image = repository.images.get(digest)?;
        let tags = repository.tags_of(digest);
        let shown = filter(!tags.is_empty())
            && status.is_none_or(|wanted| wanted == image.storage.status());
        shown.then(|| detail(owner, name, digest, image, &tags))
    });
    paged(input, "imageDetails", details.collect())
}

fn detail(owner: &str, name: &str, digest: &str, image: &Image, tags: &[&str]) -> Value {
    let mut shown = json!({
        "registryId": owner,
        "repositoryName": name,
        "imageDigest": digest,
        "imageSizeInBytes": image.size,
        "imagePushedAt": image.pushed.json(),
        "imageManifestMediaType": image.media_type,
        "imageStatus": image.storage.status(),
    });
    for (member, at) in [
        ("lastArchivedAt", image.storage.last_archived),
        ("lastActivatedAt", image.storage.activated),
    ] {
        if let Some(at) = at {
            shown[member] = at.json();
        }
    }
    if !tags.is_empty() {
        shown["imageTags"] = tags.into();
    }
    if let Some(kind) = &image.artifact_type {
        shown["artifactMediaType"] = kind.as_str().into();
    }
    if let Some(subject) = &image.subject {
        shown["subjectManifestDigest"] = subject.as_str().into();
    }
    if let Some(pulled) = image.pulled {
        shown["lastRecordedPullTime"] = pulled.json();
    }
    shown
}

/// `ListImages`.
pub(super) fn list(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let filter = tag_filter(input)?;
    let status = status_filter(input)?;
    let (_, _, repository) = repository(world, ctx, input, "ListImages")?;
    let mut ids = Vec::new();
    for (digest, image) in &repository.images {
        let tags = repository.tags_of(digest);
        let fits = status.is_none_or(|wanted| wanted == image.storage.status());
        if !fits || !filter(!tags.is_empty()) {
            continue;
        }
        if tags.is_empty() {
            ids.push(json!({"imageDigest": digest}));
        }
        ids.extend(
            tags.iter()
                .map(|tag| json!({"imageDigest": digest, "imageTag": tag})),
        );
    }
    paged(input, "imageIds", ids)
}

/// An entry of `failures` in batch answers about images.
pub(super) fn failure(asked: &Input<'_>, code: &str, reason: &str) -> Value {
    let mut id = json!({});
    for member in ["imageDigest", "imageTag"] {
        if let Some(value) = asked.get(member) {
            id[member] = value.clone();
        }
    }
    json!({"imageId": id, "failureCode": code, "failureReason": reason})
}

/// `BatchCheckLayerAvailability`.
pub(super) fn layers(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    at_most(input, "layerDigests", 100)?;
    let asked = input.strings("layerDigests")?;
    needed((!asked.is_empty()).then_some(()), input, "layerDigests")?;
    let (_, _, repository) = repository(world, ctx, input, "BatchCheckLayerAvailability")?;
    let (mut layers, mut failures) = (Vec::new(), Vec::new());
    for digest in asked {
        if !digest::is_digest(digest) {
            failures.push(json!({
                "layerDigest": digest,
                "failureCode": "InvalidLayerDigest",
                "failureReason": "Invalid layer digest",
            }));
            continue;
        }
        layers.push(match repository.blobs.get(digest) {
            Some(size) => json!({
                "layerDigest": digest,
                "layerAvailability": "AVAILABLE",
                "layerSize": size,
                "mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip",
            }),
            None => json!({"layerDigest": digest, "layerAvailability": "UNAVAILABLE"}),
        });
    }
    Ok(json!({"layers": layers, "failures": failures}))
}
