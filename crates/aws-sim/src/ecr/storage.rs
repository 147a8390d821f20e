//! The archive: images that cannot be pulled until they are restored (ecs-facts 7.3).

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::images::{image_id, shown_id};
use super::state::Repository;
use super::{needed, repository};
use crate::clock::SimTime;
use crate::wire::{ApiError, Ctx, Input};
use crate::world::World;

/// How long a restore takes; AWS documents only that it is not immediate.
const RESTORE: Duration = Duration::from_secs(20 * 60);

/// Where an image is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Storage {
    /// Since when it is in the archive, while it is.
    pub(crate) archived: Option<SimTime>,
    /// When it will be back, while it is on its way.
    pub(crate) returns: Option<SimTime>,
    /// When it last went to the archive.
    pub(crate) last_archived: Option<SimTime>,
    /// When it last came back.
    pub(crate) activated: Option<SimTime>,
}

impl Storage {
    /// `imageStatus`.
    pub(crate) const fn status(&self) -> &'static str {
        match (self.archived, self.returns) {
            (Some(_), _) => "ARCHIVED",
            (None, Some(_)) => "ACTIVATING",
            (None, None) => "ACTIVE",
        }
    }

    /// Whether it can be pulled and scanned.
    pub(crate) const fn is_active(&self) -> bool {
        self.archived.is_none() && self.returns.is_none()
    }
}

impl Repository {
    /// Whether an image is here and not in the archive.
    pub(crate) fn is_pullable(&self, digest: &str) -> bool {
        let image = self.images.get(digest);
        image.is_some_and(|image| image.storage.is_active())
    }

    /// Moves an image to the archive, and with an index what no active index lists.
    pub(super) fn archive(&mut self, digest: &str, now: SimTime) {
        for digest in self.with_children(digest) {
            let kept = self.images.values().any(|image| {
                image.storage.is_active()
                    && image.children.iter().any(|child| child.digest == digest)
            });
            if !kept && let Some(image) = self.images.get_mut(&digest) {
                image.storage.archived = Some(now);
                image.storage.last_archived = Some(now);
                image.storage.returns = None;
            }
        }
    }

    /// Begins to bring an image back, with what it lists.
    fn restore(&mut self, digest: &str, now: SimTime) {
        for digest in self.with_children(digest) {
            let image = self.images.get_mut(&digest);
            let archived = image.filter(|image| image.storage.archived.is_some());
            if let Some(image) = archived {
                image.storage.archived = None;
                image.storage.returns = Some(now + RESTORE);
                self.restoring = true;
            }
        }
    }

    fn with_children(&self, digest: &str) -> Vec<String> {
        let image = self.images.get(digest);
        let children = image.into_iter().flat_map(|image| &image.children);
        let children = children.map(|child| child.digest.clone());
        [digest.to_owned()].into_iter().chain(children).collect()
    }

    /// Ends the restores that are due; gives when the next one is.
    pub(super) fn end_restores(&mut self, now: SimTime) -> Option<SimTime> {
        if !self.restoring {
            return None;
        }
        let mut next = None;
        for image in self.images.values_mut() {
            match image.storage.returns {
                Some(at) if at <= now => {
                    image.storage.returns = None;
                    image.storage.activated = Some(at);
                }
                at => next = [next, at].into_iter().flatten().min(),
            }
        }
        self.restoring = next.is_some();
        next
    }
}

/// `UpdateImageStorageClass`.
pub(super) fn update(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let id = needed(input.structure("imageId")?, input, "imageId")?;
    let target = input.need_str("targetStorageClass")?;
    let (owner, name, repository) = repository(world, ctx, input, "UpdateImageStorageClass")?;
    let digest = image_id(&id)?.find(repository, owner, name)?;
    let status = |repository: &Repository| {
        let image = repository.images.get(&digest);
        image.map_or("ACTIVE", |image| image.storage.status())
    };
    match (target, status(repository)) {
        ("STANDARD", "ARCHIVED") => repository.restore(&digest, ctx.now),
        ("ARCHIVE", "ACTIVE") => {
            if let Some(parent) = repository.parent_of(&digest) {
                return Err(unsupported(format!(
                    "The image is referenced by the index {parent}, with which it is archived"
                )));
            }
            repository.archive(&digest, ctx.now);
        }
        ("STANDARD" | "ARCHIVE", status) => {
            return Err(unsupported(format!(
                "An image that is {status} cannot be moved to {target}"
            )));
        }
        (other, _) => {
            return Err(ApiError::invalid_parameter(format!(
                "Invalid parameter at 'targetStorageClass' failed to satisfy constraint: 'Member \
                 must satisfy enum value set: [STANDARD, ARCHIVE]' but was '{other}'"
            )));
        }
    }
    Ok(json!({
        "registryId": owner,
        "repositoryName": name,
        "imageId": shown_id(&id, &digest),
        "imageStatus": status(repository),
    }))
}

fn unsupported(message: String) -> ApiError {
    ApiError::client("ImageStorageClassUpdateNotSupportedException", message)
}
