//! How long a poller waits between two polls.

use std::time::Duration;

use crate::config::Polling;

/// The pace: quick after a change, slower the longer nothing moves, slower still when throttled.
///
/// Each quiet poll makes the next wait a tenth longer, so that what happens after a quiet time is
/// seen after at most a tenth of that time. Throttling doubles the shortest wait; it shrinks back by
/// a tenth with each poll that goes through.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    limits: Polling,
    floor: Duration,
    current: Duration,
    throttled: bool,
}

impl Pace {
    pub(super) const fn new(limits: Polling) -> Self {
        Self {
            limits,
            floor: limits.min,
            current: limits.min,
            throttled: false,
        }
    }

    /// After a poll.
    pub(super) fn polled(&mut self, changed: bool, throttled: bool) {
        self.throttled = throttled;
        if throttled {
            self.floor = (self.floor * 2).min(self.limits.max);
            self.current = (self.current * 2).min(self.limits.max);
            return;
        }
        self.floor = self.floor.mul_f64(0.9).max(self.limits.min);
        self.current = if changed {
            self.floor
        } else {
            self.current.mul_f64(1.1).min(self.limits.max)
        };
    }

    /// Something new is being watched, or was changed.
    pub(super) fn hurry(&mut self) {
        self.current = self.floor;
    }

    /// Time between two polls.
    pub(super) const fn current(&self) -> Duration {
        self.current
    }

    /// Whether the last poll was throttled.
    pub(super) const fn is_throttled(&self) -> bool {
        self.throttled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(pace: &Pace) -> f64 {
        pace.current().as_secs_f64()
    }

    #[test]
    fn quiet_slows_down_to_the_limit_and_a_change_speeds_up_again() {
        let mut pace = Pace::new(Polling::default());
        let (mut quiet, mut polls) = (0.0, 0);
        while secs(&pace) < 5.0 {
            quiet += secs(&pace);
            polls += 1;
            pace.polled(false, false);
        }
        assert!(
            (38.0..46.0).contains(&quiet),
            "5 s between polls after {quiet} s of quiet"
        );
        assert!(polls < 20, "{polls}");
        for _ in 0..10 {
            pace.polled(false, false);
        }
        assert_eq!(secs(&pace), 10.0);
        pace.polled(true, false);
        assert_eq!(secs(&pace), 1.0);
    }

    #[test]
    fn throttling_slows_down_at_once_and_is_forgotten_slowly() {
        let mut pace = Pace::new(Polling::default());
        pace.polled(true, true);
        pace.polled(true, true);
        assert_eq!(secs(&pace), 4.0);
        assert!(pace.is_throttled());
        pace.hurry();
        assert_eq!(secs(&pace), 4.0);
        pace.polled(true, false);
        assert!(!pace.is_throttled());
        assert!((3.5..3.7).contains(&secs(&pace)), "{}", secs(&pace));
        for _ in 0..20 {
            pace.polled(true, false);
        }
        assert_eq!(secs(&pace), 1.0);
    }
}
