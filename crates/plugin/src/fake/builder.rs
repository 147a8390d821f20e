//! A builder that keeps what it was asked for, and pushes to the platform in memory.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use shipway_domain::ids::Digest;
use tokio_util::sync::CancellationToken;

use super::{FakePlatform, FakeRepository};
use crate::{BuildError, BuildOrder, BuildProgress, Builder, Built, LogStream};

/// A builder in memory; clones share it.
#[derive(Clone)]
pub struct FakeBuilder {
    platform: FakePlatform,
    orders: Arc<Mutex<Vec<BuildOrder>>>,
    hangs: bool,
}

impl FakeBuilder {
    /// A builder that pushes to repositories of this platform.
    #[must_use]
    pub fn new(platform: FakePlatform) -> Self {
        Self {
            platform,
            orders: Arc::default(),
            hangs: false,
        }
    }

    /// One whose builds end only when they are stopped.
    #[must_use]
    pub fn hanging(platform: FakePlatform) -> Self {
        Self {
            hangs: true,
            ..Self::new(platform)
        }
    }

    /// What it was asked to build.
    #[must_use]
    pub fn orders(&self) -> Vec<BuildOrder> {
        self.orders
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

#[async_trait]
impl Builder for FakeBuilder {
    fn name(&self) -> &'static str {
        "layers"
    }

    async fn probe(&self) -> Result<String, BuildError> {
        Ok("in memory".to_owned())
    }

    async fn build(
        &self,
        order: BuildOrder,
        progress: Arc<dyn BuildProgress>,
        stop: CancellationToken,
    ) -> Result<Built, BuildError> {
        let broken = |error: &dyn std::fmt::Display| BuildError::Interrupted(error.to_string());
        self.orders
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(order.clone());
        progress.line(LogStream::Builder, "begun");
        if self.hangs {
            stop.cancelled().await;
            return Err(BuildError::Stopped);
        }
        let context = tokio::fs::read(&order.context)
            .await
            .map_err(|error| broken(&error))?;
        progress.stage("copy", false, true);
        progress.pushing();
        order.login.login().await.map_err(|error| broken(&error))?;
        let digest = Digest::of(&context);
        let name = order.image.rsplit('/').next().unwrap_or_default();
        let repository = self
            .platform
            .repository(name)
            .unwrap_or_else(|| FakeRepository::new(name));
        let tags: Vec<&str> = order.tags.iter().map(String::as_str).collect();
        self.platform
            .add_repository(name, repository.image(&digest, &tags, true));
        Ok(Built {
            digest,
            manifests: Vec::new(),
            stages: 1,
            cached: 0,
            bytes_pushed: context.len() as u64,
        })
    }
}
