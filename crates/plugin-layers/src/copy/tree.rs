//! The tree of a layer, as it is written.

use std::collections::BTreeSet;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use shipway_context::TarEntry;
use tar::EntryType;

use super::{Copied, CopyError};

/// Folders that many bases have as links (`/bin` to `/usr/bin`): a layer cannot see the base's
/// files, and a folder in a layer would hide the link and all behind it.
const LINKS_OF_BASES: [&str; 8] = [
    "bin", "sbin", "lib", "lib32", "lib64", "libx32", "var/run", "var/lock",
];

/// The layer's tar: each folder is written once, before what it holds.
pub(super) struct Tree<'a, W: Write> {
    tar: &'a mut tar::Builder<W>,
    folders: BTreeSet<PathBuf>,
    on_base: bool,
    copied: Copied,
}

impl<'a, W: Write> Tree<'a, W> {
    pub(super) fn new(tar: &'a mut tar::Builder<W>, on_base: bool) -> Self {
        Self {
            tar,
            folders: BTreeSet::new(),
            on_base,
            copied: Copied::default(),
        }
    }

    pub(super) const fn copied(&self) -> Copied {
        self.copied
    }

    /// The folder and those it lies in. Engines make missing ones with modes of their own.
    pub(super) fn folder(&mut self, path: &Path) -> Result<(), CopyError> {
        if self.on_base
            && let Some(problem) = hidden_link(path)
        {
            return Err(CopyError::Invalid(problem));
        }
        let mut all: Vec<&Path> = path.ancestors().collect();
        all.reverse();
        for path in all {
            if path.as_os_str().is_empty() || !self.folders.insert(path.to_owned()) {
                continue;
            }
            // The few that have another mode in every image: a layer's word would replace it.
            let mode = match path.to_str() {
                Some("tmp" | "var/tmp") => 0o1777,
                Some("root") => 0o700,
                _ => 0o755,
            };
            let kind = EntryType::Directory;
            let entry = TarEntry {
                path,
                kind,
                mode,
                link: None,
                bytes: 0,
            };
            entry.write(self.tar, io::empty())?;
        }
        Ok(())
    }

    pub(super) fn copy<R: Read>(
        &mut self,
        entry: &mut tar::Entry<'_, R>,
        to: &Path,
    ) -> Result<(), CopyError> {
        if let Some(parent) = to.parent() {
            self.folder(parent)?;
        }
        let link = entry.link_name()?.map(std::borrow::Cow::into_owned);
        let (mode, bytes) = match entry.header().entry_type() {
            EntryType::Symlink => (0o777, 0),
            EntryType::Regular if entry.header().mode()? & 0o111 != 0 => (0o755, entry.size()),
            EntryType::Regular => (0o644, entry.size()),
            _ => {
                let path = entry.path()?.into_owned();
                let text = format!("{path:?} in the context is neither file, folder nor link");
                return Err(CopyError::Invalid(text));
            }
        };
        let kind = entry.header().entry_type();
        let link = link.as_deref();
        TarEntry {
            path: to,
            kind,
            mode,
            link,
            bytes,
        }
        .write(self.tar, entry)?;
        self.copied.files += 1;
        self.copied.bytes += bytes;
        Ok(())
    }
}

/// What is wrong with a folder of a layer that would hide a link of the base.
pub(super) fn hidden_link(path: &Path) -> Option<String> {
    let link = LINKS_OF_BASES.iter().find(|link| path.starts_with(link))?;
    Some(format!(
        "\"/{}\" lies in /{link}, which is a link in many base images and would be replaced by a \
         folder; say where it leads, as in /usr/bin or /run",
        path.display()
    ))
}
