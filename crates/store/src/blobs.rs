//! Contexts and task definitions: files named by their content, durable before they are
//! acknowledged, and removed when no release names them any more.

mod collect;

use std::collections::HashMap;
use std::path::Path as FilePath;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
pub use collect::Collected;
use futures::stream::{self, Stream};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _, WriteMultipart};
use sha2::{Digest as _, Sha256};
use shipway_domain::ids::Digest;

use tokio::sync::RwLock;

use crate::data_dir::DataDir;
use crate::error::StoreError;

/// Folder of the blobs in the data directory.
const FOLDER: &str = "blobs";
/// Bytes per piece when a blob is read as a stream.
const PIECE: u64 = 256 << 10;
/// Blobs that are remembered to be here; beyond that only those that were asked for lately.
const MOST_KNOWN: usize = 32 << 10;
/// How often the file of a blob is told, at most, that the blob was asked for.
const TOUCHED: Duration = Duration::from_secs(600);

/// Files named by their content.
#[derive(Clone, Debug)]
pub struct Blobs {
    files: Arc<dyn ObjectStore>,
    limit: u64,
    /// Blobs that were seen to be here, and when they were last asked for: a submission names some
    /// each time, and asking the files each time costs two changes of thread.
    known: Arc<Mutex<HashMap<Digest, Known>>>,
    /// Held for reading by who looks whether a blob is here, for writing by who removes one: what
    /// was said to be here is pinned, or gone before it was said.
    removing: Arc<RwLock<()>>,
    /// Where the files lie; keeps the data directory locked.
    dir: Option<DataDir>,
}

/// When a blob that is here was asked for.
#[derive(Clone, Copy, Debug)]
struct Known {
    asked: Instant,
    /// When its file was told so.
    touched: Instant,
}

/// A failure to keep or to give a blob.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// More bytes than a blob may have.
    #[error("a blob may have at most {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: u64,
    },
    /// The bytes are not what their name promises.
    #[error("the content has the digest {found}, not {promised}")]
    WrongDigest {
        /// The name.
        promised: Digest,
        /// What the bytes say.
        found: Digest,
    },
    /// The files cannot be used.
    #[error("cannot {action} blob {blob}")]
    Storage {
        /// What was tried.
        action: &'static str,
        /// Which blob.
        blob: Digest,
        /// Why not.
        source: object_store::Error,
    },
}

impl Blobs {
    /// Opens the blobs of a data directory. None may have more than `limit` bytes.
    ///
    /// # Errors
    /// When the folder cannot be used.
    pub fn open(dir: &DataDir, limit: u64) -> Result<Self, StoreError> {
        let folder = dir.path().join(FOLDER);
        std::fs::create_dir_all(&folder).map_err(StoreError::io("create", &folder))?;
        sweep(&folder).map_err(StoreError::io("sweep", &folder))?;
        let files = LocalFileSystem::new_with_prefix(&folder)
            .map_err(std::io::Error::other)
            .map_err(StoreError::io("open", &folder))?
            .with_fsync(true);
        Ok(Self {
            files: Arc::new(files),
            limit,
            known: Arc::default(),
            removing: Arc::default(),
            dir: Some(dir.clone()),
        })
    }

    /// Blobs in any object store; it must be durable by itself.
    #[must_use]
    pub fn over(files: Arc<dyn ObjectStore>, limit: u64) -> Self {
        Self {
            files,
            limit,
            known: Arc::default(),
            removing: Arc::default(),
            dir: None,
        }
    }

    /// Most bytes that a blob may have.
    #[must_use]
    pub const fn limit(&self) -> u64 {
        self.limit
    }

    /// Size of a blob in bytes, if it is here; then it is pinned for a while.
    ///
    /// # Errors
    /// [`BlobError::Storage`] when the files cannot be used.
    pub async fn size(&self, blob: &Digest) -> Result<Option<u64>, BlobError> {
        let _nothing_goes = self.removing.read().await;
        self.look(blob).await
    }

