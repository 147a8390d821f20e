//! Requests that ask for too much, never end, or make no sense: refused with a clear status.

use shipway_domain::ids::Digest;
use shipway_proto::v1;
use shipway_proto::v1::put_blob_request::Part;
use shipway_tests::patiently;
use tokio_stream::StreamExt as _;
use tonic::{Code, Status};

use super::node::Node;
use super::submit::{client, request, submit};

/// What requests may leave in memory, in KiB (docs/limits.md: 64 uploads of 1 MiB and their parts of
/// 5 MiB are far above what is tried here).
const SLACK: u64 = 64 * 1024;

fn refused<T: std::fmt::Debug>(
    what: &str,
    answer: Result<tonic::Response<T>, Status>,
    code: Code,
    says: &str,
) {
    let status = answer.expect_err(what);
    assert_eq!(status.code(), code, "{what}: {status}");
    assert!(status.message().contains(says), "{what}: {status}");
}

#[tokio::test]
async fn absurd_specifications_are_refused_and_say_why() {
    let mut node = Node::start();
    let url = node.url.clone();
    let good = request(&url, "shop").await;
    let before = node.status("VmRSS");
    let spec = good.spec.clone().unwrap();
    let with = |change: &dyn Fn(&mut v1::ReleaseSpec)| {
        let mut spec = spec.clone();
        change(&mut spec);
        v1::SubmitRequest {
            spec: Some(spec),
            key: "absurd".to_owned(),
            title: String::new(),
        }
    };
    let target = spec.targets[0].clone();
    let many = |count: usize| {
        let target = target.clone();
        move |spec: &mut v1::ReleaseSpec| spec.targets = vec![target.clone(); count]
    };
    let cases: Vec<(&str, v1::SubmitRequest, Code, &str)> = vec![
        (
            "a million targets",
            with(&many(1_000_000)),
            Code::OutOfRange,
            "too large",
        ),
        (
            "a thousand targets",
            with(&many(1000)),
            Code::InvalidArgument,
            "at most",
        ),
        (
            "a huge name",
            with(&|spec| spec.app = "a".repeat(100_000)),
            Code::InvalidArgument,
            "at most",
        ),
        (
            "a long name",
            with(&|spec| spec.app = "a".repeat(1000)),
            Code::InvalidArgument,
            "app name",
        ),
        (
            "a name with a line end",
            with(&|spec| spec.env = "prod\n".to_owned()),
            Code::InvalidArgument,
            "environment name",
        ),
        (
            "percentages beyond all",
            with(&|spec| spec.rollout.as_mut().unwrap().maximum_percent = u32::MAX),
            Code::InvalidArgument,
            "100 to 400",
        ),
        (
            "a wave beyond all",
            with(&|spec| spec.priority = u32::MAX),
            Code::InvalidArgument,
            "0 to 100",
        ),
        (
            "a huge key",
            v1::SubmitRequest {
                key: "k".repeat(1000),
                ..good.clone()
            },
            Code::InvalidArgument,
            "idempotency key",
        ),
    ];
    for (what, request, code, says) in cases {
        // Its own client would refuse to send the largest, or not: it is the coordinator that must.
        let answer = client(&url).await.submit(request).await;
        refused(what, answer, code, says);
    }
    let answer = client(&url).await.submit(good).await;
    drop(answer.expect("a good one is taken in"));
    let peak = node.status("VmHWM");
    assert!(peak <= before + SLACK, "{peak} KiB, {before} before");
    node.is_well();
}

#[tokio::test]
async fn messages_beyond_their_size_are_refused_while_others_are_served() {
    let mut node = Node::start();
    let url = node.url.clone();
    let before = node.status("VmRSS");
    let part = |part| v1::PutBlobRequest { part: Some(part) };
    let digest = || part(Part::Digest(Digest::of(b"large").to_string()));
    // A piece of 16 MiB.
    let parts = [digest(), part(Part::Data(vec![0; 16 << 20]))];
    let answer = client(&url).await.put_blob(tokio_stream::iter(parts)).await;
    refused("a piece", answer, Code::OutOfRange, "too large");
    // Pieces without end: more than a blob may have.
    let pieces = tokio_stream::iter([digest()]).chain(tokio_stream::iter(std::iter::repeat_with(
        move || part(Part::Data(vec![7; 1 << 20])),
    )));
    let answer = patiently("an end", client(&url).await.put_blob(pieces)).await;
    refused("a blob", answer, Code::ResourceExhausted, "536870912");
    // Names without end.
    let digests = vec![Digest::of(b"x").to_string(); 3000];
    let answer = client(&url)
        .await
        .has_blobs(v1::HasBlobsRequest { digests })
        .await;
    refused(
        "many digests",
        answer,
        Code::InvalidArgument,
        "at most 1000",
    );
    let reason = "r".repeat(5000);
    let cancel = v1::CancelRequest { release: 0, reason };
    let answer = client(&url).await.cancel(cancel).await;
    refused("a reason", answer, Code::InvalidArgument, "at most 1024");
    let _release = submit(&url, "served").await;
    let peak = node.status("VmHWM");
    println!("messages: peak {peak} KiB, before {before} KiB");
    assert!(peak <= before + SLACK, "{peak} KiB, {before} before");
    node.is_well();
}

#[tokio::test]
async fn a_session_without_a_hello_is_ended() {
    let node = Node::start();
    let mut agents = v1::agents_client::AgentsClient::connect(node.url.clone())
        .await
        .unwrap();
    let silent = tokio_stream::pending::<v1::AgentMessage>();
    let answer = patiently("the end", agents.session(silent)).await;
    refused(
        "a session",
        answer.map(|_| tonic::Response::new(())),
        Code::Unavailable,
        "hello",
    );
}
