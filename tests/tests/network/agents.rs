//! Agents that say too much: what is refused, what is cut, and that the coordinator lives.

use shipway_proto::v1;
use shipway_proto::v1::agent_message::Message as Say;
use shipway_proto::v1::agents_client::AgentsClient;
use shipway_proto::v1::coordinator_message::Message as Hear;
use shipway_tests::{RawAgent, patiently};
use tokio_stream::StreamExt as _;
use tonic::{Code, Status};

use crate::node::Node;
use crate::submit::{client, submit};

/// Of the account of images: its jobs are builds.
const BUILDER: &str = "000000000000";

async fn building(node: &Node, app: &str) -> (u64, RawAgent, v1::JobAttempt) {
    let release = submit(&node.url, app).await;
    let mut agent = RawAgent::connect(&node.url, "agent", BUILDER, 1).await;
    let job = patiently("an offer", agent.offer()).await.job.unwrap();
    agent.send(Say::Accept(v1::Accept { job: Some(job) })).await;
    (release, agent, job)
}

async fn verdict(node: &Node, release: u64) -> v1::ReleaseView {
    let request = v1::GetReleaseRequest { release };
    let view = client(&node.url).await.get_release(request).await;
    view.unwrap().into_inner()
}

#[tokio::test]
async fn notes_without_end_fail_their_job_and_the_coordinator_lives() {
    let mut node = Node::start();
    let (release, mut agent, job) = building(&node, "noter").await;
    let mut kept = 0;
    let reason = loop {
        let digest = format!("sha256:{kept:01000}");
        let note = v1::Checkpoint {
            checkpoint: Some(v1::checkpoint::Checkpoint::Pushed(v1::checkpoint::Pushed {
                digest,
            })),
        };
        agent
            .send(Say::Checkpoint(v1::CheckpointNote {
                job: Some(job),
                number: kept + 1,
                checkpoint: Some(note),
            }))
            .await;
        match patiently("an answer", agent.next()).await {
            Some(Hear::CheckpointKept(_)) => kept += 1,
            Some(Hear::Gone(gone)) => break gone.reason,
            Some(_) => {}
            None => panic!("the stream ended after {kept}\n{}", node.log()),
        }
        assert!(kept < 1000, "notes without end are kept");
    };
    assert!(reason.contains("at most 24576"), "{reason}");
    let view = format!("{:?}", verdict(&node, release).await);
    assert!(view.contains("too-many-notes"), "{view}");
    node.is_well();
}

#[tokio::test]
async fn an_outcome_beyond_its_size_is_cut_and_heard_once() {
    let mut node = Node::start();
    let (release, mut agent, job) = building(&node, "teller").await;
    let finding = v1::Finding {
        code: "long".to_owned(),
        cause: "c".repeat(200_000),
        ..v1::Finding::default()
    };
    let outcome = Some(v1::Outcome {
        outcome: Some(v1::outcome::Outcome::Failed(finding)),
    });
    agent
        .send(Say::Finished(v1::Finished {
            job: Some(job),
            outcome,
        }))
        .await;
    loop {
        match patiently("an answer", agent.next()).await {
            Some(Hear::FinishedKept(_)) => break,
            Some(_) => {}
            None => panic!("the stream ended\n{}", node.log()),
        }
    }
    let view = format!("{:?}", verdict(&node, release).await);
    assert!(
        view.contains("[cut: it had 200000 bytes]"),
        "{}",
        view.len()
    );
    node.is_well();
}

async fn hello(node: &Node, hello: v1::Hello) -> Status {
    let mut agents = AgentsClient::connect(node.url.clone()).await.unwrap();
    let hello = v1::AgentMessage {
        message: Some(Say::Hello(hello)),
    };
    let words = tokio_stream::iter([hello]).chain(tokio_stream::pending());
    let answer = patiently("an answer", agents.session(words)).await;
    answer.map(drop).expect_err("it is refused")
}

#[tokio::test]
async fn a_hello_beyond_its_size_is_refused_and_says_why() {
    let mut node = Node::start();
    let agent = v1::AgentDescription {
        id: "agent".to_owned(),
        incarnation: 1,
        capacity: 1,
        ..v1::AgentDescription::default()
    };
    let large = v1::AgentDescription {
        plugins: vec!["p".repeat(100); 1000],
        ..agent.clone()
    };
    let long = v1::AgentDescription {
        id: "a".repeat(5000),
        ..agent.clone()
    };
    let with = |agent| v1::Hello {
        agent: Some(agent),
        ..v1::Hello::default()
    };
    let cases = [
        (with(large), "at most 65536"),
        (with(long), "must be 1 to 64 of a-z"),
        (
            v1::Hello {
                holds: vec![v1::JobAttempt::default(); 5000],
                ..with(agent)
            },
            "at most 4096",
        ),
    ];
    for (said, rule) in cases {
        let status = hello(&node, said).await;
        assert_eq!(status.code(), Code::InvalidArgument, "{status}");
        assert!(status.message().contains(rule), "{status}");
        assert!(status.message().len() < 500, "{status}");
    }
    node.is_well();
}

#[tokio::test]
async fn a_message_beyond_its_size_ends_the_stream_of_its_agent_alone() {
    let mut node = Node::start();
    let mut other = RawAgent::connect(&node.url, "other", "333333333333", 1).await;
    let decline = |reason: String| Say::Decline(v1::Decline { job: None, reason });
    let too_much = [
        Say::Hello(v1::Hello::default()),
        Say::Renew(v1::Renew {
            jobs: vec![v1::JobAttempt::default(); 5000],
        }),
        decline("r".repeat(2000)),
        decline("r".repeat(5 << 20)),
    ];
    for (number, message) in too_much.into_iter().enumerate() {
        let id = format!("loud-{number}");
        let mut agent = RawAgent::connect(&node.url, &id, BUILDER, 1).await;
        agent.send(message).await;
        patiently("the end of its stream", async {
            while agent.next().await.is_some() {}
        })
        .await;
    }
    other.send(Say::Renew(v1::Renew::default())).await;
    patiently("the other's renewal", async {
        while !matches!(
            other.next().await.expect("its stream goes on"),
            Hear::Renewed(_)
        ) {}
    })
    .await;
    node.is_well();
}

/// As a newer agent would say what this coordinator has no word for.
#[tokio::test]
async fn an_end_that_cannot_be_read_ends_its_job_and_the_stream_goes_on() {
    let mut node = Node::start();
    let (release, mut agent, job) = building(&node, "newer").await;
    let unknown = vec![v1::Progress::default(); 3];
    agent
        .send(Say::Progress(v1::ProgressBatch {
            job: Some(job),
            progress: unknown,
            log: Vec::new(),
            ..v1::ProgressBatch::default()
        }))
        .await;
    agent
        .send(Say::Finished(v1::Finished {
            job: Some(job),
            outcome: Some(v1::Outcome { outcome: None }),
        }))
        .await;
    let gone = loop {
        match patiently("an answer", agent.next()).await {
            Some(Hear::Gone(gone)) => break gone,
            Some(_) => {}
            None => panic!("the stream ended\n{}", node.log()),
        }
    };
    assert_eq!(gone.job, Some(job));
    let view = format!("{:?}", verdict(&node, release).await);
    assert!(view.contains("unreadable-report"), "{view}");
    agent.send(Say::Renew(v1::Renew { jobs: vec![job] })).await;
    let answer = patiently("an answer", agent.next()).await;
    assert!(answer.is_some(), "the stream has ended\n{}", node.log());
    node.is_well();
}
