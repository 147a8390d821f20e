//! A builder that keeps what it was asked for, and pushes to the registries of the model.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use shipway_domain::ids::Digest;
use shipway_plugin::{
    BuildError, BuildOrder, BuildProgress, Builder, Built, ImageFacts, LogStream,
};
use tokio_util::sync::CancellationToken;

use crate::platform::ModelPlatform;

/// A builder whose images are their contexts; clones share it.
#[derive(Clone)]
pub struct ModelBuilder {
    platform: ModelPlatform,
    orders: Arc<Mutex<Vec<BuildOrder>>>,
    hangs: bool,
}

impl ModelBuilder {
    /// A builder that pushes to repositories of this platform.
    #[must_use]
    pub fn new(platform: ModelPlatform) -> Self {
        Self {
            platform,
            orders: Arc::default(),
            hangs: false,
        }
    }

    /// One whose builds end only when they are stopped.
    #[must_use]
    pub fn hanging(platform: ModelPlatform) -> Self {
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
impl Builder for ModelBuilder {
    fn name(&self) -> &'static str {
        "layers"
    }

    async fn probe(&self) -> Result<String, BuildError> {
        Ok("a model".to_owned())
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
        let tags: Vec<&str> = order.tags.iter().map(String::as_str).collect();
        let image = ImageFacts {
            digest: digest.clone(),
            manifests: Vec::new(),
            complete: true,
            size: context.len() as u64,
        };
        self.platform
            .push_to(&order.image, &tags, image)
            .map_err(|error| broken(&error))?;
        Ok(Built {
            digest,
            manifests: Vec::new(),
            stages: 1,
            cached: 0,
            bytes_pushed: context.len() as u64,
        })
    }
}
