//! Agents that do nothing: they say at once that a job is done.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use shipway_proto::v1;
use shipway_proto::v1::agent_message::Message as Say;
use shipway_proto::v1::agents_client::AgentsClient;
use shipway_proto::v1::coordinator_message::Message as Hear;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;
use tonic::transport::Endpoint;

/// The image of every build.
const IMAGE: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// What an agent heard.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// A job, at this time; it was accepted and finished at once.
    Offered(Instant),
    /// A job's end is durable.
    Kept,
}

/// An agent with a connection of its own.
#[derive(Debug)]
pub struct RawAgent {
    say: mpsc::Sender<v1::AgentMessage>,
    hear: Streaming<v1::CoordinatorMessage>,
}

impl RawAgent {
    /// Connects, says hello and hears the welcome.
    pub async fn connect(
        url: &str,
        id: &str,
        account: &str,
        capacity: u32,
    ) -> anyhow::Result<Self> {
        // Large windows as those of the real agent.
        let channel = Endpoint::from_shared(url.to_owned())?
            .initial_connection_window_size(16 << 20)
            .initial_stream_window_size(1 << 20)
            .tcp_nodelay(true)
            .connect()
            .await?;
        let (say, said) = mpsc::channel(16);
        let hello = v1::Hello {
            agent: Some(v1::AgentDescription {
                id: id.to_owned(),
                incarnation: 1,
                version: "0".to_owned(),
                accounts: vec![v1::AgentAccount {
                    id: account.to_owned(),
                    name: "bench".to_owned(),
                    regions: vec!["eu-west-1".to_owned()],
                }],
                plugins: vec!["ecs".to_owned()],
                capacity,
                labels: Vec::new(),
            }),
            holds: Vec::new(),
            predecessor: 0,
        };
        say.send(message(Say::Hello(hello))).await?;
        let stream = AgentsClient::new(channel)
            .session(ReceiverStream::new(said))
            .await?;
        let mut agent = Self {
            say,
            hear: stream.into_inner(),
        };
        let first = agent.next().await?;
        anyhow::ensure!(matches!(first, Hear::Welcome(_)), "no welcome: {first:?}");
        Ok(agent)
    }

    async fn next(&mut self) -> anyhow::Result<Hear> {
        let heard = self.hear.message().await?;
        let heard = heard.context("the coordinator closed the stream")?;
        heard.message.context("an empty message")
    }

    /// Hears one message; a job that is offered is accepted and finished at once.
    pub async fn step(&mut self) -> anyhow::Result<Step> {
        match self.next().await? {
            Hear::Offer(offer) => {
                let came = Instant::now();
                let job = offer.job;
                self.say
                    .send(message(Say::Accept(v1::Accept { job })))
                    .await?;
                let outcome = Some(outcome(&offer.kind));
                let finished = v1::Finished { job, outcome };
                self.say.send(message(Say::Finished(finished))).await?;
                Ok(Step::Offered(came))
            }
            Hear::FinishedKept(_) => Ok(Step::Kept),
            other => anyhow::bail!("not expected: {other:?}"),
        }
    }
}

fn message(message: Say) -> v1::AgentMessage {
    v1::AgentMessage {
        message: Some(message),
    }
}

fn outcome(kind: &str) -> v1::Outcome {
    use v1::outcome::Outcome;
    let outcome = if kind == "build" {
        Outcome::Built(v1::BuiltImage {
            name: "000000000000.dkr.ecr.eu-west-1.amazonaws.com/app".to_owned(),
            digest: IMAGE.to_owned(),
            reused: true,
            ..Default::default()
        })
    } else {
        Outcome::RolledOut(v1::RolloutReport {
            verdict: v1::Verdict::Live.into(),
            summary: "live".to_owned(),
            image_digest: Some(IMAGE.to_owned()),
            task_definition: Some(
                "arn:aws:ecs:eu-west-1:000000000000:task-definition/app:1".to_owned(),
            ),
            ..Default::default()
        })
    };
    v1::Outcome {
        outcome: Some(outcome),
    }
}

/// So many jobs that wait in an account, offered, accepted, finished and kept by four agents; gives how many a second.
pub async fn cycles(url: &str, account: &'static str, jobs: usize) -> anyhow::Result<f64> {
    let kept = Arc::new(AtomicUsize::new(0));
    let mut running: JoinSet<anyhow::Result<()>> = JoinSet::new();
    let begin = Instant::now();
    for number in 0..4 {
        let (url, kept) = (url.to_owned(), Arc::clone(&kept));
        running.spawn(async move {
            let id = format!("agent-{account}-{number}");
            let mut agent = RawAgent::connect(&url, &id, account, 256).await?;
            loop {
                if let Step::Kept = agent.step().await? {
                    kept.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
    }
    while kept.load(Ordering::Relaxed) < jobs {
        if let Some(ended) = running.try_join_next() {
            ended??;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
    let rate = jobs as f64 / begin.elapsed().as_secs_f64();
    running.shutdown().await;
    Ok(rate)
}
