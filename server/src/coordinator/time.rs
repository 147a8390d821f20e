//! The time of the board: somebody who sets the machine's clock must not end all leases at once.

use shipway_domain::time::Timestamp;
use shipway_runtime::{Clock, Steady};

/// Milliseconds that the clock may differ from it without a word.
const APART: u64 = 2_000;

/// The time of day when the coordinator started, and what has passed since.
pub(super) struct Time {
    clock: Clock,
    steady: Steady,
    told: bool,
}

impl Time {
    pub(super) fn from_now(clock: Clock) -> Self {
        Self {
            steady: clock.steady(),
            clock,
            told: false,
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.steady.millis())
    }

    /// Says once that the clock was set: times are recorded as before until the next start.
    pub(super) fn compare(&mut self) {
        let (clock, steady) = (self.clock.millis(), self.steady.millis());
        let apart = clock.abs_diff(steady);
        if apart > APART && !self.told {
            let (seconds, ahead) = (apart / 1000, clock > steady);
            tracing::warn!(
                seconds,
                ahead,
                "the clock was set; times are recorded by the old one until the next start"
            );
        }
        self.told = apart > APART;
    }
}
