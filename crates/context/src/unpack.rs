//! Unpacks a context, never outside of the folder it goes to.

use std::io::Read;
use std::path::{Component, Path};

use tar::EntryType;

use crate::error::ContextError;

/// Unpacks a tar as [`crate::pack`] makes it into the folder `into`, which must exist and should be
/// empty: what exists there is not overwritten. Returns the number of files and symbolic links.
///
/// The tar may come from anybody: names with `..`, absolute names, entries through a symbolic link
/// that leads out of the folder, hard links and devices are refused. Symbolic links themselves are
/// made as they are, so whoever reads the folder must not follow them blindly.
///
/// # Errors
/// [`ContextError::Tar`], [`ContextError::Unsafe`] and [`ContextError::Unpack`].
pub fn unpack(tar: impl Read, into: &Path) -> Result<u64, ContextError> {
    let mut archive = tar::Archive::new(tar);
    archive.set_overwrite(false);
    archive.set_preserve_mtime(false);
    let mut files = 0;
    for entry in archive.entries().map_err(ContextError::Tar)? {
        let mut entry = entry.map_err(ContextError::Tar)?;
        let path = entry.path().map_err(ContextError::Tar)?.into_owned();
        let name = || path.to_string_lossy().into_owned();
        let refuse = |reason| ContextError::Unsafe {
            path: name(),
            reason,
        };
        let plain = |c: Component<'_>| matches!(c, Component::Normal(_) | Component::CurDir);
        if !path.components().all(plain) {
            return Err(refuse("must be relative and without .."));
        }
        match entry.header().entry_type() {
            EntryType::Directory => {}
            EntryType::Regular | EntryType::Continuous | EntryType::Symlink => files += 1,
            _ => return Err(refuse("is neither a file nor a folder nor a symbolic link")),
        }
        let unpacked = entry
            .unpack_in(into)
            .map_err(|source| ContextError::Unpack {
                path: name(),
                source,
            })?;
        if !unpacked {
            return Err(refuse("lies outside of the folder"));
        }
    }
    Ok(files)
}
