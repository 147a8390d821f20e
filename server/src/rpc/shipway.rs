//! The service of people and their tools.

use std::collections::{BTreeSet, HashMap};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use shipway_domain::board::Submission;
use shipway_domain::ids::{AppName, Digest, EnvName, IdempotencyKey, ReleaseId};
use shipway_domain::job::{JobState, Outcome};
use shipway_domain::spec::{ReleaseKind, ReleaseSpec, Source};
use shipway_domain::time::Timestamp;
use shipway_domain::trace::{Context, TraceId};
use shipway_proto::status::{Class, Failure};
use shipway_proto::v1;
use shipway_proto::v1::shipway_server::Shipway;
use shipway_runtime::{Steady, Tasks, context};
use shipway_store::{Blobs, DataDir, Logs, Store};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};

use super::auth::Gate;
use super::showing::Showings;
use super::watch::{Watcher, absent, blocking, release};
use super::{answers, blobs, errors, history, limits, now, view};
use crate::coordinator::{CallError, Coordinator, Looked};
use crate::tokens::Role;
use crate::traces::Traces;

/// Messages that wait for one who watches at most.
const STREAMED: usize = 2;
/// A command that submits is not longer under way than this, whatever it says.
const LONGEST_COMMAND: Duration = Duration::from_secs(3600);

pub(crate) struct ShipwayService {
    pub(crate) coordinator: Coordinator,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) data: DataDir,
    pub(crate) blobs: Arc<Blobs>,
    pub(crate) logs: Arc<Logs>,
    pub(crate) gate: Gate,
    pub(crate) tasks: Tasks,
    pub(crate) showings: Showings,
    pub(crate) traces: Traces,
    /// The time in which the records are.
    pub(crate) time: Steady,
    /// Where people see a trace.
    pub(crate) trace_url: Option<String>,
    /// Whether traces are sent to a collector.
    pub(crate) exported: bool,
    /// Places of those who watch or read logs.
    pub(crate) watchers: Arc<Semaphore>,
    /// Cancelled at shutdown: streams end then, and those who watch come back.
    pub(crate) stop: CancellationToken,
}

type Streamed<T> = ReceiverStream<Result<T, Status>>;

#[tonic::async_trait]
impl Shipway for ShipwayService {
    type WatchStream = Streamed<v1::WatchReply>;
    type LogsStream = Streamed<v1::LogChunk>;

    async fn put_blob(
        &self,
        request: Request<Streaming<v1::PutBlobRequest>>,
    ) -> Result<Response<v1::PutBlobReply>, Status> {
        self.gate.admit(&request, Role::Client)?;
        self.accepts_new_work()?;
        Ok(Response::new(
            blobs::put(&self.blobs, request.into_inner()).await?,
        ))
    }

    async fn has_blobs(
        &self,
        request: Request<v1::HasBlobsRequest>,
    ) -> Result<Response<v1::HasBlobsReply>, Status> {
        self.gate.admit(&request, Role::Client)?;
        Ok(Response::new(
            blobs::missing(&self.blobs, request.into_inner().digests).await?,
        ))
    }

    async fn submit(
        &self,
        request: Request<v1::SubmitRequest>,
    ) -> Result<Response<v1::SubmitReply>, Status> {
        let bearer = self.gate.admit(&request, Role::Client)?;
        self.accepts_new_work()?;
        let (trace_parent, began_ago) = (trace_parent(&request), began_ago(&request));
        let request = request.into_inner();
        let key = IdempotencyKey::new(request.key).map_err(bad)?;
        let message = request
            .spec
            .ok_or_else(|| Status::from(Failure::new(Class::BadInput, "spec must be set")))?;
        limits::message("spec", &message, limits::SPEC)?;
        limits::text("title", &request.title)?;
        let content = blobs::content(&message);
        let spec: ReleaseSpec = message.try_into().map_err(Status::from)?;
        if spec.kind != ReleaseKind::Deploy {
            return Err(bad(
                "only deploys are submitted; a rollback has its own call",
            ));
        }
        self.blobs_are_here(&spec).await?;
        let submission = Submission {
            spec: Arc::new(spec),
            content,
            key,
            submitter: bearer.name,
            trace_parent,
            began_ago,
            title: request.title,
        };
        self.take_in(submission).await
    }

