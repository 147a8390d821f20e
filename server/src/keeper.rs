//! Lets go, in the background, of releases that are not kept any more, and of blobs that nobody names.
//!
//! Which those are says the domain (`shipway_domain::history`, `Board::pinned`); how they go, the
//! store (`shipway_store::Pruner`).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use shipway_domain::history::{Fate, Query, Retention};
use shipway_domain::ids::{AppName, EnvName, ReleaseId};
use shipway_domain::time::Timestamp;
use shipway_runtime::Clock;
use shipway_store::{Blobs, Logs, PruneError, Pruner, Store, StoreError};
use tokio_util::sync::CancellationToken;

use crate::coordinator::{CallError, Coordinator};

/// How often it is looked for what may go.
const EVERY: Duration = Duration::from_secs(3600);
/// Rest after every step: callers wait for the same disk.
const PAUSE: Duration = Duration::from_millis(20);
/// How long a blob is left that was uploaded or asked for: the submission may be on its way.
/// The file of a blob may be ten minutes behind the last question.
const PINNED: Duration = Duration::from_secs(3600 + 600);
/// Blobs of uploads that were never submitted are looked for after so many looks.
const LOOKS_PER_COLLECTION: u32 = 24;
/// Releases that are looked at in one go.
const AT_ONCE: usize = 100;

pub(crate) struct Keeper {
    coordinator: Coordinator,
    store: Arc<dyn Store>,
    pruner: Pruner,
    clock: Clock,
    /// Whether who asked the process before this one for a blob is remembered.
    pins_last: bool,
}

/// Why a look was not finished; the next one goes on.
#[derive(Debug, thiserror::Error)]
enum Unfinished {
    #[error(transparent)]
    Prune(#[from] PruneError),
    #[error("ended releases could not be read")]
    Store(#[from] StoreError),
    #[error(transparent)]
    Call(#[from] CallError),
    #[error("the work was cut off")]
    CutOff(#[from] tokio::task::JoinError),
}

impl Keeper {
    pub(crate) fn new(
        coordinator: &Coordinator,
        store: &Arc<dyn Store>,
        logs: &Logs,
        blobs: &Blobs,
        clock: Clock,
    ) -> Self {
        let pruner = Pruner::new(Arc::clone(store), logs.clone(), blobs.clone(), PAUSE);
        Self {
            coordinator: coordinator.clone(),
            store: Arc::clone(store),
            pruner,
            clock,
            pins_last: blobs.pins_last(),
        }
    }

    /// Works until `stop`. A step that is cut off is taken up again at the next start.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let begin = Instant::now();
        // A coordinator that is started again often collects, too.
        let mut looks_since = LOOKS_PER_COLLECTION;
        let work = async {
            self.coordinator.changes_are_taken().await;
            loop {
                let pruned = tell(self.prune().await);
                looks_since += 1;
                // Who asked the process before this one is not forgotten.
                let may_collect = self.pins_last || begin.elapsed() >= PINNED;
                if may_collect && (pruned > 0 || looks_since >= LOOKS_PER_COLLECTION) {
                    tell(self.collect().await);
                    looks_since = 0;
                }
                tokio::time::sleep(EVERY).await;
            }
        };
        tokio::select! {
            () = work => {}
            () = stop.cancelled() => {}
        }
    }

    /// Lets all releases go that may; says how many went.
    async fn prune(&self) -> Result<usize, Unfinished> {
        let mut pruned = self.pruner.resume().await?;
        let mut place = None;
        loop {
            let after = place.clone();
            let next = self.ask(move |store| store.place_after(after.as_ref()));
            let Some(next) = next.await? else { break };
            pruned += self.prune_place(&next).await?;
            place = Some(next);
        }
        if pruned > 0 {
            tracing::info!(releases = pruned, "releases were pruned");
        }
        Ok(pruned)
    }

    async fn prune_place(&self, place: &(AppName, EnvName)) -> Result<usize, Unfinished> {
        let read =
            |board: &shipway_domain::board::Board| (board.pinned(), board.policy().retention);
        let (pinned, retention) = self.coordinator.read(read).await?;
        let newest = self.newest(place, retention).await?;
        let (mut after, mut pruned) = (None, 0);
        loop {
            let from = place.clone();
            let oldest = self
                .ask(move |store| store.oldest(&from, after, AT_ONCE))
                .await?;
            let Some(last) = oldest.last() else {
                return Ok(pruned);
            };
            after = Some(last.id);
            let now = Timestamp::from_millis(self.clock.millis());
            let mut gone = Vec::new();
            let mut later_stay = false;
            for release in &oldest {
                let is = |set: &BTreeSet<ReleaseId>| set.contains(&release.id);
                match retention.fate(now, release, is(&newest), is(&pinned)) {
                    Fate::Keep => {}
                    Fate::Prune => gone.push(release.id),
                    Fate::KeepWithLater => {
                        later_stay = true;
                        break;
                    }
                }
            }
            pruned += self.pruner.prune(&gone).await?;
            if later_stay {
                return Ok(pruned);
            }
        }
    }

    async fn newest(
        &self,
        (app, env): &(AppName, EnvName),
        retention: Retention,
    ) -> Result<BTreeSet<ReleaseId>, Unfinished> {
        let query = Arc::new(Query {
            app: Some(app.clone()),
            env: Some(env.clone()),
            ..Query::default()
        });
        let (mut newest, mut before) = (BTreeSet::new(), None);
        loop {
            let (query, missing) = (
                Arc::clone(&query),
                retention.per_environment.saturating_sub(newest.len()),
            );
            let page = self
                .ask(move |store| store.find(&query, before, missing.min(AT_ONCE)))
                .await?;
            newest.extend(page.releases);
            before = page.next;
            if before.is_none() {
                return Ok(newest);
            }
        }
    }

    async fn collect(&self) -> Result<usize, Unfinished> {
        let now = Timestamp::from_millis(self.clock.millis());
        let collected = self.pruner.collect(now, PINNED).await?;
        if collected.blobs > 0 {
            tracing::info!(
                blobs = collected.blobs,
                bytes = collected.bytes,
                "blobs that no release names were removed"
            );
        }
        Ok(usize::try_from(collected.blobs).unwrap_or(usize::MAX))
    }

    async fn ask<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&dyn Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Unfinished> {
        if !self.store.waits() {
            return Ok(ask(&*self.store)?);
        }
        let store = Arc::clone(&self.store);
        Ok(tokio::task::spawn_blocking(move || ask(&*store)).await??)
    }
}

/// What could not be finished is told; the number that was.
fn tell(done: Result<usize, Unfinished>) -> usize {
    done.unwrap_or_else(|error| {
        tracing::warn!(
            error = shipway_runtime::chain(&error),
            "what is not kept any more could not be removed; this is tried again in an hour"
        );
        0
    })
}
