//! The port of platforms: acting and observing in one account and region.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use shipway_domain::checkpoint::ScalingFlags;
use shipway_domain::hook::HookAction;
use shipway_domain::ids::{AccountId, Attempt, ClusterName, JobId, Region, ServiceName};
use shipway_domain::observe::{
    BreakerSeen, CallerSeen, LogStream, RevisionSeen, ScalingSeen, ServiceDeploymentSeen,
    ServiceSeen, TaskSeen,
};
use shipway_domain::spec::SecretSource;
use shipway_domain::time::Timestamp;

use crate::around::AroundApi;
use crate::error::PlatformError;
use crate::registry::RegistryApi;
use crate::secret::Secret;
use crate::usage::Usage;

/// An account and region.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The account.
    pub account: AccountId,
    /// The region.
    pub region: Region,
}

/// Under whose name AWS is called; it shows in CloudTrail (design.md section 6).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Session {
    /// Shared observation, named after the agent.
    Agent,
    /// Changes, named after job and attempt.
    Job {
        /// The job.
        job: JobId,
        /// The attempt.
        attempt: Attempt,
    },
}

/// Opens accounts.
#[async_trait]
pub trait Platform: Send + Sync {
    /// A handle on an account and region. Handles of one session share clients and credentials,
    /// which renew themselves; observation is shared by all sessions of a place.
    ///
    /// # Errors
    /// When the account is not configured here ([`crate::ErrorKind::Credentials`]).
    async fn open(
        &self,
        place: &Place,
        session: &Session,
    ) -> Result<Arc<dyn RegionApi>, PlatformError>;

    /// What was called since the start, and what may be called. Quick, and waits for nothing; empty where nothing is
    /// counted.
    fn usage(&self) -> Usage {
        Usage::default()
    }
}

/// One account and region. Reads are retried inside on passing errors, mutations never
/// (design.md section 4, take-over); each mutation is given up after 10 s.
#[async_trait]
pub trait RegionApi: Send + Sync {
    /// Who AWS says we are.
    ///
    /// # Errors
    /// See [`PlatformError`].
    async fn caller(&self) -> Result<CallerSeen, PlatformError>;

    /// The service, or `None` when it does not exist (a missing cluster is an error). Calls of
    /// concurrent rollouts are put together, up to 10 services each.
    ///
    /// # Errors
    /// See [`PlatformError`].
    async fn service(
        &self,
        cluster: &ClusterName,
        service: &ServiceName,
    ) -> Result<Option<ServiceSeen>, PlatformError>;

    /// Takes part in the next common poll of this place and answers with what it saw. Waits as
    /// long as the poller's pace says (1 s to 10 s); throttling slows the pace and is no error.
    ///
    /// # Errors
    /// See [`PlatformError`]; only what a later poll would meet again.
    async fn observe(&self, watch: &Watch) -> Result<Observation, PlatformError>;

    /// ARNs and creation times of the service's deployments created at or after `since`, newest first.
    ///
    /// # Errors
    /// See [`PlatformError`].
    async fn service_deployments_since(
        &self,
        cluster: &ClusterName,
        service: &ServiceName,
        since: Timestamp,
    ) -> Result<Vec<ServiceDeploymentSeen>, PlatformError>;

    /// A service revision.
    ///
    /// # Errors
    /// See [`PlatformError`].
    async fn revision(&self, arn: &str) -> Result<Option<RevisionSeen>, PlatformError>;

    /// Tasks of a service, the stopped ones of the last hour too when asked for.
    ///
    /// # Errors
    /// See [`PlatformError`].
    async fn tasks(
        &self,
        cluster: &ClusterName,
        service: &ServiceName,
        which: ObserveTasks,
    ) -> Result<Vec<TaskSeen>, PlatformError>;

    /// A task definition by ARN, `family:revision` or family, with its JSON untouched.
    ///
    /// # Errors
    /// See [`PlatformError`].
    async fn task_definition(
        &self,
        reference: &str,
    ) -> Result<Option<TaskDefinitionSeen>, PlatformError>;

