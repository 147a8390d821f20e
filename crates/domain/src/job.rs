//! A job: the unit that is queued, leased and run by one agent.

use crate::checkpoint::Checkpoint;
use crate::gate::When;
use crate::hook::{Hook, HookAnswer};
use crate::ids::{AgentId, Attempt, Digest, Incarnation, JobId, ReleaseId, Target};
use crate::time::Timestamp;
use crate::verdict::{Finding, Verdict};

/// A job with all that must survive a restart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// What it does.
    pub kind: JobKind,
    /// Jobs of the same release (by index) that must have succeeded before it may start.
    pub needs: Vec<u32>,
    /// Where it stands.
    pub state: JobState,
    /// The newest attempt, 0 before the first grant.
    pub attempt: Attempt,
    /// Grants in a row that ended without any progress (declined ones do not count).
    pub fruitless: u32,
    /// What attempts noted before and after they changed something, in order.
    pub checkpoints: Vec<Checkpoint>,
    /// When its first attempt began, [`Timestamp::ZERO`] before; its timeout runs from here.
    pub started_at: Timestamp,
    /// Since when it waits in its present state.
    pub since: Timestamp,
    /// Whether it must not run on: set by cancel and by folding.
    pub stop: Option<StopReason>,
    /// Hooks of its deployment that wait for an answer as last reported, and the last that have one.
    pub hooks: Vec<Hook>,
}

impl Job {
    /// What people have answered to hooks of its deployment.
    pub fn answers(&self) -> impl Iterator<Item = &HookAnswer> {
        self.hooks.iter().filter_map(|hook| hook.answer.as_ref())
    }
}

/// What a job does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobKind {
    /// Gives the release its image: builds and pushes it, or finds it, and makes sure that all
    /// targets can pull it.
    Build,
    /// Changes one target.
    Rollout {
        /// The target.
        target: Target,
        /// Its wave.
        wave: u32,
    },
    /// Pays the debt of a target.
    Settle {
        /// The target.
        target: Target,
    },
    /// Runs a one-off task for a target, before or after its rollout.
    Task {
        /// The target.
        target: Target,
        /// Its wave.
        wave: u32,
        /// Before or after.
        when: When,
    },
}

impl JobKind {
    /// The target that the job changes, whose slot it needs.
    #[must_use]
    pub const fn target(&self) -> Option<&Target> {
        match self {
            Self::Build => None,
            Self::Rollout { target, .. } | Self::Settle { target } | Self::Task { target, .. } => {
                Some(target)
            }
        }
    }

    /// The wave that it belongs to, if it belongs to one.
    #[must_use]
    pub const fn wave(&self) -> Option<u32> {
        match self {
            Self::Rollout { wave, .. } | Self::Task { wave, .. } => Some(*wave),
            Self::Build | Self::Settle { .. } => None,
        }
    }

    /// Before or after the rollout, when it is the task of a gate.
    #[must_use]
    pub const fn when(&self) -> Option<When> {
        match self {
            Self::Task { when, .. } => Some(*when),
            Self::Build | Self::Rollout { .. } | Self::Settle { .. } => None,
        }
    }

    /// The word for it.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Build => "build",
            Self::Rollout { .. } => "rollout",
            Self::Settle { .. } => "settle",
            Self::Task { .. } => "task",
        }
    }
}

/// Where a job stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobState {
    /// Not granted; it may be runnable or not.
    Queued {
        /// Not to be offered before this time (after a failed delivery, or while it rests).
        not_before: Timestamp,
        /// The report with which it rests, when it is only observed again (`unknown`, `stuck`).
        resting: Option<Box<RolloutReport>>,
    },
    /// An agent has it.
    Granted(Grant),
    /// It has ended, once and for all.
    Ended(Outcome),
}

/// An agent's hold on a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The agent.
    pub agent: AgentId,
    /// The life of the agent that got it.
    pub incarnation: Incarnation,
    /// Until when the attempt may act unless it renews. Kept in memory; a restarted coordinator
    /// grants one full lease of grace.
    pub lease_until: Timestamp,
    /// Whether the agent has accepted the offer.
    pub accepted: bool,
    /// Whether this attempt has reported progress.
    pub progressed: bool,
}

