//! The port [`RegistryApi`]: the registry of an account and region of the model.

use async_trait::async_trait;
use shipway_domain::ids::{AccountId, Digest, RepositoryName};
use shipway_domain::scan::ScanSeen;
use shipway_domain::spec::RepositorySettings;
use shipway_plugin::{
    ErrorKind, ImageFacts, Login, PlatformError, RegistryApi, RepositorySeen, ScanStart, Secret,
};

use crate::handle::Region;
use crate::repository::{Repository, host};

/// The registry of a place.
pub(crate) struct Registry(pub(crate) Region);

/// Absence is an answer.
fn found<T>(found: Result<T, PlatformError>) -> Result<Option<T>, PlatformError> {
    match found {
        Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
        found => found.map(Some),
    }
}

#[async_trait]
impl RegistryApi for Registry {
    async fn login(&self) -> Result<Login, PlatformError> {
        let host = host(&self.0.place);
        self.0
            .read("ecr:GetAuthorizationToken", "", |world, _| {
                Ok(Login {
                    host,
                    user: "AWS".to_owned(),
                    password: Secret::new(world.ids.hex()),
                    plain_http: false,
                })
            })
            .await
    }

    async fn repository(
        &self,
        name: &RepositoryName,
    ) -> Result<Option<RepositorySeen>, PlatformError> {
        let call = "ecr:DescribeRepositories";
        self.0
            .read(call, name.as_str(), |world, _| {
                let repository = world.repository(&self.0.place, call, name.as_str());
                found(repository.map(|repository| repository.seen.clone()))
            })
            .await
    }

    async fn create_repository(
        &self,
        name: &RepositoryName,
        settings: &RepositorySettings,
    ) -> Result<RepositorySeen, PlatformError> {
        let (place, settings) = (self.0.place.clone(), settings.clone());
        let about = name.as_str();
        let name = about.to_owned();
        self.0
            .change("ecr:CreateRepository", about, move |world, _| {
                let new = || {
                    Repository::new(&place, &name, settings.mutability)
                        .scanning(settings.scan_on_push)
                };
                let key = (place.clone(), name.clone());
                let repository = world.images.repositories.entry(key).or_insert_with(new);
                repository.keep_last = repository.keep_last.or(settings.keep_last);
                Ok(repository.seen.clone())
            })
            .await
    }

    async fn set_policy(&self, name: &RepositoryName, policy: &str) -> Result<(), PlatformError> {
        let call = "ecr:SetRepositoryPolicy";
        let (place, policy) = (self.0.place.clone(), policy.to_owned());
        let about = name.as_str();
        let name = about.to_owned();
        self.0
            .change(call, about, move |world, _| {
                let repository = world.repository(&place, call, &name)?;
                repository.seen.policy = Some(policy);
                Ok(())
            })
            .await
    }

    async fn image(
        &self,
        name: &RepositoryName,
        reference: &str,
        _deep: bool,
    ) -> Result<Option<ImageFacts>, PlatformError> {
        let call = "ecr:BatchGetImage";
        self.0
            .read(call, name.as_str(), |world, _| {
                let repository = world.repository(&self.0.place, call, name.as_str());
                let repository = found(repository)?;
                Ok(repository.and_then(|repository| repository.image(reference).cloned()))
            })
            .await
    }

    async fn put_tag(
        &self,
        name: &RepositoryName,
        digest: &Digest,
        tag: &str,
    ) -> Result<(), PlatformError> {
        let call = "ecr:PutImage";
        let (place, digest, tag) = (self.0.place.clone(), digest.clone(), tag.to_owned());
        let about = name.as_str();
        let name = about.to_owned();
        self.0
            .change(call, about, move |world, _| {
                world
                    .repository(&place, call, &name)?
                    .tag(call, &tag, &digest)
            })
            .await
    }

    async fn scan(
        &self,
        name: &RepositoryName,
        digest: &Digest,
    ) -> Result<ScanSeen, PlatformError> {
        let call = "ecr:DescribeImageScanFindings";
        self.0
            .read(call, name.as_str(), |world, now| {
                let repository = world.repository(&self.0.place, call, name.as_str())?;
                repository.scan(call, digest, now)
            })
            .await
    }

    async fn start_scan(
        &self,
        name: &RepositoryName,
        digest: &Digest,
    ) -> Result<ScanStart, PlatformError> {
        let call = "ecr:StartImageScan";
        let (place, digest) = (self.0.place.clone(), digest.clone());
        let about = name.as_str();
        let name = about.to_owned();
        self.0
            .change(call, about, move |world, now| {
                let repository = world.repository(&place, call, &name)?;
                repository.start_scan(call, &digest, now)
            })
            .await
    }

    fn account(&self) -> &AccountId {
        &self.0.place.account
    }
}
