//! A fresh login for each push.

use std::sync::Arc;

use async_trait::async_trait;
use shipway_plugin::{Login, LoginSource, PlatformError, RegistryApi};

/// Logs in to a registry of an account.
pub(super) struct RegistryLogin(pub(super) Arc<dyn RegistryApi>);

#[async_trait]
impl LoginSource for RegistryLogin {
    async fn login(&self) -> Result<Login, PlatformError> {
        self.0.login().await
    }
}
