//! Sends the traces of releases to a collector, from their records: as spans end, and again until they were received.
//!
//! It holds nothing up. It takes a tenth of one processor at most; while the collector is away, or slower than releases
//! come, what is to be sent stays in the records.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use shipway_domain::ids::ReleaseId;
use shipway_runtime::telemetry::Exporter;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::cursor::Cursor;
use super::sent::{Part, Sent};
use super::{Feed, Traces, Untold};
use crate::coordinator::CallError;

/// Releases that are told at once.
const AT_ONCE: usize = 16;
/// Spans after which no more releases are told at once.
const SPANS: usize = 20_000;
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

/// What was told together.
struct Gathered {
    parts: Vec<Part>,
    /// Whether more may wait that had no place.
    is_full: bool,
}

/// The coordinator is ending: nothing more can be told.
struct Ending;

impl Export {
    /// Runs until `stop` is cancelled; then what is left is sent, for a few seconds.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let Some(cursor) = self.begin().await else {
            return;
        };
        let mut sent = Sent::new(cursor);
        let mut wait = AGAIN.0;
        loop {
            write(&mut sent).await;
            let again = sent.try_again(&self.feed, Instant::now());
            let next = again.into_iter().chain(sent.cursor.due()).min();
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                () = self.feed.news() => {}
                () = until(next) => continue,
            }
            let started = Instant::now();
            let Ok(gathered) = self.gather(&mut sent).await else {
                break;
            };
            let worked = started.elapsed();
            // While more wait, only the rest is kept to.
            let gather = if gathered.is_full {
                Duration::ZERO
            } else {
                GATHER
            };
            let pause = match self.send(&mut sent, gathered.parts).await {
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
            // At once, as long as messages are a second apart: what is received is not sent again after a crash.
            write(&mut sent).await;
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                () = tokio::time::sleep(pause) => {}
            }
        }
        let last = async {
            while let Ok(Gathered { parts, is_full }) = self.gather(&mut sent).await {
                let is_last = parts.is_empty() && !is_full;
                if is_last || self.send(&mut sent, parts).await.is_err() {
                    return;
                }
            }
        };
        if tokio::time::timeout(LAST, last).await.is_err() {
            tracing::info!("traces that were not received are sent after the next start");
        }
        while let Some(release) = self.feed.take() {
            if !sent.cursor.is_whole(release) {
                sent.cursor.owed(release);
            }
        }
        if let Err(error) = sent.cursor.write().await {
            tracing::warn!(%error, "how far traces were received could not be written down");
        }
    }

    /// Where a life before this one has left off.
    async fn begin(&self) -> Option<Cursor> {
        let read = self.traces.coordinator.read(|board| {
            let open = board.open_releases().map(|release| release.id);
            (board.next_release(), open.collect::<Vec<ReleaseId>>())
        });
        let (next, open) = read.await.ok()?;
        let folder = self.folder.clone();
        let opening = tokio::task::spawn_blocking(move || Cursor::open(&folder, next));
        let mut cursor = opening.await.ok()?;
        for release in cursor.unsure(next).into_iter().chain(open) {
            cursor.owed(release);
            self.feed.put(release);
        }
        if let Err(error) = cursor.write().await {
            tracing::warn!(%error, "how far traces were received could not be written down");
        }
        Some(cursor)
    }

    /// What ended of the next few releases since it was last received.
    async fn gather(&self, sent: &mut Sent) -> Result<Gathered, Ending> {
        let mut parts: Vec<Part> = Vec::new();
        let mut spans = 0;
        let mut seen: BTreeSet<ReleaseId> = BTreeSet::new();
        while seen.len() < AT_ONCE
            && spans < SPANS
            && let Some(release) = self.feed.take()
        {
            if sent.passes(release, Instant::now()) {
                continue;
            }
            if !seen.insert(release) {
                // What is new of it since comes with the next ones.
                self.feed.put(release);
                break;
            }
            let received = sent.cursor.of(release);
            match self.traces.since(release, received).await {
                Ok(Some(told)) => {
                    sent.told(release);
                    let part = Part::of(release, received, told);
                    spans += part.records.len();
                    parts.push(part);
                }
                // It is not kept any more.
                Ok(None) => {
                    sent.told(release);
                    sent.cursor.received(release, 0, true);
                }
                Err(Untold::Call(CallError::Ending)) => {
                    sent.cursor.owed(release);
                    for part in parts {
                        sent.cursor.owed(part.release);
                    }
                    return Err(Ending);
                }
                Err(problem) => sent.could_not_tell(release, &problem, Instant::now()),
            }
        }
        let is_full = seen.len() == AT_ONCE || spans >= SPANS;
        Ok(Gathered { parts, is_full })
    }

    async fn send(&self, sent: &mut Sent, parts: Vec<Part>) -> Result<(), String> {
        let export = |records| {
            let exporter = self.exporter.clone();
            async move { exporter.export(records).await }
        };
        sent.send(&self.feed, parts, export).await
    }
}

/// Writes down how far traces were received, when it is due.
async fn write(sent: &mut Sent) {
    if let Err(error) = sent.cursor.write_when_due().await {
        tracing::warn!(%error, "how far traces were received could not be written down");
    }
}

/// Waits until then; for ever, if that is never.
async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
