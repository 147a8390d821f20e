//! Writing an archive entry by entry.

use std::io::{self, Write};

use sha2::{Digest as _, Sha256};

use super::{Contents, HEADER, Kind, MAGIC, VERSION};

/// An archive on its way out.
pub(super) struct Writer<W> {
    out: W,
    sum: Sha256,
    pub(super) contents: Contents,
}

/// The checksum of an entry at this place.
pub(super) fn checksum(at: u64, kind: u8, name: &[u8], value: &[u8]) -> u32 {
    let mut sum = crc32fast::Hasher::new();
    sum.update(&at.to_le_bytes());
    sum.update(&[kind]);
    sum.update(&(name.len() as u64).to_le_bytes());
    sum.update(name);
    sum.update(value);
    sum.finalize()
}

/// What the last entry says of the contents.
pub(super) fn counts(contents: &Contents) -> [u8; 32] {
    let mut bytes = [0; 32];
    let left_out = contents.left_out.len() as u64;
    let all = [contents.records, contents.blobs, contents.logs, left_out];
    for (place, count) in bytes.chunks_exact_mut(8).zip(all) {
        place.copy_from_slice(&count.to_le_bytes());
    }
    bytes
}

impl<W: Write> Writer<W> {
    pub(super) fn new(out: W) -> io::Result<Self> {
        let mut writer = Self {
            out,
            sum: Sha256::new(),
            contents: Contents::default(),
        };
        writer.put(MAGIC)?;
        writer.put(&VERSION.to_le_bytes())?;
        Ok(writer)
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.sum.update(bytes);
        self.contents.bytes += bytes.len() as u64;
        self.out.write_all(bytes)
    }

    pub(super) fn entry(&mut self, kind: Kind, name: &[u8], value: &[u8]) -> io::Result<()> {
        let sum = checksum(self.contents.bytes, kind as u8, name, value);
        let mut header = [0; HEADER];
        header[0] = kind as u8;
        header[1..5].copy_from_slice(&length(name)?.to_le_bytes());
        header[5..9].copy_from_slice(&length(value)?.to_le_bytes());
        header[9..].copy_from_slice(&sum.to_le_bytes());
        self.put(&header)?;
        self.put(name)?;
        self.put(value)
    }

    pub(super) fn finish(mut self) -> io::Result<Contents> {
        let sum: [u8; 32] = self.sum.clone().finalize().into();
        let end = [&sum[..], &counts(&self.contents)].concat();
        self.entry(Kind::End, b"", &end)?;
        self.out.flush()?;
        Ok(self.contents)
    }
}

fn length(bytes: &[u8]) -> io::Result<u32> {
    u32::try_from(bytes.len()).map_err(io::Error::other)
}
