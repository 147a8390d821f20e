//! What is kept of a target for ever: who changes it, what it is owed, what was proven there.

use crate::checkpoint::ScalingFlags;
use crate::ids::{AppName, Digest, EnvName, JobId, ReleaseId, Target};
use crate::time::Timestamp;

/// The record of a target; never pruned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetRecord {
    /// The target.
    pub target: Target,
    /// The job that holds the slot: at most one job may change the target.
    pub slot: Option<JobId>,
    /// What must be put back there.
    pub debt: Option<Debt>,
    /// What was last proven live there.
    pub proven: Option<Proven>,
}

/// Something that must be put back whatever happens to the job that left it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Debt {
    /// The job whose intent made it.
    pub by: JobId,
    /// The flags of auto scaling as they were before the first suspension.
    pub before: ScalingFlags,
    /// Since when.
    pub since: Timestamp,
}

/// A release that was proven live on a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    /// The release.
    pub release: ReleaseId,
    /// Its app.
    pub app: AppName,
    /// Its environment.
    pub env: EnvName,
    /// The digest that served.
    pub image_digest: Digest,
    /// The task definition that served.
    pub task_definition: String,
    /// When that was seen.
    pub at: Timestamp,
    /// Whether a deploy brought it; else a rollback, or a version that did not say so.
    pub deploy: bool,
}
