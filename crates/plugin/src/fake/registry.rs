//! Repositories of the platform in memory.

use std::collections::BTreeMap;

use async_trait::async_trait;
use shipway_domain::ids::{AccountId, Digest, RepositoryName};
use shipway_domain::spec::{RepositorySettings, TagMutability};

use super::FakePlatform;
use crate::{
    ErrorKind, ImageFacts, Login, Place, PlatformError, RegistryApi, RepositorySeen, Secret,
    Session,
};

/// A repository with its images.
#[derive(Clone, Debug)]
pub struct FakeRepository {
    /// As it is described.
    pub seen: RepositorySeen,
    /// Images by digest.
    pub images: BTreeMap<String, ImageFacts>,
    /// Digests by tag.
    pub tags: BTreeMap<String, Digest>,
}

impl FakeRepository {
    /// An empty repository `name` whose tags may move.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            seen: RepositorySeen {
                uri: format!("127.0.0.1:5000/{name}"),
                mutability: TagMutability::Mutable,
                pinned: Vec::new(),
                policy: None,
            },
            images: BTreeMap::new(),
            tags: BTreeMap::new(),
        }
    }

    /// Puts an image there, whole or not, with tags.
    #[must_use]
    pub fn image(mut self, digest: &Digest, tags: &[&str], complete: bool) -> Self {
        let facts = ImageFacts {
            digest: digest.clone(),
            manifests: Vec::new(),
            complete,
            size: 1,
        };
        self.images.insert(digest.to_string(), facts);
        let tags = tags.iter().map(|tag| ((*tag).to_owned(), digest.clone()));
        self.tags.extend(tags);
        self
    }
}

pub(super) struct FakeRegistry {
    pub(super) platform: FakePlatform,
    pub(super) place: Place,
    pub(super) session: Session,
}

impl FakeRegistry {
    async fn enter(&self, call: &str) -> Result<(), PlatformError> {
        self.platform.enter(&self.session, &self.place, call).await
    }

    fn with<T>(
        &self,
        call: &str,
        name: &RepositoryName,
        act: impl FnOnce(&mut FakeRepository) -> T,
    ) -> Result<T, PlatformError> {
        let mut world = self.platform.lock();
        let found = world.repositories.get_mut(name.as_str());
        let missing = || PlatformError::new(call, ErrorKind::NotFound, "there is no repository");
        Ok(act(found.ok_or_else(missing)?))
    }
}

#[async_trait]
impl RegistryApi for FakeRegistry {
    async fn login(&self) -> Result<Login, PlatformError> {
        self.enter("ecr:GetAuthorizationToken").await?;
        Ok(Login {
            host: "127.0.0.1:5000".to_owned(),
            user: "AWS".to_owned(),
            password: Secret::new("once"),
            plain_http: true,
        })
    }

    async fn repository(
        &self,
        name: &RepositoryName,
    ) -> Result<Option<RepositorySeen>, PlatformError> {
        self.enter("ecr:DescribeRepositories").await?;
        Ok(self.with("", name, |found| found.seen.clone()).ok())
    }

    async fn create_repository(
        &self,
        name: &RepositoryName,
        settings: &RepositorySettings,
    ) -> Result<RepositorySeen, PlatformError> {
        self.enter("ecr:CreateRepository").await?;
        let mut repository = FakeRepository::new(name.as_str());
        repository.seen.mutability = settings.mutability.clone();
        let seen = repository.seen.clone();
        self.platform.add_repository(name.as_str(), repository);
        Ok(seen)
    }

    async fn set_policy(&self, name: &RepositoryName, policy: &str) -> Result<(), PlatformError> {
        let call = "ecr:SetRepositoryPolicy";
        self.enter(call).await?;
        self.with(call, name, |found| {
            found.seen.policy = Some(policy.to_owned());
        })
    }

    async fn image(
        &self,
        name: &RepositoryName,
        reference: &str,
        _deep: bool,
    ) -> Result<Option<ImageFacts>, PlatformError> {
        let call = "ecr:BatchGetImage";
        self.enter(call).await?;
        self.with(call, name, |found| {
            let digest = found.tags.get(reference);
            let digest = digest.map_or_else(|| reference.to_owned(), ToString::to_string);
            found.images.get(&digest).cloned()
        })
    }

    async fn put_tag(
        &self,
        name: &RepositoryName,
        digest: &Digest,
        tag: &str,
    ) -> Result<(), PlatformError> {
        let call = "ecr:PutImage";
        self.enter(call).await?;
        self.with(call, name, |found| {
            found.tags.insert(tag.to_owned(), digest.clone());
        })
    }

    fn account(&self) -> &AccountId {
        &self.place.account
    }
}
