//! Requests that ask for too much, never end, or make no sense: refused with a clear status.

use std::time::Duration;

use shipway_domain::ids::Digest;
use shipway_proto::v1;
use shipway_proto::v1::agent_message::Message as Say;
use shipway_proto::v1::put_blob_request::Part;
use shipway_runtime::Tasks;
use shipway_tests::{RawAgent, patiently};
use tokio_stream::StreamExt as _;
use tonic::{Code, Status};

use super::node::Node;
use super::submit::{ACCOUNT, client, request, submit, watch};

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
                key: "k".repeat(10_000),
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

/// A request that begins and never ends.
fn stalled() -> impl tokio_stream::Stream<Item = v1::PutBlobRequest> + Send + 'static {
    let first = v1::PutBlobRequest {
        part: Some(Part::Digest(Digest::of(b"stalled").to_string())),
    };
    tokio_stream::iter([first]).chain(tokio_stream::pending())
}

#[tokio::test]
async fn uploads_that_stall_are_given_up_and_only_so_many_are_under_way() {
    let mut node = Node::start();
    let url = node.url.clone();
    let tasks = Tasks::new();
    let mut stuck = Vec::new();
    for _ in 0..64 {
        let url = url.clone();
        stuck.push(tasks.spawn("upload", async move {
            client(&url).await.put_blob(stalled()).await
        }));
    }
    let refusal = async {
        loop {
            let mut client = client(&url).await;
            let upload = client.put_blob(stalled());
            if let Ok(answer) = tokio::time::timeout(Duration::from_secs(2), upload).await {
                return answer;
            }
        }
    };
    let answer = patiently("a refusal", refusal).await;
    refused("one more", answer, Code::ResourceExhausted, "uploads");
    for upload in stuck {
        let answer = patiently("the stalled ones end", upload).await.unwrap();
        refused("stalled", answer, Code::Unavailable, "in time");
    }
    let _release = submit(&url, "afterwards").await;
    node.is_well();
}

#[tokio::test]
async fn an_agent_that_talks_nonsense_ends_its_own_stream_and_nothing_else() {
    let mut node = Node::start();
    let url = node.url.clone();
    let release = submit(&url, "shop").await;
    let mut agent = RawAgent::connect(&url, "agent-odd", ACCOUNT, 1).await;
    let offer = agent.offer().await;
    let job = offer.job;
    let before = node.status("VmRSS");
    drop(agent);
    let text = |size: usize| "x".repeat(size);
    let checkpoint = |size: usize| v1::Checkpoint {
        checkpoint: Some(v1::checkpoint::Checkpoint::Updated(
            v1::checkpoint::Updated {
                primary: text(size),
            },
        )),
    };
    let finding = v1::Finding {
        code: "x".to_owned(),
        cause: text(100_000),
        ..v1::Finding::default()
    };
    let failed = v1::Outcome {
        outcome: Some(v1::outcome::Outcome::Failed(finding)),
    };
    let said = [
        Say::Decline(v1::Decline {
            job,
            reason: text(1 << 20),
        }),
        Say::Checkpoint(v1::CheckpointNote {
            job,
            number: 1,
            checkpoint: Some(checkpoint(10_000)),
        }),
        Say::Finished(v1::Finished {
            job,
            outcome: Some(failed),
        }),
        Say::Renew(v1::Renew {
            jobs: vec![job.unwrap(); 100_000],
        }),
        Say::Hello(v1::Hello::default()),
        Say::Checkpoint(v1::CheckpointNote {
            job,
            number: 1,
            checkpoint: None,
        }),
        Say::Progress(v1::ProgressBatch {
            job,
            progress: Vec::new(),
            log: vec![b'x'; 8 << 20],
        }),
    ];
    for message in said {
        let mut agent = RawAgent::connect(&url, "agent-odd", ACCOUNT, 1).await;
        assert!(agent.try_send(message).await);
        let end = async { while agent.next().await.is_some() {} };
        patiently("the stream ends", end).await;
        drop(client(&url).await.watch(watch(release)).await.unwrap());
    }
    let peak = node.status("VmHWM");
    println!("agents: peak {peak} KiB, before {before} KiB");
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
