//! What a planner asks for, and what comes back.

use std::time::Duration;

use crate::checkpoint::{Checkpoint, ScalingFlags};
use crate::event::Step;
use crate::hook::HookAction;
use crate::job::Outcome;
use crate::observe::{
    BreakerSeen, CallerSeen, LogStream, RevisionSeen, ScalingSeen, ServiceDeploymentSeen,
    ServiceSeen, TaskSeen,
};
use crate::revisions::TaggedRevision;
use crate::surroundings::TargetHealth;
use crate::time::Timestamp;

/// The next thing.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// Do this, and tell what was seen.
    Do(Action),
    /// Make this note durable, then tell.
    Note(Checkpoint),
    /// Wait until then, then ask again; the reason is for people.
    Wait {
        /// Until when.
        until: Timestamp,
        /// Why, in plain words.
        reason: String,
    },
    /// The job has come to this outcome.
    End(Box<Outcome>),
}

/// Something that the agent does through the platform.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Ask who we are.
    CheckIdentity,
    /// Describe the service.
    DescribeService,
    /// Describe a task definition, with tags.
    DescribeTaskDefinition {
        /// Its ARN.
        task_definition: String,
    },
    /// Search the newest revisions of a family for one with this tag.
    FindRevision {
        /// The family.
        family: String,
        /// Key and value of the tag.
        tag: (String, String),
    },
    /// Register this task definition. Changes AWS.
    Register {
        /// Input of RegisterTaskDefinition as JSON.
        json: String,
    },
    /// Describe the scalable target.
    DescribeScaling {
        /// Whether it is to be put back, or to be suspended.
        resume: bool,
    },
    /// Set the three flags. Changes AWS.
    SetScaling {
        /// The flags.
        flags: ScalingFlags,
        /// Whether they suspend or put back: decides which step it belongs to.
        resume: bool,
    },
    /// Send UpdateService. Changes AWS.
    Update(Update),
    /// List the service's deployments since then.
    ListDeployments {
        /// Not older than this.
        since: Timestamp,
    },
    /// Describe a service revision.
    DescribeRevision {
        /// Its ARN.
        revision: String,
    },
    /// Take part in the next common poll.
    Follow {
        /// The service deployment; `None` looks at the service alone.
        service_deployment: Option<String>,
        /// Whether the service must be looked at, too.
        with_service: bool,
    },
    /// Running tasks of the service.
    RunningTasks,
    /// Tasks of the service while its deployment is under way, for people who follow it: it decides nothing.
    WatchTasks {
        /// Those that are not wanted any more, instead of those that are.
        leaving: bool,
    },
    /// What is in these target groups, while new tasks wait for the load balancer: it decides nothing.
    WatchTargets {
        /// Their ARNs.
        groups: Vec<String>,
    },
    /// Tasks of the service that stopped in the last hour.
    StoppedTasks {
        /// Whether the deployment is still under way: then the look is a part of following it.
        under_way: bool,
    },
    /// The last lines of a container that has died.
    LastWords(LogStream),
    /// StopServiceDeployment with rollback. Changes AWS.
    StopDeployment {
        /// The service deployment.
        service_deployment: String,
    },
    /// Put the moving tags on the image. Changes AWS.
    PutTags {
        /// The tags.
        tags: Vec<String>,
    },
    /// Run a one-off task. Changes AWS.
    RunTask(RunTask),
    /// Search for the task that was started under this name, among those of the last hour.
    FindTask {
        /// Its `startedBy`.
        started_by: String,
        /// Family of its task definition.
        family: String,
    },
    /// Look at one task.
    DescribeTask {
        /// Its ARN.
        task: String,
    },
    /// Stop a task. Changes AWS.
    StopTask {
        /// Its ARN.
        task: String,
        /// Why, for people.
        reason: String,
    },
    /// Read on in a container's output.
    ReadLog {
        /// Where it is.
        stream: LogStream,
        /// Behind what was read last; `None` reads from the beginning.
        after: Option<String>,
    },
    /// ContinueServiceDeployment: answer a hook. Changes AWS.
    Continue {
        /// The service deployment.
        service_deployment: String,
        /// ECS's id of the run of the hook.
        hook: String,
        /// What was answered.
        action: HookAction,
    },
    /// The newest active revisions of a family with their tags.
    FamilyRevisions {
        /// The family.
        family: String,
        /// So many at most.
        limit: u32,
    },
    /// Deregister a revision. Changes AWS.
    Deregister {
        /// Its ARN.
        task_definition: String,
    },
}

