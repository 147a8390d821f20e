//! Wakes the session when jobs have something to say: at once, or when a little has gathered.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// A moment in which progress gathers, so that it goes in few large frames.
const GATHER: Duration = Duration::from_millis(50);

/// The bell, as those have it who ring it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wake {
    now: Arc<Notify>,
    soon: Arc<Notify>,
}

impl Wake {
    /// Somebody waits for the answer.
    pub(crate) fn now(&self) {
        self.now.notify_one();
    }

    /// It may wait until more has come.
    pub(crate) fn soon(&self) {
        self.soon.notify_one();
    }
}

/// The bell, as the one has it who hears it.
#[derive(Debug)]
pub(crate) struct Bell {
    wake: Wake,
    /// Until when what has come waits for more.
    gathers: Option<Instant>,
}

impl Bell {
    pub(crate) const fn of(wake: Wake) -> Self {
        Self {
            wake,
            gathers: None,
        }
    }

    /// Returns when something is to be sent. May be dropped and called again: nothing is lost.
    pub(crate) async fn rings(&mut self) {
        let until = match self.gathers {
            Some(until) => until,
            None => tokio::select! {
                biased;
                () = self.wake.now.notified() => return,
                () = self.wake.soon.notified() => *self.gathers.insert(Instant::now() + GATHER),
            },
        };
        tokio::select! {
            biased;
            () = self.wake.now.notified() => {}
            () = tokio::time::sleep_until(until) => {}
        }
        self.gathers = None;
    }
}
