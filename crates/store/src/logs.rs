//! Output of jobs: one append-only text file per attempt. Not synced: after a power cut its last
//! lines may be missing, and nothing is decided by them.

use std::io::{self, SeekFrom};
use std::path::PathBuf;

use shipway_domain::ids::{Attempt, JobId};
use tokio::fs::{self, File};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _};

use crate::data_dir::DataDir;
use crate::error::StoreError;

/// Largest log of an attempt in bytes; what comes after is dropped, and that is said in the log.
const LARGEST: u64 = 64 << 20;
const CUT: &[u8] = b"... the log is longer than 64 MiB; the rest is not kept\n";

/// Logs by job and attempt.
#[derive(Debug)]
pub struct Logs {
    folder: PathBuf,
}

impl Logs {
    /// The logs of a data directory.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn open(data: &DataDir) -> Result<Self, StoreError> {
        let folder = data.path().join("logs");
        std::fs::create_dir_all(&folder).map_err(StoreError::io("create", &folder))?;
        Ok(Self { folder })
    }

    /// Adds whole lines to the log of an attempt.
    ///
    /// # Errors
    /// When the disk fails.
    pub async fn append(&self, job: JobId, attempt: Attempt, lines: &[u8]) -> io::Result<()> {
        let path = self.path(job, attempt);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).await?;
        }
        let mut file = File::options()
            .create(true)
            .append(true)
            .open(&path)
            .await?;
        let size = file.metadata().await?.len();
        if size > LARGEST {
            return Ok(());
        }
        file.write_all(lines).await?;
        if size + lines.len() as u64 > LARGEST {
            file.write_all(CUT).await?;
        }
        file.flush().await
    }

    /// At most `limit` bytes of the log of an attempt from `offset` on; empty at its end, and for
    /// an attempt that wrote nothing.
    ///
    /// # Errors
    /// When the disk fails.
    pub async fn read(
        &self,
        job: JobId,
        attempt: Attempt,
        offset: u64,
        limit: usize,
    ) -> io::Result<Vec<u8>> {
        let mut file = match File::open(self.path(job, attempt)).await {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        file.seek(SeekFrom::Start(offset)).await?;
        let mut bytes = Vec::new();
        file.take(limit as u64).read_to_end(&mut bytes).await?;
        Ok(bytes)
    }

    fn path(&self, job: JobId, attempt: Attempt) -> PathBuf {
        let folder = self.folder.join(job.release.to_string());
        folder.join(format!("{}-{attempt}.log", job.index))
    }
}
