//! What a platform can see of a service, as values without judgement.

use std::time::Duration;

use crate::checkpoint::ScalingFlags;
use crate::hook::{HookAction, Weight};
use crate::ids::Digest;
use crate::strategy;
use crate::time::Timestamp;

/// A service as DescribeServices shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceSeen {
    /// ARN of the service.
    pub arn: String,
    /// `ACTIVE`, `DRAINING` or `INACTIVE`.
    pub status: String,
    /// ARN of the task definition that the service names.
    pub task_definition: String,
    /// Tasks wanted.
    pub desired: u32,
    /// Tasks in RUNNING.
    pub running: u32,
    /// Tasks on their way.
    pub pending: u32,
    /// Deployment controller, `ECS` unless it is another.
    pub controller: String,
    /// Deployment strategy, `ROLLING` unless it is another.
    pub strategy: String,
    /// Who manages the service's resources: `ECS` for express-mode services, else `CUSTOMER`.
    pub managed_by: String,
    /// Member `deploymentConfiguration` as it came (JSON), so that an update keeps what it does not know.
    pub deployment_configuration: String,
    /// Lower bound in percent.
    pub minimum_healthy_percent: Option<u32>,
    /// Upper bound in percent.
    pub maximum_percent: Option<u32>,
    /// Whether the breaker is on, and whether it rolls back.
    pub breaker: Option<BreakerSeen>,
    /// Health check grace period.
    pub health_check_grace_period: Option<Duration>,
    /// ARNs of the target groups that its tasks are registered in.
    pub target_groups: Vec<String>,
    /// Ids of the subnets of its tasks, with network mode awsvpc.
    pub subnets: Vec<String>,
    /// What RunTask takes of the service (JSON), so that a task gets the same network and capacity:
    /// `networkConfiguration`, `launchType` or `capacityProviderStrategy`, `platformVersion`.
    pub launch: String,
    /// Whether its tasks run on Fargate.
    pub fargate: bool,
    /// Entries of `deployments[]`, as listed.
    pub deployments: Vec<DeploymentSeen>,
    /// ARN of the service deployment that the service says is current.
    pub current_service_deployment: Option<String>,
    /// Newest first, at most 100.
    pub events: Vec<ServiceEventSeen>,
}

impl ServiceSeen {
    /// Whether its tasks are replaced bit by bit: only then percentages and circuit breaker mean something.
    #[must_use]
    pub fn is_rolling(&self) -> bool {
        strategy::is_rolling(&self.strategy)
    }

    /// The PRIMARY entry.
    #[must_use]
    pub fn primary(&self) -> Option<&DeploymentSeen> {
        self.deployments
            .iter()
            .find(|entry| entry.status == "PRIMARY")
    }
}

/// Settings of the circuit breaker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BreakerSeen {
    /// On.
    pub enable: bool,
    /// With rollback.
    pub rollback: bool,
}

/// An entry of `deployments[]` (ecs-facts 1.5).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeploymentSeen {
    /// `ecs-svc/…`.
    pub id: String,
    /// `PRIMARY`, `ACTIVE`, `INACTIVE`.
    pub status: String,
    /// ARN of its task definition.
    pub task_definition: String,
    /// Tasks wanted of it.
    pub desired: u32,
    /// Tasks in RUNNING.
    pub running: u32,
    /// Tasks on their way.
    pub pending: u32,
    /// Failures as ECS counts them.
    pub failed: u32,
    /// `IN_PROGRESS`, `COMPLETED`, `FAILED`; `None` where ECS gives none.
    pub rollout_state: Option<String>,
    /// Its reason.
    pub rollout_state_reason: Option<String>,
    /// When it was made, by ECS's clock.
    pub created_at: Option<Timestamp>,
}

/// A message of the service scheduler.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceEventSeen {
    /// Its id.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// Its words.
    pub message: String,
}

/// Status of a service deployment (ecs-facts 3.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ServiceDeploymentStatus {
    /// Not begun.
    #[default]
    Pending,
    /// Under way.
    InProgress,
    /// To be stopped.
    StopRequested,
    /// To be rolled back: somebody asked.
    RollbackRequested,
    /// Being rolled back.
    RollbackInProgress,
    /// Ended well.
    Successful,
    /// Ended by a newer one, or without rollback.
    Stopped,
    /// Ended back where it began.
    RollbackSuccessful,
    /// Ended in between.
    RollbackFailed,
    /// A state that this version does not know: keep looking.
    Other(String),
}

impl ServiceDeploymentStatus {
    /// ECS's word for it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Pending => "PENDING",
            Self::InProgress => "IN_PROGRESS",
            Self::StopRequested => "STOP_REQUESTED",
            Self::RollbackRequested => "ROLLBACK_REQUESTED",
            Self::RollbackInProgress => "ROLLBACK_IN_PROGRESS",
            Self::Successful => "SUCCESSFUL",
            Self::Stopped => "STOPPED",
            Self::RollbackSuccessful => "ROLLBACK_SUCCESSFUL",
            Self::RollbackFailed => "ROLLBACK_FAILED",
            Self::Other(word) => word,
        }
    }

    /// Whether ECS will not change it any more.
    #[must_use]
    pub const fn is_terminal(&self) -> bool {
        matches!(
            self,
            Self::Successful | Self::Stopped | Self::RollbackSuccessful | Self::RollbackFailed
        )
    }
}

