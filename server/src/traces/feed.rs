//! Which releases have something new to tell a collector: numbers alone, so that nothing waits in memory while it is away.

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use shipway_domain::ids::ReleaseId;
use tokio::sync::Notify;

/// Releases that are remembered at most; of more, those that have waited longest are not exported.
const MOST: usize = 100_000;

/// What became durable since it was last asked. Nobody waits for it.
#[derive(Debug, Default)]
pub(crate) struct Feed {
    fresh: Mutex<Fresh>,
    news: Notify,
}

/// Releases, each once, in the order in which they have waited.
#[derive(Debug, Default)]
struct Fresh {
    order: VecDeque<ReleaseId>,
    known: HashSet<ReleaseId>,
}

impl Fresh {
    fn pop(&mut self) -> Option<ReleaseId> {
        let first = self.order.pop_front()?;
        self.known.remove(&first);
        Some(first)
    }
}

impl Feed {
    /// Something of the release became durable, up to this event.
    pub(crate) fn tell(&self, release: ReleaseId, last: u64, ended: bool) {
        // What was only submitted has nothing to tell that will not be told with its first grant.
        if last > 1 || ended {
            self.put(release);
        }
    }

    /// The release has something to tell.
    pub(super) fn put(&self, release: ReleaseId) {
        let mut fresh = self.lock();
        if !fresh.known.insert(release) {
            return;
        }
        fresh.order.push_back(release);
        if fresh.order.len() > MOST {
            fresh.pop();
        }
        drop(fresh);
        self.news.notify_one();
    }

    /// Takes the one that has waited longest.
    pub(super) fn take(&self) -> Option<ReleaseId> {
        self.lock().pop()
    }

    /// Waits until there is something.
    pub(super) async fn news(&self) {
        loop {
            let news = self.news.notified();
            if !self.lock().order.is_empty() {
                return;
            }
            news.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Fresh> {
        self.fresh.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use shipway_domain::ids::ReleaseId;

    use super::{Feed, MOST};

    #[tokio::test]
    async fn a_release_is_told_once_and_the_oldest_of_too_many_are_left_out() {
        let feed = Feed::default();
        let id = ReleaseId::from_number;
        let all = || std::iter::from_fn(|| feed.take()).collect::<Vec<_>>();
        feed.tell(id(1), 1, false);
        assert_eq!(all(), []);
        feed.tell(id(1), 1, true);
        feed.tell(id(2), 2, false);
        feed.tell(id(2), 3, true);
        feed.news().await;
        assert_eq!(all(), [id(1), id(2)]);
        // One that goes on and on holds up nobody.
        for number in [3, 4, 3, 5] {
            feed.put(id(number));
        }
        assert_eq!(feed.take(), Some(id(3)));
        feed.put(id(3));
        assert_eq!(all(), [4, 5, 3].map(id));
        for number in 0..=MOST as u64 {
            feed.put(id(number));
        }
        assert_eq!(feed.take(), Some(id(1)));
        assert_eq!(all().len(), MOST - 1);
    }
}
