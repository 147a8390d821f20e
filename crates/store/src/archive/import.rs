//! Taking an archive into an empty store: checked to its end before anything is written.

use std::fs::{self, File};
use std::io::{BufReader, Read, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use shipway_domain::ids::{Digest, ReleaseId};

use super::read::{Entry, Reader, text};
use super::{ArchiveError, Contents, Kind};
use crate::data_dir::{DataDir, sync_folder};
use crate::error::StoreError;
use crate::key::Table;
use crate::logs::{OUTPUT, SPANS};
use crate::records::SledStore;
use crate::store::Store;

/// Bytes of records that are written at once.
const GROUP: usize = 2 << 20;

/// Takes an archive into an empty data directory. It is read twice: nothing is written before all of it
/// is known to be whole. Interrupted, it can be started again with the same archive; until it is
/// complete, no store opens there. `told` hears how far it is, in each of the two readings.
///
/// # Errors
/// When the archive is damaged, the directory is not empty, or either cannot be used.
pub fn import(
    data: &DataDir,
    archive: &Path,
    mut told: impl FnMut(&Contents),
) -> Result<Contents, ArchiveError> {
    let open = || File::open(archive).map(|file| BufReader::with_capacity(1 << 20, file));
    let (_, digest) = check(open()?, &mut told)?;
    let name = digest
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect::<String>();
    let marker = data.half_imported();
    let begun = match fs::read_to_string(&marker) {
        Ok(begun) if begun.trim() == name => true,
        // Cut off while it was written: nothing was imported yet.
        Ok(begun) if begun.trim().len() < name.len() => false,
        Ok(_) => return Err(ArchiveError::OtherImport),
        Err(_) => false,
    };
    if !begun && !SledStore::open_unfinished(data)?.is_empty()? {
        return Err(ArchiveError::NotEmpty);
    }
    if !begun {
        let io = |error| StoreError::io("write", &marker)(error);
        let mut file = File::create(&marker).map_err(io)?;
        file.write_all(name.as_bytes()).map_err(io)?;
        file.sync_all().map_err(io)?;
        sync_folder(data.path())?;
    }
    let store = SledStore::open_unfinished(data)?;
    let contents = import_into(&store, Some(data), open()?, told)?;
    fs::remove_file(&marker).map_err(StoreError::io("remove", &marker))?;
    sync_folder(data.path())?;
    Ok(contents)
}

/// Takes an archive into a store, and its files into a data directory if there is one. It is checked on the
/// way only: for archives that were checked before.
///
/// # Errors
/// As [`import`].
pub fn import_into(
    store: &dyn Store,
    data: Option<&DataDir>,
    archive: impl Read,
    mut told: impl FnMut(&Contents),
) -> Result<Contents, ArchiveError> {
    let mut reader = Reader::new(archive)?;
    let mut group = Vec::new();
    let mut bytes = 0;
    let mut file: Option<(PathBuf, File)> = None;
    while let Some(Entry { kind, name, value }) = reader.next()? {
        match (kind, data) {
            (Kind::Record, _) => {
                bytes += name.len() + value.len();
                group.push((name, value));
                if bytes >= GROUP {
                    store.restore(&group)?;
                    group.clear();
                    bytes = 0;
                }
            }
            (Kind::BlobPiece | Kind::BlobEnd | Kind::LogPiece | Kind::LogEnd, Some(data)) => {
                let path = match place(kind, &text(&name)) {
                    Some(path) => data.path().join(path),
                    None => return Err(reader.damaged("its name is impossible")),
                };
                let io = |error| StoreError::io("write", &path)(error);
                let (unfinished, mut open) = match file.take() {
                    Some(open) => open,
                    None => begin(&path).map_err(io)?,
                };
                open.write_all(&value).map_err(io)?;
                if matches!(kind, Kind::BlobEnd | Kind::LogEnd) {
                    open.sync_all().map_err(io)?;
                    fs::rename(&unfinished, &path).map_err(io)?;
                    if let Some(shelf) = path.parent() {
                        sync_folder(shelf)?;
                    }
                } else {
                    file = Some((unfinished, open));
                }
            }
            _ => {}
        }
        told(&reader.contents);
    }
    store.restore(&group)?;
    if let Some(data) = data {
        for folder in ["blobs", "logs"].map(|name| data.path().join(name)) {
            if folder.exists() {
                sync_folder(&folder)?;
            }
        }
    }
    Ok(reader.contents)
}

/// A file under another name, so that what is cut off is never taken for whole.
fn begin(path: &Path) -> std::io::Result<(PathBuf, File)> {
    if let Some(shelf) = path.parent() {
        fs::create_dir_all(shelf)?;
    }
    // Names with this character are swept from the blobs at every start.
    let unfinished = PathBuf::from(format!("{}#import", path.display()));
    let file = File::create(&unfinished)?;
    Ok((unfinished, file))
}

/// Where a file lies in the data directory; none for a name that leads elsewhere.
fn place(kind: Kind, name: &str) -> Option<PathBuf> {
    if matches!(kind, Kind::BlobPiece | Kind::BlobEnd) {
        let blob = Digest::new(format!("sha256:{name}")).ok()?;
        let hex = blob.hex();
        return Some(Path::new("blobs").join(&hex[..2]).join(hex));
    }
    let (release, file) = name.split_once('/')?;
    let number = |text: &str| {
        text.parse::<u32>()
            .is_ok_and(|number| number.to_string() == text)
    };
    let numbers = [OUTPUT, SPANS]
        .iter()
        .find_map(|end| file.strip_suffix(end));
    let (index, attempt) = numbers?.split_once('.')?;
    let right = release.parse::<ReleaseId>().is_ok() && number(index) && number(attempt);
    right.then(|| Path::new("logs").join(release).join(file))
}

/// Reads all of it, the digests of its blobs included.
fn check(
    archive: impl Read,
    told: &mut impl FnMut(&Contents),
) -> Result<(Contents, [u8; 32]), ArchiveError> {
    let mut reader = Reader::new(archive)?;
    let mut unfinished: Option<(Vec<u8>, bool)> = None;
    let mut sum = Sha256::new();
    while let Some(Entry { kind, name, value }) = reader.next()? {
        let continues = unfinished.take();
        let blob = matches!(kind, Kind::BlobPiece | Kind::BlobEnd);
        if continues.is_some_and(|(before, of_blob)| before != name || of_blob != blob) {
            return Err(reader.damaged("the file before it has no end"));
        }
        match kind {
            Kind::Record => {
                if Table::of(&name).is_none() {
                    return Err(reader.damaged("it is a record of no known table"));
                }
            }
            Kind::BlobPiece | Kind::BlobEnd | Kind::LogPiece | Kind::LogEnd => {
                if place(kind, &text(&name)).is_none() {
                    return Err(reader.damaged("its name is impossible"));
                }
                if blob {
                    sum.update(&value);
                }
                if kind == Kind::BlobEnd {
                    let found = std::mem::take(&mut sum).finalize();
                    if Digest::from_sha256(found.into()).hex() != text(&name) {
                        return Err(reader.damaged("the blob is not what its name promises"));
                    }
                }
                if matches!(kind, Kind::BlobPiece | Kind::LogPiece) {
                    unfinished = Some((name, blob));
                }
            }
            Kind::LeftOut | Kind::Failed | Kind::End => {}
        }
        told(&reader.contents);
    }
    Ok((reader.contents.clone(), reader.digest()))
}
