//! Records in sled, made durable by an fdatasync of our own.
//!
//! sled's `flush` is not an fsync on Linux, and `flush_async` can hang (sled 0.34.7,
//! `src/pagecache/iobuf.rs`): neither its background flusher nor its promises are used here.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::{Engine, Writes};
use crate::data_dir::{DataDir, LowDisk, sync_folder};
use crate::error::StoreError;

/// Folder of the database in the data directory.
const FOLDER: &str = "records";
/// A log message above a quarter of a segment is spilled to a file of its own, which sled never
/// syncs. A leaf holds up to about 20 records of at most 64 KiB: a quarter of this is above that.
const SEGMENT_BYTES: usize = 8 << 20;
/// Pages in memory. The board keeps what is needed often.
const CACHE_BYTES: u64 = 24 << 20;
/// How long an earlier life of the database in this process may take to end.
const PATIENCE: Duration = Duration::from_secs(10);

/// A sled database and what makes its writes durable.
#[derive(Debug)]
pub struct Sled {
    db: ::sled::Db,
    /// Our own handle of the file that holds all data: what is synced.
    file: File,
    dir: DataDir,
}

impl Sled {
    /// Opens or creates the database in the data directory.
    pub(crate) fn open(dir: &DataDir) -> Result<Self, StoreError> {
        let folder = dir.path().join(FOLDER);
        let is_new = !folder.exists();
        await_predecessor(&folder.join("db"))?;
        let open = || {
            ::sled::Config::new()
                .path(&folder)
                .segment_size(SEGMENT_BYTES)
                .cache_capacity(CACHE_BYTES)
                .flush_every_ms(None)
                .open()
        };
        // sled writes a snapshot of its page table whenever it is opened (0.34.7,
        // `src/pagecache/snapshot.rs`): on a full disk that takes the last of the reserve.
        let db = match open() {
            Err(_) if dir.accepts_reports().is_err() && dir.give_up_last() => {
                tracing::error!(
                    "the disk is full: the last reserve is given up to open the records"
                );
                await_predecessor(&folder.join("db"))?;
                open()
            }
            opened => opened,
        }
        .map_err(StoreError::engine("open"))?;
        let path = folder.join("db");
        let file = File::open(&path).map_err(StoreError::io("open", &path))?;
        if is_new {
            file.sync_all().map_err(StoreError::io("sync", &path))?;
            let conf = folder.join("conf");
            File::open(&conf)
                .and_then(|file| file.sync_all())
                .map_err(StoreError::io("sync", &conf))?;
            sync_folder(&folder)?;
            sync_folder(dir.path())?;
        }
        Ok(Self {
            db,
            file,
            dir: dir.clone(),
        })
    }
}

/// Waits until sled has let go of a database that was just closed.
///
/// The data directory is locked, so nobody else uses it; but threads of sled's pool may hold the
/// file, and its lock, a little longer than the `Db` lives.
fn await_predecessor(path: &Path) -> Result<(), StoreError> {
    let Ok(file) = File::open(path) else {
        return Ok(());
    };
    let start = Instant::now();
    loop {
        match file.try_lock() {
            // Let go in so many words: a process that another thread is starting has this file, too, until it is a
            // program of its own, and would keep the lock for as long.
            Ok(()) => return file.unlock().map_err(StoreError::io("unlock", path)),
            Err(TryLockError::WouldBlock) if start.elapsed() < PATIENCE => {
                thread::sleep(Duration::from_millis(2));
            }
            Err(error) => return Err(StoreError::io("lock", path)(error.into())),
        }
    }
}

impl Sled {
    fn make_durable(&self, writes: &Writes) -> Result<Duration, StoreError> {
        if writes.stand_by_themselves() {
            self.insert_each(writes)?;
        } else {
            self.apply_batch(writes)?;
        }
        let start = Instant::now();
        self.db.flush().map_err(StoreError::engine("flush"))?;
        #[cfg(test)]
        if crate::tests::power_loss::flush_alone() {
            return Ok(start.elapsed());
        }
        self.file
            .sync_data()
            .map_err(StoreError::io("sync", self.dir.path().join(FOLDER)))?;
        Ok(start.elapsed())
    }

    /// All or none: sled puts a manifest before a batch, in a write of its own.
    fn apply_batch(&self, writes: &Writes) -> Result<(), StoreError> {
        let mut batch = ::sled::Batch::default();
        for (key, value) in writes.iter() {
            match value {
                Some(value) => batch.insert(key, value),
                None => batch.remove(key),
            }
        }
        self.db
            .apply_batch(batch)
            .map_err(StoreError::engine("write"))
    }

    /// One after the other, without a manifest: what sled finds after a crash is a beginning of its
    /// log (engineering-facts 1).
    fn insert_each(&self, writes: &Writes) -> Result<(), StoreError> {
        for (key, value) in writes.iter() {
            match value {
                Some(value) => self.db.insert(key, value),
                None => self.db.remove(key),
            }
            .map_err(StoreError::engine("write"))?;
        }
        Ok(())
    }
}

impl Engine for Sled {
    type Bytes = ::sled::IVec;

    fn write(&self, writes: &Writes) -> Result<Duration, StoreError> {
        self.dir.tend();
        let written = self.make_durable(writes);
        if written.is_err() {
            // sled takes nothing after a failure; whoever opens the records next finds the room.
            self.dir.failed();
        }
        written
    }

    fn get(&self, key: &[u8]) -> Result<Option<::sled::IVec>, StoreError> {
        self.db.get(key).map_err(StoreError::engine("read"))
    }

    fn range<'a>(
        &'a self,
        from: &[u8],
        to: &[u8],
    ) -> impl DoubleEndedIterator<Item = Result<(::sled::IVec, ::sled::IVec), StoreError>> + 'a
    {
        self.db
            .range(from..to)
            .map(|entry| entry.map_err(StoreError::engine("read")))
    }

    fn accepts_new_work(&self) -> Result<(), LowDisk> {
        self.dir.accepts_new_work()
    }
}
