//! How far the trace of each release has been received by the collector, kept in a file of the data folder. After a crash
//! what was not is sent again, from the records.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use shipway_domain::ids::ReleaseId;
use tokio::time::Instant;

/// The file.
const FILE: &str = "traces";
/// Releases with which the file is large, and how often it is written then.
const MANY: usize = 1000;
const PAUSE: Duration = Duration::from_secs(5);

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
    /// As it was left; at a first start all releases below `next` are taken as received, unless they are open.
    pub(super) fn open(folder: &Path, next: u64) -> Self {
        let path = folder.join(FILE);
        let kept = std::fs::read_to_string(&path).ok();
        let read = kept.and_then(|text| read(&text));
        let (from, of) = read.unwrap_or((next, BTreeMap::new()));
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

    /// Writes it, if anything has changed; when there is much to write, only now and then.
    pub(super) fn write_now_and_then(&mut self) -> io::Result<()> {
        if self.of.len() > MANY && self.at.elapsed() < PAUSE {
            return Ok(());
        }
        self.write()
    }

    /// Writes it, if anything has changed.
    pub(super) fn write(&mut self) -> io::Result<()> {
        if std::mem::replace(&mut self.written, true) {
            return Ok(());
        }
        self.at = Instant::now();
        let mut text = format!("{}\n", self.next);
        for (release, last) in &self.of {
            // A text takes what is written.
            let _always = writeln!(text, "{} {last}", release.number());
        }
        let fresh = self.path.with_extension("new");
        std::fs::write(&fresh, text)?;
        std::fs::rename(&fresh, &self.path)
    }
}

fn read(text: &str) -> Option<(u64, BTreeMap<ReleaseId, u64>)> {
    let mut lines = text.lines();
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
    use shipway_domain::ids::ReleaseId;

    use super::Cursor;

    #[test]
    fn what_was_not_received_is_known_after_a_crash() {
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
        cursor.write().unwrap();
        // Two more came before the crash.
        let cursor = Cursor::open(folder.path(), 10);
        assert_eq!(cursor.unsure(10), [5, 7, 8, 9].map(id));
        assert_eq!([5, 7, 9].map(|number| cursor.of(id(number))), [9, 0, 0]);
    }

    #[test]
    fn a_release_that_nobody_told_of_before_a_newer_one_is_owed() {
        let folder = tempfile::tempdir().unwrap();
        let id = ReleaseId::from_number;
        let mut cursor = Cursor::open(folder.path(), 5);
        // It waits, while a newer one runs and ends; then it ends, and nobody has noted it.
        cursor.received(id(6), 9, true);
        cursor.write().unwrap();
        let cursor = Cursor::open(folder.path(), 7);
        assert_eq!(cursor.unsure(7), [id(5)]);
    }

    #[test]
    fn a_file_that_cannot_be_read_is_begun_anew() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("traces"), "5\n7").unwrap();
        let cursor = Cursor::open(folder.path(), 8);
        assert_eq!(cursor.unsure(8), []);
    }
}
