//! Sends blobs that the coordinator does not have, with a line of progress.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::Stream;
use shipway_domain::ids::Digest;
use shipway_proto::v1::{self, put_blob_request::Part};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tonic::Status;

use crate::again::again;
use crate::error::Error;
use crate::server::Server;
use crate::session::Session;
use crate::text::words::bytes;

/// Data in one message (shipway.proto: at most 1 MiB).
const PIECE: usize = 256 << 10;
const TICK: Duration = Duration::from_millis(200);

/// What the coordinator says about blobs.
pub(crate) struct Known {
    /// Those that it does not have.
    pub(crate) missing: Vec<Digest>,
    /// The largest it takes.
    pub(crate) limit: u64,
}

/// Asks which of these blobs are missing.
pub(crate) async fn ask(server: &Server, digests: &[&Digest]) -> Result<Known, Error> {
    let request = v1::HasBlobsRequest {
        digests: digests
            .iter()
            .map(|digest| digest.as_str().to_owned())
            .collect(),
    };
    let call = || {
        let (mut client, request) = (server.client.clone(), request.clone());
        async move { client.has_blobs(request).await }
    };
    let reply = again(call)
        .await
        .map_err(|status| server.failed(&status))?
        .into_inner();
    let missing = digests
        .iter()
        .filter(|digest| reply.missing.iter().any(|m| m == digest.as_str()));
    Ok(Known {
        missing: missing.map(|digest| (*digest).clone()).collect(),
        limit: if reply.max_blob_bytes == 0 {
            u64::MAX
        } else {
            reply.max_blob_bytes
        },
    })
}

/// Sends a small blob.
pub(crate) async fn bytes_of(server: &Server, digest: &Digest, data: Vec<u8>) -> Result<(), Error> {
    let open = || std::future::ready(Ok(std::io::Cursor::new(data.clone())));
    send(server, digest, open, Arc::default()).await
}

/// Sends a file, and shows how far it is.
pub(crate) async fn file(
    session: &mut Session<'_>,
    server: &Server,
    digest: &Digest,
    path: &Path,
    size: u64,
) -> Result<(), Error> {
    let sent = Arc::new(AtomicU64::new(0));
    let open = || tokio::fs::File::open(path);
    let mut sending = std::pin::pin!(send(server, digest, open, Arc::clone(&sent)));
    let screen = session.io.screen.clone().filter(|_| !session.json());
    let mut ticks = tokio::time::interval(TICK);
    loop {
        tokio::select! {
            done = &mut sending => {
                if let Some(screen) = &screen {
                    screen.clear_line()?;
                    screen.flush()?;
                }
                done?;
                return match screen {
                    Some(_) => Ok(()),
                    None => session.note(&format!("sent the context, {}", bytes(size))),
                };
            }
            _ = ticks.tick() => if let Some(screen) = &screen {
                let done = sent.load(Ordering::Relaxed);
                screen.clear_line()?;
                screen.write_str(&format!("sending the context: {} of {}", bytes(done), bytes(size)))?;
                screen.flush()?;
            }
        }
    }
}

/// Sends a blob from its beginning, and again from there while the coordinator is away.
async fn send<R, F>(
    server: &Server,
    digest: &Digest,
    open: impl Fn() -> F,
    sent: Arc<AtomicU64>,
) -> Result<(), Error>
where
    R: AsyncRead + Unpin + Send + 'static,
    F: Future<Output = std::io::Result<R>>,
{
    let failed = Arc::new(std::sync::Mutex::new(None));
    let call = || async {
        sent.store(0, Ordering::Relaxed);
        let data = open().await.map_err(|cause| {
            let status = Status::internal("could not read what is to be sent");
            if let Ok(mut failed) = failed.lock() {
                *failed = Some(cause);
            }
            status
        })?;
        let parts = parts(digest.clone(), data, Arc::clone(&sent), Arc::clone(&failed));
        server.client.clone().put_blob(parts).await
    };
    let answer = again(call).await;
    if let Some(cause) = failed.lock().ok().and_then(|mut cause| cause.take()) {
        return Err(Error::local("could not read what is to be sent", cause));
    }
    answer.map(drop).map_err(|status| server.failed(&status))
}

/// The messages for a blob: its name, then its data.
fn parts<R: AsyncRead + Unpin + Send + 'static>(
    digest: Digest,
    data: R,
    sent: Arc<AtomicU64>,
    failed: Arc<std::sync::Mutex<Option<std::io::Error>>>,
) -> impl Stream<Item = v1::PutBlobRequest> + Send + 'static {
    let message = |part| v1::PutBlobRequest { part: Some(part) };
    let rest = futures::stream::unfold(data, move |mut data| {
        let (sent, failed) = (Arc::clone(&sent), Arc::clone(&failed));
        async move {
            let mut piece = vec![0; PIECE];
            match data.read(&mut piece).await {
                Ok(0) => None,
                Ok(read) => {
                    piece.truncate(read);
                    sent.fetch_add(read as u64, Ordering::Relaxed);
                    Some((message(Part::Data(piece)), data))
                }
                // The stream ends early, and the coordinator refuses what does not fit its digest.
                Err(cause) => {
                    if let Ok(mut failed) = failed.lock() {
                        *failed = Some(cause);
                    }
                    None
                }
            }
        }
    });
    let first = message(Part::Digest(digest.as_str().to_owned()));
    futures::StreamExt::chain(futures::stream::iter([first]), rest)
}