    /// ARNs of the newest active revisions of a family, newest first, at most `limit`.
    ///
    /// # Errors
    /// See [`PlatformError`].
    async fn newest_revisions(
        &self,
        family: &str,
        limit: u32,
    ) -> Result<Vec<String>, PlatformError>;

    /// Registers a revision; the JSON is sent as it is, unknown members too. Mutation.
    ///
    /// # Errors
    /// See [`PlatformError`].
    async fn register_task_definition(
        &self,
        new: &NewTaskDefinition,
    ) -> Result<String, PlatformError>;

    /// Deregisters a revision: what runs with it goes on, nothing new is told to use it. Mutation.
    ///
    /// # Errors
    /// See [`PlatformError`]; `NotFound` when there is no such revision.
    async fn deregister_task_definition(&self, arn: &str) -> Result<(), PlatformError>;

    /// Sends UpdateService and answers with the service as the answer shows it. Mutation. Never
    /// sends a desired count.
    ///
    /// # Errors
    /// See [`PlatformError`].
    async fn update_service(&self, update: &UpdateService) -> Result<ServiceSeen, PlatformError>;

    /// StopServiceDeployment with ROLLBACK. Mutation.
    ///
    /// # Errors
    /// See [`PlatformError`]; `Conflict` when it has ended meanwhile.
    async fn stop_service_deployment(&self, arn: &str) -> Result<(), PlatformError>;

    /// ContinueServiceDeployment: answers a lifecycle hook that waits. Mutation.
    ///
    /// # Errors
    /// See [`PlatformError`]; `Invalid` or `Conflict` when no such hook waits.
    async fn continue_service_deployment(
        &self,
        arn: &str,
        hook: &str,
        action: HookAction,
    ) -> Result<(), PlatformError>;

    /// The scalable target of the service, or `None` when it has none.
    ///
    /// # Errors
    /// See [`PlatformError`].
    async fn scaling(
        &self,
        cluster: &ClusterName,
        service: &ServiceName,
    ) -> Result<Option<ScalingSeen>, PlatformError>;

    /// Sets all three flags of an existing scalable target (ecs-facts section 8). Mutation.
    ///
    /// # Errors
    /// See [`PlatformError`]; `NotFound` when there is no scalable target.
    async fn set_scaling(
        &self,
        cluster: &ClusterName,
        service: &ServiceName,
        flags: ScalingFlags,
    ) -> Result<(), PlatformError>;

    /// The last lines of a log stream, oldest first; none where there is no such stream.
    ///
    /// # Errors
    /// See [`PlatformError`].
    async fn last_lines(&self, of: &LogStream, most: usize) -> Result<Vec<String>, PlatformError>;

    /// Runs one task beside the service, in its network and on its capacity. Mutation. Said again with the same
    /// token within a day it starts nothing a second time, and is answered with what the first call started.
    ///
    /// # Errors
    /// See [`PlatformError`]; `Conflict` when the token is known with another content.
    async fn run_task(&self, run: &RunTask) -> Result<TaskStarted, PlatformError>;

    /// The task of this family that was started under this name, stopped ones of the last hour too.
    ///
    /// # Errors
    /// See [`PlatformError`].
    async fn task_started_by(
        &self,
        cluster: &ClusterName,
        started_by: &str,
        family: &str,
    ) -> Result<Option<TaskSeen>, PlatformError>;

    /// One task by its ARN; `None` when ECS does not show it (yet, or any more).
    ///
    /// # Errors
    /// See [`PlatformError`].
    async fn task(
        &self,
        cluster: &ClusterName,
        arn: &str,
    ) -> Result<Option<TaskSeen>, PlatformError>;

    /// StopTask. Mutation; nothing happens to a task that has stopped.
    ///
    /// # Errors
    /// See [`PlatformError`].
    async fn stop_task(
        &self,
        cluster: &ClusterName,
        arn: &str,
        reason: &str,
    ) -> Result<(), PlatformError>;