    /// Whether a blob is here; then it is pinned for a while.
    ///
    /// # Errors
    /// [`BlobError::Storage`] when the files cannot be used.
    pub async fn has(&self, blob: &Digest) -> Result<bool, BlobError> {
        let _nothing_goes = self.removing.read().await;
        let known = self.known().get_mut(blob).map(|known| {
            known.asked = Instant::now();
            known.touched.elapsed() < TOUCHED
        });
        if known == Some(true) {
            return Ok(true);
        }
        Ok(self.look(blob).await?.is_some())
    }

    async fn look(&self, blob: &Digest) -> Result<Option<u64>, BlobError> {
        match self.files.head(&path(blob)).await {
            Ok(meta) => {
                self.touch(blob);
                self.pin(blob);
                Ok(Some(meta.size))
            }
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(storage("find", blob)(error)),
        }
    }

    fn pin(&self, blob: &Digest) {
        let mut known = self.known();
        if known.len() >= MOST_KNOWN {
            known.retain(|_, known| known.asked.elapsed() < collect::PINNED);
        }
        let now = Instant::now();
        let known_now = Known {
            asked: now,
            touched: now,
        };
        known.insert(blob.clone(), known_now);
    }

    /// Whether files say when their blobs were last asked for, so that it outlives the process.
    #[must_use]
    pub const fn pins_last(&self) -> bool {
        self.dir.is_some()
    }

    /// Lets the file say that its blob was asked for: its time is that of the last upload or question.
    fn touch(&self, blob: &Digest) {
        let Some(dir) = &self.dir else { return };
        let file = dir.path().join(FOLDER).join(path(blob).as_ref());
        let now = rustix::fs::Timespec {
            tv_sec: 0,
            tv_nsec: rustix::fs::UTIME_NOW,
        };
        let times = rustix::fs::Timestamps {
            last_access: now,
            last_modification: now,
        };
        let flags = rustix::fs::AtFlags::empty();
        if let Err(error) = rustix::fs::utimensat(rustix::fs::CWD, &file, &times, flags) {
            tracing::warn!(%blob, %error, "the file of a blob cannot be told that it was asked for");
        }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Digest, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to take in a blob of this name. It can be seen only after [`Upload::finish`].
    ///
    /// # Errors
    /// [`BlobError::Storage`] when the files cannot be used.
    pub async fn begin(&self, blob: Digest) -> Result<Upload, BlobError> {
        let writer = self
            .files
            .put_multipart(&path(&blob))
            .await
            .map_err(storage("begin", &blob))?;
        Ok(Upload {
            writer: WriteMultipart::new(writer),
            promised: blob,
            sum: Sha256::new(),
            size: 0,
            limit: self.limit,
            blobs: self.clone(),
        })
    }

    /// Takes in small content at once, and says its name.
    ///
    /// # Errors
    /// As for [`Upload`].
    pub async fn keep(&self, content: Bytes) -> Result<Digest, BlobError> {
        let blob = Digest::of(&content);
        if self.size(&blob).await?.is_none() {
            let mut upload = self.begin(blob.clone()).await?;
            upload.write(content).await?;
            upload.finish().await?;
        }
        Ok(blob)
    }

    /// The content of a small blob, compared with its name; `None` when it is not here.
    ///
    /// # Errors
    /// [`BlobError::WrongDigest`] when the file was changed, [`BlobError::Storage`] when it cannot
    /// be read.
    pub async fn read(&self, blob: &Digest) -> Result<Option<Bytes>, BlobError> {
        let found = match self.files.get(&path(blob)).await {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(storage("read", blob)(error)),
        };
        let content = found.bytes().await.map_err(storage("read", blob))?;
        expect_digest(blob, Digest::of(&content))?;
        Ok(Some(content))
    }

    /// The content of a blob in pieces of at most 256 KiB; `None` when it is not here. The receiver
    /// compares it with its name.
    ///
    /// # Errors
    /// [`BlobError::Storage`] when the files cannot be used; pieces can fail with the same.
    pub async fn stream(
        &self,
        blob: &Digest,
    ) -> Result<Option<impl Stream<Item = Result<Bytes, BlobError>> + Send + use<>>, BlobError>
    {
        let Some(size) = self.size(blob).await? else {
            return Ok(None);
        };
        let (files, blob) = (Arc::clone(&self.files), blob.clone());
        let pieces = stream::try_unfold(0, move |from| {
            let (files, blob) = (Arc::clone(&files), blob.clone());
            async move {
                if from >= size {
                    return Ok(None);
                }
                let to = size.min(from + PIECE);
                let piece = files.get_range(&path(&blob), from..to).await;
                Ok(Some((piece.map_err(storage("read", &blob))?, to)))
            }
        });
        Ok(Some(pieces))
    }
}

/// A blob on its way in. Dropped before [`Upload::finish`], it leaves nothing.
#[derive(Debug)]
pub struct Upload {
    writer: WriteMultipart,
    promised: Digest,
    sum: Sha256,
    size: u64,
    limit: u64,
    blobs: Blobs,
}

impl Upload {
    /// Takes the next bytes.
    ///
    /// # Errors
    /// [`BlobError::TooLarge`] beyond the limit, [`BlobError::Storage`] when they cannot be written.
    pub async fn write(&mut self, bytes: Bytes) -> Result<(), BlobError> {
        /// Parts of 5 MiB that may be on their way to the disk while the next one fills.
        const PARTS: usize = 2;
        self.size = self.size.saturating_add(bytes.len() as u64);
        if self.size > self.limit {
            return Err(BlobError::TooLarge { limit: self.limit });
        }
        self.sum.update(&bytes);
        self.writer
            .wait_for_capacity(PARTS)
            .await
            .map_err(storage("write", &self.promised))?;
        self.writer.put(bytes);
        Ok(())
    }

