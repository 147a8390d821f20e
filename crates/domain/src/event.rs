//! What happens to a release, as watchers see it: one gapless sequence per release.

mod life;
mod tasks;
mod waited;
mod words;

pub use life::{Mark, TaskLife};
pub use tasks::{Phase, PhaseKind, Stage, TaskCounts, TaskStates};
pub use waited::{WAITS, Waited};
pub use words::in_plain_words;

use crate::hook::HookAnswer;
use crate::ids::{AgentId, Attempt, ReleaseId};
use crate::job::Outcome;
use crate::time::Timestamp;
use crate::verdict::Verdict;

/// One event of a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Number within the release, from 1, without gaps.
    pub seq: u64,
    /// When the coordinator recorded it; of progress, when it happened by the agent's word, in the
    /// coordinator's time: not before the grant, and not after it was recorded.
    pub at: Timestamp,
    /// Index of the job it is about, if it is about one.
    pub job: Option<u32>,
    /// What happened.
    pub kind: EventKind,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// The release was taken in.
    Submitted {
        /// Who submitted it.
        by: String,
    },
    /// A newer release took its place before it had changed anything.
    Folded {
        /// The newer one.
        by: ReleaseId,
    },
    /// Somebody asked for its end.
    CancelAsked {
        /// Who.
        by: String,
        /// Why, as they said; may be empty.
        reason: String,
    },
    /// An agent got the job.
    Granted {
        /// The agent.
        agent: AgentId,
        /// The attempt.
        attempt: Attempt,
    },
    /// The job came back into the queue.
    Returned {
        /// Why.
        reason: String,
    },
    /// The job reported something.
    Progress(Progress),
    /// The job rests: it is not finished, and will be looked at again.
    Rested {
        /// `Unknown` or `Stuck`.
        verdict: Verdict,
        /// What is known, for people.
        summary: String,
    },
    /// The job ended.
    JobEnded(Outcome),
    /// The release ended.
    Ended {
        /// Its verdict.
        verdict: Verdict,
    },
    /// Somebody answered a hook that paused the job's deployment.
    HookAnswered {
        /// The stage that it paused.
        stage: String,
        /// Who, what and why.
        answer: HookAnswer,
    },
    /// The job has waited for more than a moment, for these reasons one after the other; what follows is
    /// its grant, or its end.
    Waited(Vec<Waited>),
}

/// Progress with the time at which it happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// When, in the coordinator's time as the agent knows it; `None` when the agent does not say.
    pub at: Option<Timestamp>,
    /// What happened.
    pub what: Progress,
}

impl From<Progress> for Told {
    fn from(what: Progress) -> Self {
        Self { at: None, what }
    }
}

/// What a job reports while it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// A step began.
    StepStarted {
        /// The step.
        step: Step,
        /// Its number among the steps of the attempt, from 1; 0 when the agent does not say.
        number: u32,
    },
    /// A step ended.
    StepEnded {
        /// The step.
        step: Step,
        /// Its number, as when it began.
        number: u32,
        /// How.
        result: StepResult,
        /// What it gave, in a few words ("11 of 14 layers cached"); may be empty.
        detail: String,
    },
    /// How the tasks of the service stand.
    Tasks(TaskCounts),
    /// ECS said something about the service.
    ServiceEvent {
        /// When, by ECS's clock.
        at: Timestamp,
        /// Its words.
        message: String,
    },
    /// Something worth knowing.
    Note {
        /// How much it matters.
        level: NoteLevel,
        /// In plain words.
        text: String,
    },
    /// What is known of the life of a task.
    Task(Box<TaskLife>),
}

/// The parts of jobs that people see and traces show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Find the credentials of the account.
    Account,
    /// Ask AWS who we are, before the first write.
    Identity,
    /// Find or create the repository, check tags and policy.
    Repository,
    /// Get the source.
    Source,
    /// Build the image.
    Build,
    /// Push it.
    Push,
    /// See that the image is really there.
    CheckImage,
    /// Hold what its scan found against the gate.
    Scan,
    /// Look at the service as it is.
    Observe,
    /// Make the task definition and compare it.
    Render,
    /// Register a revision.
    Register,
    /// Suspend auto scaling.
    SuspendScaling,
    /// Send UpdateService.
    Update,
    /// Follow our service deployment to its end.
    Follow,
    /// Ask ECS to stop with rollback.
    Stop,
    /// Compare the digests of the running tasks.
    Verify,
    /// Set the moving tags.
    Tags,
    /// Put auto scaling back.
    ResumeScaling,
    /// Run the task of a gate to its end.
    RunTask,
    /// Hand a person's answer to a hook on to ECS.
    Answer,
    /// Deregister revisions of no use.
    Clean,
}

impl Step {
    /// All steps in their usual order.
    pub const ALL: [Self; 21] = [
        Self::Account,
        Self::Identity,
        Self::Repository,
        Self::Source,
        Self::Build,
        Self::Push,
        Self::CheckImage,
        Self::Scan,
        Self::Observe,
        Self::Render,
        Self::Register,
        Self::SuspendScaling,
        Self::Update,
        Self::Follow,
        Self::Stop,
        Self::Verify,
        Self::Tags,
        Self::ResumeScaling,
        Self::RunTask,
        Self::Answer,
        Self::Clean,
    ];

    /// The word for it in output, JSON and traces.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Identity => "identity",
            Self::Repository => "repository",
            Self::Source => "source",
            Self::Build => "build",
            Self::Push => "push",
            Self::CheckImage => "check-image",
            Self::Scan => "scan",
            Self::Observe => "observe",
            Self::Render => "render",
            Self::Register => "register",
            Self::SuspendScaling => "suspend-scaling",
            Self::Update => "update",
            Self::Follow => "follow",
            Self::Stop => "stop",
            Self::Verify => "verify",
            Self::Tags => "tags",
            Self::ResumeScaling => "resume-scaling",
            Self::RunTask => "run-task",
            Self::Answer => "answer",
            Self::Clean => "clean",
        }
    }

    /// The step with this word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.as_str() == word)
    }
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepResult {
    /// It did its work.
    Done,
    /// There was nothing to do.
    Skipped,
    /// It failed; the job's outcome says why.
    Failed,
}

impl StepResult {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
        }
    }
}

/// How much a note matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoteLevel {
    /// Good to know.
    Info,
    /// Something recovered by itself, or may hurt later.
    Warning,
}

#[cfg(test)]
mod tests {
    use super::Step;

    #[test]
    fn every_step_is_read_by_its_word_and_no_other_word_is_one() {
        let words: std::collections::BTreeSet<&str> = Step::ALL.map(Step::as_str).into();
        assert_eq!(words.len(), Step::ALL.len(), "each its own");
        assert!(words.contains("suspend-scaling"));
        for step in Step::ALL {
            assert_eq!(Step::parse(step.as_str()), Some(step));
        }
        assert_eq!(Step::parse("deploy"), None);
        assert_eq!(Step::parse(""), None);
    }
}
