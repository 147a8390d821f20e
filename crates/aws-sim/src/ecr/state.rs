//! What ECR keeps: repositories with their blobs, images and tags.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::layers::LayerUpload;
use super::lifecycle::Preview;
use super::manifest::Child;
use super::mutability::Mutability;
use super::pull_through::Rule;
use super::registry_policy::Scope;
use super::scan::Scan;
use super::scanning::Scanning;
use super::storage::Storage;
use super::templates::Template;
use crate::clock::SimTime;
use crate::world::World;

/// One registry: all of ECR in one account and region.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    /// By name.
    pub(crate) repositories: BTreeMap<String, Repository>,
    /// Account setting `BLOB_MOUNTING` (ecs-facts 7.8); off by default.
    pub(crate) blob_mounting: bool,
    pub(crate) scanning: Scanning,
    /// Text of the registry policy.
    pub(crate) policy: Option<String>,
    /// Account setting `REGISTRY_POLICY_SCOPE`.
    pub(super) policy_scope: Scope,
    /// Pull-through cache rules by prefix.
    pub(super) rules: BTreeMap<String, Rule>,
    /// Repository creation templates by prefix.
    pub(super) templates: BTreeMap<String, Template>,
    /// Layers that are being uploaded through the API, by id.
    #[serde(skip)]
    pub(super) uploads: BTreeMap<String, LayerUpload>,
}

/// A repository.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Repository {
    pub(crate) created: SimTime,
    pub(crate) mutability: Mutability,
    pub(crate) scan_on_push: bool,
    /// `encryptionConfiguration`, as given.
    pub(crate) encryption: Value,
    /// Resource tags.
    pub(crate) labels: BTreeMap<String, String>,
    /// Text of the lifecycle policy.
    pub(crate) lifecycle: Option<String>,
    /// When the lifecycle policy runs next.
    pub(crate) lifecycle_due: Option<SimTime>,
    /// When it last ran.
    pub(crate) lifecycle_ran: Option<SimTime>,
    /// The last lifecycle policy preview.
    pub(crate) preview: Option<Preview>,
    /// Whether an image may be on its way back from the archive.
    pub(crate) restoring: bool,
    /// Text of the repository policy.
    pub(crate) policy: Option<String>,
    /// Size by digest of the blobs that were pushed here.
    pub(crate) blobs: BTreeMap<String, u64>,
    /// By digest of the manifest.
    pub(crate) images: BTreeMap<String, Image>,
    /// Digest by tag.
    pub(crate) tags: BTreeMap<String, String>,
}

/// A manifest in a repository with what is worth knowing about it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Image {
    /// The manifest, byte for byte.
    pub(crate) manifest: String,
    pub(crate) media_type: String,
    pub(crate) artifact_type: Option<String>,
    pub(crate) subject: Option<String>,
    pub(crate) pushed: SimTime,
    /// When it was pulled, to the day.
    pub(crate) pulled: Option<SimTime>,
    /// Bytes of its layers; for an index, of its largest child.
    pub(crate) size: u64,
    /// Local blobs it needs.
    pub(crate) blobs: BTreeSet<String>,
    /// `os/architecture` by its config.
    pub(crate) platform: Option<String>,
    /// Labels of its config.
    pub(crate) labels: BTreeMap<String, String>,
    /// For an index, what it lists.
    pub(crate) children: Vec<Child>,
    pub(crate) scan: Option<Scan>,
    pub(crate) storage: Storage,
}

impl Repository {
    /// How many tags an image has.
    pub(super) fn tag_count(&self, digest: &str) -> usize {
        let tags = self.tags.values();
        tags.filter(|tagged| *tagged == digest).count()
    }

    /// Digest of a tag, or the digest itself, if there is such an image.
    pub(crate) fn digest_of(&self, reference: &str) -> Option<&str> {
        let digest = self.tags.get(reference).map_or(reference, String::as_str);
        let (digest, _) = self.images.get_key_value(digest)?;
        Some(digest)
    }

    /// Tags of an image, in order.
    pub(crate) fn tags_of(&self, digest: &str) -> Vec<&str> {
        let tags = self.tags.iter().filter(|(_, tagged)| *tagged == digest);
        tags.map(|(tag, _)| tag.as_str()).collect()
    }

    /// The index that lists an image, if one does.
    pub(crate) fn parent_of(&self, digest: &str) -> Option<&str> {
        let lists = |image: &Image| image.children.iter().any(|child| child.digest == digest);
        let mut images = self.images.iter();
        images.find_map(|(parent, image)| lists(image).then_some(parent.as_str()))
    }

    /// Takes an image out, its tags, what refers to it, and the blobs that no other image needs.
    pub(crate) fn remove(&mut self, digest: &str) -> Option<Image> {
        let removed = self.images.remove(digest)?;
        self.tags.retain(|_, tagged| tagged != digest);
        for blob in &removed.blobs {
            if !self.images.values().any(|image| image.blobs.contains(blob)) {
                self.blobs.remove(blob);
            }
        }
        let about = |image: &Image| image.subject.as_deref() == Some(digest);
        let referrers = self.images.iter().filter(|(_, image)| about(image));
        let referrers: Vec<String> = referrers.map(|(referrer, _)| referrer.clone()).collect();
        for referrer in referrers {
            if self.parent_of(&referrer).is_none() {
                self.remove(&referrer);
            }
        }
        Some(removed)
    }
}

impl World {
    /// Removes blob files that no repository has.
    pub(crate) fn sweep_files(&self) -> std::io::Result<()> {
        let regions = self
            .accounts
            .values()
            .flat_map(|account| account.regions.values());
        let repositories = regions.flat_map(|region| region.ecr.repositories.values());
        let known: BTreeSet<&str> = repositories
            .flat_map(|repository| repository.blobs.keys().map(String::as_str))
            .collect();
        self.files.sweep(|digest| known.contains(digest))
    }
}
