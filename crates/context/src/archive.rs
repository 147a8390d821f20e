//! Writes tar entries whose bytes depend on name, kind, executable bit and content only.

use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use sha2::{Digest, Sha256};
use tar::{EntryType, Header};

/// Bytes of a name that fit into a header; longer ones get an entry of their own before it.
const NAME: usize = 100;
const BLOCK: u64 = 512;
/// Two empty blocks end a tar.
pub(crate) const END: u64 = 2 * BLOCK;

/// An entry of a tar: its bytes depend on these fields and the content, and on nothing else.
#[derive(Clone, Copy, Debug)]
pub struct TarEntry<'a> {
    /// Its path; any length, any bytes.
    pub path: &'a Path,
    /// Regular file, folder or symbolic link.
    pub kind: EntryType,
    /// Permission bits.
    pub mode: u32,
    /// Where a symbolic link leads, as it is.
    pub link: Option<&'a Path>,
    /// Bytes of content.
    pub bytes: u64,
}

impl TarEntry<'_> {
    /// Bytes that the entry takes in the tar.
    pub(crate) fn tar_bytes(&self) -> u64 {
        let long = |path: &Path| match path.as_os_str().len() {
            len if len <= NAME => 0,
            len => BLOCK + padded(len as u64 + 1),
        };
        long(self.path) + self.link.map_or(0, long) + BLOCK + padded(self.bytes)
    }

    /// Writes it, with time 0 and owner 0; `data` must yield exactly `bytes`.
    ///
    /// # Errors
    /// When reading or writing fails.
    pub fn write<W: Write>(&self, tar: &mut tar::Builder<W>, data: impl Read) -> io::Result<()> {
        let mut header = header(self.kind, self.mode, self.bytes);
        // GNU's way for long names: tar, docker and Go read it, and it keeps any bytes.
        let link = self
            .link
            .map_or(&b""[..], |link| link.as_os_str().as_bytes());
        put_name(
            tar,
            EntryType::GNULongLink,
            link,
            &mut header.as_old_mut().linkname,
        )?;
        let path = self.path.as_os_str().as_bytes();
        put_name(
            tar,
            EntryType::GNULongName,
            path,
            &mut header.as_old_mut().name,
        )?;
        header.set_cksum();
        tar.append(&header, data)
    }
}

const fn padded(bytes: u64) -> u64 {
    bytes.div_ceil(BLOCK) * BLOCK
}

fn header(kind: EntryType, mode: u32, bytes: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_size(bytes);
    header
}

fn put_name<W: Write>(
    tar: &mut tar::Builder<W>,
    long: EntryType,
    name: &[u8],
    slot: &mut [u8; NAME],
) -> io::Result<()> {
    let fits = name.len().min(NAME);
    slot[..fits].copy_from_slice(&name[..fits]);
    if name.len() <= NAME {
        return Ok(());
    }
    let mut header = header(long, 0o644, name.len() as u64 + 1);
    let marker = b"././@LongLink";
    header.as_old_mut().name[..marker.len()].copy_from_slice(marker);
    header.set_cksum();
    tar.append(&header, name.chain(&b"\0"[..]))
}

/// Hashes and counts what passes through to a writer.
#[derive(Debug)]
pub struct Hashing<W> {
    out: W,
    sum: Sha256,
    bytes: u64,
}

impl<W: Write> Hashing<W> {
    /// Passes on to `out`.
    pub fn new(out: W) -> Self {
        Self {
            out,
            sum: Sha256::new(),
            bytes: 0,
        }
    }

    /// The sha256 and the number of bytes that passed, and the writer.
    pub fn finish(self) -> ([u8; 32], u64, W) {
        (self.sum.finalize().into(), self.bytes, self.out)
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.sum.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
