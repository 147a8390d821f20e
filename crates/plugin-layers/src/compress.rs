//! A layer's file: tar and gzip in one pass, with the sums of both.

use std::io::{self, Write};

use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};
use shipway_context::Hashing;
use shipway_domain::ids::Digest;

/// Level of all layers: another one would give the same files another digest.
const LEVEL: u32 = 6;

/// Bytes given to gzip at once: zlib-rs compresses the same bytes differently when they come in
/// other pieces.
const BLOCK: usize = 1 << 16;

/// Takes the bytes of a tar and writes them compressed.
pub(crate) struct Compressor<W: Write>(Hashing<Blocks<GzEncoder<Hashing<W>>>>);

/// The sums of a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sums {
    /// Of the tar.
    pub(crate) diff_id: Digest,
    /// Of the compressed tar.
    pub(crate) digest: Digest,
    /// Bytes of the compressed tar.
    pub(crate) bytes: u64,
}

impl<W: Write> Compressor<W> {
    pub(crate) fn new(out: W) -> Self {
        // No name, time 0, system "unknown": nothing of this machine.
        let gzip = GzBuilder::new().mtime(0).operating_system(255);
        let gzip = gzip.write(Hashing::new(out), Compression::new(LEVEL));
        Self(Hashing::new(Blocks::new(gzip)))
    }

    pub(crate) fn finish(self) -> io::Result<Sums> {
        let (diff_id, _, blocks) = self.0.finish();
        let (digest, bytes, mut out) = blocks.finish()?.finish()?.finish();
        out.flush()?;
        Ok(Sums {
            diff_id: Digest::from_sha256(diff_id),
            digest: Digest::from_sha256(digest),
            bytes,
        })
    }
}

impl<W: Write> Write for Compressor<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        // Flushing deflate in the middle would change the bytes.
        Ok(())
    }
}

/// Hands on blocks of one size only, whatever the sizes of the writes.
struct Blocks<W> {
    out: W,
    block: Vec<u8>,
}

impl<W: Write> Blocks<W> {
    fn new(out: W) -> Self {
        let block = Vec::with_capacity(BLOCK);
        Self { out, block }
    }

    /// Hands on what is left.
    fn finish(mut self) -> io::Result<W> {
        self.out.write_all(&self.block)?;
        Ok(self.out)
    }
}

impl<W: Write> Write for Blocks<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(BLOCK - self.block.len());
        self.block.extend_from_slice(&bytes[..taken]);
        if self.block.len() == BLOCK {
            self.out.write_all(&self.block)?;
            self.block.clear();
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Text with repetitions, so that matches over long distances count.
    fn sample() -> Vec<u8> {
        let mut state = 1_u32;
        let mut word = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 20) & 1023
        };
        let text: Vec<String> = (0..60_000).map(|_| format!("word{} ", word())).collect();
        text.concat().into_bytes()
    }

    fn sums(pieces: usize) -> Sums {
        let mut out = Compressor::new(io::sink());
        for piece in sample().chunks(pieces) {
            out.write_all(piece).unwrap();
        }
        out.finish().unwrap()
    }

    #[test]
    fn the_compressed_bytes_are_these_and_no_others() {
        // Another backend, level or version of gzip would give every layer of every app another
        // digest: all would be pushed and pulled again. Change this only knowingly.
        let sums = sums(1 << 16);
        assert_eq!(
            sums.digest.hex(),
            "b1401b7b0da34d52fb54f99551f8e7bf9f33d1dd6fb36c9443588361e8b63309"
        );
    }

    #[test]
    fn the_sizes_of_the_writes_do_not_matter() {
        let whole = sums(usize::MAX);
        for pieces in [1, 511, 4096, 100_000] {
            assert_eq!(sums(pieces), whole, "{pieces}");
        }
    }
}
