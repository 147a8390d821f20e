//! Facts: what was told, what became durable, and what AWS shows.

use crate::agent::Held;
use crate::change::Change;
use crate::checkpoint::{Checkpoint, ScalingFlags};
use crate::ids::{Digest, IdempotencyKey, ReleaseId, Target};
use crate::observe::ServiceDeploymentStatus;
use crate::time::Timestamp;

/// Something that happened and can be seen from outside.
///
/// Facts are told in the order in which they happened, as far as it is known. Who reads records and logs
/// only afterwards tells what is durable first ([`Fact::Committed`], in one piece), then what AWS shows,
/// then what people were told.
///
/// All times are of the coordinator's clock: whoever has AWS on another clock (a simulator whose time
/// runs faster) translates.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// A submitter was told that its submission is this release.
    Acknowledged {
        /// The submitter's key.
        key: IdempotencyKey,
        /// Digest of what was submitted.
        content: Digest,
        /// The release that the answer named.
        release: ReleaseId,
    },
    /// These changes became durable, all together: one commit, or several in one piece.
    Committed(Vec<Change>),
    /// The coordinator came back, and this is what its store holds: every release, every job of those
    /// that have not ended, and every target. It may be ahead of what was told as committed.
    Reopened(Vec<Change>),
    /// An agent was told that this note of its attempt is durable.
    NoteKept {
        /// Job and attempt.
        held: Held,
        /// The note.
        note: Checkpoint,
    },
    /// An agent was told that the end of its attempt is durable.
    EndKept {
        /// Job and attempt.
        held: Held,
    },
    /// A call changed something in AWS, as AWS's own log shows it. Calls that AWS refused are no facts.
    Mutated(Mutation),
    /// Flags of auto scaling, as AWS shows them.
    Flags(FlagsShown),
    /// A service deployment, as ECS shows it; told again when its status changes.
    Deployment(DeploymentShown),
    /// A watcher saw an event. Its name stays the same when it reconnects.
    Watched {
        /// Name of the watcher.
        watcher: String,
        /// The release.
        release: ReleaseId,
        /// Number of the event.
        seq: u64,
    },
    /// A watcher has gone for good: it need not see the rest.
    Unwatched {
        /// Name of the watcher.
        watcher: String,
        /// The release.
        release: ReleaseId,
    },
}

/// A call that changed something in AWS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mutation {
    /// When it took effect.
    pub at: Timestamp,
    /// The service that it changed; `None` for calls that change none (RegisterTaskDefinition,
    /// CreateRepository).
    pub target: Option<Target>,
    /// What it did.
    pub operation: Operation,
    /// Job and attempt in whose role session it was made; `None` for somebody else's.
    pub by: Option<Held>,
}

/// What a call did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `ecr:CreateRepository`.
    CreateRepository,
    /// `ecs:RegisterTaskDefinition`.
    RegisterTaskDefinition,
    /// `application-autoscaling:RegisterScalableTarget`: the flags that it set, when the log says which.
    SetScaling {
        /// The flags after it.
        flags: Option<ScalingFlags>,
    },
    /// `ecs:UpdateService`.
    UpdateService {
        /// ARN of the task definition that it named, when the log says which.
        task_definition: Option<String>,
    },
    /// `ecs:StopServiceDeployment`.
    StopServiceDeployment,
    /// `ecs:ContinueServiceDeployment`.
    ContinueServiceDeployment,
    /// Any other call that changes something; only who made it is looked at.
    Other(String),
}

impl Operation {
    /// Its name as in AWS's log.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::CreateRepository => "CreateRepository",
            Self::RegisterTaskDefinition => "RegisterTaskDefinition",
            Self::SetScaling { .. } => "RegisterScalableTarget",
            Self::UpdateService { .. } => "UpdateService",
            Self::StopServiceDeployment => "StopServiceDeployment",
            Self::ContinueServiceDeployment => "ContinueServiceDeployment",
            Self::Other(name) => name,
        }
    }
}

/// Flags of auto scaling of a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlagsShown {
    /// Since when they stand (or when they were looked at).
    pub at: Timestamp,
    /// The target.
    pub target: Target,
    /// The flags.
    pub flags: ScalingFlags,
    /// The attempt that set them; `None` for somebody else, and for how they were at first.
    pub by: Option<Held>,
}

/// A service deployment of ECS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeploymentShown {
    /// When it came to this status.
    pub at: Timestamp,
    /// The target.
    pub target: Target,
    /// Its ARN.
    pub arn: String,
    /// When ECS made it.
    pub created_at: Timestamp,
    /// ARN of the task definition of its target revision.
    pub task_definition: String,
    /// Digests that its running tasks report at `at`; empty when none runs or nobody looked.
    pub digests: Vec<Digest>,
    /// Its status.
    pub status: ServiceDeploymentStatus,
}
