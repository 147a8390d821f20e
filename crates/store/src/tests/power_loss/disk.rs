//! What a disk holds of the files of a process: what was synced, and what was only written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::trace::Step;

/// Files by their paths in the folder.
type Files = BTreeMap<PathBuf, Vec<u8>>;

#[derive(Default)]
pub(super) struct Disk {
    /// What the process sees.
    seen: Files,
    /// What a power failure leaves at least.
    synced: Files,
    /// Where the next plain write of a file goes.
    ends: BTreeMap<PathBuf, usize>,
}

impl Disk {
    /// Says whether what a power failure leaves is another thing than before.
    pub(super) fn take(&mut self, step: &Step) -> bool {
        match step {
            Step::Opened { path, emptied } => {
                self.ends.insert(path.clone(), 0);
                if *emptied {
                    self.seen.insert(path.clone(), Vec::new());
                }
                false
            }
            Step::Wrote { path, at, bytes } => {
                let end = self.ends.entry(path.clone()).or_default();
                let at = at.unwrap_or_else(|| std::mem::replace(end, *end + bytes.len()));
                let file = self.seen.entry(path.clone()).or_default();
                if file.len() < at + bytes.len() {
                    file.resize(at + bytes.len(), 0);
                }
                file[at..at + bytes.len()].copy_from_slice(bytes);
                false
            }
            Step::Cut { path, len } => {
                self.seen.entry(path.clone()).or_default().resize(*len, 0);
                false
            }
            Step::Synced { path } => match self.seen.get(path) {
                Some(file) => {
                    let before = self.synced.insert(path.clone(), file.clone());
                    before.as_ref() != Some(file)
                }
                // A folder: its names count as durable when its files are.
                None => false,
            },
            Step::Renamed { from, to } => {
                for files in [&mut self.seen, &mut self.synced] {
                    if let Some(file) = files.remove(from) {
                        files.insert(to.clone(), file);
                    }
                }
                true
            }
            Step::Removed { path } => {
                let gone = self.seen.remove(path).is_some();
                self.synced.remove(path).is_some() || gone
            }
            Step::Told { .. } => false,
        }
    }

    /// Writes what is left when all is lost that was not synced.
    pub(super) fn leave_synced(&self, of: &Path, to: &Path) {
        leave(&self.synced, of, to);
    }

    /// Writes what is left when nothing is lost that was written.
    pub(super) fn leave_written(&self, of: &Path, to: &Path) {
        leave(&self.seen, of, to);
    }
}

fn leave(files: &Files, of: &Path, to: &Path) {
    for (path, content) in files {
        let path = to.join(path.strip_prefix(of).expect("in the folder"));
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
        std::fs::write(path, content).expect("writable");
    }
}
