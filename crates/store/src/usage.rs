//! How much room what is kept takes on the disk.

use std::path::Path;

use crate::data_dir::DataDir;

/// Files that are looked at in one folder at most: what comes beyond is not counted.
const MOST: usize = 200_000;

/// Bytes of the files of a folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bytes {
    /// Their content.
    pub content: u64,
    /// What they take on the disk.
    pub on_disk: u64,
}

/// Bytes of the folders in the data directory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// The database.
    pub records: Bytes,
    /// Contexts and task definitions.
    pub blobs: Bytes,
    /// Output of jobs, and beside it what agents did, for traces.
    pub logs: Bytes,
}

impl DataDir {
    /// How much room what is kept takes. Looks at every file; for a thread that may wait. Files that come and go
    /// meanwhile may be counted or not.
    #[must_use]
    pub fn usage(&self) -> Usage {
        let of = |folder: &str| {
            let mut left = MOST;
            bytes(&self.path().join(folder), &mut left)
        };
        Usage {
            records: of("records"),
            blobs: of("blobs"),
            logs: of("logs"),
        }
    }
}

fn bytes(folder: &Path, left: &mut usize) -> Bytes {
    let mut sum = Bytes::default();
    // A folder that is not there holds nothing.
    let Ok(entries) = std::fs::read_dir(folder) else {
        return sum;
    };
    for entry in entries.flatten() {
        if *left == 0 {
            break;
        }
        *left -= 1;
        let Ok(metadata) = entry.metadata() else {
            continue;
        };
        let found = if metadata.is_dir() {
            bytes(&entry.path(), left)
        } else if metadata.is_file() {
            Bytes {
                content: metadata.len(),
                on_disk: on_disk(&metadata),
            }
        } else {
            Bytes::default()
        };
        sum.content += found.content;
        sum.on_disk += found.on_disk;
    }
    sum
}

#[cfg(unix)]
fn on_disk(metadata: &std::fs::Metadata) -> u64 {
    use std::os::unix::fs::MetadataExt as _;
    /// The unit of `st_blocks`.
    const BLOCK: u64 = 512;
    metadata.blocks() * BLOCK
}

#[cfg(not(unix))]
fn on_disk(metadata: &std::fs::Metadata) -> u64 {
    metadata.len()
}

#[cfg(test)]
mod tests {
    use super::Bytes;
    use crate::data_dir::DataDir;

    #[test]
    fn what_lies_in_the_folders_is_counted_by_content_and_by_room() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::open(folder.path()).unwrap();
        assert_eq!(data.usage().logs, Bytes::default());
        let deep = folder.path().join("logs/7");
        std::fs::create_dir_all(&deep).unwrap();
        std::fs::write(deep.join("0.1"), vec![7; 100_000]).unwrap();
        std::fs::write(folder.path().join("logs/9"), b"line\n").unwrap();
        let usage = data.usage();
        assert_eq!(usage.logs.content, 100_005);
        assert!(usage.logs.on_disk >= 100_005, "{:?}", usage.logs);
        assert_eq!(usage.blobs, Bytes::default());
    }
}
