//! What was sent of which release, what was refused, and what cannot be told: who has his turn next, and who is given up.

use std::collections::BTreeMap;
use std::time::Duration;

use shipway_domain::ids::ReleaseId;
use shipway_runtime::telemetry::Record;
use tokio::time::Instant;

use super::cursor::Cursor;
use super::{Feed, Told, Untold, record};

/// Spans of one message at most.
const SPANS: usize = 512;
/// Bytes of one message at most: by default a collector takes 4 MiB by gRPC, and sizes are estimated.
const BYTES: usize = 3 << 20;
/// Tries after which a release is given up that is refused while others are taken, or cannot be told.
const TRIES: u32 = 5;
/// First and longest wait before what cannot be told is tried again.
const LATER: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// What is to be sent of a release.
pub(super) struct Part {
    pub(super) release: ReleaseId,
    pub(super) records: Vec<Record>,
    /// Up to which event, and whether that is the end.
    last: u64,
    ended: bool,
    /// Whether more is to be sent after it already.
    more: bool,
}

/// What is known of what was sent.
pub(super) struct Sent {
    pub(super) cursor: Cursor,
    /// How often a release was refused while others were taken.
    refused: BTreeMap<ReleaseId, u32>,
    /// Releases that could not be told: how often, and when it is tried again.
    untold: BTreeMap<ReleaseId, (u32, Instant)>,
}

impl Part {
    /// What is to be sent of a release after this event.
    pub(super) fn of(release: ReleaseId, received: u64, told: Told) -> Self {
        let context = told.trace.context;
        let last = told.last;
        let is_fresh = |settled: u64| settled > received && settled <= last;
        let spans = told.trace.spans.into_iter().filter(|_| context.sampled);
        let fresh = spans.filter(|span| span.settled.is_some_and(is_fresh));
        Self {
            release,
            records: fresh.map(|span| record::of(span, &context)).collect(),
            last,
            ended: told.ended,
            more: told.more,
        }
    }
}

impl Sent {
    pub(super) const fn new(cursor: Cursor) -> Self {
        Self {
            cursor,
            refused: BTreeMap::new(),
            untold: BTreeMap::new(),
        }
    }

    /// Sends these, in messages of a bounded size; what was not received is told again later.
    ///
    /// # Errors
    /// Why some were not received, if some were not.
    pub(super) async fn send<F>(
        &mut self,
        feed: &Feed,
        parts: Vec<Part>,
        export: impl Fn(Vec<Record>) -> F,
    ) -> Result<(), String>
    where
        F: Future<Output = Result<(), String>>,
    {
        let mut taken = false;
        let mut untried: Vec<ReleaseId> = Vec::new();
        let mut failed: Vec<(Part, String)> = Vec::new();
        for mut part in parts {
            let records = std::mem::take(&mut part.records);
            let is_empty = records.is_empty();
            // A collector that is away is not tried for each.
            if !is_empty && !taken && failed.len() > 1 {
                untried.push(part.release);
                continue;
            }
            match in_messages(records, &export).await {
                Ok(()) => {
                    // Where nothing was sent, nobody has taken it.
                    taken |= !is_empty;
                    self.done(feed, &part);
                }
                Err(problem) => failed.push((part, problem)),
            }
        }
        // Those that had no turn come before those that had one: else two that are refused would be the first for ever.
        for release in untried {
            self.cursor.owed(release);
            feed.put(release);
        }
        let problem = failed.first().map(|(_, problem)| problem.clone());
        for (part, problem) in failed {
            let tries = self.refused.entry(part.release).or_default();
            *tries += u32::from(taken);
            if *tries >= TRIES {
                tracing::warn!(release = %part.release, problem, "a trace is refused again and again: it is given up");
                self.done(feed, &part);
            } else {
                self.cursor.owed(part.release);
                feed.put(part.release);
            }
        }
        problem.map_or(Ok(()), Err)
    }

    /// Nothing of this part is to be sent any more.
    fn done(&mut self, feed: &Feed, part: &Part) {
        self.refused.remove(&part.release);
        self.cursor.received(part.release, part.last, part.ended);
        if part.more {
            feed.put(part.release);
        }
    }

    /// Whether the release has no turn now. It was received whole: word of its end comes after the end itself, which a look
    /// at the records may have seen before. Or it could not be told a moment ago: then it is put into the feed when it is to be
    /// tried again.
    pub(super) fn passes(&self, release: ReleaseId, now: Instant) -> bool {
        let untold = self.untold.get(&release);
        self.cursor.is_whole(release) || untold.is_some_and(|(_, due)| *due > now)
    }

    /// The release is told.
    pub(super) fn told(&mut self, release: ReleaseId) {
        self.untold.remove(&release);
    }

    /// The release cannot be told: it is tried again, but not for ever.
    pub(super) fn could_not_tell(&mut self, release: ReleaseId, problem: &Untold, now: Instant) {
        let before = self.untold.get(&release).map_or(0, |(tries, _)| *tries);
        let tries = before + 1;
        if tries >= TRIES {
            tracing::warn!(%release, %problem, "a trace cannot be told again and again: it is given up");
            self.untold.remove(&release);
            self.refused.remove(&release);
            self.cursor.received(release, 0, true);
            return;
        }
        let wait = (LATER.0 * 4_u32.pow(before)).min(LATER.1);
        tracing::warn!(%release, %problem, again_in = ?wait, "a trace cannot be told now");
        self.untold.insert(release, (tries, now + wait));
        self.cursor.owed(release);
    }

    /// Puts those into the feed that are to be tried again by now; gives when the next one is.
    pub(super) fn try_again(&self, feed: &Feed, now: Instant) -> Option<Instant> {
        let mut next: Option<Instant> = None;
        for (release, (_, due)) in &self.untold {
            if *due <= now {
                feed.put(*release);
            } else if next.is_none_or(|next| *due < next) {
                next = Some(*due);
            }
        }
        next
    }
}

async fn in_messages<F>(
    records: Vec<Record>,
    export: &impl Fn(Vec<Record>) -> F,
) -> Result<(), String>
where
    F: Future<Output = Result<(), String>>,
{
    let mut message = Vec::new();
    let mut bytes = 0;
    for record in records {
        let size = record::size(&record);
        if message.len() == SPANS || (bytes + size > BYTES && bytes > 0) {
            export(std::mem::take(&mut message)).await?;
            bytes = 0;
        }
        bytes += size;
        message.push(record);
    }
    if message.is_empty() {
        return Ok(());
    }
    export(message).await
}

#[cfg(test)]
mod tests;
