//! Blobs that nobody names go, however short the coordinator lives.

use std::path::{Path, PathBuf};
use std::time::Duration;

use shipway_domain::ids::Digest;
use shipway_proto::v1;
use shipway_proto::v1::put_blob_request::Part;

use crate::coordinator::{Coordinator, until};

fn file(data: &Path, blob: &Digest) -> PathBuf {
    data.join("blobs").join(&blob.hex()[..2]).join(blob.hex())
}

#[tokio::test]
async fn a_coordinator_that_has_just_been_started_collects_what_is_older_than_its_time() {
    let (data, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let first = Coordinator::start(data.path(), &elsewhere, "first");
    let (old, asked) = (Digest::of(b"old"), Digest::of(b"asked"));
    for (blob, text) in [(&old, "old"), (&asked, "asked")] {
        let parts = [
            Part::Digest(blob.to_string()),
            Part::Data(text.as_bytes().to_vec()),
        ]
        .map(|part| v1::PutBlobRequest { part: Some(part) });
        let mut client = first.client().await;
        let put = client.put_blob(tokio_stream::iter(parts)).await;
        drop(put.unwrap());
    }
    drop(first);
    let age = |blob: &Digest| {
        let file = std::fs::File::options()
            .write(true)
            .open(file(data.path(), blob))
            .unwrap();
        let taken_in = file.metadata().unwrap().modified().unwrap();
        let two_hours = Duration::from_secs(7200);
        file.set_modified(taken_in - two_hours).unwrap();
    };
    // The last look at it was that of a process that is no more.
    age(&old);
    let second = Coordinator::start(data.path(), &elsewhere, "second");
    until("the old one to go", async || {
        !file(data.path(), &old).exists()
    })
    .await;
    assert!(file(data.path(), &asked).exists());
    drop(second);
}
