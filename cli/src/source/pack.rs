//! The context of a build as one file.

use std::fs::File;
use std::io::BufWriter;
use std::path::PathBuf;

use shipway_context::{ContextError, IgnoreFile, PackOptions};
use shipway_domain::ids::Digest;
use tempfile::NamedTempFile;

use crate::error::Error;

/// A packed context; its file is gone when this value is.
pub(crate) struct Context {
    /// The tar.
    pub(crate) file: NamedTempFile,
    /// Its sha256.
    pub(crate) digest: Digest,
    /// Its bytes.
    pub(crate) size: u64,
    /// Sockets, pipes and devices that were left out.
    pub(crate) skipped: Vec<PathBuf>,
}

/// Packs `folder`, on a thread of its own: the connection must be kept alive meanwhile.
pub(crate) async fn pack(
    folder: PathBuf,
    dockerfile: Option<String>,
    max_bytes: u64,
) -> Result<Context, Error> {
    let work = move || {
        let file = NamedTempFile::new().map_err(ContextError::Write)?;
        let out = BufWriter::new(File::create(file.path()).map_err(ContextError::Write)?);
        let options = PackOptions {
            ignore: IgnoreFile::Auto,
            dockerfile,
            max_bytes,
        };
        let packed = shipway_context::pack(&folder, &options, out)?;
        Ok(Context {
            file,
            digest: Digest::from_sha256(packed.digest),
            size: packed.bytes,
            skipped: packed.skipped,
        })
    };
    let packed: Result<Context, ContextError> = tokio::task::spawn_blocking(work)
        .await
        .map_err(|cause| Error::local("packing the context was cut off", cause))?;
    packed.map_err(|cause| match cause {
        ContextError::Write(_) | ContextError::Read { .. } | ContextError::Changed(_) => {
            Error::local("could not pack the context", cause)
        }
        // The others say what is wrong with what the user has.
        cause => Error::usage(cause.to_string()),
    })
}
