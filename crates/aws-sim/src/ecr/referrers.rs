//! ListImageReferrers: signatures and the like that are about an image.

use serde_json::{Value, json};

use super::{at_most, needed, paged_by, repository};
use crate::wire::{ApiError, Ctx, Input};
use crate::world::World;

/// `ListImageReferrers`.
pub(super) fn list(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let subject = needed(input.structure("subjectId")?, input, "subjectId")?;
    let subject = subject.need_str("imageDigest")?;
    let filter = input.structure("filter")?;
    let filter = filter.as_ref();
    if let Some(filter) = filter {
        at_most(filter, "artifactTypes", 5)?;
    }
    let kinds = filter.map_or_else(|| Ok(Vec::new()), |filter| filter.strings("artifactTypes"))?;
    let status = filter
        .map(|filter| filter.str("artifactStatus"))
        .transpose()?;
    let status = status.flatten().unwrap_or("ANY");
    if !["ACTIVE", "ARCHIVED", "ACTIVATING", "ANY"].contains(&status) {
        return Err(ApiError::invalid_parameter(format!(
            "Invalid parameter at 'filter.artifactStatus': '{status}' is not ACTIVE, ARCHIVED, \
             ACTIVATING or ANY"
        )));
    }
    let (_, _, repository) = repository(world, ctx, input, "ListImageReferrers")?;
    let about = repository.images.iter().filter(|(_, image)| {
        let kind = image.artifact_type.as_deref().unwrap_or_default();
        image.subject.as_deref() == Some(subject)
            && (kinds.is_empty() || kinds.contains(&kind))
            && (status == "ANY" || status == image.storage.status())
    });
    let referrers = about.map(|(digest, image)| {
        let mut shown = json!({
            "digest": digest,
            "mediaType": image.media_type,
            "size": image.manifest.len(),
            "artifactStatus": image.storage.status(),
        });
        if let Some(kind) = &image.artifact_type {
            shown["artifactType"] = kind.as_str().into();
        }
        shown
    });
    paged_by(input, "referrers", referrers.collect(), (50, 50))
}
