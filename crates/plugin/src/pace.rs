//! How long a common poller waits between two polls.

use std::time::Duration;

/// The pace: quick after a change, slower the longer nothing moves, slower still when throttled.
///
/// Each quiet poll makes the next wait a tenth longer, so that what happens after a quiet time is
/// seen after at most a tenth of that time. Throttling doubles the shortest wait; it shrinks back by
/// a tenth with each poll that goes through.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    shortest: Duration,
    longest: Duration,
    floor: Duration,
    current: Duration,
    throttled: bool,
}

impl Pace {
    /// A pace between these two.
    #[must_use]
    pub const fn new(shortest: Duration, longest: Duration) -> Self {
        Self {
            shortest,
            longest,
            floor: shortest,
            current: shortest,
            throttled: false,
        }
    }

    /// After a poll.
    pub fn polled(&mut self, changed: bool, throttled: bool) {
        self.throttled = throttled;
        if throttled {
            self.floor = (self.floor * 2).min(self.longest);
            self.current = (self.current * 2).min(self.longest);
            return;
        }
        self.floor = self.floor.mul_f64(0.9).max(self.shortest);
        self.current = if changed {
            self.floor
        } else {
            self.current.mul_f64(1.1).min(self.longest)
        };
    }

    /// Something new is being watched, or was changed.
    pub fn hurry(&mut self) {
        self.current = self.floor;
    }

    /// Time between two polls.
    #[must_use]
    pub const fn current(&self) -> Duration {
        self.current
    }

    /// Whether the last poll was throttled.
    #[must_use]
    pub const fn is_throttled(&self) -> bool {
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
        let mut pace = Pace::new(Duration::from_secs(1), Duration::from_secs(10));
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
        let mut pace = Pace::new(Duration::from_secs(1), Duration::from_secs(10));
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