    async fn rollback(
        &self,
        request: Request<v1::RollbackRequest>,
    ) -> Result<Response<v1::SubmitReply>, Status> {
        let bearer = self.gate.admit(&request, Role::Client)?;
        self.accepts_new_work()?;
        let (trace_parent, began_ago) = (trace_parent(&request), began_ago(&request));
        let request = request.into_inner();
        let content = blobs::content(&request);
        let key = IdempotencyKey::new(request.key).map_err(bad)?;
        let app = AppName::new(request.app).map_err(bad)?;
        let env = EnvName::new(request.env).map_err(bad)?;
        let to = request.to.map(ReleaseId::from_number);
        let known = key.clone();
        let known = self.coordinator.read(move |board| board.key(&known)).await;
        if let Some(known) = known.map_err(errors::call)?
            && known.content == content
        {
            let release = known.release.number();
            let reply = v1::SubmitReply {
                release,
                existed: true,
                ..v1::SubmitReply::default()
            };
            return Ok(Response::new(reply));
        }
        let (undoes, to) = self
            .coordinator
            .plan_rollback(app, env, to)
            .await
            .map_err(errors::call)?;
        let spec = self.spec_of_rollback(undoes, to).await?;
        // From here on it is pinned: it stays until the release names it.
        self.blobs_are_here(&spec).await?;
        let submission = Submission {
            spec: Arc::new(spec),
            content,
            key,
            submitter: bearer.name,
            trace_parent,
            began_ago,
            title: format!("back to {to}"),
        };
        self.take_in(submission).await
    }

    async fn trace(
        &self,
        request: Request<v1::TraceRequest>,
    ) -> Result<Response<v1::TraceReply>, Status> {
        self.gate.admit(&request, Role::Client)?;
        let release = ReleaseId::from_number(request.into_inner().release);
        let told = self.traces.of(release).await;
        let told = told.map_err(|error| {
            tracing::error!(%error, "a trace could not be told");
            Status::from(Failure::new(Class::Internal, error.to_string()))
        })?;
        match told {
            Some(told) => {
                let now = self.time.millis();
                Ok(Response::new(told.reply(self.trace_url.as_deref(), now)))
            }
            None => Err(absent(&self.coordinator, release).await),
        }
    }

    async fn watch(
        &self,
        request: Request<v1::WatchRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        self.gate.admit(&request, Role::Client)?;
        let request = request.into_inner();
        let watcher = Watcher {
            showing: self.showings.of(ReleaseId::from_number(request.release)),
            after: request.after,
            until_rest: request.until_rest,
        };
        // A release that does not exist is told at once, not in the stream.
        watcher.showing.view().await?;
        let place = self.place()?;
        let (replies, stream) = mpsc::channel(STREAMED);
        self.until_stop("watch", place, watcher.run(replies));
        Ok(Response::new(ReceiverStream::new(stream)))
    }

    async fn logs(
        &self,
        request: Request<v1::LogsRequest>,
    ) -> Result<Response<Self::LogsStream>, Status> {
        self.gate.admit(&request, Role::Client)?;
        let request = request.into_inner();
        let id = ReleaseId::from_number(request.release);
        let showing = self.showings.of(id);
        showing.view().await?;
        let reader = super::logs::Reader {
            showing,
            logs: Arc::clone(&self.logs),
            release: id,
            job: request.job,
            follow: request.follow,
        };
        let place = self.place()?;
        let (chunks, stream) = mpsc::channel(STREAMED);
        self.until_stop("logs", place, reader.run(chunks));
        Ok(Response::new(ReceiverStream::new(stream)))
    }

    async fn cancel(
        &self,
        request: Request<v1::CancelRequest>,
    ) -> Result<Response<v1::CancelReply>, Status> {
        let bearer = self.gate.admit(&request, Role::Client)?;
        let request = request.into_inner();
        limits::text("reason", &request.reason)?;
        let id = ReleaseId::from_number(request.release);
        let already_ended = match self
            .coordinator
            .cancel(id, bearer.name, request.reason)
            .await
        {
            Ok(()) => false,
            Err(CallError::Refused(shipway_domain::board::Refusal::AlreadyEnded(_))) => true,
            Err(error) => return Err(errors::call(error)),
        };
        Ok(Response::new(v1::CancelReply { already_ended }))
    }

