//! The time of day in the model, given from outside.

use std::sync::Arc;
use std::time::Duration;

use shipway_domain::time::Timestamp;
use tokio::sync::watch;
use tokio::time::Instant;

/// A clock; clones share it.
#[derive(Clone, Debug)]
pub struct Clock(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Tokio { begin: Timestamp, origin: Instant },
    Hand(watch::Receiver<Timestamp>),
}

/// Moves a clock.
#[derive(Clone, Debug)]
pub struct Hand(Arc<watch::Sender<Timestamp>>);

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
        (Self(Kind::Hand(clock)), Hand(Arc::new(hand)))
    }

    /// The time of day.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Kind::Tokio { begin, origin } => begin.plus(origin.elapsed()),
            Kind::Hand(clock) => *clock.borrow(),
        }
    }

    /// Waits until the clock has come so much further.
    pub(crate) async fn sleep(&self, span: Duration) {
        match &self.0 {
            Kind::Tokio { .. } => tokio::time::sleep(span).await,
            Kind::Hand(clock) => {
                let due = clock.borrow().plus(span);
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
        self.0.send_modify(|now| *now = now.plus(span));
    }

    /// Moves the clock to this time, unless it is there already or further.
    pub fn advance_to(&self, time: Timestamp) {
        self.0.send_if_modified(|now| {
            let ahead = time > *now;
            *now = time.max(*now);
            ahead
        });
    }
}
