//! How far the trace of each release has been received by the collector, kept in a file of the data folder. After a crash
//! what was not is sent again, from the records.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use shipway_domain::ids::ReleaseId;
use tokio::time::Instant;

/// The file.
const FILE: &str = "traces";
/// What it becomes when it cannot be read.
const DAMAGED: &str = "traces.damaged";
/// How often the file is written at most: each time takes two syncs of the disk that commits wait for, and what a crash
/// loses of it is only sent again.
const PAUSE: Duration = Duration::from_secs(1);
/// Releases with which the file is large, and how often it is written then.
const MANY: usize = 1000;
const LONG_PAUSE: Duration = Duration::from_secs(5);

/// Numbers of the last events whose spans were received.
#[derive(Debug)]
pub(super) struct Cursor {
    path: PathBuf,
    /// Of releases that are under way, or have ended and were not received whole.
    of: BTreeMap<ReleaseId, u64>,
    /// Releases from this number on are not known yet.
    next: u64,
    written: bool,
    /// When it was written last.
    at: Instant,
}

impl Cursor {
    /// As it was left; at a first start all releases below `next` are taken as received, unless they are open. So they are
    /// when the file cannot be read: it is set aside then. For a thread that may wait.
    pub(super) fn open(folder: &Path, next: u64) -> Self {
        let path = folder.join(FILE);
        let kept = match fs::read(&path) {
            Ok(bytes) => read(&bytes).ok_or_else(|| "it is damaged".to_owned()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok((next, BTreeMap::new())),
            Err(error) => Err(error.to_string()),
        };
        let (from, of) = kept.unwrap_or_else(|problem| {
            set_aside(&path, &folder.join(DAMAGED), &problem);
            (next, BTreeMap::new())
        });
        Self {
            path,
            of,
            next: from,
            written: true,
            at: Instant::now(),
        }
    }

    /// Releases that may have something that was not received: those of the file, and those that came since.
    pub(super) fn unsure(&self, next: u64) -> Vec<ReleaseId> {
        let known = self.of.keys().copied();
        let since = (self.next..next).map(ReleaseId::from_number);
        known.chain(since).collect()
    }

    /// Whether the release has ended and all of it was received: word of its end may come later than that.
    pub(super) fn is_whole(&self, release: ReleaseId) -> bool {
        release.number() < self.next && !self.of.contains_key(&release)
    }

    pub(super) fn of(&self, release: ReleaseId) -> u64 {
        self.of.get(&release).copied().unwrap_or(0)
    }

    /// Up to this event all was received; of an ended release that is the end.
    pub(super) fn received(&mut self, release: ReleaseId, last: u64, ended: bool) {
        self.written = false;
        self.know(release);
        if ended {
            self.of.remove(&release);
        } else {
            self.of.insert(release, last);
        }
    }

    /// Releases up to this one are known: those before it that nobody has told of are owed whole.
    fn know(&mut self, release: ReleaseId) {
        for number in self.next..release.number() {
            self.of.insert(ReleaseId::from_number(number), 0);
        }
        self.next = self.next.max(release.number() + 1);
    }

    /// Of this release more is owed than was received.
    pub(super) fn owed(&mut self, release: ReleaseId) {
        self.know(release);
        if let Entry::Vacant(place) = self.of.entry(release) {
            place.insert(0);
            self.written = false;
        }
    }

    /// When it is to be written; never, if nothing has changed.
    pub(super) fn due(&self) -> Option<Instant> {
        let pause = if self.of.len() > MANY {
            LONG_PAUSE
        } else {
            PAUSE
        };
        (!self.written).then(|| self.at + pause)
    }

    /// Writes it, if it is due.
    pub(super) async fn write_when_due(&mut self) -> io::Result<()> {
        if self.due().is_some_and(|due| due <= Instant::now()) {
            return self.write().await;
        }
        Ok(())
    }

    /// Writes it, if anything has changed; it is durable then.
    pub(super) async fn write(&mut self) -> io::Result<()> {
        if self.written {
            return Ok(());
        }
        self.at = Instant::now();
        let mut text = format!("{}\n", self.next);
        for (release, last) in &self.of {
            // A text takes what is written.
            let _always = writeln!(text, "{} {last}", release.number());
        }
        let path = self.path.clone();
        let writing = tokio::task::spawn_blocking(move || put(&path, text.as_bytes()));
        let written = writing.await.map_err(io::Error::other).flatten();
        self.written = written.is_ok();
        written
    }
}

/// Puts this in the place of the file: after a power failure it is the one or the other, and whole.
fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let fresh = path.with_extension("new");
    let mut file = File::create(&fresh)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&fresh, path)?;
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

