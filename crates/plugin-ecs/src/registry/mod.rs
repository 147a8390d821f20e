//! The port [`RegistryApi`] over ECR.

pub(crate) mod image;
mod login;
mod manifest;
pub(crate) mod repository;
mod scan;

pub(crate) use manifest::Manifest;

use std::sync::Arc;

use async_trait::async_trait;
use shipway_domain::ids::{AccountId, Digest, RepositoryName};
use shipway_domain::scan::ScanSeen;
use shipway_domain::spec::RepositorySettings;
use shipway_plugin::{ImageFacts, Login, PlatformError, RegistryApi, RepositorySeen, ScanStart};

use crate::clients::Clients;

/// ECR of one account and region. `registryId` is always sent: without it AWS would take the registry
/// of the caller's account, which may be another (ecs-facts 7.9).
pub(crate) struct Registry {
    clients: Arc<Clients>,
}

impl Registry {
    pub(crate) const fn new(clients: Arc<Clients>) -> Self {
        Self { clients }
    }
}

#[async_trait]
impl RegistryApi for Registry {
    async fn login(&self) -> Result<Login, PlatformError> {
        login::fresh(&self.clients).await
    }

    async fn repository(
        &self,
        name: &RepositoryName,
    ) -> Result<Option<RepositorySeen>, PlatformError> {
        repository::describe(&self.clients, name).await
    }

    async fn create_repository(
        &self,
        name: &RepositoryName,
        settings: &RepositorySettings,
    ) -> Result<RepositorySeen, PlatformError> {
        repository::create(&self.clients, name, settings).await
    }

    async fn set_policy(&self, name: &RepositoryName, policy: &str) -> Result<(), PlatformError> {
        repository::set_policy(&self.clients, name, policy).await
    }

    async fn image(
        &self,
        name: &RepositoryName,
        reference: &str,
        deep: bool,
    ) -> Result<Option<ImageFacts>, PlatformError> {
        image::facts(&self.clients, name, reference, deep).await
    }

    async fn put_tag(
        &self,
        name: &RepositoryName,
        digest: &Digest,
        tag: &str,
    ) -> Result<(), PlatformError> {
        image::put_tag(&self.clients, name, digest, tag).await
    }

    async fn scan(
        &self,
        name: &RepositoryName,
        digest: &Digest,
    ) -> Result<ScanSeen, PlatformError> {
        scan::describe(&self.clients, name, digest).await
    }

    async fn start_scan(
        &self,
        name: &RepositoryName,
        digest: &Digest,
    ) -> Result<ScanStart, PlatformError> {
        scan::start(&self.clients, name, digest).await
    }

    fn account(&self) -> &AccountId {
        &self.clients.place().account
    }
}