    /// The next lines of a log stream, oldest first: behind what an earlier reading ended with, or from the
    /// beginning; none where there is no such stream.
    ///
    /// # Errors
    /// See [`PlatformError`].
    async fn read_log(&self, of: &LogStream, after: Option<&str>)
    -> Result<LogPage, PlatformError>;

    /// The value of a build secret kept in Secrets Manager or SSM; environment and files are the
    /// agent's own business.
    ///
    /// # Errors
    /// See [`PlatformError`].
    async fn secret(&self, from: &SecretSource) -> Result<Secret, PlatformError>;

    /// What lies around the services of this account and region.
    fn around(&self) -> Arc<dyn AroundApi>;

    /// The image registry of this account and region.
    fn registry(&self) -> Arc<dyn RegistryApi>;
}

/// What a rollout wants to see at the next common poll.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watch {
    /// Cluster.
    pub cluster: ClusterName,
    /// Service.
    pub service: ServiceName,
    /// The service deployment that is followed; without it, only the service is looked at.
    pub service_deployment: Option<String>,
    /// Whether the service itself must be looked at in this poll (it is each few polls anyway).
    pub with_service: bool,
}

/// What the common poll saw.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observation {
    /// The service, when it was looked at and exists.
    pub service: Option<ServiceSeen>,
    /// Whether the service was looked at and does not exist.
    pub service_missing: bool,
    /// The service deployment that was asked for; `None` when ECS does not know it (any more).
    pub service_deployment: Option<ServiceDeploymentSeen>,
    /// Whether the poller is being throttled, and thus slow.
    pub throttled: bool,
    /// The pace that the poller keeps now.
    pub pace: Duration,
}

/// Which tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObserveTasks {
    /// Those that run or are on their way.
    Running,
    /// Those that stopped within the last hour or so.
    Stopped,
}

/// A task definition as described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskDefinitionSeen {
    /// Its ARN.
    pub arn: String,
    /// `ACTIVE`, `INACTIVE`, …
    pub status: String,
    /// The JSON of member `taskDefinition`, as it came.
    pub json: String,
    /// Its tags.
    pub tags: Vec<(String, String)>,
}

/// A task definition to register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTaskDefinition {
    /// Input of RegisterTaskDefinition as JSON, tags included.
    pub json: String,
}

/// A one-off task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunTask {
    /// Cluster.
    pub cluster: ClusterName,
    /// ARN of the task definition.
    pub task_definition: String,
    /// Network and capacity as the service has them: [`ServiceSeen::launch`].
    pub launch: String,
    /// Client token and `startedBy`, at most 64 characters.
    pub token: String,
    /// Container that gets the next two.
    pub container: String,
    /// Its command.
    pub command: Vec<String>,
    /// Environment beside its own.
    pub environment: Vec<(String, String)>,
}

/// What came of a RunTask.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskStarted {
    /// ARN of the task, if one was started.
    pub task: Option<String>,
    /// Why ECS found no place for it.
    pub refused: Vec<String>,
}

/// Lines of a log stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogPage {
    /// The lines, oldest first.
    pub lines: Vec<String>,
    /// Where to read on; `None` when there is no such stream.
    pub after: Option<String>,
}

/// A change of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdateService {
    /// Cluster.
    pub cluster: ClusterName,
    /// Service.
    pub service: ServiceName,
    /// ARN of the task definition.
    pub task_definition: String,
    /// `deploymentConfiguration` of the service as it was seen (JSON): the members below replace
    /// their namesakes in it, all others (alarms, hooks, bake time) are sent back as they are.
    pub base_configuration: String,
    /// Whether `deploymentConfiguration` is not sent at all, so that all of it stays: then the next three mean nothing.
    pub keeps_configuration: bool,
    /// Lower bound in percent.
    pub minimum_healthy_percent: u32,
    /// Upper bound in percent.
    pub maximum_percent: u32,
    /// The circuit breaker.
    pub breaker: BreakerSeen,
    /// Health check grace period; `None` leaves it.
    pub health_check_grace_period: Option<Duration>,
    /// Ask for a new deployment even if ECS sees no difference.
    pub force: bool,
}
