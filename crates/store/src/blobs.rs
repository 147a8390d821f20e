//! Content-addressed blobs: contexts and task definitions, as files named by their digests.
//!
//! They go through `object_store`, so that a bucket can take the place of the folder.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use object_store::{MultipartUpload, ObjectStoreExt as _};
use sha2::{Digest as _, Sha256};
use shipway_domain::ids::Digest;

use crate::data_dir::DataDir;
use crate::error::StoreError;

/// Bytes that are collected before they are written.
const PART: usize = 8 << 20;

/// Blobs by digest.
#[derive(Debug)]
pub struct Blobs {
    files: Arc<LocalFileSystem>,
    max_bytes: u64,
}

/// Why a blob could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// It is larger than permitted.
    #[error("the blob is larger than {} MiB, the most that is kept here", max_bytes >> 20)]
    TooLarge {
        /// The limit.
        max_bytes: u64,
    },
    /// Its bytes are not those that its digest names.
    #[error("the bytes of the blob have digest {actual}, promised was {promised}")]
    Differs {
        /// What was promised.
        promised: Digest,
        /// What came.
        actual: Digest,
    },
    /// The disk failed.
    #[error("blob {digest} could not be {doing}")]
    Io {
        /// The blob.
        digest: Digest,
        /// What was done.
        doing: &'static str,
        /// Why.
        #[source]
        source: object_store::Error,
    },
}

impl Blobs {
    /// The blobs of a data directory; larger ones than `max_bytes` are refused.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn open(data: &DataDir, max_bytes: u64) -> Result<Self, StoreError> {
        let folder: PathBuf = data.path().join("blobs");
        std::fs::create_dir_all(&folder).map_err(StoreError::io("create", &folder))?;
        let files = LocalFileSystem::new_with_prefix(&folder)
            .map_err(|error| StoreError::io("open", &folder)(std::io::Error::other(error)))?
            // Acknowledged is durable: file and folder are synced.
            .with_fsync(true);
        Ok(Self {
            files: Arc::new(files),
            max_bytes,
        })
    }

    /// Largest size of a blob in bytes.
    #[must_use]
    pub const fn max_bytes(&self) -> u64 {
        self.max_bytes
    }

    /// Size of a blob in bytes, when it is here.
    ///
    /// # Errors
    /// [`BlobError::Io`].
    pub async fn size(&self, digest: &Digest) -> Result<Option<u64>, BlobError> {
        match self.files.head(&key(digest)).await {
            Ok(meta) => Ok(Some(meta.size)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(source) => Err(io(digest, "found")(source)),
        }
    }

    /// Begins a blob. Nothing of it is to be seen before [`BlobWriter::finish`].
    ///
    /// # Errors
    /// [`BlobError::Io`].
    pub async fn put(&self, digest: &Digest) -> Result<BlobWriter, BlobError> {
        let upload = self
            .files
            .put_multipart(&key(digest))
            .await
            .map_err(io(digest, "created"))?;
        Ok(BlobWriter {
            digest: digest.clone(),
            upload,
            part: Vec::new(),
            sum: Sha256::new(),
            size: 0,
            max_bytes: self.max_bytes,
        })
    }

    /// The bytes of a blob, or `None` when it is not here.
    ///
    /// # Errors
    /// [`BlobError::Io`].
    pub async fn get(
        &self,
        digest: &Digest,
    ) -> Result<Option<BoxStream<'static, Result<Bytes, BlobError>>>, BlobError> {
        let found = match self.files.get(&key(digest)).await {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(source) => return Err(io(digest, "opened")(source)),
        };
        let digest = digest.clone();
        let bytes = found
            .into_stream()
            .map(move |part| part.map_err(io(&digest, "read")));
        Ok(Some(bytes.boxed()))
    }
}

/// A blob on its way in.
#[derive(Debug)]
pub struct BlobWriter {
    digest: Digest,
    upload: Box<dyn MultipartUpload>,
    part: Vec<u8>,
    sum: Sha256,
    size: u64,
    max_bytes: u64,
}

impl BlobWriter {
    /// Takes the next bytes.
    ///
    /// # Errors
    /// [`BlobError::TooLarge`], [`BlobError::Io`]; then nothing is kept.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), BlobError> {
        self.size += bytes.len() as u64;
        if self.size > self.max_bytes {
            self.abort().await;
            return Err(BlobError::TooLarge {
                max_bytes: self.max_bytes,
            });
        }
        self.sum.update(bytes);
        self.part.extend_from_slice(bytes);
        if self.part.len() >= PART {
            self.send().await?;
        }
        Ok(())
    }

    /// Checks the digest and makes the blob durable; gives its size in bytes.
    ///
    /// # Errors
    /// [`BlobError::Differs`], [`BlobError::Io`]; then nothing is kept.
    pub async fn finish(mut self) -> Result<u64, BlobError> {
        let actual = Digest::from_sha256(std::mem::take(&mut self.sum).finalize().into());
        if actual != self.digest {
            self.abort().await;
            return Err(BlobError::Differs {
                promised: self.digest,
                actual,
            });
        }
        self.send().await?;
        self.upload
            .complete()
            .await
            .map_err(io(&self.digest, "completed"))?;
        Ok(self.size)
    }

    async fn send(&mut self) -> Result<(), BlobError> {
        let part = std::mem::take(&mut self.part);
        self.upload
            .put_part(part.into())
            .await
            .map_err(io(&self.digest, "written"))
    }

    async fn abort(&mut self) {
        if let Err(error) = self.upload.abort().await {
            tracing::warn!(%error, "a half-written blob could not be removed");
        }
    }
}

fn key(digest: &Digest) -> Key {
    let hex = digest.hex();
    Key::from(format!("{}/{hex}", &hex[..2]))
}

fn io(digest: &Digest, doing: &'static str) -> impl FnOnce(object_store::Error) -> BlobError {
    let digest = digest.clone();
    move |source| BlobError::Io {
        digest,
        doing,
        source,
    }
}
