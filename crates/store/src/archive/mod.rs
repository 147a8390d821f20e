//! Everything that a coordinator keeps, in one file: to move it, and to have it twice.
//!
//! A header, then entries: kind, lengths, a CRC-32 that covers them, the place, name and value. The last
//! entry counts all others and bears the SHA-256 of all before it: a file that was cut off, changed or
//! put together from pieces is refused with the place.

mod export;
mod import;
mod read;
#[cfg(test)]
mod tests;
mod write;

use std::io;

use crate::error::StoreError;

pub use export::export;
pub use import::{import, import_into};
pub use read::copy_checked;

/// What an archive begins with, before the version.
const MAGIC: &[u8; 15] = b"shipway export\n";
/// The version that is written, and the newest that is read.
const VERSION: u32 = 1;
/// Bytes before name and value of an entry: kind, two lengths, checksum.
const HEADER: usize = 13;
/// Largest name and value that are believed, in bytes.
const LARGEST: (usize, usize) = (4 << 10, 1 << 20);
/// Bytes per piece of a file.
const PIECE: usize = 256 << 10;

/// What an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Kind {
    /// A record: its key, its bytes.
    Record = b'r',
    /// A piece of a blob, not the last: its digest in hexadecimal, the bytes.
    BlobPiece = b'b',
    /// The last piece of a blob.
    BlobEnd = b'B',
    /// A piece of a log, not the last: its path, the bytes.
    LogPiece = b'l',
    /// The last piece of a log.
    LogEnd = b'L',
    /// Something that was left out: what, and why.
    LeftOut = b'x',
    /// The export failed: why.
    Failed = b'f',
    /// The end: the checksum of all before it, and the counts.
    End = b'z',
}

impl Kind {
    const ALL: [Self; 8] = [
        Self::Record,
        Self::BlobPiece,
        Self::BlobEnd,
        Self::LogPiece,
        Self::LogEnd,
        Self::LeftOut,
        Self::Failed,
        Self::End,
    ];

    fn of(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == byte)
    }
}

/// What an archive holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// Records.
    pub records: u64,
    /// Contexts and task definitions.
    pub blobs: u64,
    /// Logs of attempts.
    pub logs: u64,
    /// Bytes of the archive so far.
    pub bytes: u64,
    /// What was left out, and why.
    pub left_out: Vec<(String, String)>,
}

/// Why an archive could not be written or taken in.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The archive could not be read or written.
    #[error("the archive cannot be read or written")]
    Io(#[from] io::Error),
    /// It begins with something else.
    #[error("this is not an archive made by shipway-server export")]
    Stranger,
    /// A newer version wrote it.
    #[error(
        "the archive has version {0}, and this program reads up to version {VERSION}: use a newer one"
    )]
    Newer(u32),
    /// It is not as it was written.
    #[error("the archive is damaged at byte {at} (entry {entry}): {what}; take another copy of it")]
    Damaged {
        /// Where the entry begins.
        at: u64,
        /// Its number, from 1.
        entry: u64,
        /// What is wrong with it.
        what: String,
    },
    /// The export that made it failed.
    #[error("the export failed: {0}")]
    Failed(String),
    /// There is something already.
    #[error("the store is not empty: import into a new data folder")]
    NotEmpty,
    /// Another archive was being imported.
    #[error(
        "an import of another archive was interrupted here: finish that one, or use a new data folder"
    )]
    OtherImport,
}
