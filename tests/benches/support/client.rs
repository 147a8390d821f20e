//! Clients that submit, over gRPC.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use sha2::{Digest as _, Sha256};
use shipway_proto::v1;
use shipway_proto::v1::shipway_client::ShipwayClient;
use tokio::task::JoinSet;
use tonic::transport::Channel;

/// A client of the coordinator.
pub type Client = ShipwayClient<Channel>;
/// Connections that many clients share.
const CONNECTIONS: usize = 4;
const DEFINITION: &[u8] =
    br#"{"family":"bench","containerDefinitions":[{"name":"app","image":"x"}]}"#;

/// When to stop submitting.
#[derive(Clone, Copy, Debug)]
pub enum Until {
    /// After so long.
    Elapsed(Duration),
    /// After so many releases of each client.
    Count(u64),
}

/// What a round of submissions gave.
#[derive(Debug, Default)]
pub struct Round {
    /// From the call to the answer, each.
    pub spans: Vec<Duration>,
    /// Answers per second.
    pub rate: f64,
    /// The last release that was made.
    pub last: u64,
}

/// Connects; the task definition of all submissions is stored.
pub async fn connect(url: &str) -> anyhow::Result<Client> {
    let mut client = Client::connect(url.to_owned()).await?;
    keep(&mut client, DEFINITION).await?;
    Ok(client)
}

/// Uploads a blob and gives its name.
pub async fn keep(client: &mut Client, content: &[u8]) -> anyhow::Result<String> {
    let name = digest(content);
    let part = |part| v1::PutBlobRequest { part: Some(part) };
    let parts = [
        part(v1::put_blob_request::Part::Digest(name.clone())),
        part(v1::put_blob_request::Part::Data(content.to_vec())),
    ];
    client.put_blob(tokio_stream::iter(parts)).await?;
    Ok(name)
}

fn digest(content: &[u8]) -> String {
    let sum = Sha256::digest(content);
    let hex: String = sum.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

/// A deploy of an existing image to one target: two jobs. No other has the same app or target, so
/// that nothing is folded.
pub fn request(account: &str, name: &str) -> v1::SubmitRequest {
    use v1::{release_kind, source};
    let target = v1::Target {
        account: account.to_owned(),
        region: "eu-west-1".to_owned(),
        cluster: "main".to_owned(),
        service: name.to_owned(),
    };
    let reference = format!("{account}.dkr.ecr.eu-west-1.amazonaws.com/apps/{name}:1.0.0");
    let spec = v1::ReleaseSpec {
        app: name.to_owned(),
        env: "prod".to_owned(),
        kind: Some(v1::ReleaseKind {
            kind: Some(release_kind::Kind::Deploy(release_kind::Deploy {})),
        }),
        source: Some(v1::Source {
            source: Some(source::Source::Image(source::Image { reference })),
        }),
        build: None,
        image: Some(v1::ImageSettings {
            account: account.to_owned(),
            region: "eu-west-1".to_owned(),
            repository: format!("apps/{name}"),
            ..Default::default()
        }),
        task_definition: digest(DEFINITION),
        containers: vec!["app".to_owned()],
        targets: vec![v1::TargetSpec {
            target: Some(target),
            wave: 0,
        }],
        rollout: Some(v1::RolloutSettings {
            minimum_healthy_percent: 100,
            maximum_percent: 200,
            timeout_ms: 1_200_000,
            ..Default::default()
        }),
        priority: 50,
        scan: None,
        before: None,
        after: None,
    };
    v1::SubmitRequest {
        spec: Some(spec),
        key: format!("key-{name}"),
        // Fills the submission up to about 1 KiB.
        title: format!("Release {name}: {}", "what the commit says. ".repeat(28)),
    }
}

/// Submits with so many clients at once, each waiting for its answer before its next.
pub async fn submit(
    url: &str,
    clients: usize,
    until: Until,
    account: &'static str,
    round: &str,
) -> anyhow::Result<Round> {
    let mut connections = Vec::new();
    for _ in 0..clients.min(CONNECTIONS) {
        connections.push(connect(url).await?);
    }
    let mut running = JoinSet::new();
    let begin = Instant::now();
    for number in 0..clients {
        let mut client = connections[number % connections.len()].clone();
        let round = round.to_owned();
        running.spawn(async move {
            let (mut spans, mut last) = (Vec::new(), 0);
            for count in 0.. {
                let over = match until {
                    Until::Elapsed(span) => begin.elapsed() >= span,
                    Until::Count(most) => count >= most,
                };
                if over {
                    break;
                }
                let request = request(account, &format!("{round}-{number}-{count}"));
                let start = Instant::now();
                let reply = client.submit(request).await?.into_inner();
                spans.push(start.elapsed());
                anyhow::ensure!(!reply.existed, "a key was used twice");
                last = reply.release;
            }
            anyhow::Ok((spans, last))
        });
    }
    let (mut spans, mut last) = (Vec::new(), 0);
    while let Some(ended) = running.join_next().await {
        let (its_spans, its_last) = ended.context("a client panicked")??;
        spans.extend(its_spans);
        last = last.max(its_last);
    }
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
    let rate = spans.len() as f64 / begin.elapsed().as_secs_f64();
    Ok(Round { spans, rate, last })
}
