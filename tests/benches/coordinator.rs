//! How fast the coordinator is, with every answer durable, beside what else the machine can do.
//!
//! `cargo bench -p shipway-tests --bench coordinator [-- --quick] [--only NAME] [--json FILE]`
#![expect(clippy::print_stdout, reason = "a bench tells its figures")]
#![expect(unreachable_pub, reason = "modules of one program")]
#![expect(dead_code, reason = "the modules serve two benches")]

#[path = "support/agent.rs"]
mod agent;
#[path = "support/client.rs"]
mod client;
#[path = "support/figures.rs"]
mod figures;
#[path = "support/node.rs"]
mod node;
#[path = "support/past.rs"]
mod past;
#[path = "support/peers.rs"]
mod peers;

use std::path::Path;
use std::time::{Duration, Instant};

use agent::{RawAgent, Step};
use client::{Round, Until, submit};
use figures::{Wish, machine, median, percentile};
use node::Node;
use prost::Message as _;
use serde_json::{Value, json};
use shipway_proto::v1;

/// Account of jobs that nobody does.
const NOBODYS: &str = "999999999999";
/// Accounts of the rounds of full cycles, one each.
const ACCOUNTS: [&str; 3] = ["000000000001", "000000000002", "000000000003"];
const IDLE_AGENTS: u32 = 5_000;
const STORED_JOBS: u64 = 100_000;
const ENDED: [u64; 3] = [0, 10_000, 100_000];

fn main() -> anyhow::Result<()> {
    let wish = Wish::from_args(std::env::args().skip(1))?;
    // Clients and agents have one thread: they take no more from the coordinator than they must.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let machine = machine();
    println!("{machine}");
    let size = client::request(NOBODYS, "name").encoded_len();
    println!("each answer durable; a submission of {size} bytes makes a release with two jobs\n");
    println!(
        "{:<44} {:>10} {:>10} {:>10}  aim",
        "", "per second", "p50 ms", "p99 ms"
    );
    let mut table = Table::default();
    let folder = figures::folder()?;
    let at = |name: &str| folder.path().join(name);
    if wish.wants("submits") {
        runtime.block_on(submits(&at("submits"), &wish, &mut table))?;
    }
    if wish.wants("offers") {
        runtime.block_on(offers(&at("offers"), &wish, &mut table))?;
    }
    if wish.wants("cycles") {
        runtime.block_on(cycles(&at("cycles"), &wish, &mut table))?;
    }
    if wish.wants("idle") {
        runtime.block_on(idle(&at("idle"), &mut table))?;
    }
    if wish.wants("restart") {
        runtime.block_on(restart(&at("restart"), &wish, &mut table))?;
    }
    if wish.wants("ended") {
        runtime.block_on(ended(&at("ended"), &mut table))?;
    }
    if wish.wants("beside") {
        beside(folder.path(), &wish, &mut table)?;
    }
    wish.write(&json!({"machine": machine, "submission_bytes": size, "figures": table.figures}))
}

/// The lines, told as they come.
#[derive(Default)]
struct Table {
    figures: serde_json::Map<String, Value>,
}

impl Table {
    /// A line of rounds: the medians of their figures.
    fn rounds(&mut self, name: &str, what: &str, rounds: Vec<Round>, aim: &str) {
        let rate = median(rounds.iter().map(|round| round.rate).collect());
        let (mut p50, mut p99) = (Vec::new(), Vec::new());
        for mut round in rounds {
            p50.push(percentile(&mut round.spans, 0.50));
            p99.push(percentile(&mut round.spans, 0.99));
        }
        let (p50, p99) = (median(p50), median(p99));
        // What is not counted by the second has no rate.
        let rate_told = if rate.is_nan() {
            String::new()
        } else {
            format!("{rate:.0}")
        };
        println!("{what:<44} {rate_told:>10} {p50:>10.2} {p99:>10.2}  {aim}");
        let figures = json!({"per_second": rate, "p50_ms": p50, "p99_ms": p99});
        self.figures.insert(name.to_owned(), figures);
    }

