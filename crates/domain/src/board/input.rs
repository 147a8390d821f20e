//! What the board is told, what it answers with, and what it refuses.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::answer::{Answered, Answering};
use crate::agent::{AgentDescription, Held};
use crate::change::Change;
use crate::checkpoint::{Checkpoint, ScalingFlags};
use crate::event::Told;
use crate::history::Retention;
use crate::hook::HookAnswer;
use crate::ids::{AgentId, Attempt, Digest, IdempotencyKey, Incarnation, JobId, ReleaseId, Target};
use crate::job::{BuiltImage, Job, Outcome, StopReason};
use crate::spec::ReleaseSpec;
use crate::time::Timestamp;

/// Something that the board decides about.
#[derive(Clone, Debug)]
pub enum Input {
    /// Take in a release.
    Submit(Submission),
    /// End a release.
    Cancel {
        /// The release.
        release: ReleaseId,
        /// Who asks.
        by: String,
        /// Why; may be empty.
        reason: String,
    },
    /// An agent introduces itself.
    Hello {
        /// The agent.
        agent: AgentDescription,
        /// What it still holds.
        holds: Vec<Held>,
        /// An earlier life of the same id that is proved dead.
        predecessor: Option<Incarnation>,
    },
    /// The connection of an agent ended without a goodbye.
    Lost {
        /// The agent.
        agent: AgentId,
        /// Its life.
        incarnation: Incarnation,
    },
    /// An agent takes nothing new.
    Draining {
        /// The agent.
        agent: AgentId,
        /// Its life.
        incarnation: Incarnation,
    },
    /// An agent leaves and gives back what it holds.
    Goodbye {
        /// The agent.
        agent: AgentId,
        /// Its life.
        incarnation: Incarnation,
    },
    /// A message of an attempt about its job.
    Report {
        /// The agent.
        agent: AgentId,
        /// Its life.
        incarnation: Incarnation,
        /// Job and attempt.
        held: Held,
        /// What it says.
        report: Report,
    },
    /// Time has passed.
    Tick,
    /// Answer hooks that pause a deployment of a release.
    Answer(Answering),
}

/// A submission with what the shell adds to it.
#[derive(Clone, Debug)]
pub struct Submission {
    /// What is asked for.
    pub spec: Arc<ReleaseSpec>,
    /// Digest of what was submitted.
    pub content: Digest,
    /// The submitter's key.
    pub key: IdempotencyKey,
    /// Name of the submitter.
    pub submitter: String,
    /// W3C `traceparent`; empty without one.
    pub trace_parent: String,
    /// How long ago the command that submits it began; zero when it is not said.
    pub began_ago: Duration,
    /// What it is made from, for people.
    pub title: String,
}

/// What an attempt says.
#[derive(Clone, Debug)]
pub enum Report {
    /// It takes the job.
    Accept,
    /// It does not take it.
    Decline {
        /// Why.
        reason: String,
    },
    /// Things that happened.
    Progress(Vec<Told>),
    /// A note that must be durable before the agent goes on.
    Checkpoint {
        /// The agent's own number for it, echoed.
        number: u64,
        /// The note.
        checkpoint: Checkpoint,
    },
    /// The end of the attempt.
    Finished(Outcome),
    /// A note or an end that the coordinator cannot read.
    Unreadable {
        /// What was wrong with it.
        what: String,
    },
}

/// What follows from an input.
#[derive(Clone, Debug, Default)]
pub struct Decision {
    /// Durable changes, in order.
    pub changes: Vec<Change>,
    /// Changes of what is only known while agents are connected.
    pub agents: Vec<AgentChange>,
    /// What to do once the changes are durable.
    pub effects: Vec<Effect>,
    /// The release that a submission made or found.
    pub release: Option<Submitted>,
    /// The hooks that an answer was given to.
    pub answered: Option<Answered>,
}

/// The answer to a submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submitted {
    /// The release.
    pub id: ReleaseId,
    /// Whether it was known already.
    pub existed: bool,
    /// Releases whose place it took.
    pub folded: Vec<ReleaseId>,
    /// When the command that submitted it began; `None` of one that was known already.
    pub began_at: Option<Timestamp>,
}

/// A change of the table of agents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AgentChange {
    /// It is there.
    Connected(Box<AgentDescription>),
    /// It is not there any more.
    Disconnected(AgentId),
    /// It takes nothing new.
    Draining(AgentId),
}

/// Something to do once the changes of the decision are durable.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Offer a job that was granted to an agent.
    Offer(Box<Offer>),
    /// Tell an agent that its job must not run on.
    Stop {
        /// The agent.
        agent: AgentId,
        /// The job.
        held: Held,
        /// Why.
        reason: StopReason,
    },
    /// Tell an agent that its attempt does not stand.
    Gone {
        /// The agent.
        agent: AgentId,
        /// The attempt.
        held: Held,
        /// Why.
        reason: String,
    },
    /// Tell an agent that its checkpoint is durable.
    CheckpointKept {
        /// The agent.
        agent: AgentId,
        /// The attempt.
        held: Held,
        /// The agent's number of the checkpoint.
        number: u64,
    },
    /// Tell an agent that its outcome is durable.
    FinishedKept {
        /// The agent.
        agent: AgentId,
        /// The attempt.
        held: Held,
    },
    /// Welcome an agent, with those of its holds that still stand.
    Welcome {
        /// The agent.
        agent: AgentId,
        /// What stands.
        keep: Vec<Held>,
    },
    /// Tell an agent what somebody answered to a hook of its job.
    Answer {
        /// The agent.
        agent: AgentId,
        /// The job.
        held: Held,
        /// The answer.
        answer: HookAnswer,
    },
}