impl Action {
    /// The step that people see it as.
    #[must_use]
    pub const fn step(&self) -> Step {
        match self {
            Self::CheckIdentity => Step::Identity,
            Self::DescribeService => Step::Observe,
            Self::DescribeTaskDefinition { .. } => Step::Render,
            Self::FindRevision { .. } | Self::Register { .. } => Step::Register,
            Self::DescribeScaling { resume: false } | Self::SetScaling { resume: false, .. } => {
                Step::SuspendScaling
            }
            Self::DescribeScaling { resume: true } | Self::SetScaling { resume: true, .. } => {
                Step::ResumeScaling
            }
            Self::Update(_) => Step::Update,
            Self::ListDeployments { .. }
            | Self::DescribeRevision { .. }
            | Self::Follow { .. }
            | Self::WatchTasks { .. }
            | Self::WatchTargets { .. }
            | Self::StoppedTasks { under_way: true } => Step::Follow,
            Self::RunningTasks | Self::StoppedTasks { under_way: false } | Self::LastWords(_) => {
                Step::Verify
            }
            Self::StopDeployment { .. } | Self::StopTask { .. } => Step::Stop,
            Self::PutTags { .. } => Step::Tags,
            Self::RunTask(_)
            | Self::FindTask { .. }
            | Self::DescribeTask { .. }
            | Self::ReadLog { .. } => Step::RunTask,
            Self::Continue { .. } => Step::Answer,
            Self::FamilyRevisions { .. } | Self::Deregister { .. } => Step::Clean,
        }
    }

    /// Whether it changes something in AWS: not to be sent past the attempt's local deadline.
    #[must_use]
    pub const fn changes_aws(&self) -> bool {
        matches!(
            self,
            Self::Register { .. }
                | Self::SetScaling { .. }
                | Self::Update(_)
                | Self::StopDeployment { .. }
                | Self::PutTags { .. }
                | Self::RunTask(_)
                | Self::StopTask { .. }
                | Self::Continue { .. }
                | Self::Deregister { .. }
        )
    }
}

/// The members of UpdateService; a desired count is never among them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    /// ARN of the task definition.
    pub task_definition: String,
    /// `deploymentConfiguration` as the service has it, JSON; the next members replace theirs.
    pub base_configuration: String,
    /// Whether that is left as it is: of a service that is not rolling, where ECS takes neither bounds nor breaker.
    pub keeps_configuration: bool,
    /// Lower bound in percent.
    pub minimum_healthy_percent: u32,
    /// Upper bound in percent.
    pub maximum_percent: u32,
    /// The breaker.
    pub breaker: BreakerSeen,
    /// Grace period; `None` leaves it.
    pub health_check_grace_period: Option<Duration>,
    /// Ask for a new deployment even if ECS sees no difference.
    pub force: bool,
}

/// The members of RunTask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunTask {
    /// ARN of the task definition.
    pub task_definition: String,
    /// Network and capacity, as the service has them ([`ServiceSeen::launch`]).
    pub launch: String,
    /// Client token and `startedBy`.
    pub token: String,
    /// Container that gets the next two.
    pub container: String,
    /// Its command.
    pub command: Vec<String>,
    /// Environment beside its own.
    pub environment: Vec<(String, String)>,
}

