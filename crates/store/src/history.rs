//! What a store knows of ended releases: found by key ranges, and removed step by step.

pub(crate) mod index;
mod prune;
mod walk;

use shipway_domain::history::{Page, Query};
use shipway_domain::ids::{AppName, Digest, EnvName, ReleaseId};
use shipway_domain::release::Release;

use crate::engine::Engine;
use crate::error::StoreError;
use crate::records::Records;

/// Where to go on with [`History::blobs_named`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor(pub(crate) Vec<u8>);

/// Ended releases. All calls block; each does a bounded piece of work.
///
/// A release is pruned in this order, so that a crash leaves no record that names another which is
/// not there: [`History::begin_prune`] takes away the release itself with its place in the indexes
/// and leaves a mark; then go its events and, outside of the store, its logs; then
/// [`History::end_prune`] takes away the mark.
pub trait History {
    /// At most `limit` ended releases that are wanted and older than `before`, newest first. A page
    /// may have fewer, and none, before everything was looked at: see [`Page::next`].
    ///
    /// By app, environment, target and time only what may be wanted is looked at; by verdict and
    /// submitter, releases are read one by one.
    ///
    /// # Errors
    /// When the database cannot be read.
    fn find(
        &self,
        query: &Query,
        before: Option<ReleaseId>,
        limit: usize,
    ) -> Result<Page, StoreError>;

    /// The app and environment after `after`, in an order of their names, of those that have ended
    /// releases.
    ///
    /// # Errors
    /// When the database cannot be read.
    fn place_after(
        &self,
        after: Option<&(AppName, EnvName)>,
    ) -> Result<Option<(AppName, EnvName)>, StoreError>;

    /// At most `limit` readable ended releases of an environment that are newer than `after`, the oldest
    /// first.
    ///
    /// # Errors
    /// When the database cannot be read.
    fn oldest(
        &self,
        place: &(AppName, EnvName),
        after: Option<ReleaseId>,
        limit: usize,
    ) -> Result<Vec<Release>, StoreError>;

    /// Removes ended releases, all of those named or none, and marks them. Says which: those that
    /// have not ended, are not there or cannot be read are left alone.
    ///
    /// # Errors
    /// As for [`Store::commit`](crate::Store::commit).
    fn begin_prune(&self, releases: &[ReleaseId]) -> Result<Vec<ReleaseId>, StoreError>;

    /// At most `limit` releases that are marked, the oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    fn being_pruned(&self, limit: usize) -> Result<Vec<ReleaseId>, StoreError>;

    /// Removes at most `limit` records of events of a marked release, the newest first; says whether
    /// some may be left.
    ///
    /// # Errors
    /// As for [`Store::commit`](crate::Store::commit).
    fn prune_events(&self, release: ReleaseId, limit: usize) -> Result<bool, StoreError>;

    /// Takes the marks of releases away.
    ///
    /// # Errors
    /// As for [`Store::commit`](crate::Store::commit).
    fn end_prune(&self, releases: &[ReleaseId]) -> Result<(), StoreError>;

    /// The blobs that at most `limit` releases name, ended or not, and where to go on.
    ///
    /// # Errors
    /// When the database cannot be read, or a specification: what it names is not known then.
    fn blobs_named(
        &self,
        from: Option<&Cursor>,
        limit: usize,
    ) -> Result<(Vec<Digest>, Option<Cursor>), StoreError>;
}

impl<E: Engine> History for Records<E> {
    fn find(
        &self,
        query: &Query,
        before: Option<ReleaseId>,
        limit: usize,
    ) -> Result<Page, StoreError> {
        walk::find(self, query, before, limit)
    }

    fn place_after(
        &self,
        after: Option<&(AppName, EnvName)>,
    ) -> Result<Option<(AppName, EnvName)>, StoreError> {
        walk::place_after(self, after)
    }

    fn oldest(
        &self,
        place: &(AppName, EnvName),
        after: Option<ReleaseId>,
        limit: usize,
    ) -> Result<Vec<Release>, StoreError> {
        walk::oldest(self, place, after, limit)
    }

    fn begin_prune(&self, releases: &[ReleaseId]) -> Result<Vec<ReleaseId>, StoreError> {
        prune::begin(self, releases)
    }

    fn being_pruned(&self, limit: usize) -> Result<Vec<ReleaseId>, StoreError> {
        prune::marked(self, limit)
    }

    fn prune_events(&self, release: ReleaseId, limit: usize) -> Result<bool, StoreError> {
        prune::events(self, release, limit)
    }

    fn end_prune(&self, releases: &[ReleaseId]) -> Result<(), StoreError> {
        prune::end(self, releases)
    }

    fn blobs_named(
        &self,
        from: Option<&Cursor>,
        limit: usize,
    ) -> Result<(Vec<Digest>, Option<Cursor>), StoreError> {
        prune::blobs_named(self, from, limit)
    }
}
