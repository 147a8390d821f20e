//! Simulated time: one clock that runs faster than the real one, or stands still until advanced.

use std::ops::Add;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::sync::watch;

/// An instant of simulated time, in microseconds since the Unix epoch.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct SimTime(u64);

impl SimTime {
    /// The instant that lies `micros` microseconds after the Unix epoch.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// Microseconds since the Unix epoch.
    #[must_use]
    pub const fn micros(self) -> u64 {
        self.0
    }

    /// Seconds since the Unix epoch with milliseconds, as awsJson1.1 writes a timestamp.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "milliseconds of this millennium fit 53 bits"
    )]
    pub fn epoch_seconds(self) -> f64 {
        (self.0 / 1000) as f64 / 1000.0
    }

    /// The timestamp as an awsJson1.1 value.
    #[must_use]
    pub fn json(self) -> Value {
        Value::from(self.epoch_seconds())
    }

    /// ISO 8601 in UTC with whole seconds, as awsQuery writes a timestamp.
    #[must_use]
    pub fn iso8601(self) -> String {
        i64::try_from(self.0 / 1_000_000)
            .ok()
            .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
            .and_then(|instant| instant.format(&Rfc3339).ok())
            .unwrap_or_default()
    }

    /// Time passed since `earlier`; zero if `earlier` lies ahead.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }

    fn of(instant: SystemTime) -> Self {
        let since_epoch = instant.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self::default() + since_epoch
    }
}

impl Add<Duration> for SimTime {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        Self(
            self.0
                .saturating_add(u64::try_from(span.as_micros()).unwrap_or(u64::MAX)),
        )
    }
}

/// The clock of one simulator. Clones share it.
#[derive(Clone, Debug)]
pub struct Clock {
    anchor: Arc<Mutex<Anchor>>,
    changed: watch::Sender<()>,
}

/// Where simulated and real time were last set side by side.
#[derive(Debug)]
struct Anchor {
    simulated: SimTime,
    real: Instant,
    /// Simulated seconds per real second; zero while paused.
    scale: f64,
}

impl Anchor {
    fn now(&self) -> SimTime {
        self.simulated + self.real.elapsed().mul_f64(self.scale)
    }
}

impl Clock {
    /// A clock that starts at the real time of day, or at `not_before` if that is later (state
    /// saved by a faster clock), and runs `scale` times as fast. A scale of zero is a paused clock.
    #[must_use]
    pub fn starting(not_before: SimTime, scale: f64) -> Self {
        Self::at(wall_clock().max(not_before), scale)
    }

    /// A clock that starts at this instant, for runs that shall repeat.
    #[must_use]
    pub fn at(simulated: SimTime, scale: f64) -> Self {
        Self {
            anchor: Arc::new(Mutex::new(Anchor {
                simulated,
                real: Instant::now(),
                scale,
            })),
            changed: watch::Sender::new(()),
        }
    }

    /// The simulated time now.
    #[must_use]
    pub fn now(&self) -> SimTime {
        self.lock().now()
    }

    /// Simulated seconds per real second; zero while paused.
    #[must_use]
    pub fn scale(&self) -> f64 {
        self.lock().scale
    }

    /// Runs on at another speed from now; zero pauses.
    pub fn set_scale(&self, scale: f64) {
        let mut anchor = self.lock();
        anchor.simulated = anchor.now();
        anchor.real = Instant::now();
        anchor.scale = scale;
        drop(anchor);
        self.changed.send_replace(());
    }

    /// Jumps ahead by `span` of simulated time, paused or not.
    pub fn advance(&self, span: Duration) {
        let mut anchor = self.lock();
        anchor.simulated = anchor.simulated + span;
        drop(anchor);
        self.changed.send_replace(());
    }

    /// Goes on from `simulated`, which may lie behind: another world has been loaded.
    pub(crate) fn set(&self, simulated: SimTime) {
        let mut anchor = self.lock();
        anchor.simulated = simulated;
        anchor.real = Instant::now();
        drop(anchor);
        self.changed.send_replace(());
    }

    /// The real instant at which a client's own clock stands when this one reaches `instant`.
    ///
    /// Clients compare the expiry of credentials with their own clock, so expiries go out like
    /// this; they are enforced in simulated time. A paused clock counts as real speed.
    #[must_use]
    pub fn on_the_clients_clock(&self, instant: SimTime) -> SimTime {
        let anchor = self.lock();
        let ahead = instant.since(anchor.now());
        let scale = if anchor.scale > 0.0 {
            anchor.scale
        } else {
            1.0
        };
        wall_clock() + ahead.div_f64(scale)
    }

    /// Sleeps until the simulated `instant`, whatever happens to the scale meanwhile.
    pub async fn sleep_until(&self, instant: SimTime) {
        let mut changed = self.changed.subscribe();
        loop {
            let (left, scale) = {
                let anchor = self.lock();
                (instant.since(anchor.now()), anchor.scale)
            };
            if left.is_zero() {
                return;
            }
            let change = changed.changed();
            if scale > 0.0 {
                let real = left.div_f64(scale).max(Duration::from_millis(1));
                // Either way the time left is computed afresh; the sender lives as long as `self`.
                drop(tokio::time::timeout(real, change).await);
            } else {
                drop(change.await);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Anchor> {
        self.anchor.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The real time of day.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place where real time enters the simulator"
)]
fn wall_clock() -> SimTime {
    SimTime::of(SystemTime::now())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paused_clock_moves_only_when_advanced() {
        let clock = Clock::starting(SimTime::default(), 0.0);
        let start = clock.now();
        std::thread::sleep(Duration::from_millis(2));
        assert_eq!(clock.now(), start);
        clock.advance(Duration::from_secs(90));
        assert_eq!(clock.now().since(start), Duration::from_secs(90));
    }

    #[test]
    fn a_clock_never_starts_before_saved_state() {
        let saved = wall_clock() + Duration::from_secs(1_000_000);
        assert!(Clock::starting(saved, 1.0).now() >= saved);
    }

    #[test]
    fn an_expiry_reaches_the_client_in_its_own_time() {
        let clock = Clock::starting(SimTime::default(), 60.0);
        let shown = clock.on_the_clients_clock(clock.now() + Duration::from_secs(3600));
        let ahead = shown.since(wall_clock());
        assert!(ahead <= Duration::from_secs(60), "{ahead:?}");
        assert!(ahead >= Duration::from_secs(50), "{ahead:?}");
    }

    #[test]
    fn timestamps_have_the_forms_of_the_two_protocols() {
        let instant = SimTime::from_micros(1_700_000_000_123_456);
        assert_eq!(instant.json().to_string(), "1700000000.123");
        assert_eq!(instant.iso8601(), "2023-11-14T22:13:20Z");
    }

    #[tokio::test]
    async fn a_sleeper_on_a_paused_clock_wakes_when_it_is_advanced() {
        let clock = Clock::starting(SimTime::default(), 0.0);
        let deadline = clock.now() + Duration::from_secs(60);
        let sleeper = clock.sleep_until(deadline);
        let advance = async { clock.advance(Duration::from_secs(60)) };
        tokio::join!(sleeper, advance);
        assert!(clock.now() >= deadline);
    }
}
