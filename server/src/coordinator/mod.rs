//! The coordinator: one task owns the board and takes it through the four beats (design.md section 4).
//!
//! Everyone else holds a [`Coordinator`] handle; there is no lock to reason about.

mod mode;
mod points;
mod sessions;
mod task;
mod telling;
mod time;

use std::sync::Arc;

use shipway_domain::agent::{AgentDescription, Held};
use shipway_domain::board::{
    Answered, Answering, Board, Input, Refusal, Report, Submission, Submitted,
};
use shipway_domain::ids::{AgentId, Incarnation, ReleaseId, Target};
use shipway_domain::standing::ServiceNow;
use shipway_proto::v1;
use shipway_runtime::{Clock, Tasks};
use shipway_store::{Committer, LowDisk};
use tokio::sync::{mpsc, oneshot};

pub(crate) use mode::OnlyReads;
pub(crate) use sessions::Outbox;
use task::Task;

use crate::hub::Hub;
use crate::metrics::Facts;

/// Inputs that wait for the coordinator at most; beyond that, callers wait.
const QUEUE: usize = 4096;

/// A handle on the coordinator.
#[derive(Clone, Debug)]
pub struct Coordinator {
    commands: mpsc::Sender<Command>,
    hub: Arc<Hub>,
    /// Why nothing is changed, while that is so.
    mode: Option<mode::Mode>,
}

/// Why a call of the handle failed.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The board refused it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The disk is full: nothing is changed.
    #[error("the coordinator is read-only: {0}")]
    ReadOnly(LowDisk),
    /// The coordinator is ending.
    #[error("the coordinator is shutting down")]
    Ending,
    /// No agent can look at it.
    #[error("{0}")]
    NoAgent(String),
    /// The agent could not look at it.
    #[error("{0}")]
    Inspection(String),
}

/// What the task is told. Answers come once everything before them is durable.
pub(crate) enum Command {
    Submit(Box<Submission>, oneshot::Sender<Result<Submitted, Refusal>>),
    Cancel {
        release: ReleaseId,
        by: String,
        reason: String,
        answer: Answer<()>,
    },
    Answer {
        answering: Box<Answering>,
        answer: Answer<Answered>,
    },
    Hello {
        agent: Box<AgentDescription>,
        holds: Vec<Held>,
        predecessor: Option<Incarnation>,
        outbox: Outbox,
        answer: Answer<()>,
    },
    Agent(AgentId, Incarnation, AgentInput),
    Inspect {
        target: Target,
        what: Box<v1::Inspection>,
        answer: oneshot::Sender<Result<Looked, CallError>>,
    },
    /// Reads now; what it gives is told once everything read is durable.
    Read(Box<dyn FnOnce(&Board) -> Told + Send>),
}

/// Hands over an answer.
type Told = Box<dyn FnOnce() + Send>;

type Answer<T> = oneshot::Sender<Result<T, Refusal>>;

/// What an agent saw.
#[derive(Clone, Debug, PartialEq)]
pub enum Looked {
    /// A task definition, as JSON.
    TaskDefinition(String),
    /// A service.
    Service(ServiceNow),
    /// What a deploy would do. It is handed on as it came: nothing here depends on it.
    Plan(Box<v1::TargetPlan>),
    /// What is wrong with a service, as it came.
    Diagnosis(Box<v1::Diagnosis>),
    /// What became of old revisions, as it came.
    Cleaning(Box<v1::Cleaning>),
}

/// What a session hears from its agent.
pub(crate) enum AgentInput {
    Report(Held, Box<Report>),
    Renew(Vec<Held>),
    Inspected {
        number: u64,
        result: Result<Looked, String>,
    },
    Draining,
    Goodbye,
    Lost,
}

impl Coordinator {
    /// Starts the task that owns the board.
    pub fn start(
        board: Board,
        committer: Committer,
        hub: Arc<Hub>,
        clock: Clock,
        tasks: &Tasks,
    ) -> (
        Self,
        oneshot::Receiver<Result<(), shipway_store::CommitError>>,
    ) {
        let facts = Facts::default();
        Self::start_with(board, committer, hub, clock, tasks, facts, None)
    }

    /// The same; what becomes durable is told to `facts`, and with `only_reads` nothing is changed before there is room on the disk.
    pub(crate) fn start_with(
        board: Board,
        committer: Committer,
        hub: Arc<Hub>,
        clock: Clock,
        tasks: &Tasks,
        facts: Facts,
        only_reads: Option<OnlyReads>,
    ) -> (
        Self,
        oneshot::Receiver<Result<(), shipway_store::CommitError>>,
    ) {
        let mode = only_reads.as_ref().map(|only| only.mode.clone());
        let (commands, queue) = mpsc::channel(QUEUE);
        let (ended, end) = oneshot::channel();
        let task = Task::new(board, committer, Arc::clone(&hub), clock, queue, facts);
        tasks.spawn("coordinator", async move {
            // Whoever started the coordinator may have gone already.
            drop(ended.send(task.run(only_reads).await));
        });
        (
            Self {
                commands,
                hub,
                mode,
            },
            end,
        )
    }

