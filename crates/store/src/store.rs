//! What a store of records can do.

use std::time::Duration;

use shipway_domain::change::Change;
use shipway_domain::event::Event;
use shipway_domain::ids::ReleaseId;
use shipway_domain::job::Job;
use shipway_domain::release::Release;
use shipway_domain::spec::ReleaseSpec;

use crate::data_dir::LowDisk;
use crate::error::StoreError;
use crate::history::History;
use crate::loaded::{Bounds, Loaded};

/// Keeps what the coordinator decides. All calls block; those that read are short.
///
/// Reads may see what is written but not yet durable: who must not, waits for the commit.
pub trait Store: History + Send + Sync + 'static {
    /// Makes the changes durable, all or none; a later change of a record wins. Keeping a change
    /// twice is keeping it once.
    ///
    /// Changes that do nothing but make releases are an exception: a crash before the end of the
    /// call may leave the newest of these releases, each whole, without the older ones. Nobody has
    /// been told of them, and none refers to an older one.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`] when a record breaks its limit: nothing was written. Any other
    /// failure is [`StoreError::Poisoned`]: all calls fail until the store is opened again.
    fn commit(&self, changes: &[Change]) -> Result<Receipt, StoreError>;

    /// All that a board needs after a restart. What cannot be read goes into quarantine.
    ///
    /// # Errors
    /// When the database cannot be read or a record is of a newer format.
    fn load(&self) -> Result<Loaded, StoreError> {
        self.load_within(&Bounds::NONE)
    }

    /// The same, with no more of ended releases than a board remembers.
    ///
    /// # Errors
    /// As for [`Store::load`].
    fn load_within(&self, bounds: &Bounds) -> Result<Loaded, StoreError>;

    /// The specification of a release.
    ///
    /// # Errors
    /// When the database or the record cannot be read.
    fn spec(&self, release: ReleaseId) -> Result<Option<ReleaseSpec>, StoreError>;

    /// A release, ended or not, and its jobs in order.
    ///
    /// # Errors
    /// When the database or a record cannot be read.
    fn release(&self, release: ReleaseId) -> Result<Option<(Release, Vec<Job>)>, StoreError>;

    /// At most `limit` events of a release with numbers above `after`, in order.
    ///
    /// # Errors
    /// When the database or a record cannot be read.
    fn events(
        &self,
        release: ReleaseId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Event>, StoreError>;

    /// Gives every record, key and bytes, as it is when the call begins, in the order of the keys,
    /// while commits go on; until `give` says `false`. One at a time: a second call waits.
    ///
    /// # Errors
    /// When the database cannot be read.
    fn snapshot(&self, give: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<(), StoreError>;

    /// Makes records that [`Store::snapshot`] gave durable here, all or none.
    ///
    /// # Errors
    /// As for [`Store::commit`].
    fn restore(&self, records: &[(Vec<u8>, Vec<u8>)]) -> Result<(), StoreError>;

    /// Bytes of all records with their keys, as they are while this walks over them: without what the database keeps
    /// beside them. It rests often, and takes seconds when there is much; for a thread of its own.
    ///
    /// # Errors
    /// When the database cannot be read.
    fn live_bytes(&self) -> Result<u64, StoreError> {
        let mut bytes = 0_u64;
        self.snapshot(&mut |key, value| {
            bytes += (key.len() + value.len()) as u64;
            true
        })?;
        Ok(bytes)
    }

    /// Whether nothing was ever kept here.
    ///
    /// # Errors
    /// When the database cannot be read.
    fn is_empty(&self) -> Result<bool, StoreError>;

    /// Whether calls may wait for a disk, so that they belong on a thread that may wait.
    fn waits(&self) -> bool {
        true
    }

    /// Whether there is room for new work: asked before a submission is taken in.
    ///
    /// # Errors
    /// [`LowDisk`] when free space is below the low-water mark.
    fn accepts_new_work(&self) -> Result<(), LowDisk>;
}

/// What a commit wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Receipt {
    /// Records written, each once.
    pub records: usize,
    /// Their bytes, keys included.
    pub bytes: usize,
    /// How long it took until they were on disk.
    pub sync: Duration,
}
