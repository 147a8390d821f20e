//! Tells watchers that something of a release became durable. What it is they read themselves, so a
//! slow one loses nothing and slows nobody.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use shipway_domain::ids::ReleaseId;
use tokio::sync::watch;

/// How far a release's events are durable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Durable {
    /// Number of the last durable event that was told.
    pub last: u64,
    /// Whether the release has ended.
    pub ended: bool,
}

/// Where watchers wait.
#[derive(Debug, Default)]
pub struct Hub {
    watched: Mutex<BTreeMap<ReleaseId, watch::Sender<Durable>>>,
}

impl Hub {
    /// A receiver that changes whenever events of the release became durable.
    #[must_use]
    pub fn watch(&self, release: ReleaseId) -> watch::Receiver<Durable> {
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        watched
            .entry(release)
            .or_insert_with(|| watch::Sender::new(Durable::default()))
            .subscribe()
    }

    /// Tells those who watch the release.
    pub(crate) fn tell(&self, release: ReleaseId, last: u64, ended: bool) {
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(sender) = watched.get(&release) else {
            return;
        };
        sender.send_modify(|durable| {
            durable.last = durable.last.max(last);
            durable.ended |= ended;
        });
        // The last watcher is gone: nobody would ever take the entry out.
        if sender.is_closed() {
            watched.remove(&release);
        }
    }
}
