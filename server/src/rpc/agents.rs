//! The service of agents: one stream each, and the blobs that their jobs need.

use std::sync::Arc;

use shipway_domain::agent::Held;
use shipway_domain::board::Report;
use shipway_domain::ids::{AgentId, Incarnation};
use shipway_proto::status::{Class, Failure};
use shipway_proto::v1;
use shipway_proto::v1::agent_message::Message;
use shipway_proto::v1::agents_server::Agents;
use shipway_runtime::Tasks;
use shipway_store::{Blobs, Logs};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};

use super::auth::Gate;
use super::{blobs, errors, limits, progress};
use crate::coordinator::{AgentInput, Coordinator, Looked, Outbox};
use crate::front::HELLO;
use crate::metrics::{Reported, Stream};
use crate::tokens::Role;
use crate::traces;

/// Messages that wait for one agent at most.
const OUTBOX: usize = 1024;

pub(crate) struct AgentService {
    pub(crate) coordinator: Coordinator,
    pub(crate) blobs: Arc<Blobs>,
    pub(crate) logs: Arc<Logs>,
    /// What agents did, for traces.
    pub(crate) spans: Logs,
    pub(crate) gate: Gate,
    pub(crate) tasks: Tasks,
    pub(crate) reported: Reported,
    pub(crate) stop: CancellationToken,
}

#[tonic::async_trait]
impl Agents for AgentService {
    type SessionStream = Relay;
    type GetBlobStream = ReceiverStream<Result<v1::BlobData, Status>>;

    async fn session(
        &self,
        request: Request<Streaming<v1::AgentMessage>>,
    ) -> Result<Response<Self::SessionStream>, Status> {
        self.gate.admit(&request, Role::Agent)?;
        let mut inbound = request.into_inner();
        let first = tokio::time::timeout(HELLO, inbound.message())
            .await
            .map_err(|_| Failure::new(Class::Unavailable, "no hello came in time"))?;
        let first = first?.and_then(|message| message.message);
        let Some(Message::Hello(hello)) = first else {
            let failure = Failure::new(Class::BadInput, "the first message must be hello");
            return Err(failure.into());
        };
        let agent = required(hello.agent, "hello.agent")?;
        limits::message("hello.agent", &agent, limits::AGENT)?;
        limits::count("hello.holds", hello.holds.len(), limits::HELD)?;
        let agent: shipway_domain::agent::AgentDescription =
            agent.try_into().map_err(Status::from)?;
        let holds = hello.holds.into_iter().map(Held::from).collect();
        let predecessor = (hello.predecessor != 0).then_some(Incarnation(hello.predecessor));
        let (id, incarnation) = (agent.id.clone(), agent.incarnation);
        let (outbox, messages) = mpsc::channel(OUTBOX);
        self.coordinator
            .hello(agent, holds, predecessor, outbox.clone())
            .await
            .map_err(errors::call)?;
        tracing::info!(agent.id = %id, "agent connected");
        let session = Session {
            coordinator: self.coordinator.clone(),
            logs: Arc::clone(&self.logs),
            spans: self.spans.clone(),
            stream: self.reported.stream(),
            reported: self.reported.clone(),
            id,
            incarnation,
            outbox: outbox.downgrade(),
        };
        drop(outbox);
        let stop = self.stop.clone();
        self.tasks.spawn("agent-session", async move {
            tokio::select! {
                biased;
                () = session.listen(inbound) => {}
                () = stop.cancelled() => {}
            }
            session.lost().await;
        });
        Ok(Response::new(relay(messages)))
    }

    async fn get_blob(
        &self,
        request: Request<v1::GetBlobRequest>,
    ) -> Result<Response<Self::GetBlobStream>, Status> {
        self.gate.admit(&request, Role::Agent)?;
        let digest = request.into_inner().digest;
        Ok(Response::new(
            blobs::get(&self.blobs, &digest, &self.tasks).await?,
        ))
    }
}

/// Messages for an agent, as the stream of the answer.
pub(crate) type Relay =
    std::pin::Pin<Box<dyn futures::Stream<Item = Result<v1::CoordinatorMessage, Status>> + Send>>;

fn relay(messages: mpsc::Receiver<Box<v1::CoordinatorMessage>>) -> Relay {
    use tokio_stream::StreamExt as _;
    Box::pin(ReceiverStream::new(messages).map(|message| Ok(*message)))
}

struct Session {
    coordinator: Coordinator,
    logs: Arc<Logs>,
    spans: Logs,
    reported: Reported,
    /// Which of its streams this is, for what it reports of itself.
    stream: Stream,
    id: AgentId,
    incarnation: Incarnation,
    /// Only to see whether the coordinator still talks to this stream.
    outbox: mpsc::WeakSender<Box<v1::CoordinatorMessage>>,
}

impl Session {
    /// Hands on what the agent says until its stream ends or makes no sense.
    async fn listen(&self, mut inbound: Streaming<v1::AgentMessage>) {
        loop {
            let message = match inbound.message().await {
                Ok(Some(message)) => message,
                Ok(None) => return,
                Err(status) => {
                    tracing::info!(agent.id = %self.id, %status, "agent's stream broke off");
                    return;
                }
            };
            let Some(message) = message.message else {
                continue;
            };
            if self.closed() {
                return;
            }
            match self.hear(message).await {
                Ok(()) => {}
                Err(status) => {
                    tracing::warn!(agent.id = %self.id, %status, "agent said what makes no sense");
                    return;
                }
            }
        }
    }

