//! A small disk of its own: a tmpfs, unmounted with the test.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use shipway_tests::missing::{Demand, skip};
use tempfile::TempDir;

/// A mounted disk.
pub(crate) struct Disk {
    folder: TempDir,
}

impl Disk {
    /// Mounts one of so many MiB. `None`, loudly, where that is not permitted; with
    /// `SHIPWAY_REQUIRE_DOCKER=1` it must be.
    pub(crate) fn of_mib(mib: u32) -> Option<Self> {
        let folder = TempDir::new().expect("a folder");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={mib}m"), "tmpfs"])
            .arg(folder.path())
            .output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Self { folder });
        }
        skip(
            Demand::Docker,
            "a disk that is full",
            "no tmpfs can be mounted here",
        );
        None
    }

    /// A place on it.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Bytes that are free.
    fn free(&self) -> u64 {
        let stat = rustix::fs::statvfs(self.folder.path()).expect("it is mounted");
        stat.f_bavail * stat.f_frsize
    }

    /// Has somebody else take all but so many KiB.
    pub(crate) fn fill_but(&self, kib: u64) {
        let mut filler = filler(&self.path("filler"));
        let page = vec![1; 4096];
        while self.free() > kib << 10 {
            // A race for the last page with the coordinator is lost without harm.
            if filler.write_all(&page).is_err() {
                break;
            }
        }
    }

    /// Has somebody else go.
    pub(crate) fn clear(&self) {
        fs::remove_file(self.path("filler")).expect("it was filled");
    }
}

fn filler(path: &Path) -> File {
    let mut options = File::options();
    let file = options.create(true).append(true).open(path);
    file.expect("a file")
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: a child that was killed a moment ago may still hold it.
        let unmounted = Command::new("umount")
            .arg("-l")
            .arg(self.folder.path())
            .status();
        drop(unmounted);
    }
}
