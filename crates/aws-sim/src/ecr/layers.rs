//! Layers through the API: uploads in parts, and addresses to download from (ecs-facts 7.7).

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Place, at_most, needed, quotas, registry_host, repository};
use crate::digest;
use crate::wire::{ApiError, Ctx, Input};
use crate::world::World;

/// `partSize` that clients are told: the largest part of ecs-facts 7.7.
const PART: u64 = 10 << 20;
/// Smallest part, except for the last.
const SMALLEST: u64 = 5 << 20;
/// Largest blob that the API takes.
const LARGEST: usize = 20_971_520;

/// An upload under way; it does not survive a restart.
#[derive(Clone, Debug)]
pub(crate) struct LayerUpload {
    repository: String,
    size: u64,
    parts: u32,
    hasher: Sha256,
    /// Whether the last part was smaller than parts in the middle may be.
    last_is_small: bool,
    /// Whether a part in the middle was.
    has_small_part: bool,
}

/// `InitiateLayerUpload`.
pub(super) fn initiate(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let (owner, name, _) = repository(world, ctx, input, "InitiateLayerUpload")?;
    let id = world.ids.uuid();
    let upload = LayerUpload {
        repository: name.to_owned(),
        size: 0,
        parts: 0,
        hasher: Sha256::new(),
        last_is_small: false,
        has_small_part: false,
    };
    let registry = &mut world.region(owner, &ctx.region).ecr;
    registry.uploads.insert(id.clone(), upload);
    Ok(json!({"uploadId": id, "partSize": PART}))
}

/// `UploadLayerPart`: parts come one after the other.
pub(super) fn part(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let id = input.need_str("uploadId")?;
    let first = position(input, "partFirstByte")?;
    let last = position(input, "partLastByte")?;
    let blob = STANDARD
        .decode(input.need_str("layerPartBlob")?)
        .map_err(|_| ApiError::client("SerializationException", "layerPartBlob is no base64"))?;
    if blob.len() > LARGEST {
        return Err(ApiError::invalid_parameter(format!(
            "Invalid parameter at 'layerPartBlob': more than {LARGEST} bytes"
        )));
    }
    let files = world.files.clone();
    let (owner, name, _) = repository(world, ctx, input, "UploadLayerPart")?;
    let upload = upload(world, ctx, owner, name, id)?;
    let length = blob.len() as u64;
    if first != upload.size || last.checked_sub(first).map(|span| span + 1) != Some(length) {
        return Err(ApiError::client(
            "InvalidLayerPartException",
            format!(
                "The layer part of bytes {first} to {last} is not valid for the upload '{id}' in the \
                 repository with name '{name}' in the registry with id '{owner}': the last valid \
                 byte received is {}",
                upload.size.saturating_sub(1)
            ),
        ));
    }
    quotas::room_for_part(upload.parts, upload.size, length)?;
    let mut options = std::fs::OpenOptions::new();
    let file = options.create(true).append(true).open(files.upload(id));
    file.and_then(|mut file| file.write_all(&blob))
        .map_err(|error| failed(&error))?;
    upload.hasher.update(&blob);
    upload.size += length;
    upload.parts += 1;
    upload.has_small_part |= upload.last_is_small;
    upload.last_is_small = length < SMALLEST;
    Ok(json!({
        "registryId": owner,
        "repositoryName": name,
        "uploadId": id,
        "lastByteReceived": last,
    }))
}

/// `CompleteLayerUpload`.
pub(super) fn complete(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let id = input.need_str("uploadId")?;
    at_most(input, "layerDigests", 100)?;
    let digests = input.strings("layerDigests")?;
    needed((!digests.is_empty()).then_some(()), input, "layerDigests")?;
    let files = world.files.clone();
    let (owner, name, _) = repository(world, ctx, input, "CompleteLayerUpload")?;
    let upload = upload(world, ctx, owner, name, id)?;
    let place = format!("repository with name '{name}' in the registry with id '{owner}'");
    if upload.size == 0 {
        return Err(ApiError::client(
            "EmptyUploadException",
            format!("There are no parts of the upload '{id}' in the {place}"),
        ));
    }
    if upload.has_small_part {
        return Err(ApiError::client(
            "LayerPartTooSmallException",
            format!("A part of the upload '{id}' in the {place} is smaller than 5 MiB"),
        ));
    }
    let (size, computed) = (upload.size, digest::finish(upload.hasher.clone()));
    if !digests.contains(&computed.as_str()) {
        return Err(ApiError::client(
            "InvalidLayerException",
            format!("The layer digest is {computed}, which is none of those of the call"),
        ));
    }
    let (_, _, repository) = repository(world, ctx, input, "CompleteLayerUpload")?;
    if repository.blobs.contains_key(&computed) {
        return Err(ApiError::client(
            "LayerAlreadyExistsException",
            format!("The layer with digest '{computed}' already exists in the {place}"),
        ));
    }
    std::fs::rename(files.upload(id), files.blob(&computed)).map_err(|error| failed(&error))?;
    repository.blobs.insert(computed.clone(), size);
    world.region(owner, &ctx.region).ecr.uploads.remove(id);
    Ok(json!({
        "registryId": owner,
        "repositoryName": name,
        "uploadId": id,
        "layerDigest": computed,
    }))
}

/// `GetDownloadUrlForLayer`: an address of the registry that carries its own right to read.
pub(super) fn download_url(
    world: &mut World,
    ctx: &Ctx,
    input: &Input<'_>,
) -> Result<Value, ApiError> {
    let digest = input.need_str("layerDigest")?;
    let (owner, name, repository) = repository(world, ctx, input, "GetDownloadUrlForLayer")?;
    if !repository.blobs.contains_key(digest) {
        return Err(ApiError::client(
            "LayersNotFoundException",
            format!(
                "The layer with digest '{digest}' does not exist in the repository with name \
                 '{name}' in the registry with id '{owner}'"
            ),
        ));
    }
    let host = registry_host(world, owner, &ctx.region)?;
    let place = Place {
        owner,
        region: &ctx.region,
        name,
    };
    let address = world.presign(place, digest, ctx.now);
    Ok(json!({
        "downloadUrl": format!("http://{host}{address}"),
        "layerDigest": digest,
    }))
}

fn position(input: &Input<'_>, name: &str) -> Result<u64, ApiError> {
    let value = needed(input.int(name)?, input, name)?;
    u64::try_from(value).map_err(|_| {
        ApiError::invalid_parameter(format!("Invalid parameter at '{name}': negative"))
    })
}

fn upload<'w>(
    world: &'w mut World,
    ctx: &Ctx,
    owner: &str,
    name: &str,
    id: &str,
) -> Result<&'w mut LayerUpload, ApiError> {
    let uploads = &mut world.region(owner, &ctx.region).ecr.uploads;
    let found = uploads
        .get_mut(id)
        .filter(|upload| upload.repository == name);
    found.ok_or_else(|| {
        ApiError::client(
            "UploadNotFoundException",
            format!(
                "Upload with id '{id}' does not exist in the repository with name '{name}' in the \
                 registry with id '{owner}'"
            ),
        )
    })
}

fn failed(error: &std::io::Error) -> ApiError {
    ApiError::server(
        "ServerException",
        format!("the layer cannot be written: {error}"),
    )
}
