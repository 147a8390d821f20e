//! Sends the traces of releases to a collector, from their records: as spans end, and again until they were received.
//!
//! It holds nothing up. It takes a tenth of one processor at most; while the collector is away, or slower than releases
//! come, what is to be sent stays in the records.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use shipway_domain::ids::ReleaseId;
use shipway_runtime::telemetry::{Exporter, Record};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::cursor::Cursor;
use super::{Feed, Told, Traces, record};

/// Releases that are told at once.
const AT_ONCE: usize = 16;
/// What is told together: spans that end soon after one another go in one message.
const GATHER: Duration = Duration::from_secs(1);
/// For each moment of work so many of rest.
const REST: u32 = 9;
/// First and longest wait before what was not received is sent again.
const AGAIN: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));
/// How long what is left is sent at the end.
const LAST: Duration = Duration::from_secs(3);

/// Sends traces.
pub(crate) struct Export {
    pub(crate) traces: Traces,
    pub(crate) feed: Arc<Feed>,
    pub(crate) exporter: Exporter,
    /// The data folder.
    pub(crate) folder: PathBuf,
}

/// What is to be sent of some releases.
#[derive(Default)]
struct Batch {
    records: Vec<Record>,
    /// Which releases, up to which event, and whether that is the end.
    of: Vec<(ReleaseId, u64, bool)>,
}

impl Export {
    /// Runs until `stop` is cancelled; then what is left is sent, for a few seconds.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let Some(mut cursor) = self.begin().await else {
            return;
        };
        let mut wait = AGAIN.0;
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                () = self.feed.news() => {}
            }
            let started = Instant::now();
            let batch = self.gather(&cursor).await;
            let worked = started.elapsed();
            // While more wait, only the rest is kept to.
            let gather = if batch.of.len() < AT_ONCE {
                GATHER
            } else {
                Duration::ZERO
            };
            let pause = match self.send(&mut cursor, batch).await {
                Ok(()) => {
                    wait = AGAIN.0;
                    gather.max(worked * REST)
                }
                Err(problem) => {
                    tracing::warn!(problem, again_in = ?wait, "traces were not received");
                    let pause = wait;
                    wait = (wait * 2).min(AGAIN.1);
                    pause
                }
            };
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                () = tokio::time::sleep(pause) => {}
            }
        }
        let last = async {
            loop {
                let batch = self.gather(&cursor).await;
                if batch.of.is_empty() || self.send(&mut cursor, batch).await.is_err() {
                    return;
                }
            }
        };
        if tokio::time::timeout(LAST, last).await.is_err() {
            tracing::info!("traces that were not received are sent after the next start");
        }
    }

    /// Where a life before this one has left off.
    async fn begin(&self) -> Option<Cursor> {
        let read = self.traces.coordinator.read(|board| {
            let open: Vec<ReleaseId> = board.open_releases().map(|release| release.id).collect();
            (board.next_release(), open)
        });
        let (next, open) = read.await.ok()?;
        let cursor = Cursor::open(&self.folder, next);
        for release in cursor.unsure(next).into_iter().chain(open) {
            self.feed.put(release, false);
        }
        Some(cursor)
    }

    /// What ended of the next few releases since it was last received.
    async fn gather(&self, cursor: &Cursor) -> Batch {
        let mut batch = Batch::default();
        for (release, _) in self.feed.take(AT_ONCE) {
            match self.traces.of(release).await {
                Ok(Some(told)) => batch.add(release, cursor.of(release), told),
                // It is not kept any more.
                Ok(None) => batch.of.push((release, 0, true)),
                Err(problem) => {
                    tracing::warn!(%release, %problem, "a trace cannot be told");
                    batch.of.push((release, 0, true));
                }
            }
        }
        batch
    }

    async fn send(&self, cursor: &mut Cursor, batch: Batch) -> Result<(), String> {
        let Batch { records, of } = batch;
        let sent = self.exporter.export(records).await;
        for (release, last, ended) in of {
            if sent.is_ok() {
                cursor.received(release, last, ended);
            } else {
                cursor.owed(release);
                self.feed.put(release, ended);
            }
        }
        if let Err(error) = cursor.write() {
            tracing::warn!(%error, "how far traces were received could not be written down");
        }
        sent
    }
}

impl Batch {
    fn add(&mut self, release: ReleaseId, received: u64, told: Told) {
        let Told { trace, last, ended } = told;
        self.of.push((release, last, ended));
        if !trace.context.sampled {
            return;
        }
        let context = trace.context;
        let fresh = trace.spans.into_iter().filter(|span| {
            span.settled
                .is_some_and(|settled| settled > received && settled <= last)
        });
        self.records
            .extend(fresh.map(|span| record::of(span, &context)));
    }
}
