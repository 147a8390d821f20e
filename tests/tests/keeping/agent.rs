//! An agent that does nothing and says it all.

use std::collections::VecDeque;
use std::time::Duration;

use shipway_proto::v1;
use shipway_proto::v1::agent_message::Message as Say;
use shipway_proto::v1::agents_client::AgentsClient;
use shipway_proto::v1::coordinator_message::Message as Hear;
use shipway_proto::v1::outcome::Outcome;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use super::coordinator::ACCOUNT;

const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// Longest wait for a message.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Agent {
    /// Jobs that it was offered and has not taken.
    offered: VecDeque<v1::JobAttempt>,
    say: mpsc::Sender<v1::AgentMessage>,
    hear: Streaming<v1::CoordinatorMessage>,
}

impl Agent {
    /// Says hello, and that it holds these jobs.
    pub(crate) async fn connect(grpc: &str, holds: Vec<v1::JobAttempt>) -> Result<Self, Status> {
        let (say, said) = mpsc::channel(16);
        let account = |id: &str, name: &str| v1::AgentAccount {
            id: id.to_owned(),
            name: name.to_owned(),
            regions: vec!["eu-west-1".to_owned()],
        };
        let agent = v1::AgentDescription {
            id: "agent-prod".to_owned(),
            incarnation: 1,
            version: "0".to_owned(),
            // The image is another account's than the target.
            accounts: vec![account("000000000000", "tools"), account(ACCOUNT, "prod")],
            plugins: vec!["docker".to_owned(), "ecs".to_owned()],
            capacity: 4,
            labels: Vec::new(),
        };
        let hello = v1::Hello {
            agent: Some(agent),
            holds,
            predecessor: 0,
        };
        let hello = v1::AgentMessage {
            message: Some(Say::Hello(hello)),
        };
        say.send(hello).await.expect("there is room");
        let client = AgentsClient::connect(grpc.to_owned()).await;
        let mut client = client.expect("the coordinator answers");
        let hear = client.session(ReceiverStream::new(said)).await?;
        Ok(Self {
            offered: VecDeque::new(),
            say,
            hear: hear.into_inner(),
        })
    }

    /// `false` when the coordinator has gone.
    pub(crate) async fn send(&self, message: Say) -> bool {
        let message = v1::AgentMessage {
            message: Some(message),
        };
        self.say.send(message).await.is_ok()
    }

    /// The next message but offers, which are kept for later.
    async fn hear(&mut self) -> Option<Hear> {
        let next = tokio::time::timeout(PATIENCE, self.hear.message()).await;
        let next = next.expect("the coordinator says something");
        let next = next.expect("the stream goes on").expect("a message");
        match next.message {
            Some(Hear::Offer(offer)) => {
                self.offered.extend(offer.job);
                None
            }
            other => other,
        }
    }

    /// Accepts the next job that it is offered.
    pub(crate) async fn take(&mut self) -> v1::JobAttempt {
        loop {
            if let Some(job) = self.offered.pop_front() {
                assert!(self.send(Say::Accept(v1::Accept { job: Some(job) })).await);
                return job;
            }
            drop(self.hear().await);
        }
    }

    /// Says something about a job, with output; `false` when the coordinator has gone.
    pub(crate) async fn note(&self, job: v1::JobAttempt, text: &str) -> bool {
        let note = v1::progress::Note {
            text: text.to_owned(),
            ..v1::progress::Note::default()
        };
        let progress = v1::Progress {
            progress: Some(v1::progress::Progress::Note(note)),
        };
        let batch = v1::ProgressBatch {
            job: Some(job),
            progress: vec![progress],
            log: b"a line of output\n".to_vec(),
            ..v1::ProgressBatch::default()
        };
        self.send(Say::Progress(batch)).await
    }

    /// Says that a build is done, and waits until that is durable.
    pub(crate) async fn built(&mut self, job: v1::JobAttempt) {
        let image = v1::BuiltImage {
            name: "222222222222.dkr.ecr.eu-west-1.amazonaws.com/shop".to_owned(),
            digest: DIGEST.to_owned(),
            accepted: vec![DIGEST.to_owned()],
            builder: "existing".to_owned(),
            ..v1::BuiltImage::default()
        };
        self.finish(job, Outcome::Built(image)).await;
    }

    /// Says that a rollout is live, and waits until that is durable.
    pub(crate) async fn live(&mut self, job: v1::JobAttempt) {
        let report = v1::RolloutReport {
            verdict: v1::Verdict::Live.into(),
            image_digest: Some(DIGEST.to_owned()),
            ..v1::RolloutReport::default()
        };
        self.finish(job, Outcome::RolledOut(report)).await;
    }

    async fn finish(&mut self, job: v1::JobAttempt, outcome: Outcome) {
        let outcome = Some(v1::Outcome {
            outcome: Some(outcome),
        });
        let finished = v1::Finished {
            job: Some(job),
            outcome,
        };
        assert!(self.send(Say::Finished(finished)).await);
        loop {
            if let Some(Hear::FinishedKept(kept)) = self.hear().await
                && kept.job == Some(job)
            {
                return;
            }
        }
    }
}
