//! Which reasons to wait followed each other: looked at now and then, told once the wait is over.
//!
//! What only looks find is in memory: after a restart of the coordinator a wait is told by the reasons that it had since.

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Unbounded};

use super::draft::Draft;
use super::{Board, Wait, WaitCode};
use crate::event::{EventKind, WAITS, Waited};
use crate::ids::JobId;
use crate::job::JobState;
use crate::time::Timestamp;

/// The waits that looks have found.
#[derive(Clone, Debug, Default)]
pub(super) struct Waits {
    of: BTreeMap<JobId, Vec<Waited>>,
    /// The last job that was looked at.
    after: Option<JobId>,
}

impl Waits {
    pub(super) fn forget(&mut self, job: JobId) {
        self.of.remove(&job);
    }

    /// A look found this.
    fn saw(&mut self, job: JobId, since: Timestamp, now: Timestamp, wait: Option<Wait>) {
        let Some(wait) = wait.filter(|wait| is_queue(wait.code)) else {
            self.of.remove(&job);
            return;
        };
        let before = self.of.entry(job).or_default();
        let known = |last: &Waited| last.code == wait.code && last.release == wait.release;
        if before.last().is_some_and(known) {
            return;
        }
        let from = if before.is_empty() { since } else { now };
        if before.len() >= WAITS {
            before.pop();
        }
        before.push(Waited {
            code: wait.code,
            release: wait.release,
            text: wait.text,
            from,
        });
    }
}

/// Whether a job that waits for this is in the queue: neither kept back by jobs of its own release, nor at rest.
const fn is_queue(code: WaitCode) -> bool {
    !matches!(code, WaitCode::Needs | WaitCode::Resting)
}

impl Board {
    /// Looks why jobs wait, at `most` of them at most; the next look goes on behind them. Nothing depends on it
    /// but what is told of waits.
    pub fn look_at_waits(&mut self, now: Timestamp, most: usize) {
        self.now = self.now.max(now);
        let from = self.waits.after.map_or(Unbounded, Excluded);
        let mut seen: Vec<(JobId, Timestamp, Option<Wait>)> = Vec::new();
        let (mut last, mut looked) = (None, 0);
        for (id, job) in self.jobs.range((from, Unbounded)).take(most) {
            last = Some(*id);
            looked += 1;
            // What it needs is known without counting all of it.
            if matches!(job.state, JobState::Queued { .. }) && self.needs_met(job) {
                seen.push((*id, self.queued_since(*id), self.wait_of(*id)));
            }
        }
        for (id, since, wait) in seen {
            self.waits.saw(id, since, now, wait);
        }
        // Behind the last one the next look begins from the front.
        self.waits.after = last.filter(|_| looked == most);
    }

    /// Whether jobs are in the queue that an agent or a target could be free for.
    #[must_use]
    pub fn has_waiting(&self) -> bool {
        !self.ready.is_empty() || !self.lines.is_empty()
    }

    /// The reasons for which a job has waited so far, as looks have found them.
    #[must_use]
    pub fn waited(&self, job: JobId) -> &[Waited] {
        self.waits.of.get(&job).map_or(&[], Vec::as_slice)
    }

    /// Since when a job is in the queue: since it came there, and all that it needs has ended.
    #[must_use]
    pub fn queued_since(&self, id: JobId) -> Timestamp {
        let Some(job) = self.jobs.get(&id) else {
            return Timestamp::ZERO;
        };
        let needed = job.needs.iter().filter_map(|index| {
            let release = id.release;
            let needed = self.jobs.get(&JobId {
                release,
                index: *index,
            })?;
            matches!(needed.state, JobState::Ended(_)).then_some(needed.since)
        });
        needed.fold(job.since, Timestamp::max)
    }
}

impl Draft<'_> {
    /// Tells for what a job has waited, when its wait is over.
    pub(super) fn tell_wait(&mut self, job: JobId) {
        let waited = self.board.waited(job);
        if !waited.is_empty() {
            let waited = EventKind::Waited(waited.to_vec());
            self.event(job.release, Some(job.index), waited);
        }
    }
}
