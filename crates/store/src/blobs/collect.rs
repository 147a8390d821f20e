//! Removing blobs that no release names.
//!
//! Who collects first learns what releases name, then goes through the shelves. Meanwhile others
//! upload, ask and submit: what was taken in or asked for since, or some time before, stays.

use std::collections::HashSet;
use std::time::Duration;

use futures::TryStreamExt as _;
use object_store::path::Path;
use object_store::{ObjectStore as _, ObjectStoreExt as _};
use shipway_domain::ids::Digest;
use shipway_domain::time::Timestamp;

use super::{BlobError, Blobs, path, storage};

/// How long at least a blob stays that was taken in or asked for: a submission that names it may be
/// on its way.
pub(crate) const PINNED: Duration = Duration::from_secs(3600);

/// What was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// Number of blobs.
    pub blobs: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Collected {
    /// Both together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            blobs: self.blobs + other.blobs,
            bytes: self.bytes + other.bytes,
        }
    }
}

impl Blobs {
    /// Removes those blobs of a shelf (the first byte of their names) that are not `named`, that were
    /// taken in before `taken_in_before`, and that were not asked for within the time `pinned`.
    ///
    /// # Errors
    /// [`BlobError::Storage`] when the files cannot be used; what was removed is removed.
    pub async fn collect(
        &self,
        shelf: u8,
        named: &HashSet<Digest>,
        taken_in_before: Timestamp,
        pinned: Duration,
    ) -> Result<Collected, BlobError> {
        let folder = Path::from(format!("{shelf:02x}"));
        let shelf_itself = Digest::from_sha256([shelf; 32]);
        let files = self.files.list(Some(&folder));
        let files: Vec<_> = files
            .try_collect()
            .await
            .map_err(storage("list blobs beside", &shelf_itself))?;
        let mut collected = Collected::default();
        for file in files {
            let name = file.location.filename().unwrap_or_default();
            // What is no blob is not ours to remove.
            let Ok(blob) = Digest::new(format!("sha256:{name}")) else {
                continue;
            };
            let taken_in = u64::try_from(file.last_modified.timestamp_millis()).unwrap_or_default();
            if named.contains(&blob) || Timestamp::from_millis(taken_in) >= taken_in_before {
                continue;
            }
            if self.remove_unless_pinned(&blob, pinned).await? {
                collected.blobs += 1;
                collected.bytes += file.size;
            }
        }
        Ok(collected)
    }

    async fn remove_unless_pinned(
        &self,
        blob: &Digest,
        pinned: Duration,
    ) -> Result<bool, BlobError> {
        let _nobody_looks = self.removing.write().await;
        if let Some(known) = self.known().get(blob)
            && known.asked.elapsed() < pinned
        {
            return Ok(false);
        }
        self.known().remove(blob);
        match self.files.delete(&path(blob)).await {
            Ok(()) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(storage("remove", blob)(error)),
        }
    }
}
