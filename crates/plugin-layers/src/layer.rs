//! The layers of the copies, as files on disk.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read};
use std::path::Path;

use tempfile::TempPath;
use tokio_util::sync::CancellationToken;

use crate::compress::{Compressor, Sums};
use crate::copy::{Copied, Copy, CopyError};
use crate::fault::Fault;

/// A layer that was made.
#[derive(Debug)]
pub(crate) struct Layer {
    /// How people say it: `dist to /app`.
    pub(crate) name: String,
    pub(crate) sums: Sums,
    pub(crate) copied: Copied,
    /// The compressed tar; gone with this value.
    pub(crate) file: TempPath,
}

/// Makes the layer of one copy beside the context: large files do not belong into a `/tmp` that
/// may be in memory. Blocks.
pub(crate) fn make(context: &Path, copy: &Copy, stop: &CancellationToken) -> Result<Layer, Fault> {
    let name = copy.describe();
    let failed = |error: io::Error| match stop.is_cancelled() {
        true => Fault::Stopped,
        false => Fault::Passing(format!("cannot make the layer {name}: {error}")),
    };
    let source = File::open(context).map_err(failed)?;
    let folder = context.parent().unwrap_or_else(|| Path::new("."));
    let (out, file) = tempfile::NamedTempFile::with_prefix_in("layer-", folder)
        .map_err(failed)?
        .into_parts();
    let mut tar = tar::Builder::new(Compressor::new(BufWriter::new(out)));
    let source = Stoppable { source, stop };
    let copied = match copy.run(BufReader::with_capacity(1 << 18, source), &mut tar) {
        Ok(copied) => copied,
        Err(CopyError::Invalid(text)) => return Err(Fault::Invalid(text)),
        Err(CopyError::Io(error)) => return Err(failed(error)),
    };
    let sums = tar
        .into_inner()
        .and_then(Compressor::finish)
        .map_err(failed)?;
    Ok(Layer {
        sums,
        copied,
        file,
        name: name.clone(),
    })
}

/// Ends reading when the build is stopped.
struct Stoppable<'a> {
    source: File,
    stop: &'a CancellationToken,
}

impl Read for Stoppable<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.stop.is_cancelled() {
            return Err(io::Error::other("stopped"));
        }
        self.source.read(into)
    }
}
