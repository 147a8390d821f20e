//! The folder that all data lives in: locked by one process, on a disk with room.

use std::fs::{File, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::error::StoreError;

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
        warn_of_unfit(&path);
        Ok(Self {
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
            Some(free) if free < self.low_water => Err(LowDisk {
                path: self.path.to_path_buf(),
                free,
                low_water: self.low_water,
            }),
            Some(_) | None => Ok(()),
        }
    }

    fn free(&self) -> Option<u64> {
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
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| writeln!(file, "{}", std::process::id()))
        .map_err(StoreError::io("write", &path))?;
    Ok(file)
}

/// Warns of file systems that do not keep what they promise to sync, or where the database is
/// known to suffer (engineering-facts 1).
fn warn_of_unfit(path: &Path) {
    let Ok(disk) = rustix::fs::statfs(path) else {
        return;
    };
    // The width of the number differs between platforms; the magic numbers fit 32 bits.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "magic numbers of file systems have 32 bits"
    )]
    let magic = disk.f_type as u32;
    let unfit = match magic {
        0x6969 => "NFS",
        0x517b | 0xff53_4d42 | 0xfe53_4d42 => "SMB",
        0x6573_5546 => "FUSE",
        0x0102_1997 => "9p",
        0x00c3_6400 => "Ceph",
        0x9123_683e => "btrfs (unless copy-on-write is off for the folder)",
        _ => return,
    };
    tracing::warn!(
        path = %path.display(),
        "the data directory lies on {unfit}: acknowledged data may be lost in a power failure; use a local disk with ext4 or XFS"
    );
}
