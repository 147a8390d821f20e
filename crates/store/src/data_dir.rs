//! The folder that all data lives in: locked by one process, on a disk with room.

use std::fs::{File, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::error::StoreError;
use crate::reserve::Reserve;

/// Free bytes below which no new work is taken, unless said otherwise: running work needs room to
/// be recorded.
const LOW_WATER: u64 = 256 << 20;
/// How long a look at the free bytes counts. The database writes some 100 MB/s at most: far less than
/// the low-water mark in this time.
const LOOK_COUNTS: Duration = Duration::from_millis(100);

/// A data directory that this process alone uses, as long as a clone of it lives.
#[derive(Clone, Debug)]
pub struct DataDir {
    path: Arc<Path>,
    low_water: u64,
    reserve: Arc<Reserve>,
    /// Free bytes, and when they were looked at.
    free: Arc<Mutex<Option<(Instant, u64)>>>,
    /// Locked; the lock ends with the process or the last clone.
    _lock: Arc<File>,
}

/// Too little free disk for new work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{} MiB are free on the disk of {}; new work is taken from {} MiB on",
    free >> 20, path.display(), low_water >> 20
)]
pub struct LowDisk {
    /// The data directory.
    pub path: PathBuf,
    /// Free bytes.
    pub free: u64,
    /// Free bytes from which on new work is taken.
    pub low_water: u64,
}

impl DataDir {
    /// Creates the folder if need be, and locks it.
    ///
    /// # Errors
    /// [`StoreError::Locked`] when another process holds it, [`StoreError::Io`] when it cannot be
    /// used.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let path = path.into();
        std::fs::create_dir_all(&path).map_err(StoreError::io("create", &path))?;
        let lock = lock(&path)?;
        Ok(Self {
            reserve: Arc::new(Reserve::of(&path, 0)),
            path: path.into(),
            low_water: LOW_WATER,
            free: Arc::default(),
            _lock: Arc::new(lock),
        })
    }

    /// The same with another low-water mark, in bytes; 0 takes work until the disk is full.
    #[must_use]
    pub const fn with_low_water(mut self, bytes: u64) -> Self {
        self.low_water = bytes;
        self
    }

    /// The same with a reserve of so many bytes, made as soon as there is room for it; 0 keeps none.
    #[must_use]
    pub fn with_reserve(mut self, bytes: u64) -> Self {
        self.reserve = Arc::new(Reserve::of(&self.path, bytes));
        self.tend();
        self
    }

    /// Free bytes below which the reserve is given up: an eighth of the low-water mark.
    #[must_use]
    pub const fn floor(&self) -> u64 {
        self.low_water / 8
    }

    /// Whether the reserve for running work is there.
    #[must_use]
    pub fn has_reserve(&self) -> bool {
        self.reserve.is_held()
    }

    /// Whether the reserve was given up and is not back: less than the low-water mark is free then, or
    /// nearly so.
    pub(crate) fn gave_reserve_up(&self) -> bool {
        self.reserve.size() > 0 && !self.reserve.is_held() && self.accepts_new_work().is_err()
    }

    /// Gives the reserve up when the disk is almost full, and makes it again when there is room for it
    /// above the low-water mark. By a look that is a tenth of a second old at most.
    pub fn tend(&self) {
        let Some(free) = self.free() else { return };
        if free < self.floor() {
            if self.reserve.give_up() {
                self.forget();
                tracing::error!(
                    free_mib = free >> 20,
                    "the disk is almost full: the reserve is given up, running work is still recorded"
                );
            }
        } else if !self.reserve.is_held()
            && free >= self.low_water.saturating_add(self.reserve.size())
        {
            match self.reserve.hold() {
                Ok(()) => self.forget(),
                Err(error) => tracing::warn!(%error, "no reserve could be made on the disk"),
            }
        }
    }

    /// After a failure: looks at the disk at once, and gives up what it can when it is full.
    pub(crate) fn failed(&self) {
        self.forget();
        self.tend();
    }

    /// Gives up everything, for the database to be opened on a full disk; says whether there was
    /// anything.
    pub(crate) fn give_up_last(&self) -> bool {
        let gave = self.reserve.give_up_last();
        self.forget();
        gave
    }

    /// Whether what runs can still be recorded, after the reserve was given up if need be.
    ///
    /// # Errors
    /// [`LowDisk`] when less than [`DataDir::floor`] is free all the same, or less than the low-water
    /// mark once the last of the reserve is used up: what is left is for opening the database again.
    pub fn accepts_reports(&self) -> Result<(), LowDisk> {
        self.tend();
        match self.free() {
            Some(free) if free < self.floor() => Err(self.low(free)),
            Some(free) if free < self.low_water && self.reserve.is_used_up() => Err(self.low(free)),
            Some(_) | None => Ok(()),
        }
    }

    /// The file that is there while an import is not complete.
    pub(crate) fn half_imported(&self) -> PathBuf {
        self.path.join("IMPORTING")
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether there is room for new work, by a look that is a tenth of a second old at most. A file
    /// system that does not say counts as having room.
    ///
    /// # Errors
    /// [`LowDisk`] when less than the low-water mark is free.
    pub fn accepts_new_work(&self) -> Result<(), LowDisk> {
        match self.free() {
            Some(free) if free < self.low_water => Err(self.low(free)),
            Some(_) | None => Ok(()),
        }
    }

    fn low(&self, free: u64) -> LowDisk {
        LowDisk {
            path: self.path.to_path_buf(),
            free,
            low_water: self.low_water,
        }
    }

    /// Has the next question look at the disk again.
    fn forget(&self) {
        *self.free.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Free bytes, by a look that is a tenth of a second old at most; `None` when the file system does not say.
    #[must_use]
    pub fn free(&self) -> Option<u64> {
        let mut seen = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        match *seen {
            Some((at, free)) if at.elapsed() < LOOK_COUNTS => Some(free),
            _ => {
                let disk = rustix::fs::statvfs(&*self.path).ok()?;
                let free = disk.f_bavail.saturating_mul(disk.f_frsize);
                *seen = Some((Instant::now(), free));
                Some(free)
            }
        }
    }
}

/// Makes the entries of a folder durable.
pub(crate) fn sync_folder(path: &Path) -> Result<(), StoreError> {
    File::open(path)
        .and_then(|folder| folder.sync_all())
        .map_err(StoreError::io("sync", path))
}

fn lock(dir: &Path) -> Result<File, StoreError> {
    let path = dir.join("LOCK");
    let mut file = File::options()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(&path)
        .map_err(StoreError::io("open", &path))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            // Only for the message: unreadable is as good as unknown.
            let read = file.read_to_string(&mut holder);
            let holder = read
                .ok()
                .map(|_| holder.trim().to_owned())
                .filter(|pid| !pid.is_empty());
            return Err(StoreError::Locked {
                path: dir.to_path_buf(),
                holder,
            });
        }
        Err(TryLockError::Error(error)) => return Err(StoreError::io("lock", &path)(error)),
    }
    let written = file
        .set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| writeln!(file, "{}", std::process::id()));
    // Only for the message to others: a full disk is no reason not to start.
    if let Err(error) = written {
        tracing::warn!(%error, path = %path.display(), "the process id could not be written down");
    }
    Ok(file)
}
