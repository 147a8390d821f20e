//! The numbers that the board holds to (design.md section 6); all of them are settings.

use std::time::Duration;

use super::KeyWindow;
use crate::history::Retention;

/// Leases, retries and rests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// How long an attempt may act without renewing.
    pub lease: Duration,
    /// How often agents renew; a third of the lease.
    pub renew: Duration,
    /// An agent stops changing AWS so long before its lease ends.
    pub margin: Duration,
    /// Deliveries in a row without progress after which a job is parked.
    pub max_fruitless: u32,
    /// Wait before the first delivery that follows a lost one.
    pub first_retry: Duration,
    /// Wait before later ones, growing by itself each time, up to [`Policy::MOST_WAITS`] times itself.
    pub later_retry: Duration,
    /// Wait before a job whose verdict is `unknown` is looked at again.
    pub rest: Duration,
    /// How long keys of ended releases are known.
    pub keys: KeyWindow,
    /// Live releases of each environment that a rollback can go to; they are never pruned.
    pub lives: usize,
    /// How long ended releases are kept.
    pub retention: Retention,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(60),
            renew: Duration::from_secs(20),
            margin: Duration::from_secs(15),
            max_fruitless: 3,
            first_retry: Duration::from_secs(1),
            later_retry: Duration::from_secs(20),
            rest: Duration::from_secs(30),
            keys: KeyWindow::default(),
            lives: 10,
            retention: Retention::default(),
        }
    }
}

impl Policy {
    /// The longest wait between deliveries, in [`Policy::later_retry`]: 5 minutes at 20 s. Only settle jobs
    /// are delivered so often.
    pub const MOST_WAITS: u32 = 15;

    /// Wait before the delivery that follows `fruitless` lost ones in a row.
    #[must_use]
    pub fn retry_after(&self, fruitless: u32) -> Duration {
        match fruitless {
            0 => Duration::ZERO,
            1 => self.first_retry,
            n => self
                .later_retry
                .saturating_mul((n - 1).min(Self::MOST_WAITS)),
        }
    }
}
