//! What time it is for the coordinator: what happens here is told in its time, whatever our own clock shows.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use shipway_domain::time::Timestamp;
use shipway_runtime::Clock;

/// The coordinator's time, as its last welcome said it. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct CoordinatorTime(Arc<Mutex<Option<Said>>>);

/// Its time at a moment of our uptime.
#[derive(Clone, Copy, Debug)]
struct Said {
    uptime: Duration,
    millis: u64,
}

impl CoordinatorTime {
    /// A welcome said it was `millis`. It was asked for at `asked`, and has come now: halfway between is when it was
    /// said, give or take half of the way.
    pub(crate) fn said(&self, clock: &Clock, asked: Duration, millis: u64) {
        let now = clock.uptime();
        let uptime = asked + now.saturating_sub(asked) / 2;
        let said = (millis > 0).then_some(Said { uptime, millis });
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = said;
    }

    /// The coordinator's time now; `None` while it has not said it, as one of before does not.
    pub(crate) fn now(&self, clock: &Clock) -> Option<Timestamp> {
        let said = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Said { uptime, millis } = said?;
        let past = clock.uptime().saturating_sub(uptime);
        Some(Timestamp::from_millis(millis).plus(past))
    }

    /// How far it is ahead of our own clock, in milliseconds; 0 while that is not known.
    pub(crate) fn ahead(&self, clock: &Clock) -> i64 {
        self.now(clock).map_or(0, |theirs| {
            let (theirs, ours) = (theirs.millis(), clock.millis());
            i64::try_from(i128::from(theirs) - i128::from(ours)).unwrap_or(0)
        })
    }
}
