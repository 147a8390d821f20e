//! Bytes set aside on the disk, given up when it is full: running work can still be recorded then.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rustix::fs::{FallocateFlags, fallocate};

/// Names in the data directory.
const WORK: &str = "RESERVE";
const LAST: &str = "RESERVE.last";
/// Share of the last reserve in the whole, and its smallest size in bytes: sled allocates a segment of
/// 8 MiB when it is opened, even when nothing changes, and may need a second one.
const LAST_SHARE: u64 = 8;
const LAST_LEAST: u64 = 20 << 20;

/// Two files of allocated bytes: one for running work, and a small last one for opening the database
/// on a full disk once the first is gone.
#[derive(Debug)]
pub(crate) struct Reserve {
    folder: PathBuf,
    bytes: u64,
    /// One change at a time; whether the reserve for work is held.
    held: Mutex<bool>,
}

impl Reserve {
    /// Whatever an earlier process left; nothing is made yet. With 0 bytes there never is a reserve.
    pub(crate) fn of(folder: &Path, bytes: u64) -> Self {
        let held = bytes > 0 && is_whole(&folder.join(WORK), bytes);
        Self {
            folder: folder.to_owned(),
            bytes,
            held: Mutex::new(held),
        }
    }

    /// Its size in bytes, both parts.
    pub(crate) const fn size(&self) -> u64 {
        self.bytes + self.last_size()
    }

    const fn last_size(&self) -> u64 {
        if self.bytes == 0 {
            return 0;
        }
        let share = self.bytes / LAST_SHARE;
        if share > LAST_LEAST {
            share
        } else {
            LAST_LEAST
        }
    }

    /// Whether there should be a last reserve, and there is none: the next opening may fail.
    pub(crate) fn is_used_up(&self) -> bool {
        self.bytes > 0 && !self.folder.join(LAST).exists()
    }

    /// Whether running work still has its reserve.
    pub(crate) fn is_held(&self) -> bool {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Allocates what is missing. A file system that cannot allocate leaves no reserve.
    pub(crate) fn hold(&self) -> io::Result<()> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if *held || self.bytes == 0 {
            return Ok(());
        }
        allocate(&self.folder.join(LAST), self.last_size())?;
        allocate(&self.folder.join(WORK), self.bytes)?;
        *held = true;
        Ok(())
    }

    /// Gives the bytes for running work back to the disk; says whether there were any.
    pub(crate) fn give_up(&self) -> bool {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        *held = false;
        self.remove(WORK)
    }

    /// Gives the last bytes back too; says whether there were any.
    pub(crate) fn give_up_last(&self) -> bool {
        let work = self.give_up();
        self.remove(LAST) || work
    }

    fn remove(&self, name: &str) -> bool {
        match fs::remove_file(self.folder.join(name)) {
            Ok(()) => true,
            Err(error) => {
                if error.kind() != io::ErrorKind::NotFound {
                    tracing::error!(%error, name, "the reserve cannot be given up");
                }
                false
            }
        }
    }
}

fn is_whole(path: &Path, bytes: u64) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata(path).is_ok_and(|file| file.len() == bytes && file.blocks() * 512 >= bytes)
}

fn allocate(path: &Path, bytes: u64) -> io::Result<()> {
    if is_whole(path, bytes) {
        return Ok(());
    }
    let file = File::create(path)?;
    let done = fallocate(&file, FallocateFlags::empty(), 0, bytes);
    if let Err(error) = done {
        drop(file);
        fs::remove_file(path)?;
        return Err(error.into());
    }
    file.sync_all()
}
