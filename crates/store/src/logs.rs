//! Output of jobs: append-only text files, one per attempt, read from any place and followed.
//!
//! Not synced: a power failure may take the last lines.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use shipway_domain::ids::{Attempt, JobId, ReleaseId};
use tokio::sync::watch;
use tokio::task;

use crate::data_dir::DataDir;
use crate::error::StoreError;

/// Folder of the logs in the data directory.
const FOLDER: &str = "logs";
/// What the names of logs end with, and those of spans.
pub(crate) const OUTPUT: &str = ".log";
pub(crate) const SPANS: &str = ".spans";
/// The last line of a log that is full.
const FULL: &[u8] = b"[shipway: the log is full, further output is not kept]\n";

/// Output of jobs. Clones share it.
#[derive(Clone, Debug)]
pub struct Logs {
    folder: Arc<Path>,
    limit: u64,
    /// What the names of its files end with.
    suffix: &'static str,
    followed: Arc<Mutex<HashMap<ReleaseId, watch::Sender<()>>>>,
    growing: Growing,
    /// Keeps the data directory locked.
    dir: DataDir,
}

impl Logs {
    /// Opens the logs of a data directory. None grows beyond `limit` bytes.
    ///
    /// # Errors
    /// When the folder cannot be used.
    pub fn open(dir: &DataDir, limit: u64) -> Result<Self, StoreError> {
        let folder = dir.path().join(FOLDER);
        fs::create_dir_all(&folder).map_err(StoreError::io("create", &folder))?;
        Ok(Self {
            folder: folder.into(),
            limit,
            suffix: OUTPUT,
            followed: Arc::default(),
            growing: Growing::default(),
            dir: dir.clone(),
        })
    }

    /// What attempts say of what they did, for the traces of their releases: kept beside their output, in lines too, and
    /// gone with it. None grows beyond `limit` bytes.
    #[must_use]
    pub fn spans(&self, limit: u64) -> Self {
        Self {
            limit,
            suffix: SPANS,
            followed: Arc::default(),
            growing: Growing::default(),
            ..self.clone()
        }
    }

    /// Appends whole lines. What is beyond the limit is left out, and the log says so. Appends to
    /// one log must not overlap. While the disk is almost full nothing is kept: what is left belongs to
    /// the records of what runs.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub async fn append(
        &self,
        job: JobId,
        attempt: Attempt,
        text: Bytes,
    ) -> Result<(), StoreError> {
        let (path, limit, dir) = (self.path(job, attempt), self.limit, self.dir.clone());
        let growing = self.growing.clone();
        let work = move |path: &Path| {
            growing.begin(path)?;
            let kept = keep_what_fits(&dir, path, &text, limit);
            growing.end(path);
            kept
        };
        blocking("append to", path, work).await?;
        self.tell(job.release);
        Ok(())
    }

    /// At most `most` bytes from the offset on, cut behind a line where there is one; empty at the
    /// end, and where there is no log.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn read(
        &self,
        job: JobId,
        attempt: Attempt,
        offset: u64,
        most: usize,
    ) -> Result<Bytes, StoreError> {
        let (path, growing) = (self.path(job, attempt), self.growing.clone());
        let work = move |path: &Path| {
            let whole = growing.whole(path)?;
            let left = usize::try_from(whole.saturating_sub(offset)).unwrap_or(usize::MAX);
            read(path, offset, most.min(left))
        };
        blocking("read", path, work).await
    }

    /// The attempts of a release's jobs that have a log, in order.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub async fn of_release(
        &self,
        release: ReleaseId,
    ) -> Result<Vec<(JobId, Attempt)>, StoreError> {
        let folder = self.folder.join(release.to_string());
        let suffix = self.suffix;
        blocking("read", folder, move |folder| list(folder, release, suffix)).await
    }

    /// Removes all logs of a release, if there are any.
    ///
    /// # Errors
    /// When they cannot be removed.
    pub async fn remove(&self, release: ReleaseId) -> Result<(), StoreError> {
        let folder = self.folder.join(release.to_string());
        blocking("remove", folder, |folder| {
            match fs::remove_dir_all(folder) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                removed => removed,
            }
        })
        .await
    }

    /// Hears of every later append to a log of the release: follow first, then read to the end,
    /// then wait, and nothing is missed.
    #[must_use]
    pub fn follow(&self, release: ReleaseId) -> Follower {
        let mut followed = self.followed.lock().unwrap_or_else(PoisonError::into_inner);
        followed.retain(|_, sender| sender.receiver_count() > 0);
        let sender = followed
            .entry(release)
            .or_insert_with(|| watch::Sender::new(()));
        Follower(sender.subscribe())
    }

    fn tell(&self, release: ReleaseId) {
        let followed = self.followed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = followed.get(&release) {
            sender.send_replace(());
        }
    }

    fn path(&self, job: JobId, attempt: Attempt) -> PathBuf {
        self.folder
            .join(job.release.to_string())
            .join(format!("{}.{attempt}{}", job.index, self.suffix))
    }
}