/// What came of an action.
#[derive(Clone, Debug, PartialEq)]
pub enum Saw {
    /// Who we are.
    Caller(CallerSeen),
    /// The service; `None` when it does not exist.
    Service(Option<Box<ServiceSeen>>),
    /// A task definition.
    TaskDefinition {
        /// Its JSON as it came; `None` when it does not exist.
        json: Option<String>,
        /// Its tags.
        tags: Vec<(String, String)>,
    },
    /// The revision that was searched for.
    FoundRevision(Option<String>),
    /// The ARN of the registered revision.
    Registered(String),
    /// The scalable target; `None` when there is none.
    Scaling(Option<ScalingSeen>),
    /// The flags are set.
    ScalingSet(ScalingFlags),
    /// UpdateService was answered with this.
    Updated(Box<ServiceSeen>),
    /// Service deployments, newest first.
    Deployments(Vec<ServiceDeploymentSeen>),
    /// A service revision.
    Revision(Option<RevisionSeen>),
    /// A common poll.
    Polled {
        /// The deployment that is followed; `None` when ECS does not know it any more.
        deployment: Option<Box<ServiceDeploymentSeen>>,
        /// The service, when it was looked at.
        service: Option<Box<ServiceSeen>>,
        /// Whether it was looked at and is gone.
        service_missing: bool,
    },
    /// Running tasks.
    RunningTasks(Vec<TaskSeen>),
    /// Stopped tasks.
    StoppedTasks(Vec<TaskSeen>),
    /// Target groups by ARN, and what is in them.
    Targets(Vec<(String, Vec<TargetHealth>)>),
    /// Lines of a log, oldest first.
    Lines(Vec<String>),
    /// ECS took the request to stop.
    StopAsked,
    /// The tags are set; those that could not be, with the reason.
    Tagged(Vec<(String, String)>),
    /// RunTask was answered.
    TaskRun {
        /// ARN of the task that runs, if one does.
        task: Option<String>,
        /// Why ECS found no place for it.
        refused: Vec<String>,
    },
    /// A task; `None` when ECS does not show it.
    Task(Option<Box<TaskSeen>>),
    /// ECS took the request to stop a task.
    TaskStopAsked,
    /// New lines of output, oldest first.
    Log {
        /// The lines.
        lines: Vec<String>,
        /// Where to read on.
        after: Option<String>,
    },
    /// Revisions with their tags.
    FamilyRevisions(Vec<TaggedRevision>),
    /// The revision is deregistered.
    Deregistered,
    /// The call failed.
    Failed(CallFailed),
    /// ECS took the answer to a hook.
    Continued,
}

/// A failed call, in the classes that the planner acts upon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallFailed {
    /// Service and operation, as `ecs:UpdateService`.
    pub call: String,
    /// What it means.
    pub kind: FailureKind,
    /// The platform's words.
    pub message: String,
}

/// What a failed call means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// It did not happen; the same may work later.
    Passing,
    /// It may have happened: look before doing it again.
    Uncertain,
    /// Credentials are missing, expired, or of another account.
    Credentials,
    /// A policy forbids it.
    Denied,
    /// What it names does not exist.
    NotFound,
    /// What it names is not in a state for it.
    Conflict,
    /// The request will stay wrong.
    Invalid,
}

#[cfg(test)]
mod tests {
    use super::{Action, HookAction};
    use crate::checkpoint::ScalingFlags;

    #[test]
    fn what_changes_aws_is_told_from_what_only_looks() {
        let changes = [
            Action::Register {
                json: String::new(),
            },
            Action::SetScaling {
                flags: ScalingFlags::ALL,
                resume: false,
            },
            Action::StopDeployment {
                service_deployment: String::new(),
            },
            Action::PutTags { tags: Vec::new() },
            Action::Continue {
                service_deployment: String::new(),
                hook: String::new(),
                action: HookAction::Continue,
            },
            Action::Deregister {
                task_definition: String::new(),
            },
        ];
        assert!(changes.iter().all(Action::changes_aws));
        let looks = [
            Action::CheckIdentity,
            Action::DescribeService,
            Action::DescribeScaling { resume: true },
            Action::RunningTasks,
            Action::WatchTasks { leaving: false },
            Action::StoppedTasks { under_way: true },
        ];
        assert!(!looks.iter().any(Action::changes_aws));
    }
}
