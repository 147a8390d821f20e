//! A disk that takes so many writes and then fails.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::data_dir::LowDisk;
use crate::engine::memory::Memory;
use crate::engine::{Engine, Writes};
use crate::error::StoreError;

/// Memory with the faults of a disk.
pub(super) struct Failing {
    memory: Memory,
    left: Arc<AtomicUsize>,
}

impl Failing {
    /// Fails once `left` writes have been taken.
    pub(super) fn after(memory: Memory, left: usize) -> Self {
        Self {
            memory,
            left: Arc::new(AtomicUsize::new(left)),
        }
    }

    /// How many writes it takes yet; may be changed.
    pub(super) fn left(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.left)
    }
}

impl Engine for Failing {
    type Bytes = Vec<u8>;

    fn write(&self, writes: &Writes) -> Result<Duration, StoreError> {
        let take = |left: usize| left.checked_sub(1);
        let order = Ordering::SeqCst;
        if self.left.fetch_update(order, order, take).is_err() {
            let error = io::Error::from(io::ErrorKind::StorageFull);
            return Err(StoreError::io("sync", "db")(error));
        }
        self.memory.write(writes)
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.memory.get(key)
    }

    fn range<'a>(
        &'a self,
        from: &[u8],
        to: &[u8],
    ) -> impl DoubleEndedIterator<Item = Result<(Vec<u8>, Vec<u8>), StoreError>> + 'a {
        self.memory.range(from, to)
    }

    fn accepts_new_work(&self) -> Result<(), LowDisk> {
        self.memory.accepts_new_work()
    }
}
