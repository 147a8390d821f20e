//! Removes releases that are not kept any more, in small steps: records, events, logs, and the blobs that
//! no other release names.
//!
//! Which releases may go is decided elsewhere (`shipway_domain::history`). Every step may be the last
//! of a process: what was begun is found by its marks and taken up again by [`Pruner::resume`].

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use shipway_domain::ids::{Digest, ReleaseId};
use shipway_domain::time::Timestamp;
use tokio::task;

use crate::blobs::{BlobError, Blobs, Collected};
use crate::error::StoreError;
use crate::logs::Logs;
use crate::store::Store;

/// Releases whose records go in one commit.
const AT_ONCE: usize = 32;
/// Records of events that go in one commit: of at most 64 KiB each.
const EVENTS_AT_ONCE: usize = 64;
/// Specifications that one look for the names of blobs reads.
const LOOK: usize = 500;

/// Removes releases and blobs. Clones share what they work on; two must not work at once.
#[derive(Clone)]
pub struct Pruner {
    store: Arc<dyn Store>,
    logs: Logs,
    blobs: Blobs,
    /// Between two steps: others wait for the same disk.
    pause: Duration,
}

/// A failure to remove something.
#[derive(Debug, thiserror::Error)]
pub enum PruneError {
    /// Of records or logs.
    #[error("releases could not be pruned")]
    Store(#[from] StoreError),
    /// Of blobs.
    #[error("blobs could not be collected")]
    Blobs(#[from] BlobError),
    /// The process is ending.
    #[error("the work was cut off")]
    CutOff(#[from] task::JoinError),
}

impl Pruner {
    /// One that works on these, and rests for `pause` after every step.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, logs: Logs, blobs: Blobs, pause: Duration) -> Self {
        Self {
            store,
            logs,
            blobs,
            pause,
        }
    }

    /// Ends what was begun before a crash; says how many releases that were.
    ///
    /// # Errors
    /// See [`PruneError`].
    pub async fn resume(&self) -> Result<usize, PruneError> {
        let mut resumed = 0;
        loop {
            let begun = self.with_store(|store| store.being_pruned(AT_ONCE)).await?;
            if begun.is_empty() {
                return Ok(resumed);
            }
            self.end(&begun).await?;
            resumed += begun.len();
        }
    }

    /// Removes ended releases with all that belongs to them but blobs; says how many were there.
    ///
    /// # Errors
    /// See [`PruneError`].
    pub async fn prune(&self, releases: &[ReleaseId]) -> Result<usize, PruneError> {
        let mut pruned = 0;
        for some in releases.chunks(AT_ONCE) {
            let some = some.to_vec();
            let begun = self
                .with_store(move |store| store.begin_prune(&some))
                .await?;
            self.rest().await;
            self.end(&begun).await?;
            pruned += begun.len();
        }
        Ok(pruned)
    }

    async fn end(&self, begun: &[ReleaseId]) -> Result<(), PruneError> {
        for release in begun.iter().copied() {
            let step = move |store: &dyn Store| store.prune_events(release, EVENTS_AT_ONCE);
            while self.with_store(step).await? {
                self.rest().await;
            }
            self.logs.remove(release).await?;
        }
        let begun = begun.to_vec();
        self.with_store(move |store| store.end_prune(&begun))
            .await?;
        self.rest().await;
        Ok(())
    }

    /// Removes the blobs that no release names and that nobody took in or asked for within the time
    /// `pinned` before `now`, or since. The longest time that a submission may be on its way must be
    /// shorter, and so must be the time since the process began: pins do not survive it.
    ///
    /// # Errors
    /// See [`PruneError`]. A specification that cannot be read may name any blob: then all stay.
    pub async fn collect(&self, now: Timestamp, pinned: Duration) -> Result<Collected, PruneError> {
        let begin = Instant::now();
        let named = Arc::new(self.named().await?);
        let mut collected = Collected::default();
        for shelf in 0..=u8::MAX {
            let pinned_until_now = pinned + begin.elapsed();
            let shelf = self
                .blobs
                .collect(shelf, &named, now.minus(pinned), pinned_until_now)
                .await?;
            collected = collected.and(shelf);
            self.rest().await;
        }
        Ok(collected)
    }

    async fn named(&self) -> Result<HashSet<Digest>, PruneError> {
        let mut named = HashSet::new();
        let mut from = None;
        loop {
            let (blobs, next) = self
                .with_store(move |store| store.blobs_named(from.as_ref(), LOOK))
                .await?;
            named.extend(blobs);
            if next.is_none() {
                return Ok(named);
            }
            from = next;
            self.rest().await;
        }
    }

    async fn with_store<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, PruneError> {
        let store = Arc::clone(&self.store);
        Ok(task::spawn_blocking(move || work(&*store)).await??)
    }

    async fn rest(&self) {
        if !self.pause.is_zero() {
            tokio::time::sleep(self.pause).await;
        }
    }
}

impl std::fmt::Debug for Pruner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pruner").finish_non_exhaustive()
    }
}
