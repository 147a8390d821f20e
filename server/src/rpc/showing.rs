//! What the watchers of a release are shown, put together once for all of them: neither the board nor the disk
//! is asked more often because more people watch.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;

use prost::Message as _;
use shipway_domain::ids::ReleaseId;
use shipway_proto::v1;
use shipway_store::Store;
use tokio::sync::Mutex;
use tokio::time::Instant;
use tonic::Status;

use super::watch::{blocking, release};
use crate::coordinator::Coordinator;
use crate::hub::Watching;

/// Events in one message: few large frames rather than many small ones (engineering-facts,
/// section 5, the live trap of h2).
const EVENTS_AT_ONCE: usize = 256;
/// Bytes of these at most, unless one alone has more: what waits for a slow watcher stays small.
const BYTES_AT_ONCE: usize = 64 * 1024;
/// Bytes of the newest events that are kept for the watchers of a release. Who is further behind reads by itself.
const TAIL: usize = 512 * 1024;
/// How often the reasons of waits are looked at while nothing happens, and the end where nothing is told of it.
const LOOK: Duration = Duration::from_secs(1);
/// Between two messages to one watcher at least, while a release goes on: what comes meanwhile shares a frame.
pub(super) const GATHER: Duration = Duration::from_millis(50);

/// The releases that somebody watches.
#[derive(Clone)]
pub(crate) struct Showings {
    coordinator: Coordinator,
    store: Arc<dyn Store>,
    shown: Arc<std::sync::Mutex<BTreeMap<ReleaseId, Weak<Showing>>>>,
}

impl Showings {
    pub(crate) fn new(coordinator: Coordinator, store: Arc<dyn Store>) -> Self {
        Self {
            coordinator,
            store,
            shown: Arc::default(),
        }
    }

    /// The release for one watcher more.
    pub(super) fn of(&self, release: ReleaseId) -> Arc<Showing> {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(showing) = shown.get(&release).and_then(Weak::upgrade) {
            return showing;
        }
        shown.retain(|_, showing| showing.strong_count() > 0);
        let showing = Arc::new(Showing {
            coordinator: self.coordinator.clone(),
            store: Arc::clone(&self.store),
            release,
            watching: self.coordinator.hub().watch(release),
            view: Mutex::default(),
            tail: Mutex::default(),
        });
        shown.insert(release, Arc::downgrade(&showing));
        showing
    }
}

/// A release that is watched.
pub(super) struct Showing {
    coordinator: Coordinator,
    store: Arc<dyn Store>,
    release: ReleaseId,
    /// As long as this stands, the hub goes on counting.
    watching: Watching,
    view: Mutex<Option<Shown>>,
    tail: Mutex<Tail>,
}

/// A release as it was at some time.
struct Shown {
    view: Arc<v1::ReleaseView>,
    /// How often something of it had been told before.
    told: u64,
    at: Instant,
}

/// The newest events that somebody read.
#[derive(Default)]
struct Tail {
    /// Number of the last event before these.
    after: u64,
    events: VecDeque<(usize, v1::Event)>,
    bytes: usize,
}

impl Showing {
    /// A place that hears what becomes durable of the release.
    pub(super) fn watch(&self) -> Watching {
        self.coordinator.hub().watch(self.release)
    }

    /// The release as it is, or was a moment ago if nothing of it became durable since.
    pub(super) async fn view(&self) -> Result<Arc<v1::ReleaseView>, Status> {
        // Whoever waits for somebody else's look gets what that one sees.
        let mut shown = self.view.lock().await;
        let told = self.watching.told();
        if let Some(shown) = &*shown
            && shown.told == told
            && shown.at.elapsed() < LOOK
        {
            return Ok(Arc::clone(&shown.view));
        }
        let at = Instant::now();
        let view = release(&self.coordinator, &self.store, self.release).await?;
        let view = Arc::new(view);
        *shown = Some(Shown {
            view: Arc::clone(&view),
            told,
            at,
        });
        Ok(view)
    }

    /// Events after this number, which are durable up to another: as many as go into one message; none when
    /// there are no more.
    pub(super) async fn events(&self, after: u64, up_to: u64) -> Result<Vec<v1::Event>, Status> {
        if after >= up_to {
            return Ok(Vec::new());
        }
        let mut tail = self.tail.lock().await;
        if after < tail.after {
            // Behind what is kept. It reads by itself, and holds nobody up.
            drop(tail);
            return Ok(fit(&self.read(after).await?));
        }
        if after >= tail.last() {
            let read = self.read(after).await?;
            if read.first().is_none_or(|(_, first)| first.seq != after + 1) {
                // Of a release that was pruned meanwhile there is nothing, or the end is missing: the
                // watcher hears that, and not less than there was.
                release(&self.coordinator, &self.store, self.release).await?;
                return Ok(fit(&read));
            }
            tail.take(after, read);
        }
        Ok(fit(tail.events.range(tail.behind(after)..)))
    }

    async fn read(&self, after: u64) -> Result<Vec<(usize, v1::Event)>, Status> {
        let release = self.release;
        let read = move |store: &dyn Store| store.events(release, after, EVENTS_AT_ONCE);
        let read = blocking(&self.store, read).await?;
        let sized = |event: v1::Event| (event.encoded_len(), event);
        Ok(read.iter().map(v1::Event::from).map(sized).collect())
    }
}

impl Tail {
    fn last(&self) -> u64 {
        self.after + self.events.len() as u64
    }

    /// How many of these are not after this number.
    fn behind(&self, after: u64) -> usize {
        usize::try_from(after.saturating_sub(self.after))
            .unwrap_or(usize::MAX)
            .min(self.events.len())
    }

    /// Adds what was read after this number, and lets go of the oldest.
    fn take(&mut self, after: u64, read: Vec<(usize, v1::Event)>) {
        if after > self.last() {
            *self = Self {
                after,
                ..Self::default()
            };
        }
        for (bytes, event) in read {
            self.bytes += bytes;
            self.events.push_back((bytes, event));
        }
        while self.bytes > TAIL && self.events.len() > EVENTS_AT_ONCE {
            if let Some((bytes, _)) = self.events.pop_front() {
                self.bytes -= bytes;
                self.after += 1;
            }
        }
    }
}

/// What goes into one message of these.
fn fit<'a>(events: impl IntoIterator<Item = &'a (usize, v1::Event)>) -> Vec<v1::Event> {
    let mut bytes = 0;
    events
        .into_iter()
        .take(EVENTS_AT_ONCE)
        .enumerate()
        .take_while(|(place, (more, _))| {
            bytes += more;
            *place == 0 || bytes <= BYTES_AT_ONCE
        })
        .map(|(_, (_, event))| event.clone())
        .collect()
}

/// Waits for news of a release that somebody looked at then, for a while; gives what came soon after it the time
/// to come with it, unless the release ends.
pub(super) async fn news(watching: &mut Watching, looked: Instant) {
    if tokio::time::timeout(LOOK, watching.news()).await.is_err() {
        return;
    }
    let gathered = tokio::time::sleep_until(looked + GATHER);
    tokio::pin!(gathered);
    while !watching.seen().ended {
        tokio::select! {
            biased;
            () = &mut gathered => return,
            () = watching.news() => {}
        }
    }
}