    async fn answer_hook(
        &self,
        request: Request<v1::AnswerHookRequest>,
    ) -> Result<Response<v1::AnswerHookReply>, Status> {
        let bearer = self.gate.admit(&request, Role::Client)?;
        let answering = answers::read(request.into_inner(), bearer.name)?;
        let answered = self.coordinator.answer(answering).await;
        let answered = answered.map_err(errors::call)?;
        Ok(Response::new(answers::reply(&answered)))
    }

    async fn get_release(
        &self,
        request: Request<v1::GetReleaseRequest>,
    ) -> Result<Response<v1::ReleaseView>, Status> {
        self.gate.admit(&request, Role::Client)?;
        let id = ReleaseId::from_number(request.into_inner().release);
        Ok(Response::new(
            release(&self.coordinator, &self.store, id).await?,
        ))
    }

    async fn list_releases(
        &self,
        request: Request<v1::ListReleasesRequest>,
    ) -> Result<Response<v1::ListReleasesReply>, Status> {
        self.gate.admit(&request, Role::Client)?;
        let reply = history::list(&self.coordinator, &self.store, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn status(
        &self,
        request: Request<v1::StatusRequest>,
    ) -> Result<Response<v1::StatusReply>, Status> {
        self.gate.admit(&request, Role::Client)?;
        let v1::StatusRequest { app, look } = request.into_inner();
        let read = move |board: &shipway_domain::board::Board| {
            let all = board.targets().map(view::target);
            all.filter(|target| app.is_empty() || target.app == app)
                .collect::<Vec<_>>()
        };
        let mut targets = self.coordinator.read(read).await.map_err(errors::call)?;
        let releases: BTreeSet<u64> = targets.iter().filter_map(|target| target.release).collect();
        let mut titles = HashMap::with_capacity(releases.len());
        for number in releases {
            let id = ReleaseId::from_number(number);
            // Without its title a target still stands as it stands.
            let found = blocking(&self.store, move |store| store.release(id)).await;
            if let Ok(Some((release, _))) = found {
                titles.insert(number, release.title);
            }
        }
        for target in &mut targets {
            if let Some(title) = target.release.and_then(|release| titles.get(&release)) {
                target.title.clone_from(title);
            }
        }
        if look {
            now::look(&self.coordinator, &mut targets).await;
        }
        Ok(Response::new(v1::StatusReply { targets }))
    }

    async fn queue(
        &self,
        request: Request<v1::QueueRequest>,
    ) -> Result<Response<v1::QueueReply>, Status> {
        self.gate.admit(&request, Role::Client)?;
        let entries = self
            .coordinator
            .read(view::queue)
            .await
            .map_err(errors::call)?;
        Ok(Response::new(v1::QueueReply { entries }))
    }

    async fn agents(
        &self,
        request: Request<v1::AgentsRequest>,
    ) -> Result<Response<v1::AgentsReply>, Status> {
        self.gate.admit(&request, Role::Client)?;
        let read = |board: &shipway_domain::board::Board| {
            board
                .agents()
                .map(|seat| view::agent(board, seat))
                .collect()
        };
        let agents = self.coordinator.read(read).await.map_err(errors::call)?;
        Ok(Response::new(v1::AgentsReply { agents }))
    }

    async fn inspect(
        &self,
        request: Request<v1::InspectRequest>,
    ) -> Result<Response<v1::InspectReply>, Status> {
        self.gate.admit(&request, Role::Client)?;
        let request = request.into_inner();
        let target = request.target.ok_or_else(|| bad("target must be set"))?;
        let target = target.try_into().map_err(Status::from)?;
        let what = request.what.ok_or_else(|| bad("what must be set"))?;
        let looked = self.coordinator.inspect(target, what).await;
        let mut reply = v1::InspectReply::default();
        match looked.map_err(errors::call)? {
            Looked::TaskDefinition(json) => reply.json = json,
            Looked::Service(now) => reply.service = Some((&now).into()),
            Looked::Plan(plan) => reply.plan = Some(*plan),
            Looked::Diagnosis(seen) => reply.diagnosis = Some(*seen),
            Looked::Cleaning(done) => reply.cleaning = Some(*done),
        }
        Ok(Response::new(reply))
    }
}

impl ShipwayService {
    /// Runs a stream's task until it ends or the coordinator shuts down.
    fn until_stop(
        &self,
        name: &'static str,
        place: OwnedSemaphorePermit,
        stream: impl Future<Output = ()> + Send + 'static,
    ) {
        let stop = self.stop.clone();
        self.tasks.spawn(name, async move {
            let _place = place;
            tokio::select! {
                biased;
                () = stream => {}
                () = stop.cancelled() => {}
            }
        });
    }

    /// A place for one more who watches.
    fn place(&self) -> Result<OwnedSemaphorePermit, Status> {
        let place = Arc::clone(&self.watchers).try_acquire_owned();
        place.map_err(|_| {
            Failure::new(Class::Exhausted, "too many watches are under way")
                .hint("try again in a moment")
                .into()
        })
    }

    async fn take_in(&self, submission: Submission) -> Result<Response<v1::SubmitReply>, Status> {
        let trace = Context::parse(&submission.trace_parent);
        let submitted = self.coordinator.submit(submission).await;
        let submitted = submitted.map_err(errors::call)?;
        let release = submitted.id;
        let span = trace.map(|trace| trace.with(trace.release_span(release)));
        let span = span.filter(|_| !submitted.existed).unwrap_or_default();
        let folded = submitted.folded.into_iter().map(ReleaseId::number);
        let mut response = Response::new(v1::SubmitReply {
            release: release.number(),
            existed: submitted.existed,
            folded: folded.collect(),
            trace_parent: span.clone(),
            began_ms: submitted.began_at.map_or(0, Timestamp::millis),
            exported: self.exported,
        });
        if let Ok(span) = span.parse() {
            response.metadata_mut().insert(context::TRACERESPONSE, span);
        }
        Ok(response)
    }

    /// Refused early while the disk is nearly full: running work must still find room.
    fn accepts_new_work(&self) -> Result<(), Status> {
        self.coordinator.takes_changes().map_err(errors::call)?;
        self.data.accepts_new_work().map_err(|low| {
            Failure::new(Class::Exhausted, low.to_string())
                .hint("nothing was lost; free some space on the coordinator's disk and try again")
                .into()
        })
    }

    async fn blobs_are_here(&self, spec: &ReleaseSpec) -> Result<(), Status> {
        let mut needed: Vec<&Digest> = vec![&spec.task_definition];
        if let Source::Context { blob, .. } = &spec.source {
            needed.push(blob);
        }
        for digest in needed {
            if !blobs::exists(&self.blobs, digest).await? {
                let text = format!("blob {digest} was not uploaded; send it with PutBlob first");
                return Err(Failure::new(Class::Refused, text).into());
            }
        }
        Ok(())
    }

    /// What a rollback asks for: what the release asked for, with the image that it had.
    async fn spec_of_rollback(
        &self,
        undoes: ReleaseId,
        to: ReleaseId,
    ) -> Result<ReleaseSpec, Status> {
        let read = move |store: &dyn Store| Ok((store.spec(to)?, store.release(to)?));
        let found = blocking(&self.store, read).await?;
        let (Some(mut spec), Some((_, jobs))) = found else {
            return Err(absent(&self.coordinator, to).await);
        };
        let image = jobs.iter().find_map(|job| match &job.state {
            JobState::Ended(Outcome::Built(image)) => Some(image.reference()),
            JobState::Ended(_) | JobState::Granted(_) | JobState::Queued { .. } => None,
        });
        let Some(reference) = image else {
            let text = format!("release {to} has no image on record, so it cannot come back");
            return Err(Failure::new(Class::Refused, text).into());
        };
        spec.kind = ReleaseKind::Rollback { undoes, to };
        spec.source = Source::Image { reference };
        spec.build = None;
        // What served before may come back whatever has been found in it since: the way back stays open.
        spec.scan = None;
        Ok(spec)
    }
}

fn bad(problem: impl ToString) -> Status {
    Failure::new(Class::BadInput, problem.to_string()).into()
}

/// The trace that the caller is in, or a fresh one.
fn trace_parent<T>(request: &Request<T>) -> String {
    let callers = text(request, context::TRACEPARENT).and_then(Context::parse);
    callers
        .unwrap_or_else(|| Context::fresh(TraceId(context::fresh_trace())))
        .traceparent()
}

/// How long ago the caller's command began.
fn began_ago<T>(request: &Request<T>) -> Duration {
    let said = text(request, context::BEGAN).and_then(|millis| millis.parse().ok());
    Duration::from_millis(said.unwrap_or(0)).min(LONGEST_COMMAND)
}

fn text<'a, T>(request: &'a Request<T>, key: &str) -> Option<&'a str> {
    request.metadata().get(key)?.to_str().ok()
}