fn set_aside(path: &Path, aside: &Path, problem: &str) {
    tracing::warn!(
        path = %path.display(), aside = %aside.display(), problem,
        "how far traces were received cannot be read, and is set aside: releases that are open are sent from their \
         beginning on, what is missing of those that have ended is not sent (`shipway trace` tells them)"
    );
    if let Err(error) = fs::rename(path, aside) {
        tracing::warn!(%error, path = %path.display(), "it could not be set aside, and will be written over");
    }
}

fn read(bytes: &[u8]) -> Option<(u64, BTreeMap<ReleaseId, u64>)> {
    let mut lines = std::str::from_utf8(bytes).ok()?.lines();
    let next = lines.next()?.parse().ok()?;
    let mut of = BTreeMap::new();
    for line in lines {
        let (release, last) = line.split_once(' ')?;
        let release = ReleaseId::from_number(release.parse().ok()?);
        of.insert(release, last.parse().ok()?);
    }
    Some((next, of))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use shipway_domain::ids::ReleaseId;

    use super::Cursor;

    #[tokio::test]
    async fn what_was_not_received_is_known_after_a_crash() {
        let folder = tempfile::tempdir().unwrap();
        let id = ReleaseId::from_number;
        let mut cursor = Cursor::open(folder.path(), 5);
        assert_eq!(
            cursor.unsure(5),
            [],
            "what was before the first start is left"
        );
        cursor.received(id(5), 9, false);
        cursor.received(id(6), 4, true);
        cursor.owed(id(7));
        cursor.owed(id(5));
        cursor.write().await.unwrap();
        // Two more came before the crash.
        let cursor = Cursor::open(folder.path(), 10);
        assert_eq!(cursor.unsure(10), [5, 7, 8, 9].map(id));
        assert_eq!([5, 7, 9].map(|number| cursor.of(id(number))), [9, 0, 0]);
    }

    #[tokio::test]
    async fn it_is_written_once_a_second_at_most_and_nothing_is_left_unwritten() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("traces");
        let mut cursor = Cursor::open(folder.path(), 5);
        assert_eq!(cursor.due(), None);
        // It was written a moment ago, however long this test is held up.
        cursor.at += Duration::from_secs(3600);
        cursor.received(ReleaseId::from_number(5), 9, false);
        cursor.write_when_due().await.unwrap();
        assert!(!file.exists());
        assert!(cursor.due().is_some());
        cursor.at -= Duration::from_secs(3600) + super::PAUSE;
        cursor.write_when_due().await.unwrap();
        assert!(file.exists());
        assert_eq!(cursor.due(), None);
    }

    #[tokio::test]
    async fn a_release_that_nobody_told_of_before_a_newer_one_is_owed() {
        let folder = tempfile::tempdir().unwrap();
        let id = ReleaseId::from_number;
        let mut cursor = Cursor::open(folder.path(), 5);
        // It waits, while a newer one runs and ends; then it ends, and nobody has noted it.
        cursor.received(id(6), 9, true);
        cursor.write().await.unwrap();
        let cursor = Cursor::open(folder.path(), 7);
        assert_eq!(cursor.unsure(7), [id(5)]);
    }

    #[tokio::test]
    async fn a_file_that_cannot_be_read_is_set_aside_and_begun_anew() {
        let folder = tempfile::tempdir().unwrap();
        let (file, aside) = ["traces", "traces.damaged"]
            .map(|name| folder.path().join(name))
            .into();
        for damaged in [&b"5\n7"[..], b"", b"5\n7 \xff\n"] {
            std::fs::write(&file, damaged).unwrap();
            let mut cursor = Cursor::open(folder.path(), 8);
            assert_eq!(cursor.unsure(8), []);
            assert!(!file.exists());
            assert_eq!(std::fs::read(&aside).unwrap(), damaged);
            // What is open is owed whole.
            let open = ReleaseId::from_number(6);
            cursor.owed(open);
            cursor.write().await.unwrap();
            assert_eq!(Cursor::open(folder.path(), 8).unsure(8), [open]);
        }
    }

    #[tokio::test]
    async fn what_could_not_be_written_is_written_later() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("inner");
        let mut cursor = Cursor::open(&inner, 5);
        cursor.received(ReleaseId::from_number(5), 9, false);
        assert!(cursor.write().await.is_err());
        std::fs::create_dir(&inner).unwrap();
        cursor.write().await.unwrap();
        let cursor = Cursor::open(&inner, 6);
        assert_eq!(cursor.of(ReleaseId::from_number(5)), 9);
    }
}
