//! How much of what is on the board, for those who watch over it.

use std::collections::BTreeMap;

use super::{Board, WaitCode};
use crate::job::JobState;
use crate::time::Timestamp;
use crate::verdict::Verdict;

/// Jobs that wait for one reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// How many.
    pub jobs: u64,
    /// Since when the one that waits longest has waited.
    pub oldest: Option<Timestamp>,
}

/// Numbers of the board at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// The time of the board.
    pub at: Timestamp,
    /// Jobs that wait, by why.
    pub waiting: BTreeMap<WaitCode, Waiting>,
    /// Jobs that wait and were not asked why, because enough had been.
    pub not_looked_at: u64,
    /// Jobs that agents have, by kind.
    pub running: BTreeMap<&'static str, u64>,
    /// Jobs that rest, by verdict.
    pub resting: BTreeMap<Verdict, u64>,
    /// Agents that are connected and take jobs.
    pub connected: u64,
    /// Agents that are connected and take nothing new.
    pub draining: u64,
    /// Agents that were connected since the start, and are not.
    pub gone: u64,
    /// Targets to which something is owed.
    pub debts: u64,
    /// Since when the oldest of these debts is owed.
    pub oldest_debt: Option<Timestamp>,
}

impl Board {
    /// Counts what is on the board; asks no more than `most` jobs why they wait, the oldest first.
    #[must_use]
    pub fn count(&self, most: usize) -> Counts {
        let mut counts = Counts {
            at: self.now,
            ..Counts::default()
        };
        let mut waiting = 0_usize;
        for (id, job) in &self.jobs {
            match &job.state {
                JobState::Ended(_) | JobState::Granted(_) => {}
                JobState::Queued { .. } if waiting == most => counts.not_looked_at += 1,
                JobState::Queued { resting, .. } => {
                    waiting += 1;
                    if let Some(report) = resting {
                        *counts.resting.entry(report.verdict).or_default() += 1;
                    }
                    // One without a reason is about to be granted.
                    if let Some(wait) = self.wait_of(*id) {
                        let waiting = counts.waiting.entry(wait.code).or_default();
                        waiting.jobs += 1;
                        // Not while what it needs was under way.
                        let since = self.queued_since(*id);
                        waiting.oldest = Some(waiting.oldest.map_or(since, |at| at.min(since)));
                    }
                }
            }
        }
        for job in self.leases.keys().filter_map(|id| self.jobs.get(id)) {
            *counts.running.entry(job.kind.as_str()).or_default() += 1;
        }
        for seat in self.agents.values() {
            let number = match (seat.connected, seat.draining) {
                (true, false) => &mut counts.connected,
                (true, true) => &mut counts.draining,
                (false, _) => &mut counts.gone,
            };
            *number += 1;
        }
        for debt in self.targets.values().filter_map(|it| it.debt.as_ref()) {
            counts.debts += 1;
            let oldest = counts.oldest_debt.unwrap_or(debt.since);
            counts.oldest_debt = Some(oldest.min(debt.since));
        }
        counts
    }
}
