//! Layers and configs as files named by their digest; uploads grow beside them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;

/// The longest image config that is looked into.
const CONFIG_LIMIT: u64 = 4 << 20;

/// The directory of blobs. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Files {
    root: PathBuf,
    /// Removes the directory with the last clone, when there is no data directory.
    _temporary: Option<Arc<TempDir>>,
}

impl Files {
    /// Blobs in the data directory, or in a temporary one.
    pub(crate) fn open(data: Option<&Path>) -> std::io::Result<Self> {
        let files = match data {
            Some(data) => Self {
                root: data.to_owned(),
                _temporary: None,
            },
            None => {
                let directory = tempfile::Builder::new().prefix("aws-sim-").tempdir()?;
                Self {
                    root: directory.path().to_owned(),
                    _temporary: Some(Arc::new(directory)),
                }
            }
        };
        std::fs::create_dir_all(files.root.join("blobs"))?;
        // Uploads do not survive a restart.
        let uploads = files.root.join("uploads");
        if uploads.exists() {
            std::fs::remove_dir_all(&uploads)?;
        }
        std::fs::create_dir_all(uploads)?;
        Ok(files)
    }

    /// Where the blob of a digest lies or shall lie.
    pub(crate) fn blob(&self, digest: &str) -> PathBuf {
        self.root.join("blobs").join(digest.replace(':', "-"))
    }

    /// Where an upload grows.
    pub(crate) fn upload(&self, id: &str) -> PathBuf {
        self.root.join("uploads").join(id)
    }

    /// A small JSON blob; `None` if it is missing, large or no JSON.
    pub(crate) fn json(&self, digest: &str) -> Option<serde_json::Value> {
        let path = self.blob(digest);
        if std::fs::metadata(&path).ok()?.len() > CONFIG_LIMIT {
            return None;
        }
        serde_json::from_slice(&std::fs::read(path).ok()?).ok()
    }

    /// Removes every blob that `keep` does not name.
    pub(crate) fn sweep(&self, keep: impl Fn(&str) -> bool) -> std::io::Result<()> {
        for entry in std::fs::read_dir(self.root.join("blobs"))? {
            let entry = entry?;
            let digest = entry.file_name().to_string_lossy().replacen('-', ":", 1);
            if !keep(&digest) {
                std::fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }
}
