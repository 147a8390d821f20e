//! Blobs on the wire: contexts and task definitions, named by their digests.

use std::sync::Arc;

use futures::StreamExt as _;
use shipway_domain::ids::Digest;
use shipway_proto::status::{Class, Failure};
use shipway_proto::v1;
use shipway_proto::v1::put_blob_request::Part;
use shipway_runtime::Tasks;
use shipway_store::{BlobError, Blobs};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

/// Digests of one question at most.
const ASK_AT_ONCE: usize = 1000;

/// Takes in a blob: its digest first, then its bytes.
pub(super) async fn put(
    blobs: &Blobs,
    mut parts: Streaming<v1::PutBlobRequest>,
) -> Result<v1::PutBlobReply, Status> {
    let first = parts.message().await?.and_then(|message| message.part);
    let Some(Part::Digest(digest)) = first else {
        return Err(bad("the first message of PutBlob must name the digest"));
    };
    let digest = parse(&digest)?;
    if let Some(size) = blobs.size(&digest).await.map_err(failed)? {
        return Ok(v1::PutBlobReply {
            size,
            existed: true,
        });
    }
    let mut writer = blobs.begin(digest).await.map_err(failed)?;
    while let Some(message) = parts.message().await? {
        match message.part {
            Some(Part::Data(data)) => writer.write(data.into()).await.map_err(failed)?,
            Some(Part::Digest(_)) | None => {
                return Err(bad("after the first message of PutBlob comes data"));
            }
        }
    }
    let size = writer.finish().await.map_err(failed)?;
    Ok(v1::PutBlobReply {
        size,
        existed: false,
    })
}

/// Which of these are not stored.
pub(super) async fn missing(
    blobs: &Blobs,
    digests: Vec<String>,
) -> Result<v1::HasBlobsReply, Status> {
    if digests.len() > ASK_AT_ONCE {
        return Err(bad(format!(
            "at most {ASK_AT_ONCE} digests may be asked for at once"
        )));
    }
    let mut missing = Vec::new();
    for digest in digests {
        if !exists(blobs, &parse(&digest)?).await? {
            missing.push(digest);
        }
    }
    Ok(v1::HasBlobsReply {
        missing,
        max_blob_bytes: blobs.limit(),
    })
}

pub(super) async fn exists(blobs: &Blobs, digest: &Digest) -> Result<bool, Status> {
    blobs.has(digest).await.map_err(failed)
}

/// Sends a blob.
pub(super) async fn get(
    blobs: &Arc<Blobs>,
    digest: &str,
    tasks: &Tasks,
) -> Result<ReceiverStream<Result<v1::BlobData, Status>>, Status> {
    let digest = parse(digest)?;
    let Some(bytes) = blobs.stream(&digest).await.map_err(failed)? else {
        return Err(Failure::new(Class::NotFound, format!("there is no blob {digest}")).into());
    };
    let (chunks, stream) = mpsc::channel(4);
    tasks.spawn("blob", async move {
        let mut bytes = std::pin::pin!(bytes);
        while let Some(data) = bytes.next().await {
            let message = data
                .map(|data| v1::BlobData { data: data.into() })
                .map_err(failed);
            let broken = message.is_err();
            if chunks.send(message).await.is_err() || broken {
                return;
            }
        }
    });
    Ok(ReceiverStream::new(stream))
}

fn parse(digest: &str) -> Result<Digest, Status> {
    Digest::new(digest).map_err(|error| bad(error.to_string()))
}

fn bad(text: impl Into<String>) -> Status {
    Failure::new(Class::BadInput, text).into()
}

fn failed(error: BlobError) -> Status {
    let text = error.to_string();
    match error {
        BlobError::TooLarge { .. } => Failure::new(Class::Exhausted, text)
            .hint("leave files out of the context with .dockerignore, or raise max_blob_bytes")
            .into(),
        BlobError::WrongDigest { .. } => Failure::new(Class::BadInput, text).into(),
        BlobError::Storage { .. } if is_full(&error) => {
            Failure::new(Class::Exhausted, "the coordinator's disk is full")
                .hint("nothing was lost; free some space on it and try again")
                .into()
        }
        BlobError::Storage { .. } => {
            tracing::error!(error = shipway_runtime::chain(&error), "blob store failed");
            Failure::new(Class::Internal, "the blob could not be stored or read").into()
        }
    }
}

/// Whether there was no room on the disk.
fn is_full(error: &BlobError) -> bool {
    let first: &(dyn std::error::Error + 'static) = error;
    std::iter::successors(Some(first), |error| error.source()).any(|error| {
        let io = error.downcast_ref::<std::io::Error>();
        io.is_some_and(|io| io.kind() == std::io::ErrorKind::StorageFull)
    })
}

/// Digest of a message: two submissions with one key must agree in it.
pub(super) fn content(message: &impl prost::Message) -> Digest {
    Digest::of(&message.encode_to_vec())
}
