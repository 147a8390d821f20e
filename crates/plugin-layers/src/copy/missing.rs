//! Says what is there when what was asked for is not.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use tar::EntryType;

/// What lies beside a path that is not there, for the error.
#[derive(Default)]
pub(super) struct Around {
    /// The deepest folder above the path that exists.
    folder: PathBuf,
    /// What it holds.
    holds: BTreeSet<String>,
}

impl Around {
    pub(super) fn note(&mut self, path: &Path, kind: EntryType, missing: &Path) {
        if kind.is_dir() && missing.starts_with(path) {
            self.folder = path.to_owned();
            self.holds.clear();
        } else if path.parent() == Some(&self.folder) {
            let slash = if kind.is_dir() { "/" } else { "" };
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            self.holds.insert(format!("{name}{slash}"));
        }
    }

    pub(super) fn missing(self, path: &Path) -> String {
        const SHOWN: usize = 12;
        let place = match self.folder.display().to_string() {
            place if place.is_empty() => "its root".to_owned(),
            place => format!("{place}/"),
        };
        let count = self.holds.len();
        let mut names: Vec<String> = self.holds.into_iter().take(SHOWN).collect();
        if count > SHOWN {
            names.push(format!("and {} more", count - SHOWN));
        }
        if names.is_empty() {
            names.push("nothing".to_owned());
        }
        format!(
            "there is no {:?} in the context; {place} holds {} (what .dockerignore names is left out)",
            path.display().to_string(),
            names.join(", ")
        )
    }
}
