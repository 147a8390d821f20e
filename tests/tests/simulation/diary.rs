//! What happened in a run, line by line, by simulated time.

use std::fmt::Display;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// The time of day at which every simulation begins, in milliseconds.
pub(crate) const BEGIN: u64 = 1_795_000_000_000;

/// The diary of a run; clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Diary {
    lines: Arc<Mutex<Vec<String>>>,
    /// Time outside of all hosts, in milliseconds.
    outside: Arc<AtomicU64>,
}

impl Diary {
    /// Simulated time since the beginning.
    pub(crate) fn elapsed(&self) -> Duration {
        let inside = turmoil::in_simulation()
            .then(turmoil::sim_elapsed)
            .flatten();
        let outside = || Duration::from_millis(self.outside.load(Ordering::Relaxed));
        inside.unwrap_or_else(outside)
    }

    /// The time of day, in milliseconds.
    pub(crate) fn millis(&self) -> u64 {
        BEGIN + u64::try_from(self.elapsed().as_millis()).expect("a short time")
    }

    /// The world outside of the hosts has come so far.
    pub(crate) fn outside_is(&self, elapsed: Duration) {
        let millis = u64::try_from(elapsed.as_millis()).expect("a short time");
        self.outside.store(millis, Ordering::Relaxed);
    }

    pub(crate) fn note(&self, who: &str, what: impl Display) {
        let at = self.elapsed();
        let line = format!("{:>8.3} {who:<8} {what}", at.as_secs_f64());
        self.lock().push(line);
    }

    /// All of it.
    pub(crate) fn text(&self) -> String {
        self.lock().join("\n")
    }

    fn lock(&self) -> MutexGuard<'_, Vec<String>> {
        self.lines.lock().expect("nobody panics while writing")
    }
}