/// A granted job with all that its agent needs.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The agent.
    pub agent: AgentId,
    /// The job, as granted.
    pub job: Job,
    /// The attempt.
    pub attempt: Attempt,
    /// What the release asks for.
    pub spec: Arc<ReleaseSpec>,
    /// The image, for rollouts.
    pub image: Option<BuiltImage>,
    /// W3C `traceparent` of the release's trace, its submitter's or its own.
    pub trace_parent: String,
    /// Who submitted the release.
    pub submitter: String,
    /// What the release is made from, for people.
    pub title: String,
    /// What is owed to the target.
    pub debt: Option<ScalingFlags>,
    /// Task definition that was last proven live on the target.
    pub proven: Option<String>,
    /// Since when the job was in the queue for this grant: all that it needs had ended.
    pub waited_since: Timestamp,
}

/// An input that is not possible, with the reason for whoever sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The key belongs to another submission.
    KeyTaken {
        /// The key.
        key: IdempotencyKey,
        /// The release that has it.
        release: ReleaseId,
    },
    /// The specification cannot be carried out.
    BadSpec {
        /// What is wrong and what would be right.
        problem: String,
    },
    /// There is no such release among those that have not ended.
    NoSuchRelease(ReleaseId),
    /// There is no such release any more.
    NotKept {
        /// The release.
        release: ReleaseId,
        /// How long releases are kept.
        retention: Retention,
    },
    /// The release has ended already.
    AlreadyEnded(ReleaseId),
    /// The release puts back what another one suspended, which is done whatever is asked.
    PaysADebt(ReleaseId),
    /// Another life of this agent id is connected.
    SecondLife(AgentId),
    /// The agent has not said hello.
    Stranger(AgentId),
    /// Nothing to roll back to.
    NothingToRollBackTo {
        /// Why.
        reason: String,
    },
    /// No hook of the release waits for an answer, or not the one that was named.
    NothingWaits {
        /// The release.
        release: ReleaseId,
        /// The hook that was named.
        hook: Option<String>,
        /// Hooks that wait.
        waiting: Vec<String>,
    },
    /// Hooks wait at several targets.
    SeveralWait {
        /// The release.
        release: ReleaseId,
        /// The targets.
        targets: Vec<Target>,
    },
    /// The hook has an answer.
    AlreadyAnswered {
        /// Whose, and which.
        answer: Box<HookAnswer>,
    },
    /// The release is being stopped.
    Stopping(ReleaseId),
    /// A job holds the target.
    TargetHeld {
        /// The target.
        target: Target,
        /// The job.
        job: JobId,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KeyTaken { key, release } => write!(
                f,
                "the key {key} belongs to release {release}, which asks for something else; \
                 use a new key for a new submission"
            ),
            Self::BadSpec { problem } => f.write_str(problem),
            Self::NoSuchRelease(id) => write!(f, "there is no release {id}"),
            Self::NotKept { release, retention } => {
                write!(f, "there is no release {release} any more: {retention}")
            }
            Self::AlreadyEnded(id) => write!(f, "release {id} has ended already"),
            Self::PaysADebt(id) => write!(
                f,
                "release {id} puts auto scaling back as it was and cannot be cancelled; it ends by \
                 itself once that is done"
            ),
            Self::SecondLife(id) => write!(
                f,
                "an agent {id} is connected already; two agents must not share an id: \
                 give this one another id in its configuration, or stop the other"
            ),
            Self::Stranger(id) => write!(f, "agent {id} has not said hello"),
            Self::NothingToRollBackTo { reason } => f.write_str(reason),
            Self::NothingWaits {
                release,
                hook: Some(hook),
                waiting,
            } if !waiting.is_empty() => write!(
                f,
                "no hook {hook} of release {release} waits for an answer; {} does",
                waiting.join(", ")
            ),
            Self::NothingWaits { release, .. } => {
                write!(f, "nothing of release {release} waits for an answer")
            }
            Self::SeveralWait { release, targets } => {
                let targets: Vec<String> = targets.iter().map(ToString::to_string).collect();
                write!(
                    f,
                    "several targets of release {release} wait for an answer: {}; name one with \
                     --target",
                    targets.join(", ")
                )
            }
            Self::AlreadyAnswered { answer } => write!(
                f,
                "hook {} was answered already: {answer}; nothing else waits",
                answer.hook
            ),
            Self::Stopping(id) => write!(
                f,
                "release {id} is being stopped: what waits is answered by going back"
            ),
            Self::TargetHeld { target, job } => write!(
                f,
                "job {job} holds {target}: what it uses must not go; try again once it has ended"
            ),
        }
    }
}

impl std::error::Error for Refusal {}
