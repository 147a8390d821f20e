//! Putting everything into an archive while commits go on.

use std::fs::{self, File};
use std::io::{self, Read as _, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use shipway_domain::ids::Digest;

use super::write::Writer;
use super::{ArchiveError, Contents, Kind, PIECE};
use crate::data_dir::DataDir;
use crate::store::Store;

/// Writes the records as they are when it begins, and with a data directory its blobs and logs: blobs
/// never change, and logs may have some lines more. What cannot be read is left out by name; tokens are
/// left out always. `told` hears how far it is.
///
/// # Errors
/// When the store or the archive fails; the archive says so itself then, if it can.
pub fn export(
    store: &dyn Store,
    data: Option<&DataDir>,
    out: impl Write,
    mut told: impl FnMut(&Contents),
) -> Result<Contents, ArchiveError> {
    let mut writer = Writer::new(out)?;
    match everything(store, data, &mut writer, &mut told) {
        Ok(()) => Ok(writer.finish()?),
        Err(error) => {
            // Who reads it may be gone: then it is cut off, and refused for that.
            drop(writer.entry(Kind::Failed, b"", error.to_string().as_bytes()));
            Err(error)
        }
    }
}

fn everything(
    store: &dyn Store,
    data: Option<&DataDir>,
    writer: &mut Writer<impl Write>,
    told: &mut impl FnMut(&Contents),
) -> Result<(), ArchiveError> {
    let mut failure = None;
    let read = store.snapshot(&mut |key, value| {
        let written = writer.entry(Kind::Record, key, value);
        writer.contents.records += 1;
        told(&writer.contents);
        written.map_err(|error| failure = Some(error)).is_ok()
    });
    if let Some(error) = failure {
        return Err(error.into());
    }
    read?;
    let Some(data) = data else { return Ok(()) };
    for path in files(&data.path().join("blobs"))? {
        blob(&path, writer)?;
        told(&writer.contents);
    }
    for path in files(&data.path().join("logs"))? {
        log(&path, writer)?;
        told(&writer.contents);
    }
    if data.path().join("tokens.json").exists() {
        leave_out(
            writer,
            "tokens",
            "hashes of tokens are made anew on the new coordinator",
        )?;
    }
    Ok(())
}

/// The files in the folders of a folder, in order.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    if !folder.exists() {
        return Ok(found);
    }
    for shelf in fs::read_dir(folder)? {
        let shelf = shelf?.path();
        if shelf.is_dir() {
            for file in fs::read_dir(shelf)? {
                found.push(file?.path());
            }
        }
    }
    found.sort();
    Ok(found)
}

fn blob(path: &Path, writer: &mut Writer<impl Write>) -> io::Result<()> {
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    let Some(name) = name.filter(|name| Digest::new(format!("sha256:{name}")).is_ok()) else {
        // An upload under way.
        return Ok(());
    };
    let hashed = File::open(path).and_then(|mut file| {
        let mut sum = Sha256::new();
        let size = file.metadata()?.len();
        pieces(&mut file, size, |piece, _| {
            sum.update(piece);
            Ok(())
        })?;
        Ok(Digest::from_sha256(sum.finalize().into()))
    });
    match hashed {
        Ok(found) if found.hex() == name => {}
        Ok(_) => return leave_out(writer, &format!("blob {name}"), "its content was changed"),
        // Collected in the meantime: no release of now needs it.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return leave_out(writer, &format!("blob {name}"), &error.to_string()),
    }
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    pieces(&mut file, size, |piece, last| {
        let kind = if last { Kind::BlobEnd } else { Kind::BlobPiece };
        writer.entry(kind, name.as_bytes(), piece)
    })?;
    writer.contents.blobs += 1;
    Ok(())
}

fn log(path: &Path, writer: &mut Writer<impl Write>) -> io::Result<()> {
    let parts: Vec<_> = path
        .iter()
        .rev()
        .take(2)
        .map(|part| part.to_string_lossy())
        .collect();
    let [file, release] = parts.as_slice() else {
        return Ok(());
    };
    let name = format!("{release}/{file}");
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return leave_out(writer, &format!("log {name}"), &error.to_string()),
    };
    let size = file.metadata()?.len();
    pieces(&mut file, size, |piece, last| {
        let kind = if last { Kind::LogEnd } else { Kind::LogPiece };
        writer.entry(kind, name.as_bytes(), piece)
    })?;
    writer.contents.logs += 1;
    Ok(())
}

/// The first `size` bytes of a file, piece by piece; one piece at least.
fn pieces(
    file: &mut File,
    size: u64,
    mut give: impl FnMut(&[u8], bool) -> io::Result<()>,
) -> io::Result<()> {
    let mut left = usize::try_from(size).map_err(io::Error::other)?;
    let mut piece = vec![0; PIECE.min(left)];
    loop {
        let length = PIECE.min(left);
        left -= length;
        file.read_exact(&mut piece[..length])?;
        give(&piece[..length], left == 0)?;
        if left == 0 {
            return Ok(());
        }
    }
}

fn leave_out(writer: &mut Writer<impl Write>, what: &str, why: &str) -> io::Result<()> {
    writer.entry(Kind::LeftOut, what.as_bytes(), why.as_bytes())?;
    writer
        .contents
        .left_out
        .push((what.to_owned(), why.to_owned()));
    Ok(())
}