/// Why a job must not run on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// Somebody cancelled the release.
    Cancelled {
        /// Who.
        by: String,
        /// Why, as they said; may be empty.
        reason: String,
    },
    /// A newer release folded this one.
    Folded {
        /// The newer release.
        by: ReleaseId,
    },
    /// A rollback asks the rollout that it undoes to go back.
    Undone {
        /// The rollback.
        by: ReleaseId,
    },
}

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A build that gave its image.
    Built(BuiltImage),
    /// A rollout that came to a verdict, final or not; of the task of a gate only one that is not.
    RolledOut(RolloutReport),
    /// The debt is paid (or proved to be none).
    Settled {
        /// What was found and done, in plain words.
        what: String,
    },
    /// It failed for this cause.
    Failed(Finding),
    /// It was stopped before it changed anything.
    Stopped(StopReason),
    /// It never started, because a job that it needs did not succeed.
    Skipped {
        /// The job it needed.
        needed: JobId,
    },
    /// The task of a gate ended with exit code 0.
    Ran(TaskRun),
}

impl Outcome {
    /// The verdict that this outcome means for its release.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        match self {
            Self::Built(_) | Self::Settled { .. } | Self::Ran(_) => Verdict::Live,
            Self::RolledOut(report) => report.verdict,
            Self::Failed(_) => Verdict::Failed,
            Self::Stopped(StopReason::Cancelled { .. } | StopReason::Undone { .. }) => {
                Verdict::Cancelled
            }
            Self::Stopped(StopReason::Folded { .. }) => Verdict::Superseded,
            // The job that was needed carries the cause; this one was not started.
            Self::Skipped { .. } => Verdict::Live,
        }
    }

    /// Whether jobs that need this one may start.
    #[must_use]
    pub const fn succeeded(&self) -> bool {
        match self {
            Self::Built(_) | Self::Settled { .. } | Self::Ran(_) => true,
            Self::RolledOut(report) => matches!(report.verdict, Verdict::Live),
            Self::Failed(_) | Self::Stopped(_) | Self::Skipped { .. } => false,
        }
    }
}

/// The image of a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuiltImage {
    /// `host/repository` without tag or digest.
    pub name: String,
    /// Digest that was pushed: what task definitions name.
    pub digest: Digest,
    /// Every digest that a running task may report for it: the pushed one, and the platform
    /// manifests when it is an index.
    pub accepted: Vec<Digest>,
    /// Who made it: `docker`, `layers`, or `found` when it was there already.
    pub builder: String,
    /// Tags set by the build.
    pub tags: Vec<String>,
    /// Bytes sent to the registry.
    pub bytes_pushed: u64,
    /// Whether an image of the same content was found, so that nothing was built.
    pub reused: bool,
    /// With what its scan passed the gate of the release, in a few words; `None` without a gate.
    pub scan: Option<String>,
}

impl BuiltImage {
    /// The reference that a task definition names: `host/repository@sha256:…`.
    #[must_use]
    pub fn reference(&self) -> String {
        format!("{}@{}", self.name, self.digest)
    }
}

/// The task of a gate that has done its work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskRun {
    /// Its ARN.
    pub task: String,
    /// ARN of its task definition.
    pub task_definition: String,
    /// Digest of the release's image, which it ran.
    pub image_digest: Digest,
    /// How long its containers ran, in milliseconds.
    pub millis: u64,
}

/// How a rollout stands, with what proves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RolloutReport {
    /// The verdict.
    pub verdict: Verdict,
    /// Whether nothing had to be changed.
    pub unchanged: bool,
    /// One sentence for people: what is true in AWS now.
    pub summary: String,
    /// Digest that the release wants to serve.
    pub image_digest: Option<Digest>,
    /// Task definition of this job (or, unchanged, the one that runs).
    pub task_definition: Option<String>,
    /// Task definition that serves now, as far as seen.
    pub serving: Option<String>,
    /// The service deployment that this job started.
    pub service_deployment: Option<String>,
    /// Tasks running at the end.
    pub running: u32,
    /// Tasks desired at the end.
    pub desired: u32,
    /// Causes, most likely first.
    pub findings: Vec<Finding>,
}

impl RolloutReport {
    /// Of a rollout of which nothing is seen.
    #[must_use]
    pub const fn unseen(verdict: Verdict, summary: String, findings: Vec<Finding>) -> Self {
        Self {
            verdict,
            unchanged: false,
            summary,
            image_digest: None,
            task_definition: None,
            serving: None,
            service_deployment: None,
            running: 0,
            desired: 0,
            findings,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{JobKind, When};

    #[test]
    fn kinds_of_jobs_are_called_as_on_the_wire() {
        let target: crate::ids::Target =
            "111122223333/eu-west-1/main/web".parse().expect("a target");
        let rollout = JobKind::Rollout {
            target: target.clone(),
            wave: 0,
        };
        let settle = JobKind::Settle {
            target: target.clone(),
        };
        let task = JobKind::Task {
            target,
            wave: 0,
            when: When::Before,
        };
        assert_eq!(
            [&JobKind::Build, &rollout, &settle, &task].map(JobKind::as_str),
            ["build", "rollout", "settle", "task"]
        );
    }
}
