//! Much output and many events of one job to many who watch: how fast they come, what the coordinator takes for it,
//! and what others feel of it; beside the same bytes over plain connections.
//!
//! `cargo bench -p shipway-tests --bench streams [-- --quick] [-- --json FILE]`
#![expect(clippy::print_stdout, reason = "a bench tells its figures")]
#![expect(unreachable_pub, reason = "modules of one program")]
#![expect(dead_code, reason = "the modules serve several benches")]

#[path = "support/client.rs"]
mod client;
#[path = "support/figures.rs"]
mod figures;
#[path = "support/node.rs"]
mod node;

use std::time::{Duration, Instant};

use figures::{Wish, machine, percentile};
use node::Node;
use serde_json::json;
use shipway_proto::v1;
use shipway_proto::v1::agent_message::Message as Say;
use shipway_proto::v1::coordinator_message::Message as Hear;
use shipway_tests::streams::{Flood, Seen, connect, watch};
use shipway_tests::{RawAgent, done};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

const ACCOUNT: &str = "000000000001";
const FULL: (Flood, usize) = (
    Flood {
        batches: 5_000,
        lines: 190,
        events: 10,
    },
    100,
);
const QUICK: (Flood, usize) = (
    Flood {
        batches: 250,
        lines: 180,
        events: 20,
    },
    20,
);
/// Between two submissions of somebody else.
const PAUSE: Duration = Duration::from_millis(20);

fn main() -> anyhow::Result<()> {
    let wish = Wish::from_args(std::env::args().skip(1))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    runtime.block_on(streams(&wish))
}

async fn streams(wish: &Wish) -> anyhow::Result<()> {
    let (flood, watchers) = if wish.quick { QUICK } else { FULL };
    let machine = machine();
    println!("{machine}\n{flood:?} to {watchers} watchers, one of them slow\n");
    let folder = figures::folder()?;
    let node = Node::start(&folder.path().join("data"))?;
    let mut client = client::connect(&node.url).await?;
    let request = client::request(ACCOUNT, "chatty");
    let release = client.submit(request).await?.into_inner().release;
    let mut agent = RawAgent::connect(&node.url, "agent", ACCOUNT, 1).await;
    let job = agent.offer().await.job;
    let job = job.ok_or_else(|| anyhow::anyhow!("an offer of nothing"))?;
    agent.send(Say::Accept(v1::Accept { job: Some(job) })).await;
    let before = node.memory("VmRSS:")?;

    let mut quick = JoinSet::new();
    for _ in 1..watchers {
        quick.spawn(watch(connect(&node.url).await, release, None));
    }
    let (go_on, pause) = oneshot::channel();
    let mut slow = JoinSet::new();
    slow.spawn(watch(connect(&node.url).await, release, Some(pause)));
    let mut others = JoinSet::new();
    let (enough, over) = oneshot::channel();
    others.spawn(submit_now_and_then(node.url.clone(), over));

    let begun = Instant::now();
    flood.pour(&agent, job).await;
    let outcome = Some(done("build"));
    let finished = v1::Finished {
        job: Some(job),
        outcome,
    };
    agent.send(Say::Finished(finished)).await;
    while !matches!(agent.next().await, Some(Hear::FinishedKept(_)) | None) {}
    let poured = begun.elapsed();
    // The rollout is done at once.
    let job = agent.offer().await.job;
    agent.send(Say::Accept(v1::Accept { job })).await;
    let outcome = Some(done("rollout"));
    agent
        .send(Say::Finished(v1::Finished { job, outcome }))
        .await;
    let mut seen = Vec::new();
    while let Some(ended) = quick.join_next().await {
        seen.push(ended??);
    }
    let quick_ones = begun.elapsed();
    drop(enough);
    let mut spans = others
        .join_next()
        .await
        .ok_or_else(|| anyhow::anyhow!("nobody else"))???;
    drop(go_on);
    let began = Instant::now();
    while let Some(ended) = slow.join_next().await {
        seen.push(ended??);
    }
    let caught_up = began.elapsed();
    let most = node.memory("VmHWM:")?;
    for one in &seen {
        anyhow::ensure!(one.lines == flood.all_lines(), "lines are missing: {one:?}");
        anyhow::ensure!(one.events == seen[0].events, "events are missing: {one:?}");
    }
    let bytes: u64 = seen.iter().map(|one| one.bytes).sum();
    let messages: u64 = seen.iter().map(|one| one.messages).sum();
    let limit = plain(watchers, seen[0]).await?;

    let each = flood.all_lines() + seen[0].events;
    let p99 = percentile(&mut spans, 0.99);
    println!("lines and events              {each}, each to {watchers}");
    println!(
        "all of them said              {:>8.1} s",
        poured.as_secs_f64()
    );
    println!(
        "seen by all but the slow one  {:>8.1} s",
        quick_ones.as_secs_f64()
    );
    println!(
        "the slow one, once it reads   {:>8.1} s",
        caught_up.as_secs_f64()
    );
    println!(
        "the same bytes, plain TCP     {:>8.1} s",
        limit.as_secs_f64()
    );
    println!(
        "output sent                   {:>8} MiB in {messages} messages",
        bytes >> 20
    );
    println!(
        "memory of the coordinator     {:>8.0} MiB at most, {:.0} before",
        most / 1024.0,
        before / 1024.0
    );
    println!("submit by somebody else, p99  {p99:>8.2} ms");
    wish.write(&json!({"machine": machine, "each": each, "watchers": watchers,
        "poured_s": poured.as_secs_f64(), "seen_s": quick_ones.as_secs_f64(),
        "slow_s": caught_up.as_secs_f64(), "plain_s": limit.as_secs_f64(), "output_bytes": bytes,
        "messages": messages, "memory_kib": most, "memory_before_kib": before, "submit_p99_ms": p99}))
}

/// Submits until it is over; gives how long each answer took.
async fn submit_now_and_then(
    url: String,
    mut over: oneshot::Receiver<()>,
) -> anyhow::Result<Vec<Duration>> {
    let mut client = client::connect(&url).await?;
    let mut spans = Vec::new();
    while over.try_recv() == Err(oneshot::error::TryRecvError::Empty) {
        let request = client::request("000000000002", &format!("other-{}", spans.len()));
        let began = Instant::now();
        client.submit(request).await?;
        spans.push(began.elapsed());
        tokio::time::sleep(PAUSE).await;
    }
    Ok(spans)
}

/// How long it takes to send the same number of bytes to as many readers by as many plain connections.
async fn plain(watchers: usize, seen: Seen) -> anyhow::Result<Duration> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let begun = Instant::now();
    let mut all = JoinSet::new();
    for _ in 0..watchers {
        all.spawn(async move {
            let mut stream = TcpStream::connect(address).await?;
            let mut buffer = vec![0; 64 * 1024];
            while stream.read(&mut buffer).await? > 0 {}
            anyhow::Ok(())
        });
        let (mut stream, _) = listener.accept().await?;
        all.spawn(async move {
            let piece = vec![b'x'; 64 * 1024];
            let mut left = usize::try_from(seen.bytes)?;
            while left > 0 {
                let part = left.min(piece.len());
                stream.write_all(&piece[..part]).await?;
                left -= part;
            }
            anyhow::Ok(())
        });
    }
    while let Some(ended) = all.join_next().await {
        ended??;
    }
    Ok(begun.elapsed())
}
