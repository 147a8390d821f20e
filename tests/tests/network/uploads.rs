//! Uploads that stay, or come too slowly.

use shipway_domain::ids::Digest;
use shipway_proto::v1;
use shipway_proto::v1::put_blob_request::Part;
use shipway_tests::patiently;
use tokio::task::JoinSet;
use tokio_stream::StreamExt as _;
use tonic::{Code, Status};

use crate::node::Node;
use crate::submit::{client, submit};

/// Uploads that are taken at once (docs/limits.md).
const AT_ONCE: usize = 64;

/// Begins an upload of which no more than the name comes.
async fn stays(url: &str, number: usize) -> Result<(), Status> {
    let digest = Digest::of(number.to_string().as_bytes()).to_string();
    let name = v1::PutBlobRequest {
        part: Some(Part::Digest(digest)),
    };
    let parts = tokio_stream::iter([name]).chain(tokio_stream::pending());
    client(url).await.put_blob(parts).await.map(drop)
}

#[tokio::test]
async fn more_uploads_than_there_are_places_for_are_refused_until_one_is_free() {
    let mut node = Node::start();
    let mut all = JoinSet::new();
    // Two more than there are places for.
    for number in 0..AT_ONCE + 2 {
        let url = node.url.clone();
        all.spawn(async move { stays(&url, number).await });
    }
    for _ in 0..2 {
        let first = patiently("a refusal", all.join_next()).await;
        let status = first.unwrap().unwrap().expect_err("there is no place");
        assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
        assert!(status.message().contains("too many uploads"), "{status}");
    }
    assert_eq!(all.len(), AT_ONCE, "the others stay");
    all.shutdown().await;
    // Places are free once the coordinator has seen that the uploads were given up.
    let stored = patiently("a place", async {
        loop {
            let text = b"small".to_vec();
            let parts = [
                Part::Digest(Digest::of(&text).to_string()),
                Part::Data(text),
            ];
            let parts = parts.map(|part| v1::PutBlobRequest { part: Some(part) });
            match client(&node.url)
                .await
                .put_blob(tokio_stream::iter(parts))
                .await
            {
                Ok(reply) => break reply.into_inner(),
                Err(status) => assert_eq!(status.code(), Code::ResourceExhausted, "{status}"),
            }
        }
    });
    assert_eq!(stored.await.size, 5);
    node.is_well();
}

#[tokio::test]
async fn an_upload_that_does_not_come_on_is_given_up_while_others_are_served() {
    let mut node = Node::start();
    let url = node.url.clone();
    let mut slow = JoinSet::new();
    slow.spawn(async move { stays(&url, 0).await });
    let _release = submit(&node.url, "served").await;
    let status = patiently("the end", slow.join_next())
        .await
        .unwrap()
        .unwrap();
    let status = status.expect_err("it is given up");
    assert_eq!(status.code(), Code::Unavailable, "{status}");
    assert!(
        status.message().contains("did not come in time"),
        "{status}"
    );
    node.is_well();
}
