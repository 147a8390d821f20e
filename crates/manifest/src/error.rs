//! Why a manifest cannot be used.

use std::io;

use crate::mistake::Mistakes;

/// Why a manifest cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// The manifest itself cannot be read.
    #[error("cannot read the manifest {path}")]
    Unreadable {
        /// The path that was tried.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// What is written in it, or in a file that it names, is wrong. Its text is ready to be shown.
    #[error("{0}")]
    Mistakes(Mistakes),
}
