//! The one place where the time is read.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Gives the time of day; in tests it follows tokio's (pausable) clock.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Tokio {
        origin: tokio::time::Instant,
        millis_at_origin: u64,
        /// Milliseconds by which the time of day was set.
        jump: Arc<AtomicI64>,
        /// Milliseconds for which the machine slept.
        slept: Arc<AtomicU64>,
    },
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that starts at `millis` since the epoch and moves with tokio's time: under paused
    /// time it stands still until the test advances it. Must be made inside a runtime.
    #[must_use]
    pub fn of_tokio(millis: u64) -> Self {
        Self(Source::Tokio {
            origin: tokio::time::Instant::now(),
            millis_at_origin: millis,
            jump: Arc::default(),
            slept: Arc::default(),
        })
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the place where the time is read"
    )]
    pub fn millis(&self) -> u64 {
        match &self.0 {
            Source::System => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH);
                since.map_or(0, |since| {
                    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
                })
            }
            Source::Tokio {
                origin,
                millis_at_origin,
                jump,
                slept,
            } => {
                let passed = u64::try_from(origin.elapsed().as_millis()).unwrap_or(u64::MAX);
                let passed = passed.saturating_add(slept.load(Ordering::Relaxed));
                let now = millis_at_origin.saturating_add(passed);
                now.saturating_add_signed(jump.load(Ordering::Relaxed))
            }
        }
    }

    /// Sets the time of day of a test clock, as somebody does who corrects it; the machine's clock is not touched.
    pub fn jump(&self, millis: i64) {
        if let Source::Tokio { jump, .. } = &self.0 {
            jump.fetch_add(millis, Ordering::Relaxed);
        }
    }

    /// Lets the machine of a test clock sleep for so long: time goes on, and nothing else.
    pub fn sleep(&self, time: Duration) {
        if let Source::Tokio { slept, .. } = &self.0 {
            let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
            slept.fetch_add(millis, Ordering::Relaxed);
        }
    }

    /// The time of day from now on, however it is set.
    #[must_use]
    pub fn steady(&self) -> Steady {
        Steady {
            clock: self.clone(),
            millis: self.millis(),
            uptime: self.uptime(),
        }
    }

    /// Time since the machine booted, with the time it was suspended: a lease must not outlive a
    /// laptop's sleep. Under a test clock it follows tokio's.
    #[must_use]
    pub fn uptime(&self) -> Duration {
        match &self.0 {
            Source::System => boot_time(),
            Source::Tokio { origin, slept, .. } => {
                origin.elapsed() + Duration::from_millis(slept.load(Ordering::Relaxed))
            }
        }
    }
}

/// A time of day that nobody sets: it goes on by the uptime. What waits until something cannot happen any more
/// must not be told so by a clock that was corrected.
#[derive(Clone, Debug)]
pub struct Steady {
    clock: Clock,
    millis: u64,
    uptime: Duration,
}

impl Steady {
    /// Milliseconds since the Unix epoch, as the clock said when this began, and what has passed since.
    #[must_use]
    pub fn millis(&self) -> u64 {
        let passed = self.clock.uptime().saturating_sub(self.uptime);
        let passed = u64::try_from(passed.as_millis()).unwrap_or(u64::MAX);
        self.millis.saturating_add(passed)
    }
}

#[cfg(target_os = "linux")]
fn boot_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    to_duration(time)
}

#[cfg(not(target_os = "linux"))]
fn boot_time() -> Duration {
    // Where there is no clock that counts suspension by this name, the monotonic one must do.
    to_duration(rustix::time::clock_gettime(
        rustix::time::ClockId::Monotonic,
    ))
}

fn to_duration(time: rustix::time::Timespec) -> Duration {
    let secs = u64::try_from(time.tv_sec).unwrap_or_default();
    let nanos = u32::try_from(time.tv_nsec).unwrap_or_default();
    Duration::new(secs, nanos)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Clock;

    #[tokio::test(start_paused = true)]
    async fn a_steady_time_goes_on_with_sleep_and_not_with_what_the_clock_is_set_to() {
        let clock = Clock::of_tokio(5_000);
        let steady = clock.steady();
        clock.jump(60_000);
        assert_eq!((clock.millis(), steady.millis()), (65_000, 5_000));
        clock.sleep(Duration::from_secs(2));
        tokio::time::advance(Duration::from_secs(1)).await;
        clock.jump(-90_000);
        assert_eq!(steady.millis(), 8_000);
        assert_eq!(clock.uptime(), Duration::from_secs(3));
    }
}
