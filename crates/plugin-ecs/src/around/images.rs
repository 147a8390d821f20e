//! Images: what they run on, and what a lifecycle policy goes by.

use aws_sdk_ecr::types::ImageDetail;
use serde_json::Value;
use shipway_domain::ids::{Digest, RepositoryName};
use shipway_domain::surroundings::{ImageListed, RepositoryContents};
use shipway_domain::time::Timestamp;
use shipway_plugin::{ErrorKind, PlatformError};

use crate::clients::Clients;
use crate::convert::time;
use crate::operation::{DESCRIBE_IMAGES, GET_DOWNLOAD_URL, Operation};
use crate::registry::{Manifest, image, repository};
use crate::signed;

/// The most images of one repository that are looked at: ten pages.
const MOST: usize = 10_000;
/// The largest page (ecs-facts 7.3).
const PAGE: i32 = 1000;

/// An index names its platforms, a single image has them in its config.
pub(super) async fn platforms(
    clients: &Clients,
    repository: &RepositoryName,
    digest: &Digest,
) -> Result<Vec<String>, PlatformError> {
    let Some(manifest) = image::manifest(clients, repository, digest).await? else {
        return Ok(Vec::new());
    };
    match manifest {
        Manifest::Index(children) => {
            let named = children.into_iter().map(|(platform, _)| platform);
            Ok(named.filter(|platform| !platform.is_empty()).collect())
        }
        Manifest::Image { blobs, .. } => {
            let Some(config) = blobs.first() else {
                return Ok(Vec::new());
            };
            let config = config_of(clients, repository, config).await?;
            let (os, architecture) = (&config["os"], &config["architecture"]);
            Ok(os
                .as_str()
                .zip(architecture.as_str())
                .map(|(os, architecture)| format!("{os}/{architecture}"))
                .into_iter()
                .collect())
        }
    }
}

/// The config of an image: ECR gives an address that carries its own right to read.
async fn config_of(
    clients: &Clients,
    repository: &RepositoryName,
    config: &str,
) -> Result<Value, PlatformError> {
    let answer = clients
        .call(&GET_DOWNLOAD_URL, |services| {
            services
                .ecr
                .get_download_url_for_layer()
                .registry_id(clients.place().account.as_str())
                .repository_name(repository.as_str())
                .layer_digest(config)
                .send()
        })
        .await?;
    let url = answer.download_url().unwrap_or_default();
    let body = signed::get(&GET_DOWNLOAD_URL, url).await?;
    Ok(serde_json::from_slice(&body).unwrap_or_default())
}

/// Policy and images of a repository; `None` when it has no lifecycle policy.
pub(super) async fn contents(
    clients: &Clients,
    name: &RepositoryName,
    now: Timestamp,
) -> Result<Option<RepositoryContents>, PlatformError> {
    let Some(policy) = repository::lifecycle(clients, name).await? else {
        return Ok(None);
    };
    let registry = clients.place().account.as_str();
    let (mut images, mut next) = (Vec::new(), None);
    loop {
        let page = clients
            .call(&DESCRIBE_IMAGES, |services| {
                services
                    .ecr
                    .describe_images()
                    .registry_id(registry)
                    .repository_name(name.as_str())
                    .max_results(PAGE)
                    .set_next_token(next.take())
                    .send()
            })
            .await?;
        images.extend(page.image_details().iter().filter_map(listed));
        next = page.next_token().map(str::to_owned);
        if next.is_none() {
            break;
        }
        if images.len() >= MOST {
            return Err(too_many(&DESCRIBE_IMAGES, name));
        }
    }
    Ok(Some(RepositoryContents {
        name: name.to_string(),
        policy,
        images,
        at: now,
    }))
}

fn listed(image: &ImageDetail) -> Option<ImageListed> {
    Some(ImageListed {
        digest: Digest::new(image.image_digest()?).ok()?,
        tags: image.image_tags().to_vec(),
        pushed_at: time(image.image_pushed_at())?,
        pulled_at: time(image.last_recorded_pull_time()),
    })
}

fn too_many(operation: &Operation, repository: &RepositoryName) -> PlatformError {
    PlatformError::new(
        operation.action(),
        ErrorKind::Other,
        format!("repository {repository} has more than {MOST} images"),
    )
}
