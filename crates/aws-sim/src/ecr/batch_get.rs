//! BatchGetImage: manifests, in a form that the caller accepts.

use serde_json::{Value, json};

use super::images::{failure, image_id, shown_id, some_ids};
use super::{Place, owner, repository};
use crate::wire::{ApiError, Ctx, Input};
use crate::world::World;

/// `BatchGetImage`. Where `acceptedMediaTypes` names no form that there is of an image, the image counts as not
/// found; `imageId` has the digest of what the tag names, whatever form it comes in.
pub(super) fn batch_get(
    world: &mut World,
    ctx: &Ctx,
    input: &Input<'_>,
) -> Result<Value, ApiError> {
    let asked = some_ids(input)?;
    super::at_most(input, "acceptedMediaTypes", 100)?;
    let accepted = input.strings("acceptedMediaTypes")?;
    let place = Place {
        owner: owner(ctx, input)?,
        region: &ctx.region,
        name: input.need_str("repositoryName")?,
    };
    let upstream = world.nothing_upstream(&ctx.principal, place);
    let missing = |id: &Input<'_>, reason: &str| match &upstream {
        Some(why) => failure(id, "UpstreamUnavailable", why),
        None => failure(id, "ImageNotFound", reason),
    };
    let found = repository(world, ctx, input, "BatchGetImage");
    if upstream.is_some()
        && let Err(error) = &found
        && error.code == "RepositoryNotFoundException"
    {
        let failures: Vec<Value> = asked.iter().map(|id| missing(id, "")).collect();
        return Ok(json!({"images": [], "failures": failures}));
    }
    let (owner, name, repository) = found?;
    let (mut images, mut failures) = (Vec::new(), Vec::new());
    for id in &asked {
        let named = image_id(id)?;
        let digest = match named.resolve(repository) {
            Ok(digest) => digest,
            Err(("ImageNotFound", reason)) => {
                failures.push(missing(id, reason));
                continue;
            }
            Err((code, reason)) => {
                failures.push(failure(id, code, reason));
                continue;
            }
        };
        let served = repository.serve(&digest, named.digest.is_none(), &accepted);
        let inaccessible = |digest: &str| !repository.is_pullable(digest);
        match served {
            _ if inaccessible(&digest) => failures.push(archived(id)),
            Some(served) if inaccessible(served.source) => failures.push(archived(id)),
            Some(served) => images.push(json!({
                "registryId": owner,
                "repositoryName": name,
                "imageId": shown_id(id, &digest),
                "imageManifest": served.manifest,
                "imageManifestMediaType": served.media_type,
            })),
            None => failures.push(failure(
                id,
                "ImageNotFound",
                "Requested image not found: it has no form of an accepted media type",
            )),
        }
    }
    Ok(json!({"images": images, "failures": failures}))
}

fn archived(id: &Input<'_>) -> Value {
    failure(
        id,
        "ImageInaccessible",
        "The image is archived and must be restored first",
    )
}