    /// A line of one figure.
    fn one(&mut self, name: &str, what: &str, value: f64, unit: &str, aim: &str) {
        println!("{what:<44} {value:>10.1} {unit:<21}  {aim}");
        self.figures
            .insert(name.to_owned(), json!({"value": value, "unit": unit}));
    }

    /// A line that says why there are no figures.
    fn absent(&mut self, name: &str, what: &str) {
        println!("{what:<44} not installed here");
        self.figures.insert(name.to_owned(), Value::Null);
    }
}

const fn span(wish: &Wish) -> Duration {
    Duration::from_millis(if wish.quick { 500 } else { 3000 })
}

async fn submits(data: &Path, wish: &Wish, table: &mut Table) -> anyhow::Result<()> {
    let node = Node::start(data)?;
    let aims = [(1, "p50 <= 1 ms"), (64, ">= 15,000/s, p99 <= 10 ms")];
    for (clients, aim) in aims {
        let mut rounds = Vec::new();
        for round in 0..3 {
            let name = format!("s{clients}-{round}");
            let until = Until::Elapsed(span(wish));
            rounds.push(submit(&node.url, clients, until, NOBODYS, &name).await?);
        }
        let what = format!("submits, {clients} clients");
        table.rounds(&format!("submit_{clients}"), &what, rounds, aim);
    }
    Ok(())
}

/// From the call of Submit to the offer at an agent that has nothing to do.
async fn offers(data: &Path, wish: &Wish, table: &mut Table) -> anyhow::Result<()> {
    let node = Node::start(data)?;
    let mut client = client::connect(&node.url).await?;
    let mut agent = RawAgent::connect(&node.url, "idle", ACCOUNTS[0], 4).await?;
    let mut rounds = Vec::new();
    for round in 0..3 {
        let mut spans = Vec::new();
        for number in 0..if wish.quick { 50 } else { 300 } {
            let request = client::request(ACCOUNTS[0], &format!("o{round}-{number}"));
            let start = Instant::now();
            let submit = client.submit(request);
            let work = async {
                let (mut first, mut kept) = (None::<Instant>, 0);
                // The build, then the rollout of the release.
                while kept < 2 {
                    match agent.step().await? {
                        Step::Offered(at) => {
                            first.get_or_insert(at);
                        }
                        Step::Kept => kept += 1,
                    }
                }
                anyhow::Ok(first)
            };
            let (submitted, first) = tokio::join!(submit, work);
            submitted?;
            spans.extend(first?.map(|at| at - start));
        }
        let rate = f64::NAN;
        rounds.push(Round {
            spans,
            rate,
            last: 0,
        });
    }
    table.rounds(
        "offer",
        "submit to offer, idle agent",
        rounds,
        "p50 <= 3 ms",
    );
    Ok(())
}

/// Full cycles: offer, accept, finished and its acknowledgement.
async fn cycles(data: &Path, wish: &Wish, table: &mut Table) -> anyhow::Result<()> {
    let node = Node::start(data)?;
    let each = if wish.quick { 40 } else { 250 };
    let jobs = 2 * 64 * usize::try_from(each)?;
    let mut rates = Vec::new();
    for account in ACCOUNTS {
        let name = format!("c{account}");
        submit(&node.url, 64, Until::Count(each), account, &name).await?;
        rates.push(agent::cycles(&node.url, account, jobs).await?);
    }
    let aim = ">= 5,000/s";
    table.one(
        "cycles",
        "full cycles, 4 agents",
        median(rates),
        "per second",
        aim,
    );
    Ok(())
}

