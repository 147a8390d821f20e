//! How packing and unpacking can fail.

use std::fmt;
use std::io;
use std::path::PathBuf;

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
        Bytes(*.bytes), Bytes(*.limit), list(.largest)
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

/// A number of bytes as people read it, in powers of 1000.
struct Bytes(u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
        if self.0 < 1000 {
            return write!(f, "{} B", self.0);
        }
        let (mut tenths, mut unit) = (self.0 / 100, 0);
        while tenths >= 10_000 && unit + 1 < UNITS.len() {
            tenths /= 1000;
            unit += 1;
        }
        write!(f, "{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
    }
}

fn list(largest: &[(String, u64)]) -> String {
    let parts: Vec<String> = largest
        .iter()
        .map(|(path, bytes)| format!("{path} ({})", Bytes(*bytes)))
        .collect();
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::Bytes;

    #[test]
    fn bytes_read_like_a_person_says_them() {
        for (bytes, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (12_345, "12.3 kB"),
            (999_999, "999.9 kB"),
            (1_000_000, "1.0 MB"),
            (2_500_000_000, "2.5 GB"),
        ] {
            assert_eq!(Bytes(bytes).to_string(), text);
        }
    }
}
