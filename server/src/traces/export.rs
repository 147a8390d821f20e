//! Sends the traces of releases to a collector, from their records: as spans end, and again until they were received.
//!
//! It holds nothing up. It takes a tenth of one processor at most; while the collector is away, or slower than releases
//! come, what is to be sent stays in the records.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use shipway_domain::ids::ReleaseId;
use shipway_runtime::telemetry::{Exporter, Record};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::cursor::Cursor;
use super::{Feed, Told, Traces, Untold, record};
use crate::coordinator::CallError;

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

/// Spans of one message at most.
const SPANS: usize = 512;
/// Tries after which a release is given up that is refused while others are taken.
const TRIES: u32 = 5;

/// Sends traces.
pub(crate) struct Export {
    pub(crate) traces: Traces,
    pub(crate) feed: Arc<Feed>,
    pub(crate) exporter: Exporter,
    /// The data folder.
    pub(crate) folder: PathBuf,
}

/// What is to be sent of a release.
struct Part {
    release: ReleaseId,
    records: Vec<Record>,
    /// Up to which event, and whether that is the end.
    last: u64,
    ended: bool,
}

/// What is known of what was sent.
struct Sent {
    cursor: Cursor,
    /// How often a release was refused while others were taken.
    refused: BTreeMap<ReleaseId, u32>,
}

/// The coordinator is ending: nothing more can be told.
struct Ending;

impl Export {
    /// Runs until `stop` is cancelled; then what is left is sent, for a few seconds.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let Some(cursor) = self.begin().await else {
            return;
        };
        let mut sent = Sent {
            cursor,
            refused: BTreeMap::new(),
        };
        let mut wait = AGAIN.0;
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                () = self.feed.news() => {}
            }
            let started = Instant::now();
            let Ok(parts) = self.gather(&mut sent).await else {
                break;
            };
            let worked = started.elapsed();
            // While more wait, only the rest is kept to.
            let gather = if parts.len() < AT_ONCE {
                GATHER
            } else {
                Duration::ZERO
            };
            let pause = match self.send(&mut sent, parts).await {
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
            if let Err(error) = sent.cursor.write_now_and_then() {
                tracing::warn!(%error, "how far traces were received could not be written down");
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                () = tokio::time::sleep(pause) => {}
            }
        }
        let last = async {
            while let Ok(parts) = self.gather(&mut sent).await {
                if parts.is_empty() || self.send(&mut sent, parts).await.is_err() {
                    return;
                }
            }
        };
        if tokio::time::timeout(LAST, last).await.is_err() {
            tracing::info!("traces that were not received are sent after the next start");
        }
        for (release, _) in self.feed.take(usize::MAX) {
            sent.cursor.owed(release);
        }
        if let Err(error) = sent.cursor.write() {
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
        let mut cursor = Cursor::open(&self.folder, next);
        for release in cursor.unsure(next).into_iter().chain(open) {
            cursor.owed(release);
            self.feed.put(release, false);
        }
        if let Err(error) = cursor.write() {
            tracing::warn!(%error, "how far traces were received could not be written down");
        }
        Some(cursor)
    }

    /// What ended of the next few releases since it was last received.
    async fn gather(&self, sent: &mut Sent) -> Result<Vec<Part>, Ending> {
        let mut parts: Vec<Part> = Vec::new();
        let mut again = Vec::new();
        let mut taken = self.feed.take(AT_ONCE).into_iter();
        while let Some((release, _)) = taken.next() {
            match self.traces.of(release).await {
                Ok(Some(told)) => parts.push(part(release, sent.cursor.of(release), told)),
                // It is not kept any more.
                Ok(None) => sent.cursor.received(release, 0, true),
                Err(problem) => {
                    sent.cursor.owed(release);
                    again.push(release);
                    if matches!(problem, Untold::Call(CallError::Ending)) {
                        let untold = taken.map(|(release, _)| release);
                        let unsent = parts.into_iter().map(|part| part.release);
                        for release in untold.chain(unsent) {
                            sent.cursor.owed(release);
                        }
                        return Err(Ending);
                    }
                    tracing::warn!(%release, %problem, "a trace cannot be told now");
                }
            }
        }
        // After the others: what cannot be told now may be in a while.
        if !again.is_empty() {
            tokio::time::sleep(AGAIN.0).await;
        }
        for release in again {
            self.feed.put(release, false);
        }
        Ok(parts)
    }

    /// Sends these, in messages of a bounded size; what was not received is told again later.
    async fn send(&self, sent: &mut Sent, parts: Vec<Part>) -> Result<(), String> {
        let mut taken = false;
        let mut failed: Vec<(Part, String)> = Vec::new();
        for mut part in parts {
            // A collector that is away is not tried for each.
            if !taken && failed.len() > 1 {
                failed.push((part, String::new()));
                continue;
            }
            match self.send_one(std::mem::take(&mut part.records)).await {
                Ok(()) => {
                    taken = true;
                    sent.refused.remove(&part.release);
                    sent.cursor.received(part.release, part.last, part.ended);
                }
                Err(problem) => failed.push((part, problem)),
            }
        }
        let problem = failed.first().map(|(_, problem)| problem.clone());
        for (part, problem) in failed {
            let tries = sent.refused.entry(part.release).or_default();
            *tries += u32::from(taken);
            if *tries >= TRIES {
                tracing::warn!(release = %part.release, problem, "a trace is refused again and again: it is given up");
                sent.refused.remove(&part.release);
                sent.cursor.received(part.release, part.last, part.ended);
            } else {
                sent.cursor.owed(part.release);
                self.feed.put(part.release, part.ended);
            }
        }
        problem.map_or(Ok(()), Err)
    }

    async fn send_one(&self, mut records: Vec<Record>) -> Result<(), String> {
        while !records.is_empty() {
            let rest = records.split_off(records.len().min(SPANS));
            self.exporter.export(records).await?;
            records = rest;
        }
        Ok(())
    }
}

/// What is to be sent of a release after this event.
fn part(release: ReleaseId, received: u64, told: Told) -> Part {
    let Told { trace, last, ended } = told;
    let context = trace.context;
    let is_fresh = |settled: u64| settled > received && settled <= last;
    let spans = trace.spans.into_iter().filter(|_| context.sampled);
    let fresh = spans.filter(|span| span.settled.is_some_and(is_fresh));
    Part {
        release,
        records: fresh.map(|span| record::of(span, &context)).collect(),
        last,
        ended,
    }
}
