//! Reading an archive entry by entry, believing nothing.

use std::io::{self, Read, Write};

use sha2::{Digest as _, Sha256};

use super::write::{checksum, counts};
use super::{ArchiveError, Contents, HEADER, Kind, LARGEST, MAGIC, VERSION};

/// An entry.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) kind: Kind,
    pub(super) name: Vec<u8>,
    pub(super) value: Vec<u8>,
}

/// An archive on its way in.
pub(super) struct Reader<R> {
    source: R,
    sum: Sha256,
    entries: u64,
    /// Where the entry at hand begins.
    at: u64,
    pub(super) contents: Contents,
}

impl<R: Read> Reader<R> {
    /// Reads the header.
    pub(super) fn new(source: R) -> Result<Self, ArchiveError> {
        let mut reader = Self {
            source,
            sum: Sha256::new(),
            entries: 0,
            at: 0,
            contents: Contents::default(),
        };
        let mut magic = [0; MAGIC.len()];
        match reader.take(&mut magic) {
            Err(ArchiveError::Damaged { .. }) => return Err(ArchiveError::Stranger),
            taken => taken?,
        }
        if magic != *MAGIC {
            return Err(ArchiveError::Stranger);
        }
        let mut version = [0; 4];
        reader.take(&mut version)?;
        match u32::from_le_bytes(version) {
            VERSION => Ok(reader),
            0 => Err(ArchiveError::Stranger),
            newer => Err(ArchiveError::Newer(newer)),
        }
    }

    /// What is wrong with the entry at hand.
    pub(super) fn damaged(&self, what: impl Into<String>) -> ArchiveError {
        ArchiveError::Damaged {
            at: self.at,
            entry: self.entries,
            what: what.into(),
        }
    }

    fn take(&mut self, bytes: &mut [u8]) -> Result<(), ArchiveError> {
        match self.source.read_exact(bytes) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(self.damaged("it is cut off there"));
            }
            Err(error) => return Err(error.into()),
        }
        self.sum.update(&*bytes);
        self.contents.bytes += bytes.len() as u64;
        Ok(())
    }

    /// The next entry; `None` behind the last, whose checksum and counts are right.
    pub(super) fn next(&mut self) -> Result<Option<Entry>, ArchiveError> {
        self.at = self.contents.bytes;
        self.entries += 1;
        let before: [u8; 32] = self.sum.clone().finalize().into();
        let mut header = [0; HEADER];
        self.take(&mut header)?;
        let number = |at: usize| {
            let bytes = header[at..at + 4].try_into().unwrap_or_default();
            u32::from_le_bytes(bytes)
        };
        let (name, value) = (number(1) as usize, number(5) as usize);
        if name > LARGEST.0 || value > LARGEST.1 {
            return Err(self.damaged("its length is impossible"));
        }
        let (mut name, mut value) = (vec![0; name], vec![0; value]);
        self.take(&mut name)?;
        self.take(&mut value)?;
        if checksum(self.at, header[0], &name, &value) != number(9) {
            return Err(self.damaged("its checksum is wrong"));
        }
        let Some(kind) = Kind::of(header[0]) else {
            return Err(self.damaged("its kind is not known"));
        };
        match kind {
            Kind::Record => self.contents.records += 1,
            Kind::BlobEnd => self.contents.blobs += 1,
            Kind::LogEnd => self.contents.logs += 1,
            Kind::LeftOut => self.contents.left_out.push((text(&name), text(&value))),
            Kind::BlobPiece | Kind::LogPiece => {}
            Kind::Failed => return Err(ArchiveError::Failed(text(&value))),
            Kind::End => {
                if value != [&before[..], &counts(&self.contents)].concat() {
                    return Err(self.damaged("the whole is not what was written"));
                }
                if self.source.read(&mut [0])? != 0 {
                    return Err(self.damaged("there is something behind the end"));
                }
                return Ok(None);
            }
        }
        Ok(Some(Entry { kind, name, value }))
    }

    /// A name for this archive: the checksum of all of it, once the end is reached.
    pub(super) fn digest(self) -> [u8; 32] {
        self.sum.finalize().into()
    }
}

pub(super) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Copies an archive, checked on the way; what was copied is worth something only when this succeeds.
///
/// # Errors
/// When it is damaged, its export failed, or it cannot be read or written.
pub fn copy_checked(
    source: impl Read,
    copy: impl Write,
    mut told: impl FnMut(&Contents),
) -> Result<Contents, ArchiveError> {
    let mut reader = Reader::new(Tee { source, copy })?;
    while reader.next()?.is_some() {
        told(&reader.contents);
    }
    reader.source.copy.flush()?;
    Ok(reader.contents)
}

/// Writes what is read.
struct Tee<R, W> {
    source: R,
    copy: W,
}

impl<R: Read, W: Write> Read for Tee<R, W> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        self.copy.write_all(&buffer[..count])?;
        Ok(count)
    }
}
