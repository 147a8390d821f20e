//! Agents that speak the protocol and do nothing: one that is lost, and one that is done at once.

use shipway_dev::REGION;
use shipway_proto::v1;
use shipway_proto::v1::agent_message::Message as Say;
use shipway_proto::v1::agents_client::AgentsClient;
use shipway_proto::v1::coordinator_message::Message as Hear;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;

/// What the second kind says that it registered.
const DEFINITION: &str = "arn:aws:ecs:eu-west-1:000000000000:task-definition/app:1";
const IMAGE: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// An agent whose words are the test's.
#[derive(Debug)]
pub struct RawAgent {
    say: mpsc::Sender<v1::AgentMessage>,
    hear: Streaming<v1::CoordinatorMessage>,
}

impl RawAgent {
    /// Connects to a coordinator and says hello.
    ///
    /// # Panics
    /// When the coordinator does not take it.
    pub async fn connect(server: &str, id: &str, account: &str, capacity: u32) -> Self {
        let (say, said) = mpsc::channel(16);
        let account = v1::AgentAccount {
            id: account.to_owned(),
            name: "extra".to_owned(),
            regions: vec![REGION.to_owned()],
        };
        let agent = v1::AgentDescription {
            id: id.to_owned(),
            incarnation: 1,
            version: "0".to_owned(),
            accounts: vec![account],
            plugins: vec!["ecs".to_owned()],
            capacity,
            labels: Vec::new(),
        };
        let hello = Say::Hello(v1::Hello {
            agent: Some(agent),
            ..v1::Hello::default()
        });
        let hello = v1::AgentMessage {
            message: Some(hello),
        };
        say.send(hello).await.expect("there is room");
        let client = AgentsClient::connect(server.to_owned()).await;
        let mut client = client.expect("the coordinator answers");
        let stream = client.session(ReceiverStream::new(said)).await;
        let hear = stream.expect("a stream").into_inner();
        Self { say, hear }
    }

    /// Says something; waits while the coordinator does not read.
    ///
    /// # Panics
    /// When the stream has ended.
    pub async fn send(&self, message: Say) {
        let message = v1::AgentMessage {
            message: Some(message),
        };
        self.say.send(message).await.expect("the stream is there");
    }

    /// Says something, unless the stream has ended.
    pub async fn try_send(&self, message: Say) -> bool {
        let message = v1::AgentMessage {
            message: Some(message),
        };
        self.say.send(message).await.is_ok()
    }

    /// The next offer; what comes before is not heard.
    ///
    /// # Panics
    /// When the stream ends without one.
    pub async fn offer(&mut self) -> v1::Offer {
        loop {
            if let Hear::Offer(offer) = self.next().await.expect("the stream goes on") {
                return offer;
            }
        }
    }

    /// The next message; `None` when the coordinator has closed the stream.
    pub async fn next(&mut self) -> Option<Hear> {
        self.hear.message().await.ok().flatten()?.message
    }
}

/// What an agent says of a job of this kind that went well.
#[must_use]
pub fn done(kind: &str) -> v1::Outcome {
    use v1::outcome::Outcome;
    let outcome = if kind == "build" {
        Outcome::Built(v1::BuiltImage {
            name: "000000000000.dkr.ecr.eu-west-1.amazonaws.com/app".to_owned(),
            digest: IMAGE.to_owned(),
            reused: true,
            ..v1::BuiltImage::default()
        })
    } else {
        Outcome::RolledOut(v1::RolloutReport {
            verdict: v1::Verdict::Live.into(),
            image_digest: Some(IMAGE.to_owned()),
            task_definition: Some(DEFINITION.to_owned()),
            ..v1::RolloutReport::default()
        })
    };
    v1::Outcome {
        outcome: Some(outcome),
    }
}

/// Connects to a coordinator as an agent with this account, accepts the first job that it is
/// offered, and dies. Answers with the job.
///
/// # Panics
/// When the coordinator does not offer one.
pub async fn lost_agent(server: &str, id: &str, account: &str) -> v1::JobAttempt {
    let mut agent = RawAgent::connect(server, id, account, 1).await;
    let job = agent.offer().await.job.expect("a job");
    agent.send(Say::Accept(v1::Accept { job: Some(job) })).await;
    // The coordinator has heard it when it answers what came after it.
    agent.send(Say::Renew(v1::Renew { jobs: vec![job] })).await;
    while !matches!(agent.next().await, Some(Hear::Renewed(_))) {}
    job
}

/// An agent that says of every rollout that it is live, and of every service that it serves; until
/// the coordinator closes its stream.
///
/// # Panics
/// When the coordinator does not answer.
pub async fn quick_agent(server: &str, id: &str, account: &str) {
    let mut agent = RawAgent::connect(server, id, account, 64).await;
    while let Some(heard) = agent.next().await {
        match heard {
            Hear::Offer(offer) => {
                let job = offer.job;
                agent.send(Say::Accept(v1::Accept { job })).await;
                let outcome = Some(done(&offer.kind));
                agent
                    .send(Say::Finished(v1::Finished { job, outcome }))
                    .await;
            }
            Hear::Inspect(order) => {
                let now = v1::ServiceNow {
                    status: "ACTIVE".to_owned(),
                    task_definition: DEFINITION.to_owned(),
                    ..v1::ServiceNow::default()
                };
                let answer = v1::InspectAnswer {
                    number: order.number,
                    answer: Some(v1::inspect_answer::Answer::Service(now)),
                };
                agent.send(Say::InspectAnswer(answer)).await;
            }
            _ => {}
        }
    }
}
