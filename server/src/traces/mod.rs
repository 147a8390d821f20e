//! Traces of releases: told from what is kept, to who asks for one, and to a collector.

mod cursor;
mod export;
mod feed;
mod record;
mod sent;
mod spans;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use shipway_domain::board::Board;
use shipway_domain::event::{Event, Waited};
use shipway_domain::ids::{Attempt, JobId, ReleaseId};
use shipway_domain::job::Job;
use shipway_domain::release::Release;
use shipway_domain::spec::ReleaseSpec;
use shipway_domain::trace::{SpanId, Story, Trace, What, attempt_span, of_release};
use shipway_proto::v1;
use shipway_store::{Logs, Store, StoreError};
use tokio::sync::{Semaphore, SemaphorePermit};

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
    /// Spans of agents that were too many to be read.
    pub(crate) left_out: usize,
    /// Whether more can be told than was: of what comes after `last`.
    pub(crate) more: bool,
}

/// What a trace is told from, but for events.
struct Records {
    release: Release,
    /// Shared with the board: thousands of jobs are not copied while it waits.
    jobs: Vec<Arc<Job>>,
    spec: Option<Arc<ReleaseSpec>>,
    waits: BTreeMap<u32, Vec<Waited>>,
}

impl Records {
    fn tell(self, events: &[Event]) -> Trace {
        let jobs = self.jobs.into_iter().map(Arc::unwrap_or_clone);
        of_release(&Story {
            release: &self.release,
            spec: self.spec.as_deref(),
            jobs: &jobs.collect::<Vec<Job>>(),
            events,
            waits: &self.waits,
        })
    }
}

/// An attempt that told of what it did.
struct Teller {
    job: JobId,
    attempt: Attempt,
    /// Number of the event that ended it.
    settled: Option<u64>,
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
    /// Telling it broke off.
    #[error("telling it broke off: {0}")]
    Broken(String),
}

/// Spans in one answer at most.
const TOLD: usize = 20_000;

impl Told {
    /// The same as an answer at this time, with a link by this template.
    pub(crate) fn reply(&self, url: Option<&str>, now_ms: u64) -> v1::TraceReply {
        let Trace { context, spans } = &self.trace;
        let url = url.map(|url| url.replace("{trace_id}", &context.trace.to_string()));
        let left_out = self.left_out + spans.len().saturating_sub(TOLD);
        v1::TraceReply {
            trace_parent: context.traceparent(),
            spans: spans.iter().take(TOLD).map(Into::into).collect(),
            complete: self.ended,
            left_out: u32::try_from(left_out).unwrap_or(u32::MAX),
            url: url.unwrap_or_default(),
            now_ms,
        }
    }
}

impl Told {
    /// The same with what agents said.
    async fn with(mut self, said: spans::Said) -> Result<Self, Untold> {
        telling(move || {
            self.trace.add(spans::decode(said));
            self
        })
        .await
    }
}

impl Traces {
    /// The trace of a release; `None` when there is no such release, or not any more. Of what agents did no more is read
    /// than the budget; the rest is counted.
    pub(crate) async fn of(&self, id: ReleaseId) -> Result<Option<Told>, Untold> {
        let _place = self.place().await?;
        let Some(mut told) = self.without_agents(id).await? else {
            return Ok(None);
        };
        let tellers = self.tellers(id, &told.trace).await?;
        let attempts = attempts(&tellers);
        let said = spans::read(&self.spans, &attempts, spans::BUDGET).await?;
        told.left_out = spans::count(&self.spans, &attempts[said.len()..]).await?;
        Ok(Some(told.with(said).await?))
    }

    /// The same, but of what agents did only that of attempts which ended after this event; and where that is much, the
    /// trace up to an earlier event than the last, so that the rest can be told after it.
    pub(super) async fn since(&self, id: ReleaseId, after: u64) -> Result<Option<Told>, Untold> {
        let _place = self.place().await?;
        let Some(mut told) = self.without_agents(id).await? else {
            return Ok(None);
        };
        if !told.trace.context.sampled {
            return Ok(Some(told));
        }
        let mut tellers = self.tellers(id, &told.trace).await?;
        let is_fresh = |settled: u64| settled > after && settled <= told.last;
        tellers.retain(|teller| teller.settled.is_some_and(is_fresh));
        tellers.sort_by_key(|teller| teller.settled);
        let said = spans::read(&self.spans, &attempts(&tellers), spans::BUDGET).await?;
        // An event ends one attempt at most: up to the one before, all is read.
        if let Some(next) = tellers.get(said.len()).and_then(|teller| teller.settled) {
            told.last = next - 1;
            (told.ended, told.more) = (false, true);
        }
        Ok(Some(told.with(said).await?))
    }

    async fn place(&self) -> Result<SemaphorePermit<'_>, CallError> {
        self.places.acquire().await.map_err(|_| CallError::Ending)
    }

    /// The trace without what agents did.
    async fn without_agents(&self, id: ReleaseId) -> Result<Option<Told>, Untold> {
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
        Ok(Some(Told {
            trace: telling(move || records.tell(&events)).await?,
            last,
            ended,
            left_out: 0,
            more: false,
        }))
    }

    /// Attempts of the trace that told of what they did. What lies there of others is nobody's, and not looked at.
    async fn tellers(&self, id: ReleaseId, trace: &Trace) -> Result<Vec<Teller>, StoreError> {
        let granted = trace.spans.iter().filter(|span| span.what == What::Attempt);
        let granted: HashMap<SpanId, Option<u64>> =
            granted.map(|span| (span.id, span.settled)).collect();
        let kept = self.spans.of_release(id).await?.into_iter();
        let tellers = kept.filter_map(|(job, attempt)| {
            let id = attempt_span(trace.context.trace, job, attempt);
            granted.get(&id).map(|settled| Teller {
                job,
                attempt,
                settled: *settled,
            })
        });
        Ok(tellers.collect())
    }

    async fn of_store(&self, id: ReleaseId) -> Result<Option<Records>, Untold> {
        let read = move |store: &dyn Store| Ok((store.release(id)?, store.spec(id)?));
        let (found, spec) = blocking(&self.store, read).await.map_err(Untold::Store)?;
        Ok(found.map(|(release, jobs)| Records {
            release,
            jobs: jobs.into_iter().map(Arc::new).collect(),
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
    let jobs: Vec<Arc<Job>> = board.shared_jobs_of(id).cloned().collect();
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

fn attempts(tellers: &[Teller]) -> Vec<(JobId, Attempt)> {
    let tellers = tellers.iter();
    tellers.map(|teller| (teller.job, teller.attempt)).collect()
}

/// Tells by a thread of its own: a large release takes its time, and not that of those who serve agents.
async fn telling<T: Send + 'static>(
    tell: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Untold> {
    let told = tokio::task::spawn_blocking(tell).await;
    told.map_err(|error| {
        if error.is_panic() {
            Untold::Broken(error.to_string())
        } else {
            Untold::Call(CallError::Ending)
        }
    })
}