/// Memory of the coordinator per agent that is connected and idle.
async fn idle(data: &Path, table: &mut Table) -> anyhow::Result<()> {
    let node = Node::start(data)?;
    let _first = RawAgent::connect(&node.url, "first", ACCOUNTS[0], 1).await?;
    let before = node.resident()?;
    let mut agents = Vec::new();
    for number in 0..IDLE_AGENTS {
        let id = format!("idle-{number}");
        agents.push(RawAgent::connect(&node.url, &id, ACCOUNTS[0], 4).await?);
    }
    let each = (node.resident()? - before) / f64::from(IDLE_AGENTS);
    let what = format!("memory per idle agent, {IDLE_AGENTS} connected");
    table.one("idle_agent", &what, each, "KiB", "<= 40 KiB");
    Ok(())
}

/// From the start of the process, after a kill, until it answers what it has.
async fn restart(data: &Path, wish: &Wish, table: &mut Table) -> anyhow::Result<()> {
    let mut node = Node::start(data)?;
    let jobs = if wish.quick {
        STORED_JOBS / 10
    } else {
        STORED_JOBS
    };
    let each = jobs / 2 / 64 + 1;
    let stored = submit(&node.url, 64, Until::Count(each), NOBODYS, "r").await?;
    let mut times = Vec::new();
    for _ in 0..3 {
        let begin = Instant::now();
        node = node.crash_and_restart()?;
        let mut client = client::Client::connect(node.url.clone()).await?;
        let request = v1::GetReleaseRequest {
            release: stored.last,
        };
        let release = client.get_release(request).await?.into_inner();
        times.push(begin.elapsed().as_secs_f64());
        anyhow::ensure!(release.jobs.len() == 2, "it came back with {release:?}");
    }
    let what = format!("restart after a kill, {jobs} stored jobs");
    table.one("restart", &what, median(times), "s", "<= 2 s");
    Ok(())
}

/// Memory of a coordinator that starts with releases that have ended: nothing of them is open.
async fn ended(data: &Path, table: &mut Table) -> anyhow::Result<()> {
    for releases in ENDED {
        let data = data.with_extension(releases.to_string());
        past::write(&data, releases)?;
        let begin = Instant::now();
        let node = Node::start(&data)?;
        let start = begin.elapsed().as_secs_f64();
        let mut client = client::Client::connect(node.url.clone()).await?;
        let request = v1::ListReleasesRequest {
            app: "past-7".to_owned(),
            ..v1::ListReleasesRequest::default()
        };
        let begin = Instant::now();
        let found = client.list_releases(request).await?.into_inner().releases;
        let list = begin.elapsed().as_secs_f64() * 1e3;
        anyhow::ensure!(found.len() == if releases == 0 { 0 } else { 20 });
        let what = |of: &str| format!("{of}, {releases} ended releases");
        let (name, memory) = (format!("ended_{releases}"), node.resident()? / 1024.0);
        table.one(&name, &what("memory after start"), memory, "MiB", "");
        table.one(&format!("{name}_start"), &what("start"), start, "s", "");
        table.one(
            &format!("{name}_list"),
            &what("list of an app"),
            list,
            "ms",
            "",
        );
    }
    Ok(())
}

/// What else this machine can do.
fn beside(folder: &Path, wish: &Wish, table: &mut Table) -> anyhow::Result<()> {
    let span = span(wish);
    let disk = peers::disk(folder, span)?;
    table.rounds("fdatasync", "append of 1 KiB + fdatasync", vec![disk], "");
    let postgres = peers::Postgres::start(folder)?;
    for clients in [1, 64] {
        let (name, what) = (
            format!("beanstalkd_{clients}"),
            format!("beanstalkd -f0 put, {clients} clients"),
        );
        match peers::beanstalkd(folder, clients, span)? {
            Some(round) => table.rounds(&name, &what, vec![round], ""),
            None => table.absent(&name, &what),
        }
        let (name, what) = (
            format!("postgresql_{clients}"),
            format!("PostgreSQL insert, {clients} clients"),
        );
        match &postgres {
            Some(postgres) => table.rounds(&name, &what, vec![postgres.insert(clients, span)?], ""),
            None => table.absent(&name, &what),
        }
    }
    Ok(())
}
