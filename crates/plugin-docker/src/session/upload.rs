//! Sends the context as one tar, streamed from its file (build-facts 3, "Context: two ways").

use std::io;
use std::path::{Path, PathBuf};

use bollard_buildkit_proto::moby::upload::v1::{BytesMessage, upload_server};
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;
use tonic::{Request, Response, Status, Streaming, async_trait};

/// Bytes per message; gRPC servers take up to 4 MiB.
const CHUNK: usize = 256 * 1024;
/// Bytes of a tar header, and where in it the kind of entry stands.
const HEADER: usize = 512;
const KIND: usize = 156;

/// The context of one build.
pub(super) struct Upload {
    context: PathBuf,
}

impl Upload {
    pub(super) const fn new(context: PathBuf) -> Self {
        Self { context }
    }
}

#[async_trait]
impl upload_server::Upload for Upload {
    type PullStream = BoxStream<'static, Result<BytesMessage, Status>>;

    async fn pull(
        &self,
        _request: Request<Streaming<BytesMessage>>,
    ) -> Result<Response<Self::PullStream>, Status> {
        let (lead, file) = open(&self.context).await.map_err(|error| failed(&error))?;
        let lead = stream::iter(lead.map(|data| Ok(BytesMessage { data })));
        let rest = ReaderStream::with_capacity(file, CHUNK)
            .map_ok(|chunk| BytesMessage {
                data: chunk.to_vec(),
            })
            .map_err(|error| failed(&error));
        Ok(Response::new(lead.chain(rest).boxed()))
    }
}

fn failed(error: &io::Error) -> Status {
    Status::internal(format!("the context cannot be read: {error}"))
}

/// The file, and what must be sent before it.
///
/// BuildKit looks at the first 1024 bytes to see whether it got a tar. A name too long for a header
/// does not end within them, and the tar would be taken for a Dockerfile: an entry for the root
/// goes before it then.
async fn open(context: &Path) -> io::Result<(Option<Vec<u8>>, File)> {
    let mut file = File::open(context).await?;
    let mut header = [0; HEADER];
    let read = file.read_exact(&mut header).await;
    file.rewind().await?;
    let extended = read.is_ok() && matches!(header[KIND], b'x' | b'g' | b'L' | b'K');
    Ok((extended.then(root_entry), file))
}

/// A tar header for the folder `./`.
fn root_entry() -> Vec<u8> {
    let mut header = vec![0; HEADER];
    let mut put = |at: usize, text: &[u8]| header[at..at + text.len()].copy_from_slice(text);
    put(0, b"./");
    put(100, b"0000755\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    put(124, b"00000000000\0");
    put(136, b"00000000000\0");
    put(148, b"        ");
    put(KIND, b"5");
    put(257, b"ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn lead_of(tar: tar::Builder<Vec<u8>>) -> Option<Vec<u8>> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), tar.into_inner().unwrap()).unwrap();
        open(file.path()).await.unwrap().0
    }

    fn tar_with(name: &str) -> tar::Builder<Vec<u8>> {
        let mut tar = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_size(1);
        tar.append_data(&mut header, name, &b"x"[..]).unwrap();
        tar
    }

    #[tokio::test]
    async fn only_a_long_first_name_needs_an_entry_before_it() {
        assert_eq!(lead_of(tar_with("Dockerfile")).await, None);
        let lead = lead_of(tar_with(&"long/".repeat(40))).await.unwrap();
        let mut read = tar::Archive::new(&lead[..]);
        let entry = read.entries().unwrap().next().unwrap().unwrap();
        assert_eq!(entry.path().unwrap().to_str(), Some("./"));
        assert!(entry.header().entry_type().is_dir());
    }
}