    /// Changes of releases, as they become durable.
    #[must_use]
    pub fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    /// Whether anything can be changed.
    ///
    /// # Errors
    /// [`CallError::ReadOnly`] while the disk is full.
    pub fn takes_changes(&self) -> Result<(), CallError> {
        match self.mode.as_ref().and_then(|mode| mode.borrow().clone()) {
            Some(low) => Err(CallError::ReadOnly(low)),
            None => Ok(()),
        }
    }

    /// Waits until anything can be changed.
    pub(crate) async fn changes_are_taken(&self) {
        if let Some(mut mode) = self.mode.clone() {
            // Whoever looks after the disk may have ended: then the coordinator ends as well.
            drop(mode.wait_for(Option::is_none).await);
        }
    }

    /// Takes in a release.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn submit(&self, submission: Submission) -> Result<Submitted, CallError> {
        self.takes_changes()?;
        let (answer, reply) = oneshot::channel();
        self.send(Command::Submit(Box::new(submission), answer))
            .await?;
        Ok(reply.await.map_err(|_| CallError::Ending)??)
    }

    /// Ends a release.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn cancel(
        &self,
        release: ReleaseId,
        by: String,
        reason: String,
    ) -> Result<(), CallError> {
        self.takes_changes()?;
        let (answer, reply) = oneshot::channel();
        self.send(Command::Cancel {
            release,
            by,
            reason,
            answer,
        })
        .await?;
        Ok(reply.await.map_err(|_| CallError::Ending)??)
    }

    /// Answers hooks that pause a deployment.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn answer(&self, answering: Answering) -> Result<Answered, CallError> {
        self.takes_changes()?;
        let (answer, reply) = oneshot::channel();
        let answering = Box::new(answering);
        self.send(Command::Answer { answering, answer }).await?;
        Ok(reply.await.map_err(|_| CallError::Ending)??)
    }

    /// Reads the board; what is read is durable when the answer comes.
    ///
    /// # Errors
    /// [`CallError::Ending`].
    pub async fn read<T, F>(&self, read: F) -> Result<T, CallError>
    where
        T: Send + 'static,
        F: FnOnce(&Board) -> T + Send + 'static,
    {
        let (answer, reply) = oneshot::channel();
        let command = Command::Read(Box::new(move |board| {
            let read = read(board);
            // Who asked may not wait any more.
            Box::new(move || drop(answer.send(read)))
        }));
        self.send(command).await?;
        reply.await.map_err(|_| CallError::Ending)
    }

    /// What a rollback of an environment undoes and brings back.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn plan_rollback(
        &self,
        app: shipway_domain::ids::AppName,
        env: shipway_domain::ids::EnvName,
        to: Option<ReleaseId>,
    ) -> Result<(ReleaseId, ReleaseId), CallError> {
        let planned = self
            .read(move |board| board.plan_rollback(&app, &env, to))
            .await?;
        Ok(planned?)
    }

    /// Has an agent look at something in AWS, or clean up behind deploys.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn inspect(&self, target: Target, what: v1::Inspection) -> Result<Looked, CallError> {
        let (answer, reply) = oneshot::channel();
        self.send(Command::Inspect {
            target,
            what: Box::new(what),
            answer,
        })
        .await?;
        reply.await.map_err(|_| CallError::Ending)?
    }

    /// Seats an agent; its messages go to `outbox` from now on.
    pub(crate) async fn hello(
        &self,
        agent: AgentDescription,
        holds: Vec<Held>,
        predecessor: Option<Incarnation>,
        outbox: Outbox,
    ) -> Result<(), CallError> {
        self.takes_changes()?;
        let (answer, reply) = oneshot::channel();
        let agent = Box::new(agent);
        self.send(Command::Hello {
            agent,
            holds,
            predecessor,
            outbox,
            answer,
        })
        .await?;
        Ok(reply.await.map_err(|_| CallError::Ending)??)
    }

    /// Tells what an agent said.
    pub(crate) async fn agent(
        &self,
        agent: AgentId,
        incarnation: Incarnation,
        input: AgentInput,
    ) -> Result<(), CallError> {
        self.send(Command::Agent(agent, incarnation, input)).await
    }

    async fn send(&self, command: Command) -> Result<(), CallError> {
        self.commands
            .send(command)
            .await
            .map_err(|_| CallError::Ending)
    }
}

impl AgentInput {
    pub(crate) fn into_input(self, agent: AgentId, incarnation: Incarnation) -> Option<Input> {
        match self {
            Self::Report(held, report) => Some(Input::Report {
                agent,
                incarnation,
                held,
                report: *report,
            }),
            Self::Draining => Some(Input::Draining { agent, incarnation }),
            Self::Goodbye => Some(Input::Goodbye { agent, incarnation }),
            Self::Lost => Some(Input::Lost { agent, incarnation }),
            Self::Renew(_) | Self::Inspected { .. } => None,
        }
    }
}
