//! Numbers of the board: counted there when somebody reads them, and every few seconds at most.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use shipway_domain::board::{Counts, WaitCode};
use shipway_domain::verdict::Verdict;
use shipway_runtime::Metrics;
use shipway_runtime::metrics::{float, names};
use tokio_util::sync::CancellationToken;

use crate::coordinator::Coordinator;

/// How long a look counts.
const FRESH: Duration = Duration::from_secs(5);
/// How long who reads waits for a look; then the one before is told.
const PATIENCE: Duration = Duration::from_secs(2);
/// Jobs that wait and are looked at in one go: what comes beyond is told under one reason.
const MOST: usize = 2_000;
/// That reason.
const BEYOND: &str = "not-looked-at";
/// All kinds of jobs.
const KINDS: [&str; 4] = ["build", "rollout", "task", "settle"];

/// The last look at the board.
#[derive(Clone)]
pub(super) struct Looks {
    coordinator: Coordinator,
    counts: Arc<Mutex<Counts>>,
    /// When it was; held by who looks.
    at: Arc<tokio::sync::Mutex<Option<Instant>>>,
}

impl Looks {
    /// Has the numbers asked for when somebody reads the metrics.
    pub(super) fn start(metrics: &Metrics, coordinator: Coordinator) -> Self {
        let looks = Self {
            coordinator,
            counts: Arc::default(),
            at: Arc::default(),
        };
        observe(metrics, &looks.counts);
        looks
    }

    /// Looks, unless the last look counts still.
    pub(super) async fn freshen(&self) {
        let looked = async {
            let mut at = self.at.lock().await;
            if at.is_some_and(|at| at.elapsed() < FRESH) {
                return;
            }
            // A coordinator that is ending has no numbers.
            if let Ok(counts) = self.coordinator.read(|board| board.count(MOST)).await {
                *self.counts.lock().unwrap_or_else(PoisonError::into_inner) = counts;
                *at = Some(Instant::now());
            }
        };
        // The board is never kept busy for who only reads; the numbers of before are told.
        drop(tokio::time::timeout(PATIENCE, looked).await);
    }

    /// Looks again and again until `stop`: for numbers that are sent, which nobody asks for.
    pub(super) async fn keep_fresh(&self, stop: CancellationToken) {
        loop {
            self.freshen().await;
            tokio::select! {
                () = tokio::time::sleep(FRESH) => {}
                () = stop.cancelled() => return,
            }
        }
    }
}

fn observe(metrics: &Metrics, counts: &Arc<Mutex<Counts>>) {
    let looks = || {
        let counts = Arc::clone(counts);
        move || {
            counts
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone()
        }
    };
    let look = looks();
    metrics.observe(&names::QUEUE_JOBS, move |give| {
        let counts = look();
        for code in WaitCode::ALL {
            let jobs = counts.waiting.get(&code).map_or(0, |it| it.jobs);
            give(float(jobs), &[("reason", code.as_str())]);
        }
        give(float(counts.not_looked_at), &[("reason", BEYOND)]);
    });
    let look = looks();
    metrics.observe(&names::QUEUE_AGE, move |give| {
        let counts = look();
        for code in WaitCode::ALL {
            let oldest = counts.waiting.get(&code).and_then(|it| it.oldest);
            let age = oldest.map_or(Duration::ZERO, |oldest| counts.at.since(oldest));
            give(age.as_secs_f64(), &[("reason", code.as_str())]);
        }
    });
    let look = looks();
    metrics.observe(&names::AGENTS, move |give| {
        let counts = look();
        give(float(counts.connected), &[("state", "connected")]);
        give(float(counts.draining), &[("state", "draining")]);
        give(float(counts.gone), &[("state", "gone")]);
    });
    let look = looks();
    metrics.observe(&names::JOBS_RUNNING, move |give| {
        let counts = look();
        for kind in KINDS {
            let jobs = counts.running.get(kind).copied().unwrap_or_default();
            give(float(jobs), &[("kind", kind)]);
        }
    });
    let look = looks();
    metrics.observe(&names::JOBS_RESTING, move |give| {
        let counts = look();
        for verdict in [Verdict::Unknown, Verdict::Stuck] {
            let jobs = counts.resting.get(&verdict).copied().unwrap_or_default();
            give(float(jobs), &[("verdict", verdict.as_str())]);
        }
    });
    let look = looks();
    metrics.observe(&names::DEBTS, move |give| give(float(look().debts), &[]));
    let look = looks();
    metrics.observe(&names::DEBTS_AGE, move |give| {
        let counts = look();
        let age = counts
            .oldest_debt
            .map_or(Duration::ZERO, |since| counts.at.since(since));
        give(age.as_secs_f64(), &[]);
    });
}
