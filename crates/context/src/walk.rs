//! Walks a tree in the order of its paths and says what goes into the tar.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::error::ContextError;
use crate::ignore::{IgnoreRules, Judged};

/// One thing to pack.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// Path relative to the root.
    pub(crate) path: PathBuf,
    pub(crate) kind: Kind,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Folder,
    File {
        bytes: u64,
        executable: bool,
        /// Device and inode: the file that was seen must be the file that is read.
        identity: (u64, u64),
    },
    Link(PathBuf),
}

/// What a walk brings home.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    /// Sorted by path, component by component: a folder comes right before what it holds.
    pub(crate) found: Vec<Found>,
    /// Sockets, pipes and devices, which no context can hold.
    pub(crate) skipped: Vec<PathBuf>,
}

/// Walks `root`, leaving out what the rules exclude. Symbolic links are never followed.
pub(crate) fn walk(root: &Path, rules: &IgnoreRules) -> Result<Tree, ContextError> {
    let mut tree = Tree::default();
    walk_folder(root, Path::new(""), &Judged::default(), rules, &mut tree)?;
    Ok(tree)
}

fn walk_folder(
    root: &Path,
    folder: &Path,
    judged: &Judged,
    rules: &IgnoreRules,
    tree: &mut Tree,
) -> Result<(), ContextError> {
    for name in names(&root.join(folder))? {
        let path = folder.join(name);
        let full = root.join(&path);
        let text = path.to_string_lossy();
        let judged = rules.judge(&text, judged);
        let excluded = judged.excluded;
        if excluded && !rules.may_keep_below(&text) {
            continue;
        }
        let cannot_read = |source| ContextError::Read {
            path: full.clone(),
            source,
        };
        let meta = fs::symlink_metadata(&full).map_err(cannot_read)?;
        let kind = if meta.is_dir() {
            let before = tree.found.len();
            tree.found.push(Found {
                path: path.clone(),
                kind: Kind::Folder,
            });
            walk_folder(root, &path, &judged, rules, tree)?;
            // An excluded folder is there only for the sake of what was kept in it.
            if excluded && tree.found.len() == before + 1 {
                tree.found.pop();
            }
            continue;
        } else if excluded {
            continue;
        } else if meta.is_symlink() {
            Kind::Link(fs::read_link(&full).map_err(cannot_read)?)
        } else if meta.is_file() {
            Kind::File {
                bytes: meta.len(),
                executable: meta.permissions().mode() & 0o111 != 0,
                identity: (meta.dev(), meta.ino()),
            }
        } else {
            tree.skipped.push(path);
            continue;
        };
        tree.found.push(Found { path, kind });
    }
    Ok(())
}

fn names(folder: &Path) -> Result<Vec<OsString>, ContextError> {
    let names: Result<Vec<_>, _> = fs::read_dir(folder)
        .and_then(|entries| entries.map(|entry| Ok(entry?.file_name())).collect());
    let mut names = names.map_err(|source| ContextError::Read {
        path: folder.to_owned(),
        source,
    })?;
    names.sort_unstable();
    Ok(names)
}