    /// Makes the blob durable and visible if it is what its name promises; gives its size in bytes.
    ///
    /// # Errors
    /// [`BlobError::WrongDigest`] when it is not, [`BlobError::Storage`] when it cannot be written.
    pub async fn finish(self) -> Result<u64, BlobError> {
        let found = Digest::from_sha256(self.sum.finalize().into());
        if let Err(error) = expect_digest(&self.promised, found) {
            self.writer
                .abort()
                .await
                .map_err(storage("drop", &self.promised))?;
            return Err(error);
        }
        let nothing_goes = self.blobs.removing.read().await;
        self.writer
            .finish()
            .await
            .map_err(storage("finish", &self.promised))?;
        self.blobs.pin(&self.promised);
        drop(nothing_goes);
        Ok(self.size)
    }
}

fn expect_digest(promised: &Digest, found: Digest) -> Result<(), BlobError> {
    if *promised == found {
        return Ok(());
    }
    Err(BlobError::WrongDigest {
        promised: promised.clone(),
        found,
    })
}

/// `ab/abcd…`: no folder with more files than a file system likes.
fn path(blob: &Digest) -> Path {
    let hex = blob.hex();
    Path::from(format!("{}/{hex}", &hex[..2]))
}

fn storage(
    action: &'static str,
    blob: &Digest,
) -> impl FnOnce(object_store::Error) -> BlobError + use<> {
    let blob = blob.clone();
    move |source| BlobError::Storage {
        action,
        blob,
        source,
    }
}

/// Removes what uploads left that were cut off by the end of the process: names with a `#`.
fn sweep(folder: &FilePath) -> std::io::Result<()> {
    for shelf in std::fs::read_dir(folder)? {
        let shelf = shelf?.path();
        if !shelf.is_dir() {
            continue;
        }
        for file in std::fs::read_dir(shelf)? {
            let file = file?;
            if file.file_name().as_encoded_bytes().contains(&b'#') {
                std::fs::remove_file(file.path())?;
            }
        }
    }
    Ok(())
}
