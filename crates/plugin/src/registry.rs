//! The port of image registries: logins, repositories and what is really in them.

use async_trait::async_trait;
use shipway_domain::ids::{AccountId, Digest, RepositoryName};
use shipway_domain::scan::ScanSeen;
use shipway_domain::spec::{RepositorySettings, TagMutability};

use crate::error::PlatformError;
use crate::secret::Secret;

/// A login to a registry.
#[derive(Clone, Debug)]
pub struct Login {
    /// Registry host with port, as in image names.
    pub host: String,
    /// User.
    pub user: String,
    /// Password.
    pub password: Secret,
    /// Whether the registry speaks plain http (loopback only).
    pub plain_http: bool,
}

/// Gives a fresh login for each push.
#[async_trait]
pub trait LoginSource: Send + Sync {
    /// A login that was made just now.
    ///
    /// # Errors
    /// When the platform gives none.
    async fn login(&self) -> Result<Login, PlatformError>;
}

/// A repository as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepositorySeen {
    /// `host/repository`.
    pub uri: String,
    /// Whether tags may move.
    pub mutability: TagMutability,
    /// With [`TagMutability::Mutable`]: wildcards of the tags that may *not* move.
    pub pinned: Vec<String>,
    /// Policy document (JSON text), when there is one.
    pub policy: Option<String>,
}

/// What is known of an image in a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageFacts {
    /// Digest of the manifest or index that was asked for.
    pub digest: Digest,
    /// Manifests of the platforms, with `os/architecture`, when it is an index.
    pub manifests: Vec<(String, Digest)>,
    /// Whether every layer and config is in the repository too.
    pub complete: bool,
    /// Bytes of all layers.
    pub size: u64,
}

/// What became of a wish for a scan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScanStart {
    /// It has begun.
    Started,
    /// The registry scans by itself, or has scanned the image a short while ago: what it shows is what there is.
    Refused {
        /// The registry's words.
        reason: String,
    },
    /// The registry cannot scan this image.
    Unsupported {
        /// The registry's words.
        reason: String,
    },
}

/// The registry of one account and region.
#[async_trait]
pub trait RegistryApi: Send + Sync {
    /// A login that was made just now.
    ///
    /// # Errors
    /// See [`PlatformError`].
    async fn login(&self) -> Result<Login, PlatformError>;

    /// The repository, or `None` when it does not exist.
    ///
    /// # Errors
    /// See [`PlatformError`].
    async fn repository(
        &self,
        name: &RepositoryName,
    ) -> Result<Option<RepositorySeen>, PlatformError>;

    /// Creates the repository (and its lifecycle policy); one that exists already is a success.
    ///
    /// # Errors
    /// See [`PlatformError`].
    async fn create_repository(
        &self,
        name: &RepositoryName,
        settings: &RepositorySettings,
    ) -> Result<RepositorySeen, PlatformError>;

    /// Replaces the repository policy.
    ///
    /// # Errors
    /// See [`PlatformError`].
    async fn set_policy(&self, name: &RepositoryName, policy: &str) -> Result<(), PlatformError>;

    /// The image with this tag or digest (`sha256:…`), or `None`. With `deep`, layers are checked.
    ///
    /// # Errors
    /// See [`PlatformError`].
    async fn image(
        &self,
        name: &RepositoryName,
        reference: &str,
        deep: bool,
    ) -> Result<Option<ImageFacts>, PlatformError>;

    /// Puts a tag on a digest that is there (ecs-facts 7.3, tagging without pushing). The same tag
    /// on the same digest is a success.
    ///
    /// # Errors
    /// See [`PlatformError`]; [`crate::ErrorKind::AlreadyExists`] when the tag may not move.
    async fn put_tag(
        &self,
        name: &RepositoryName,
        digest: &Digest,
        tag: &str,
    ) -> Result<(), PlatformError>;

    /// Where the scan of one image stands. An index has no scan: each of its manifests has its own
    /// (ecs-facts 7.5).
    ///
    /// # Errors
    /// See [`PlatformError`].
    async fn scan(&self, name: &RepositoryName, digest: &Digest)
    -> Result<ScanSeen, PlatformError>;

    /// Asks for a scan of one image. Nothing that is deployed changes by it; asking twice is harmless.
    ///
    /// # Errors
    /// See [`PlatformError`].
    async fn start_scan(
        &self,
        name: &RepositoryName,
        digest: &Digest,
    ) -> Result<ScanStart, PlatformError>;

    /// The account that this registry belongs to.
    fn account(&self) -> &AccountId;
}