/// Logs that are appended to right now, with their lengths before: half of a line may be there already.
#[derive(Clone, Debug, Default)]
struct Growing(Arc<Mutex<HashMap<PathBuf, u64>>>);

impl Growing {
    fn begin(&self, path: &Path) -> io::Result<()> {
        let mut growing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        growing.insert(path.to_owned(), length(path)?);
        Ok(())
    }

    fn end(&self, path: &Path) {
        let mut growing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        growing.remove(path);
    }

    /// How much of a log is there for sure.
    fn whole(&self, path: &Path) -> io::Result<u64> {
        let growing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        growing
            .get(path)
            .map_or_else(|| length(path), |len| Ok(*len))
    }
}

/// Bytes in a log; none where there is no log.
fn length(path: &Path) -> io::Result<u64> {
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        found => Ok(found?.len()),
    }
}

/// Hears of appends to the logs of a release.
#[derive(Debug)]
pub struct Follower(watch::Receiver<()>);

impl Follower {
    /// Waits until something was appended since the last call (or since the beginning). `false`
    /// when the logs are closed.
    pub async fn appended(&mut self) -> bool {
        self.0.changed().await.is_ok()
    }
}

async fn blocking<T: Send + 'static>(
    action: &'static str,
    path: PathBuf,
    work: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
) -> Result<T, StoreError> {
    let on = path.clone();
    task::spawn_blocking(move || work(&path))
        .await
        .map_err(io::Error::other)
        .flatten()
        .map_err(StoreError::io(action, on))
}

fn keep_what_fits(dir: &DataDir, path: &Path, text: &[u8], limit: u64) -> io::Result<()> {
    if dir.accepts_reports().is_err() || dir.gave_reserve_up() {
        tracing::warn!(path = %path.display(), "the disk is almost full: output is not kept");
        return Ok(());
    }
    match append(path, text, limit) {
        Err(error) if error.kind() == io::ErrorKind::StorageFull => {
            dir.failed();
            tracing::warn!(path = %path.display(), "the disk is full: output is not kept");
            Ok(())
        }
        appended => appended,
    }
}

fn append(path: &Path, text: &[u8], limit: u64) -> io::Result<()> {
    let mut options = File::options();
    options.create(true).append(true).read(true);
    let mut file = match options.open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            options.open(path)?
        }
        opened => opened?,
    };
    let len = file.metadata()?.len();
    let room = usize::try_from(limit.saturating_sub(len)).unwrap_or(usize::MAX);
    // Only the end of a long log can be the last line.
    if len > limit / 2 && ends_with(&mut file, len, FULL)? {
        return Ok(());
    }
    if text.len().saturating_add(FULL.len()) <= room {
        return whole(&mut file, text, len);
    }
    let room = room.saturating_sub(FULL.len()).min(text.len());
    let lines = text[..room].iter().rposition(|byte| *byte == b'\n');
    let mut last = text[..lines.map_or(0, |end| end + 1)].to_vec();
    last.extend_from_slice(FULL);
    whole(&mut file, &last, len)
}

/// All of it, or nothing behind the first `len` bytes.
fn whole(file: &mut File, text: &[u8], len: u64) -> io::Result<()> {
    file.write_all(text).inspect_err(|_| {
        if let Err(error) = file.set_len(len) {
            tracing::warn!(%error, "a line of output is cut off");
        }
    })
}

fn ends_with(file: &mut File, len: u64, end: &[u8]) -> io::Result<bool> {
    let Some(start) = len.checked_sub(end.len() as u64) else {
        return Ok(false);
    };
    let mut found = Vec::with_capacity(end.len());
    file.seek(SeekFrom::Start(start))?;
    file.read_to_end(&mut found)?;
    Ok(found == end)
}

fn read(path: &Path, offset: u64, most: usize) -> io::Result<Bytes> {
    let mut file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Bytes::new()),
        opened => opened?,
    };
    file.seek(SeekFrom::Start(offset))?;
    let mut text = Vec::new();
    file.take(most as u64).read_to_end(&mut text)?;
    if let Some(end) = text.iter().rposition(|byte| *byte == b'\n') {
        text.truncate(end + 1);
    }
    Ok(text.into())
}

fn list(folder: &Path, release: ReleaseId, suffix: &str) -> io::Result<Vec<(JobId, Attempt)>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let name = entry?.file_name();
        let numbers = name
            .to_str()
            .and_then(|name| name.strip_suffix(suffix))
            .and_then(|name| name.split_once('.'));
        if let Some((index, attempt)) = numbers
            && let (Ok(index), Ok(attempt)) = (index.parse(), attempt.parse())
        {
            found.push((JobId { release, index }, Attempt(attempt)));
        }
    }
    found.sort_unstable();
    Ok(found)
}