    /// The coordinator closes a stream that is not read by forgetting its outbox.
    fn closed(&self) -> bool {
        let outbox: Option<Outbox> = self.outbox.upgrade();
        outbox.is_none()
    }

    async fn lost(&self) {
        self.reported.forget(&self.id, self.stream);
        if self.closed() {
            tracing::info!(agent.id = %self.id, "agent left");
        }
        self.tell(AgentInput::Lost).await;
    }

    async fn tell(&self, input: AgentInput) {
        // A coordinator that is ending needs no news.
        drop(
            self.coordinator
                .agent(self.id.clone(), self.incarnation, input)
                .await,
        );
    }

    async fn report(&self, job: Option<v1::JobAttempt>, report: Report) -> Result<(), Status> {
        let held = Held::from(required(job, "job")?);
        self.tell(AgentInput::Report(held, Box::new(report))).await;
        Ok(())
    }

    async fn hear(&self, message: Message) -> Result<(), Status> {
        match message {
            Message::Hello(_) => {
                return Err(Failure::new(Class::BadInput, "hello was said already").into());
            }
            Message::Accept(accept) => self.report(accept.job, Report::Accept).await?,
            Message::Decline(decline) => {
                limits::text("decline.reason", &decline.reason)?;
                self.report(
                    decline.job,
                    Report::Decline {
                        reason: decline.reason,
                    },
                )
                .await?;
            }
            Message::Renew(renew) => {
                limits::count("renew.jobs", renew.jobs.len(), limits::HELD)?;
                let held = renew.jobs.into_iter().map(Held::from).collect();
                self.tell(AgentInput::Renew(held)).await;
            }
            Message::Progress(batch) => self.progress(batch).await?,
            Message::Checkpoint(note) => {
                let report = match read("checkpoint", note.checkpoint) {
                    Ok(checkpoint) => Report::Checkpoint {
                        number: note.number,
                        checkpoint,
                    },
                    Err(what) => Report::Unreadable { what },
                };
                self.report(note.job, report).await?;
            }
            Message::Finished(finished) => {
                let report = match read("outcome", finished.outcome) {
                    Ok(outcome) => Report::Finished(outcome),
                    Err(what) => Report::Unreadable { what },
                };
                self.report(finished.job, report).await?;
            }
            Message::InspectAnswer(answer) => {
                let result = match required(answer.answer, "answer")? {
                    v1::inspect_answer::Answer::Json(json) => Ok(Looked::TaskDefinition(json)),
                    v1::inspect_answer::Answer::Service(now) => Ok(Looked::Service(now.into())),
                    v1::inspect_answer::Answer::Plan(plan) => Ok(Looked::Plan(Box::new(plan))),
                    v1::inspect_answer::Answer::Diagnosis(seen) => {
                        Ok(Looked::Diagnosis(Box::new(seen)))
                    }
                    v1::inspect_answer::Answer::Cleaning(done) => {
                        Ok(Looked::Cleaning(Box::new(done)))
                    }
                    v1::inspect_answer::Answer::Error(error) => Err(error),
                };
                self.tell(AgentInput::Inspected {
                    number: answer.number,
                    result,
                })
                .await;
            }
            Message::Draining(_) => self.tell(AgentInput::Draining).await,
            Message::Metrics(measured) => self.reported.keep(&self.id, self.stream, measured),
            Message::Goodbye(_) => self.tell(AgentInput::Goodbye).await,
        }
        Ok(())
    }

    async fn progress(&self, batch: v1::ProgressBatch) -> Result<(), Status> {
        let job = required(batch.job, "job")?;
        let held = Held::from(job);
        if !batch.log.is_empty() {
            self.logs
                .append(held.job, held.attempt, batch.log.into())
                .await
                .map_err(|error| {
                    self.reported.failed_to_log();
                    tracing::error!(%error, "log could not be written");
                    Status::from(Failure::new(
                        Class::Internal,
                        "the log could not be written",
                    ))
                })?;
        }
        if !batch.spans.is_empty() {
            // They explain; the job goes on without.
            if let Err(error) = traces::append(&self.spans, held, batch.spans).await {
                tracing::warn!(%error, "spans could not be kept");
            }
        }
        if batch.progress.is_empty() {
            return Ok(());
        }
        let items = progress::read(batch.progress, &batch.at_ms);
        self.report(Some(job), Report::Progress(items)).await
    }
}

/// What an attempt says of its job, or what is wrong with it. The stream goes on: what ended it would be said again
/// on the next one, for ever.
fn read<M, T>(name: &str, message: Option<M>) -> Result<T, String>
where
    T: TryFrom<M>,
    T::Error: std::fmt::Display,
{
    let message = message.ok_or_else(|| format!("{name} is not set, or of an unknown kind"))?;
    T::try_from(message).map_err(|error| format!("{name}: {error}"))
}

fn required<T>(field: Option<T>, name: &str) -> Result<T, Status> {
    field.ok_or_else(|| Failure::new(Class::BadInput, format!("{name} must be set")).into())
}