/// A service deployment as DescribeServiceDeployments shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceDeploymentSeen {
    /// Its ARN.
    pub arn: String,
    /// When it was made, by ECS's clock.
    pub created_at: Timestamp,
    /// Its status.
    pub status: ServiceDeploymentStatus,
    /// ECS's words about the status.
    pub status_reason: Option<String>,
    /// Revision that it goes to.
    pub target_revision: RevisionCounts,
    /// Revisions that it comes from.
    pub source_revisions: Vec<RevisionCounts>,
    /// Why and to which revision it rolls back.
    pub rollback: Option<RollbackSeen>,
    /// Failures counted by the breaker, and at how many it trips.
    pub breaker: Option<BreakerCount>,
    /// Stage of the lifecycle, for strategies that have one.
    pub lifecycle_stage: Option<String>,
    /// Alarms that have fired.
    pub triggered_alarms: Vec<String>,
    /// Runs of its lifecycle hooks, as listed.
    pub hooks: Vec<HookSeen>,
}

impl ServiceDeploymentSeen {
    /// Runs of hooks that wait for a person's answer.
    pub fn awaiting(&self) -> impl Iterator<Item = &HookSeen> {
        self.hooks.iter().filter(|hook| hook.awaits_action())
    }
}

/// A run of a lifecycle hook (ecs-facts 3.6). ECS does not say for which stage it runs: for that in which the
/// deployment is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HookSeen {
    /// Its id; another one at each run.
    pub id: String,
    /// `PAUSE` or `AWS_LAMBDA`.
    pub target_type: String,
    /// `AWAITING_ACTION`, `IN_PROGRESS`, `SUCCEEDED`, `FAILED`, `TIMED_OUT`.
    pub status: String,
    /// When it times out.
    pub expires_at: Option<Timestamp>,
    /// What ECS does then.
    pub on_timeout: Option<HookAction>,
}

impl HookSeen {
    /// Whether somebody has to say how to go on.
    #[must_use]
    pub fn awaits_action(&self) -> bool {
        self.status == "AWAITING_ACTION"
    }
}

/// Tasks of one service revision in a service deployment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RevisionCounts {
    /// ARN of the service revision.
    pub arn: String,
    /// Tasks asked for.
    pub requested: u32,
    /// Tasks in RUNNING.
    pub running: u32,
    /// Tasks on their way.
    pub pending: u32,
    /// Share of production traffic that it is to have, where traffic moves.
    pub production: Option<Weight>,
    /// Share of test traffic that it is to have, where traffic moves.
    pub test: Option<Weight>,
}

/// A rollback inside a service deployment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RollbackSeen {
    /// ECS's words.
    pub reason: String,
    /// Revision that comes back.
    pub revision: Option<String>,
}

/// What the circuit breaker counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BreakerCount {
    /// `TRIGGERED`, `MONITORING`, `MONITORING_COMPLETE`, `DISABLED`.
    pub status: String,
    /// Failures so far.
    pub failures: u32,
    /// Failures at which it trips.
    pub threshold: u32,
}

/// A service revision as DescribeServiceRevisions shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RevisionSeen {
    /// Its ARN.
    pub arn: String,
    /// ARN of its task definition.
    pub task_definition: String,
    /// Container name, image, digest.
    pub images: Vec<(String, String, Option<String>)>,
}

/// A task as DescribeTasks shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskSeen {
    /// Its ARN.
    pub arn: String,
    /// ARN of its task definition.
    pub task_definition: String,
    /// `ecs-svc/…` of the deployment that started it.
    pub started_by: String,
    /// PROVISIONING … STOPPED.
    pub last_status: String,
    /// RUNNING or STOPPED.
    pub desired_status: String,
    /// HEALTHY, UNHEALTHY or UNKNOWN.
    pub health: String,
    /// Why it stopped, as a code (ecs-facts section 10).
    pub stop_code: Option<String>,
    /// Why it stopped, in ECS's words.
    pub stopped_reason: Option<String>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When it began to pull its images.
    pub pull_started_at: Option<Timestamp>,
    /// When it had them.
    pub pull_stopped_at: Option<Timestamp>,
    /// When it came to RUNNING.
    pub started_at: Option<Timestamp>,
    /// When it was told to stop, or ended by itself.
    pub stopping_at: Option<Timestamp>,
    /// When its containers ended.
    pub execution_stopped_at: Option<Timestamp>,
    /// When it stopped.
    pub stopped_at: Option<Timestamp>,
    /// Its containers.
    pub containers: Vec<ContainerSeen>,
}

/// A container of a task.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContainerSeen {
    /// Its name.
    pub name: String,
    /// Image as the task definition names it.
    pub image: String,
    /// Digest that runs.
    pub image_digest: Option<Digest>,
    /// Exit code, when it ended.
    pub exit_code: Option<i32>,
    /// The agent's or Fargate's words.
    pub reason: Option<String>,
}

/// Where a container's lines are kept by CloudWatch Logs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogStream {
    /// The task, as findings name it.
    pub task: String,
    /// The log group.
    pub group: String,
    /// The region, when it is said.
    pub region: Option<String>,
    /// The stream.
    pub stream: String,
}

/// A scalable target of Application Auto Scaling.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScalingSeen {
    /// Lowest desired count.
    pub min: u32,
    /// Highest desired count.
    pub max: u32,
    /// What is suspended.
    pub suspended: ScalingFlags,
}

/// Who AWS says we are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallerSeen {
    /// Account number.
    pub account: String,
    /// ARN of the session.
    pub arn: String,
}
