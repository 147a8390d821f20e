//! Images: what is really there, and tags without pushing (ecs-facts 7.3).

use aws_sdk_ecr::types::{Image, ImageFailureCode, ImageIdentifier, LayerAvailability};
use shipway_domain::ids::{Digest, RepositoryName};
use shipway_plugin::{ErrorKind, ImageFacts, PlatformError};

use super::manifest::{MEDIA_TYPES, Manifest};
use crate::clients::Clients;
use crate::convert::text;
use crate::operation::{BATCH_CHECK_LAYERS, BATCH_GET_IMAGE, Operation, PUT_IMAGE};

/// The most ids or digests that one call takes (ecs-facts 7.3).
const BATCH: usize = 100;

/// The image with this tag or digest. Without `deep` an image whose manifests are there counts as
/// complete.
pub(super) async fn facts(
    clients: &Clients,
    name: &RepositoryName,
    reference: &str,
    deep: bool,
) -> Result<Option<ImageFacts>, PlatformError> {
    let id = match Digest::new(reference) {
        Ok(digest) => ImageIdentifier::builder().image_digest(digest.as_str()),
        Err(_) => ImageIdentifier::builder().image_tag(reference),
    };
    let mut images = match get(clients, name, vec![id.build()]).await {
        // No repository, no image.
        Err(error) if error.kind == ErrorKind::NotFound => return Ok(None),
        got => got?.0,
    };
    let Some(image) = images.pop() else {
        return Ok(None);
    };
    let digest = digest_of(&image)?;
    let mut manifests = Vec::new();
    let mut complete = true;
    let leaves = match read(&image)? {
        Manifest::Image { blobs, size } => vec![(blobs, size)],
        Manifest::Index(children) => {
            let (leaves, all) = children_of(clients, name, &children).await?;
            complete = all;
            let named = children
                .into_iter()
                .filter(|(platform, _)| !platform.is_empty());
            manifests.extend(named);
            leaves
        }
    };
    let size = leaves.iter().map(|(_, size)| size).sum();
    if deep && complete {
        let blobs = leaves.into_iter().flat_map(|(blobs, _)| blobs).collect();
        complete = are_there(clients, name, blobs).await?;
    }
    Ok(Some(ImageFacts {
        digest,
        manifests,
        complete,
        size,
    }))
}

type Leaf = (Vec<String>, u64);

/// The images of an index, and whether all of them are there.
async fn children_of(
    clients: &Clients,
    name: &RepositoryName,
    children: &[(String, Digest)],
) -> Result<(Vec<Leaf>, bool), PlatformError> {
    let (mut leaves, mut all) = (Vec::new(), true);
    for chunk in children.chunks(BATCH) {
        let ids = chunk.iter().map(|(_, digest)| {
            ImageIdentifier::builder()
                .image_digest(digest.as_str())
                .build()
        });
        let (images, missing) = get(clients, name, ids.collect()).await?;
        all &= !missing;
        for image in &images {
            if let Manifest::Image { blobs, size } = read(image)? {
                leaves.push((blobs, size));
            }
        }
    }
    Ok((leaves, all))
}

/// The manifest or index with this digest; `None` when it is not there.
pub(crate) async fn manifest(
    clients: &Clients,
    name: &RepositoryName,
    digest: &Digest,
) -> Result<Option<Manifest>, PlatformError> {
    let id = ImageIdentifier::builder().image_digest(digest.as_str());
    let (images, _) = get(clients, name, vec![id.build()]).await?;
    images.first().map(read).transpose()
}

/// Images by id, and whether some do not exist. A missing repository is an error.
async fn get(
    clients: &Clients,
    name: &RepositoryName,
    ids: Vec<ImageIdentifier>,
) -> Result<(Vec<Image>, bool), PlatformError> {
    let answer = clients
        .call(&BATCH_GET_IMAGE, |services| {
            services
                .ecr
                .batch_get_image()
                .registry_id(clients.place().account.as_str())
                .repository_name(name.as_str())
                .set_image_ids(Some(ids))
                .set_accepted_media_types(Some(MEDIA_TYPES.map(str::to_owned).to_vec()))
                .send()
        })
        .await?;
    let other = answer
        .failures()
        .iter()
        .find(|failure| failure.failure_code() != Some(&ImageFailureCode::ImageNotFound));
    if let Some(failure) = other {
        let code = failure.failure_code().map_or("", ImageFailureCode::as_str);
        let reason = text(failure.failure_reason());
        let mut error = unusable(&BATCH_GET_IMAGE, format!("{name}: {code}: {reason}"));
        code.clone_into(&mut error.code);
        return Err(error);
    }
    let missing = !answer.failures().is_empty();
    Ok((answer.images.unwrap_or_default(), missing))
}

/// Whether all blobs are in the repository.
async fn are_there(
    clients: &Clients,
    name: &RepositoryName,
    mut blobs: Vec<String>,
) -> Result<bool, PlatformError> {
    blobs.sort_unstable();
    blobs.dedup();
    for chunk in blobs.chunks(BATCH) {
        let answer = clients
            .call(&BATCH_CHECK_LAYERS, |services| {
                services
                    .ecr
                    .batch_check_layer_availability()
                    .registry_id(clients.place().account.as_str())
                    .repository_name(name.as_str())
                    .set_layer_digests(Some(chunk.to_vec()))
                    .send()
            })
            .await?;
        let available = answer
            .layers()
            .iter()
            .filter(|layer| layer.layer_availability() == Some(&LayerAvailability::Available));
        if available.count() < chunk.len() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Puts a tag on what is there: the manifest goes back byte by byte, and its digest with it, so that
/// ECR refuses any other.
pub(super) async fn put_tag(
    clients: &Clients,
    name: &RepositoryName,
    digest: &Digest,
    tag: &str,
) -> Result<(), PlatformError> {
    let id = ImageIdentifier::builder()
        .image_digest(digest.as_str())
        .build();
    let (mut images, _) = get(clients, name, vec![id]).await?;
    let Some(image) = images.pop() else {
        return Err(PlatformError::new(
            PUT_IMAGE.action(),
            ErrorKind::NotFound,
            format!("{name}@{digest} does not exist"),
        ));
    };
    let put = clients
        .call(&PUT_IMAGE, |services| {
            services
                .ecr
                .put_image()
                .registry_id(clients.place().account.as_str())
                .repository_name(name.as_str())
                .set_image_manifest(image.image_manifest)
                .set_image_manifest_media_type(image.image_manifest_media_type)
                .image_tag(tag)
                .image_digest(digest.as_str())
                .send()
        })
        .await;
    match put {
        // The same tag on the same digest (ecs-facts 7.2).
        Err(error) if error.code == "ImageAlreadyExistsException" => Ok(()),
        put => put.map(drop),
    }
}

fn digest_of(image: &Image) -> Result<Digest, PlatformError> {
    let digest = image.image_id().and_then(ImageIdentifier::image_digest);
    Digest::new(digest.unwrap_or_default())
        .map_err(|error| unusable(&BATCH_GET_IMAGE, error.to_string()))
}

fn read(image: &Image) -> Result<Manifest, PlatformError> {
    Manifest::read(image.image_manifest().unwrap_or_default()).ok_or_else(|| {
        unusable(
            &BATCH_GET_IMAGE,
            "the answer holds no manifest of an image or index".to_owned(),
        )
    })
}

fn unusable(operation: &Operation, message: String) -> PlatformError {
    PlatformError::new(operation.action(), ErrorKind::Other, message)
}
