//! Packs a tree.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use tar::EntryType;

use crate::archive::{END, Hashing, TarEntry};
use crate::error::ContextError;
use crate::heavy::heaviest;
use crate::ignore::{IgnoreFile, IgnoreRules, clean, load};
use crate::walk::{Found, Kind, Tree, walk};

/// How a tree is packed.
#[derive(Clone, Debug)]
pub struct PackOptions {
    /// Which ignore file is honoured.
    pub ignore: IgnoreFile,
    /// Dockerfile, relative to the root. It is sent even when the ignore file excludes it, and so
    /// is the ignore file itself, as Docker does.
    pub dockerfile: Option<String>,
    /// Most bytes that the tar may have.
    pub max_bytes: u64,
}

/// A tree that was packed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packed {
    /// The sha256 of the tar.
    pub digest: [u8; 32],
    /// Bytes of the tar.
    pub bytes: u64,
    /// Files and symbolic links in it.
    pub files: u64,
    /// Sockets, pipes and devices that were left out, relative to the root.
    pub skipped: Vec<PathBuf>,
}

impl Packed {
    /// The digest as 64 lower-case hexadecimal digits.
    #[must_use]
    pub fn digest_hex(&self) -> String {
        self.digest.iter().map(|b| format!("{b:02x}")).collect()
    }
}

/// Packs the tree below `root` into a tar (not compressed) written to `out`.
///
/// Entries are sorted by path, with time 0, owner 0, mode 0755 for folders and executable files and
/// 0644 for others. Symbolic links are kept as links; hard links become files. `.git` is left out
/// unless the ignore file brings it back ([`IgnoreRules::without_git`]). Nothing is written when
/// the tree is too large.
///
/// # Errors
/// See [`ContextError`].
pub fn pack(root: &Path, options: &PackOptions, out: impl Write) -> Result<Packed, ContextError> {
    if !root.is_dir() {
        return Err(ContextError::NotAFolder(root.to_owned()));
    }
    let Tree { found, skipped } = walk(root, &rules(root, options)?)?;
    let bytes = found.iter().map(|f| entry(f).tar_bytes()).sum::<u64>() + END;
    if bytes > options.max_bytes {
        return Err(ContextError::TooLarge {
            bytes,
            limit: options.max_bytes,
            largest: heaviest(&found),
        });
    }
    let mut tar = tar::Builder::new(Hashing::new(out));
    for item in &found {
        write(root, item, &mut tar)?;
    }
    let mut out = tar.into_inner().map_err(ContextError::Write)?;
    out.flush().map_err(ContextError::Write)?;
    let (digest, bytes, _) = out.finish();
    let is_file = |f: &&Found| !matches!(f.kind, Kind::Folder);
    Ok(Packed {
        digest,
        bytes,
        files: found.iter().filter(is_file).count() as u64,
        skipped,
    })
}

fn rules(root: &Path, options: &PackOptions) -> Result<IgnoreRules, ContextError> {
    let dockerfile = options.dockerfile.as_deref().map(clean);
    let (mut rules, ignore_file) = load(root, options.ignore, dockerfile.as_deref())?;
    if let (Some(path), Some(given)) = (&dockerfile, &options.dockerfile) {
        // A path with `..` or one from the file system's root is not in the context.
        let inside = !given.starts_with('/') && path != ".." && !path.starts_with("../");
        if !inside || !root.join(path).is_file() {
            return Err(ContextError::NoDockerfile {
                root: root.to_owned(),
                dockerfile: given.clone(),
            });
        }
    }
    for kept in [dockerfile, ignore_file].into_iter().flatten() {
        rules.keep(&kept);
    }
    Ok(rules)
}

fn entry(found: &Found) -> TarEntry<'_> {
    let (kind, mode, link, bytes) = match &found.kind {
        Kind::Folder => (EntryType::Directory, 0o755, None, 0),
        Kind::Link(to) => (EntryType::Symlink, 0o777, Some(to.as_path()), 0),
        Kind::File {
            bytes, executable, ..
        } => {
            let mode = if *executable { 0o755 } else { 0o644 };
            (EntryType::Regular, mode, None, *bytes)
        }
    };
    TarEntry {
        path: &found.path,
        kind,
        mode,
        link,
        bytes,
    }
}

fn write<W: Write>(
    root: &Path,
    found: &Found,
    tar: &mut tar::Builder<W>,
) -> Result<(), ContextError> {
    let Kind::File {
        bytes, identity, ..
    } = found.kind
    else {
        return entry(found)
            .write(tar, io::empty())
            .map_err(ContextError::Write);
    };
    let path = root.join(&found.path);
    let cannot_read = |source| ContextError::Read {
        path: path.clone(),
        source,
    };
    let changed = || ContextError::Changed(path.clone());
    let mut file = File::open(&path).map_err(cannot_read)?;
    let meta: fs::Metadata = file.metadata().map_err(cannot_read)?;
    if (meta.dev(), meta.ino()) != identity || meta.len() != bytes {
        return Err(changed());
    }
    let mut data = Watched {
        file: (&mut file).take(bytes),
        failed: None,
    };
    let written = entry(found).write(tar, &mut data);
    if let Some(source) = data.failed {
        return Err(cannot_read(source));
    }
    written.map_err(ContextError::Write)?;
    // Shorter or longer than its header says: the tar would be broken, or lack the end.
    if data.file.limit() > 0 || file.read(&mut [0]).map_err(cannot_read)? > 0 {
        return Err(changed());
    }
    Ok(())
}

/// Tells a failed read from a failed write, which `io::copy` mixes.
struct Watched<R> {
    file: R,
    failed: Option<io::Error>,
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.file.read(into).map_err(|error| {
            let kind = error.kind();
            if kind != io::ErrorKind::Interrupted {
                self.failed = Some(error);
            }
            kind.into()
        })
    }
}
