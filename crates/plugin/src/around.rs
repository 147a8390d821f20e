//! The port to what lies around a service: read for plans and diagnoses, never changed.

use async_trait::async_trait;
use shipway_domain::ids::{Digest, RepositoryName};
use shipway_domain::surroundings::{
    AlarmSeen, FargateSeen, Permission, RepositoryContents, SubnetSeen, TargetGroupSeen,
    TargetHealth,
};
use shipway_domain::time::Timestamp;

use crate::error::PlatformError;

/// Reads of services beside ECS in one account and region. Each may be denied to an agent that needs none of them to
/// deploy; who asks tells so and goes on.
#[async_trait]
pub trait AroundApi: Send + Sync {
    /// Target groups by ARN.
    ///
    /// # Errors
    /// See [`PlatformError`].
    async fn target_groups(&self, arns: &[String]) -> Result<Vec<TargetGroupSeen>, PlatformError>;

    /// What is registered in a target group.
    ///
    /// # Errors
    /// See [`PlatformError`].
    async fn target_health(&self, arn: &str) -> Result<Vec<TargetHealth>, PlatformError>;

    /// Alarms by name, at most 100; those that do not exist are left out.
    ///
    /// # Errors
    /// See [`PlatformError`].
    async fn alarms(&self, names: &[String]) -> Result<Vec<AlarmSeen>, PlatformError>;

    /// Subnets by id.
    ///
    /// # Errors
    /// See [`PlatformError`].
    async fn subnets(&self, ids: &[String]) -> Result<Vec<SubnetSeen>, PlatformError>;

    /// The Fargate quota, and how much of it was in use within the last minutes before `now`.
    ///
    /// # Errors
    /// See [`PlatformError`].
    async fn fargate(&self, now: Timestamp) -> Result<FargateSeen, PlatformError>;

    /// Whether a log group exists, in another region where one is named.
    ///
    /// # Errors
    /// See [`PlatformError`].
    async fn log_group(&self, region: Option<&str>, name: &str) -> Result<bool, PlatformError>;

    /// Which of the permissions the role's own policies do not give.
    ///
    /// # Errors
    /// See [`PlatformError`]; `NotFound` when there is no such role.
    async fn denied(
        &self,
        role: &str,
        needed: &[Permission],
    ) -> Result<Vec<Permission>, PlatformError>;

    /// The platforms that an image of this registry runs on, such as `linux/arm64`; none when it does not say, or is
    /// not there.
    ///
    /// # Errors
    /// See [`PlatformError`].
    async fn platforms(
        &self,
        repository: &RepositoryName,
        digest: &Digest,
    ) -> Result<Vec<String>, PlatformError>;

    /// The images of a repository with a lifecycle policy; `None` when it has no such policy.
    ///
    /// # Errors
    /// See [`PlatformError`].
    async fn contents(
        &self,
        repository: &RepositoryName,
        now: Timestamp,
    ) -> Result<Option<RepositoryContents>, PlatformError>;
}
