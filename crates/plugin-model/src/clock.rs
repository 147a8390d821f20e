//! The time of day in the model, given from outside.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use shipway_domain::time::Timestamp;
use tokio::sync::watch;
use tokio::time::Instant;

/// A clock; clones share it.
#[derive(Clone, Debug)]
pub struct Clock(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Tokio {
        begin: Timestamp,
        origin: Instant,
    },
    Hand {
        clock: watch::Receiver<Timestamp>,
        dues: Dues,
    },
    Told {
        read: Reading,
        latest: Arc<AtomicU64>,
    },
}

/// Tells the time.
#[derive(Clone)]
struct Reading(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl fmt::Debug for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a clock")
    }
}

/// Moves a clock.
#[derive(Clone, Debug)]
pub struct Hand {
    clock: Arc<watch::Sender<Timestamp>>,
    dues: Dues,
}

/// How many wait for each moment.
#[derive(Clone, Debug, Default)]
struct Dues(Arc<Mutex<BTreeMap<Timestamp, u32>>>);

impl Clock {
    /// Stands at `begin` now and goes on with tokio's clock, which tests may pause.
    #[must_use]
    pub fn of_tokio(begin: Timestamp) -> Self {
        Self(Kind::Tokio {
            begin,
            origin: Instant::now(),
        })
    }

    /// Stands at `begin` until its hand is moved. It needs no runtime.
    #[must_use]
    pub fn by_hand(begin: Timestamp) -> (Self, Hand) {
        let (hand, clock) = watch::channel(begin);
        let dues = Dues::default();
        let hand = Hand {
            clock: Arc::new(hand),
            dues: dues.clone(),
        };
        (Self(Kind::Hand { clock, dues }), hand)
    }

    /// Stands where `read` says, and waits by tokio's clock: for simulations in which each process has a
    /// tokio of its own. One that is read behind another is taken to be as late as that.
    #[must_use]
    pub fn told(read: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Kind::Told {
            read: Reading(Arc::new(read)),
            latest: Arc::default(),
        })
    }

    /// The time of day.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Kind::Tokio { begin, origin } => begin.plus(origin.elapsed()),
            Kind::Hand { clock, .. } => *clock.borrow(),
            Kind::Told { read, latest } => {
                let read = (read.0)().millis();
                let before = latest.fetch_max(read, Ordering::Relaxed);
                Timestamp::from_millis(before.max(read))
            }
        }
    }

    /// Waits until the clock has come so much further.
    pub(crate) async fn sleep(&self, span: Duration) {
        match &self.0 {
            Kind::Tokio { .. } | Kind::Told { .. } => tokio::time::sleep(span).await,
            Kind::Hand { clock, dues } => {
                let due = clock.borrow().plus(span);
                let _waiting = dues.wait(due);
                let mut clock = clock.clone();
                if clock.wait_for(|now| *now >= due).await.is_err() {
                    // Nobody will move it any more.
                    std::future::pending::<()>().await;
                }
            }
        }
    }
}

impl Hand {
    /// Moves the clock ahead.
    pub fn advance(&self, span: Duration) {
        self.clock.send_modify(|now| *now = now.plus(span));
    }

    /// Moves the clock to this time, unless it is there already or further.
    pub fn advance_to(&self, time: Timestamp) {
        self.clock.send_if_modified(|now| {
            let ahead = time > *now;
            *now = time.max(*now);
            ahead
        });
    }

    /// The next moment that a call waits for, such as a common poll. None: all are about something else.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        let now = *self.clock.borrow();
        let dues = self.dues.lock();
        dues.keys().find(|due| **due > now).copied()
    }
}

impl Dues {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Timestamp, u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody waits for `due` as long as this is held.
    fn wait(&self, due: Timestamp) -> Waiting<'_> {
        *self.lock().entry(due).or_default() += 1;
        Waiting { dues: self, due }
    }
}

struct Waiting<'a> {
    dues: &'a Dues,
    due: Timestamp,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut dues = self.dues.lock();
        if let Some(count) = dues.get_mut(&self.due) {
            *count -= 1;
            if *count == 0 {
                dues.remove(&self.due);
            }
        }
    }
}
