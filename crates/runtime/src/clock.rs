//! The one place where the time is read.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
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
        jump: Arc<AtomicI64>,
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
            jump: Arc::new(AtomicI64::new(0)),
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
            } => {
                let passed = u64::try_from(origin.elapsed().as_millis()).unwrap_or(u64::MAX);
                let now = millis_at_origin.saturating_add(passed);
                now.saturating_add_signed(jump.load(Ordering::Relaxed))
            }
        }
    }

    /// Lets a test clock jump; the machine's clock is not touched.
    pub fn jump(&self, millis: i64) {
        if let Source::Tokio { jump, .. } = &self.0 {
            jump.fetch_add(millis, Ordering::Relaxed);
        }
    }

    /// Time since the machine booted, with the time it was suspended: a lease must not outlive a
    /// laptop's sleep. Under a test clock it follows tokio's.
    #[must_use]
    pub fn uptime(&self) -> Duration {
        match &self.0 {
            Source::System => boot_time(),
            Source::Tokio { origin, jump, .. } => {
                let jumped = jump.load(Ordering::Relaxed).max(0);
                origin.elapsed() + Duration::from_millis(jumped.unsigned_abs())
            }
        }
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
