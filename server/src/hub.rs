//! Tells watchers that something of a release became durable. What it is they read themselves, so a
//! slow one loses nothing and slows nobody.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use shipway_domain::ids::ReleaseId;
use tokio::sync::watch;

use crate::traces::Feed;

/// How far a release's events are durable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Durable {
    /// Number of the last durable event that was told.
    pub last: u64,
    /// Whether the release has ended.
    pub ended: bool,
    /// How often something was told while somebody watched.
    pub told: u64,
}

/// Where watchers wait. It knows of those releases alone that somebody watches.
#[derive(Debug, Default)]
pub struct Hub {
    watched: Mutex<BTreeMap<ReleaseId, watch::Sender<Durable>>>,
    /// Who sends traces, if somebody does.
    feed: OnceLock<Arc<Feed>>,
}

/// The place of one watcher; with the last one of a release the hub forgets the release.
#[derive(Debug)]
pub struct Watching {
    release: ReleaseId,
    hub: Arc<Hub>,
    durable: watch::Receiver<Durable>,
}

impl Hub {
    /// A place that hears whenever events of the release became durable.
    #[must_use]
    pub fn watch(self: &Arc<Self>, release: ReleaseId) -> Watching {
        let durable = self
            .watched()
            .entry(release)
            .or_insert_with(|| watch::Sender::new(Durable::default()))
            .subscribe();
        Watching {
            release,
            hub: Arc::clone(self),
            durable,
        }
    }

    /// Tells of every release from now on.
    pub(crate) fn feed(&self, feed: Arc<Feed>) {
        // A second one would be told nothing that the first is not.
        drop(self.feed.set(feed));
    }

    /// Tells those who watch the release.
    pub(crate) fn tell(&self, release: ReleaseId, last: u64, ended: bool) {
        if let Some(feed) = self.feed.get() {
            feed.tell(release, last, ended);
        }
        if let Some(sender) = self.watched().get(&release) {
            sender.send_modify(|durable| {
                durable.last = durable.last.max(last);
                durable.ended |= ended;
                durable.told += 1;
            });
        }
    }

    fn watched(&self) -> MutexGuard<'_, BTreeMap<ReleaseId, watch::Sender<Durable>>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watching {
    /// How far events are durable; what is told from now on is news.
    pub fn seen(&mut self) -> Durable {
        *self.durable.borrow_and_update()
    }

    /// How often something was told, whoever saw it.
    #[must_use]
    pub fn told(&self) -> u64 {
        self.durable.borrow().told
    }

    /// Waits until something was told since the last [`Watching::seen`].
    pub async fn news(&mut self) {
        if self.durable.changed().await.is_err() {
            // The hub keeps the sender as long as this place is taken.
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let mut watched = self.hub.watched();
        // Under the lock nobody else comes or goes; this one is counted still.
        if watched
            .get(&self.release)
            .is_some_and(|sender| sender.receiver_count() <= 1)
        {
            watched.remove(&self.release);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use shipway_domain::ids::ReleaseId;

    use super::{Durable, Hub};

    #[tokio::test]
    async fn every_watcher_hears_and_none_leaves_anything_behind() {
        let hub = Arc::new(Hub::default());
        let release = ReleaseId::from_number(7);
        let mut first = hub.watch(release);
        let mut second = hub.watch(release);
        hub.tell(release, 3, false);
        hub.tell(release, 2, true);
        for watching in [&mut first, &mut second] {
            watching.news().await;
            let wanted = Durable {
                last: 3,
                ended: true,
                told: 2,
            };
            assert_eq!(watching.seen(), wanted);
        }
        drop(first);
        assert_eq!(hub.watched().len(), 1);
        drop(second);
        assert_eq!(hub.watched().len(), 0);
        // It has ended: nothing is told of it any more, and who watches it leaves all the same.
        drop(hub.watch(release));
        hub.tell(release, 4, false);
        assert_eq!(hub.watched().len(), 0);
    }
}
