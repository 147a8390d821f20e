//! A long run: many agents, targets and releases through one coordinator, which is killed again and again, as are
//! agents. Tells whether submissions stay quick, and whether memory, disk, file handles and threads stay what they are.
//!
//! `cargo bench -p shipway-tests --bench soak [-- --quick] [-- --json FILE]`
#![expect(clippy::print_stdout, reason = "a bench tells its figures")]
#![expect(unreachable_pub, reason = "modules of one program")]
#![expect(dead_code, reason = "the modules serve several benches")]

#[path = "support/client.rs"]
mod client;
#[path = "support/field.rs"]
mod field;
#[path = "support/figures.rs"]
mod figures;
#[path = "support/herd.rs"]
mod herd;
#[path = "support/node.rs"]
mod node;
#[path = "support/people.rs"]
mod people;
#[path = "support/vitals.rs"]
mod vitals;
#[path = "support/wire.rs"]
mod wire;

use std::sync::Arc;
use std::time::{Duration, Instant};

use figures::{Wish, machine, percentile};
use herd::Herd;
use people::People;
use serde_json::json;
use tokio::task::JoinSet;
use vitals::Vitals;

/// The size of a run.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Accounts, each with its own targets and agents.
    pub accounts: usize,
    /// Agents of each account.
    pub agents: usize,
    /// Targets of each account.
    pub targets: usize,
    /// Releases in all.
    pub releases: usize,
    /// Releases under way at the most.
    pub at_once: usize,
    /// Between the beginnings of two releases, as long as fewer than that are under way.
    pub pace: Duration,
    /// Simulated seconds in a second.
    pub scale: f64,
    /// Between two kills of the coordinator.
    pub kill_coordinator: Duration,
    /// Between two kills of an agent.
    pub kill_agent: Duration,
}

const FULL: Size = Size {
    accounts: 20,
    agents: 10,
    targets: 100,
    releases: 20_000,
    at_once: 200,
    pace: Duration::from_millis(40),
    scale: 200.0,
    kill_coordinator: Duration::from_secs(45),
    kill_agent: Duration::from_secs(5),
};

const QUICK: Size = Size {
    accounts: 4,
    agents: 5,
    targets: 25,
    releases: 500,
    at_once: 50,
    kill_coordinator: Duration::from_secs(10),
    kill_agent: Duration::from_secs(3),
    ..FULL
};

fn main() -> anyhow::Result<()> {
    let wish = Wish::from_args(std::env::args().skip(1))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(soak(&wish))
}

async fn soak(wish: &Wish) -> anyhow::Result<()> {
    let size = if wish.quick { QUICK } else { FULL };
    let machine = machine();
    println!("{machine}\n{size:?}\n");
    let folder = figures::folder()?;
    let herd = Arc::new(Herd::start(folder.path(), size).await?);
    let people = Arc::new(People::new(Arc::clone(&herd), size));
    let mut vitals = Vitals::default();
    let began = Instant::now();
    let (mut work, mut kills) = (JoinSet::new(), JoinSet::new());
    work.spawn(Arc::clone(&people).work());
    kills.spawn(Arc::clone(&herd).kill_now_and_then(size));
    println!(
        "{:>7} {:>9} {:>8} {:>8} {:>7} {:>8} {:>9} {:>7}",
        "s", "releases", "kills", "RSS MiB", "handles", "threads", "disk MiB", "agents"
    );
    let look = Duration::from_secs(if wish.quick { 2 } else { 10 });
    let outcome = loop {
        if let Some(ended) = work.try_join_next() {
            break ended??;
        }
        tokio::time::sleep(look).await;
        if let Some(ended) = kills.try_join_next() {
            ended??;
        }
        if let Some(line) = vitals.look(&herd) {
            let (seconds, done) = (began.elapsed().as_secs(), people.done());
            println!("{seconds:>7} {done:>9} {:>8} {line}", herd.kills());
        }
    };
    kills.abort_all();
    let spent = began.elapsed();
    let doubled = herd.doubled(&outcome.rollouts).await?;
    let mut submits = outcome.submits;
    let (p50, p99) = (
        percentile(&mut submits, 0.5),
        percentile(&mut submits, 0.99),
    );
    let verdicts = &outcome.verdicts;
    println!("\n{} releases in {spent:.0?}: {verdicts:?}", size.releases);
    println!("submit: p50 {p50:.2} ms, p99 {p99:.2} ms; aim: p99 under 25 ms");
    println!("kills: {}", herd.kills());
    println!("services with more or fewer deployments than releases: {doubled:?}");
    println!("{}", vitals.verdict());
    wish.write(
        &json!({"machine": machine, "seconds": spent.as_secs_f64(), "verdicts": verdicts,
        "submit_p50_ms": p50, "submit_p99_ms": p99, "kills": herd.kills(), "odd_services": doubled,
        "vitals": vitals.figures()}),
    )
}
