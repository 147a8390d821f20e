//! The port [`AroundApi`]: the model's services stand alone.

use async_trait::async_trait;
use shipway_domain::ids::{Digest, RepositoryName};
use shipway_domain::surroundings::{
    AlarmSeen, FargateSeen, Permission, RepositoryContents, SubnetSeen, TargetGroupSeen,
    TargetHealth,
};
use shipway_domain::time::Timestamp;
use shipway_plugin::{AroundApi, ErrorKind, PlatformError};

/// Nothing lies around them: lists are empty, what would have a value is unsupported.
pub(crate) struct Nothing;

fn unsupported<T>(what: &str) -> Result<T, PlatformError> {
    Err(PlatformError::new(
        what,
        ErrorKind::Other,
        "the model has none",
    ))
}

#[async_trait]
impl AroundApi for Nothing {
    async fn target_groups(&self, _: &[String]) -> Result<Vec<TargetGroupSeen>, PlatformError> {
        Ok(Vec::new())
    }

    async fn target_health(&self, _: &str) -> Result<Vec<TargetHealth>, PlatformError> {
        Ok(Vec::new())
    }

    async fn alarms(&self, _: &[String]) -> Result<Vec<AlarmSeen>, PlatformError> {
        Ok(Vec::new())
    }

    async fn subnets(&self, _: &[String]) -> Result<Vec<SubnetSeen>, PlatformError> {
        Ok(Vec::new())
    }

    async fn fargate(&self, _: Timestamp) -> Result<FargateSeen, PlatformError> {
        unsupported("servicequotas:GetServiceQuota")
    }

    async fn log_group(&self, _: Option<&str>, _: &str) -> Result<bool, PlatformError> {
        unsupported("logs:DescribeLogGroups")
    }

    async fn denied(&self, _: &str, _: &[Permission]) -> Result<Vec<Permission>, PlatformError> {
        Ok(Vec::new())
    }

    async fn platforms(
        &self,
        _: &RepositoryName,
        _: &Digest,
    ) -> Result<Vec<String>, PlatformError> {
        Ok(Vec::new())
    }

    async fn contents(
        &self,
        _: &RepositoryName,
        _: Timestamp,
    ) -> Result<Option<RepositoryContents>, PlatformError> {
        Ok(None)
    }
}
