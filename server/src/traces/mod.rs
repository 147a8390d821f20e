//! Traces of releases: told from what is kept, to who asks for one, and to a collector.

mod cursor;
mod export;
mod feed;
mod record;
mod spans;

use std::collections::BTreeMap;
use std::sync::Arc;

use shipway_domain::board::Board;
use shipway_domain::event::{Event, Waited};
use shipway_domain::ids::{Attempt, JobId, ReleaseId};
use shipway_domain::job::Job;
use shipway_domain::release::Release;
use shipway_domain::spec::ReleaseSpec;
use shipway_domain::trace::{Span, Story, Trace, of_release};
use shipway_proto::v1;
use shipway_store::{Logs, Store, StoreError};
use tokio::sync::Semaphore;

pub(crate) use export::Export;
pub(crate) use feed::Feed;
pub(crate) use spans::append;

use crate::coordinator::{CallError, Coordinator};
use crate::rpc::watch::blocking;

/// Bytes of spans that are kept of an attempt.
pub(crate) const LARGEST_SPANS: u64 = 1 << 20;
/// Traces that are told at once.
pub(crate) const AT_A_TIME: usize = 3;
/// Events that are read at once.
const AT_ONCE: usize = 1024;

/// Tells traces.
#[derive(Clone)]
pub(crate) struct Traces {
    pub(crate) coordinator: Coordinator,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) spans: Logs,
    /// Places of traces that are told at once.
    pub(crate) places: Arc<Semaphore>,
}

/// A trace as it was told.
pub(crate) struct Told {
    pub(crate) trace: Trace,
    /// Number of the last event that it is told from.
    pub(crate) last: u64,
    /// Whether the release has ended.
    pub(crate) ended: bool,
}

/// What a trace is told from, but for events.
struct Records {
    release: Release,
    jobs: Vec<Job>,
    spec: Option<Arc<ReleaseSpec>>,
    waits: BTreeMap<u32, Vec<Waited>>,
}

impl Records {
    fn tell(&self, events: &[Event], told: Vec<(JobId, Attempt, Vec<Span>)>) -> Trace {
        let mut trace = of_release(&Story {
            release: &self.release,
            spec: self.spec.as_deref(),
            jobs: &self.jobs,
            events,
            waits: &self.waits,
        });
        trace.add(told);
        trace
    }
}

/// Why a trace cannot be told.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Untold {
    /// The coordinator does not answer.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The store cannot be read.
    #[error("the records could not be read: {0}")]
    Store(tonic::Status),
    /// What agents said cannot be read.
    #[error(transparent)]
    Spans(#[from] StoreError),
}

/// Spans in one answer at most.
const TOLD: usize = 20_000;

impl Told {
    /// The same as an answer at this time, with a link by this template.
    pub(crate) fn reply(&self, url: Option<&str>, now_ms: u64) -> v1::TraceReply {
        let Trace { context, spans } = &self.trace;
        let url = url.map(|url| url.replace("{trace_id}", &context.trace.to_string()));
        v1::TraceReply {
            trace_parent: context.traceparent(),
            spans: spans.iter().take(TOLD).map(Into::into).collect(),
            complete: self.ended,
            left_out: u32::try_from(spans.len().saturating_sub(TOLD)).unwrap_or(u32::MAX),
            url: url.unwrap_or_default(),
            now_ms,
        }
    }
}

impl Traces {
    /// The trace of a release; `None` when there is no such release, or not any more.
    pub(crate) async fn of(&self, id: ReleaseId) -> Result<Option<Told>, Untold> {
        let place = self.places.acquire().await;
        let _place = place.map_err(|_| CallError::Ending)?;
        let open = self
            .coordinator
            .read(move |board| of_board(board, id))
            .await?;
        let records = match open {
            Some(records) => Some(records),
            None => self.of_store(id).await?,
        };
        let Some(records) = records else {
            return Ok(None);
        };
        let last = records.release.last_seq;
        let events = self.events(id, last).await?;
        let ended = records.release.ended_at.is_some();
        let mut told = Vec::new();
        for (job, attempt) in self.spans.of_release(id).await? {
            let spans = spans::read(&self.spans, job, attempt).await?;
            told.push((job, attempt, spans));
        }
        // A large release takes its time: not that of those who serve agents.
        let telling = tokio::task::spawn_blocking(move || records.tell(&events, told));
        let trace = telling.await.map_err(|_| CallError::Ending)?;
        Ok(Some(Told { trace, last, ended }))
    }

    async fn of_store(&self, id: ReleaseId) -> Result<Option<Records>, Untold> {
        let read = move |store: &dyn Store| Ok((store.release(id)?, store.spec(id)?));
        let (found, spec) = blocking(&self.store, read).await.map_err(Untold::Store)?;
        Ok(found.map(|(release, jobs)| Records {
            release,
            jobs,
            spec: spec.map(Arc::new),
            waits: BTreeMap::new(),
        }))
    }

    async fn events(&self, id: ReleaseId, last: u64) -> Result<Vec<Event>, Untold> {
        let read = move |store: &dyn Store| {
            let mut events: Vec<Event> = Vec::new();
            loop {
                let after = events.last().map_or(0, |event| event.seq);
                let more = store.events(id, after, AT_ONCE)?;
                let read = more.len();
                events.extend(more.into_iter().filter(|event| event.seq <= last));
                if read < AT_ONCE {
                    return Ok(events);
                }
            }
        };
        blocking(&self.store, read).await.map_err(Untold::Store)
    }
}

fn of_board(board: &Board, id: ReleaseId) -> Option<Records> {
    let release = board.release(id)?.clone();
    let jobs: Vec<Job> = board.jobs_of(id).cloned().collect();
    let waits = jobs.iter().map(|job| {
        let waited = board.waited(job.id).to_vec();
        (job.id.index, waited)
    });
    Some(Records {
        waits: waits.filter(|(_, waited)| !waited.is_empty()).collect(),
        spec: board.spec(id).cloned(),
        release,
        jobs,
    })
}
