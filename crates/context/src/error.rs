//! How packing and unpacking can fail.

use std::io;
use std::path::PathBuf;

use crate::human::HumanBytes;

/// A failure of [`crate::pack`] or [`crate::unpack`].
#[derive(Debug, thiserror::Error)]
pub enum ContextError {
    /// The root is not a folder, or not there.
    #[error("the context {} is not a folder", .0.display())]
    NotAFolder(PathBuf),
    /// The Dockerfile that was named is not in the context.
    #[error("there is no Dockerfile {dockerfile:?} in the context {}", .root.display())]
    NoDockerfile {
        /// The root of the context.
        root: PathBuf,
        /// The Dockerfile as it was named, relative to the root.
        dockerfile: String,
    },
    /// A line of an ignore file is not a pattern.
    #[error("{}:{line}: {text:?} is not a pattern: {reason}", .file.display())]
    Pattern {
        /// The ignore file.
        file: PathBuf,
        /// Line, counted from 1.
        line: usize,
        /// The line.
        text: String,
        /// What is wrong with it and what would be right.
        reason: &'static str,
    },
    /// A file or folder of the tree cannot be read.
    #[error("cannot read {} in the context", .path.display())]
    Read {
        /// The path.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A file changed while it was packed; packing again may work.
    #[error("{} changed while the context was packed", .0.display())]
    Changed(PathBuf),
    /// The tar would be larger than permitted.
    #[error(
        "the context has {}, more than the {} permitted; the largest in it: {}; what the build does not need belongs into .dockerignore",
        HumanBytes(*.bytes), HumanBytes(*.limit), list(.largest)
    )]
    TooLarge {
        /// Bytes of the tar as it would be.
        bytes: u64,
        /// Bytes permitted.
        limit: u64,
        /// The files and folders that weigh most, heaviest first; folders end in `/`.
        largest: Vec<(String, u64)>,
    },
    /// The tar cannot be written to where it goes.
    #[error("cannot write the context")]
    Write(#[source] io::Error),
    /// What should be a tar is none, or is cut off.
    #[error("the context is not a readable tar")]
    Tar(#[source] io::Error),
    /// A tar entry would land outside of the folder, or is neither file, folder nor symbolic link.
    #[error("the context holds {path:?}, which {reason}")]
    Unsafe {
        /// Name of the entry.
        path: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// An entry of a tar cannot be written to disk.
    #[error("cannot unpack {path:?}")]
    Unpack {
        /// Name of the entry.
        path: String,
        /// The cause.
        source: io::Error,
    },
}

fn list(largest: &[(String, u64)]) -> String {
    let parts: Vec<String> = largest
        .iter()
        .map(|(path, bytes)| format!("{path} ({})", HumanBytes(*bytes)))
        .collect();
    parts.join(", ")
}
