//! How keeping records can fail.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use shipway_proto::ConversionError;

/// A failure of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process uses the data directory.
    #[error(
        "{} is in use by another process{}: stop it, or choose another data directory",
        path.display(),
        holder.as_ref().map_or_else(String::new, |pid| format!(" (pid {pid})"))
    )]
    Locked {
        /// The data directory.
        path: PathBuf,
        /// Process id that the holder wrote down, when it can be read.
        holder: Option<String>,
    },
    /// A file or folder cannot be used.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried ("create", "sync").
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The database refused.
    #[error("the database cannot {action}")]
    Engine {
        /// What was tried ("open", "write").
        action: &'static str,
        /// Why not.
        source: sled::Error,
    },
    /// The data was written by a version that this one does not know.
    #[error(
        "{what} was written in format {found}, and this version reads up to format {known}: use the newer version of shipway"
    )]
    NewerFormat {
        /// Which record.
        what: String,
        /// Its format.
        found: u8,
        /// The newest format that is known here.
        known: u8,
    },
    /// A record is larger than the store takes; nothing was written.
    #[error("{what} takes {bytes} bytes; a record may have at most {limit}")]
    TooLarge {
        /// Which record.
        what: String,
        /// Its size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// A record cannot be read. It is kept, under its key or in quarantine.
    #[error("{what} is damaged")]
    Damaged {
        /// Which record.
        what: String,
        /// What is wrong with it.
        source: Damage,
    },
    /// An import did not come to its end.
    #[error(
        "an import into {} was interrupted: start it again with shipway-server import, or use a new data \
         folder", .0.display()
    )]
    HalfImported(PathBuf),
    /// A write failed, now or before: what is on disk is not known any more.
    #[error("the store failed and answers nothing until it is opened again")]
    Poisoned(#[source] Arc<Self>),
}

impl StoreError {
    pub(crate) fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }

    pub(crate) const fn engine(action: &'static str) -> impl FnOnce(sled::Error) -> Self {
        move |source| Self::Engine { action, source }
    }
}

/// What is wrong with a damaged record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// Shorter than any record.
    #[error("it is cut off")]
    Short,
    /// The checksum does not fit the key and the content.
    #[error("its checksum is wrong")]
    Checksum,
    /// Not a message of its type.
    #[error("it is not a message of its type: {0}")]
    Encoding(String),
    /// A message that says nothing the domain can hear.
    #[error(transparent)]
    Content(#[from] ConversionError),
    /// A key that names nothing.
    #[error("its key names nothing")]
    Key,
    /// Readable here, but not by the version that set it aside.
    #[error("another version could not read it")]
    Version,
}
