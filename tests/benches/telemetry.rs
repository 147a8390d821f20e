//! What telemetry costs the coordinator: none, traces, and all signals, each also with a collector that hangs, one after
//! the other in each round.
//!
//! `cargo bench -p shipway-tests --bench telemetry [-- --quick] [--json FILE]`
#![expect(clippy::print_stdout, reason = "a bench tells its figures")]
#![expect(unreachable_pub, reason = "modules of one program")]
#![expect(dead_code, reason = "the modules serve several benches")]

#[path = "support/agent.rs"]
mod agent;
#[path = "support/client.rs"]
mod client;
#[path = "support/figures.rs"]
mod figures;
#[path = "support/node.rs"]
mod node;
#[path = "support/sink.rs"]
mod sink;

use std::path::Path;
use std::time::Duration;

use client::{Until, submit};
use figures::{Wish, machine, median};
use node::Node;
use serde_json::json;
use sink::{Sink, hang};
use tokio::task::JoinSet;

/// Account of jobs that nobody does, and of those of the full cycles.
const NOBODYS: &str = "999999999999";
const CYCLED: &str = "000000000001";
const TRACES: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
const ALL: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
/// Metrics leave that often, in milliseconds: far more often than by default.
const METRICS: (&str, &str) = ("OTEL_METRIC_EXPORT_INTERVAL", "1000");

/// What was measured of one way to trace.
#[derive(Default)]
struct Figures {
    submits: Vec<f64>,
    cycles: Vec<f64>,
    memory: Vec<f64>,
}

fn main() -> anyhow::Result<()> {
    let wish = Wish::from_args(std::env::args().skip(1))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    println!("{}\n", machine());
    runtime.block_on(measure(&wish))
}

async fn measure(wish: &Wish) -> anyhow::Result<()> {
    let mut serving = JoinSet::new();
    let sink = Sink::default();
    let (on, hung) = (sink.serve(&mut serving).await?, hang(&mut serving).await?);
    let ways: [(&str, &[(&str, &str)]); 5] = [
        ("off", &[]),
        ("traces", &[(TRACES, &on)]),
        ("traces, hung", &[(TRACES, &hung)]),
        ("all signals", &[(ALL, &on), METRICS]),
        ("all, hung", &[(ALL, &hung), METRICS]),
    ];
    let mut all: [Figures; 5] = Default::default();
    let folder = figures::folder()?;
    let rounds = if wish.quick { 2 } else { 7 };
    for round in 0..rounds {
        for (place, (name, env)) in ways.iter().enumerate() {
            let data = folder.path().join(format!("{round}-{place}"));
            let (submits, cycles, memory) = one(&data, env, wish, name).await?;
            all[place].submits.push(submits);
            all[place].cycles.push(cycles);
            all[place].memory.push(memory);
            std::fs::remove_dir_all(&data)?;
        }
    }
    println!(
        "{:<18} {:>12} {:>8} {:>12} {:>8} {:>10}",
        "telemetry", "submits/s", "of off", "cycles/s", "of off", "peak MiB"
    );
    let mut told = serde_json::Map::new();
    let [off_submits, off_cycles] =
        [&all[0].submits, &all[0].cycles].map(|all| median(all.clone()));
    for ((name, _), figures) in ways.iter().zip(&all) {
        let submits = median(figures.submits.clone());
        let cycles = median(figures.cycles.clone());
        let memory = median(figures.memory.clone());
        println!(
            "{name:<18} {submits:>12.0} {:>7.0}% {cycles:>12.0} {:>7.0}% {memory:>10.0}",
            100.0 * submits / off_submits,
            100.0 * cycles / off_cycles
        );
        let figures = json!({
            "submits_per_second": figures.submits,
            "cycles_per_second": figures.cycles,
            "peak_mib": figures.memory,
        });
        told.insert((*name).to_owned(), figures);
    }
    println!(
        "\nthe collector that takes all was called {} times",
        sink.calls()
    );
    wish.write(&json!({"machine": machine(), "rounds": rounds, "figures": told}))
}

/// Submissions and full cycles a second, and the most memory that the coordinator held, in MiB.
async fn one(
    data: &Path,
    env: &[(&str, &str)],
    wish: &Wish,
    name: &str,
) -> anyhow::Result<(f64, f64, f64)> {
    let node = Node::start_with(data, env)?;
    let span = Duration::from_millis(if wish.quick { 500 } else { 2000 });
    let name = name.replace([' ', ','], "-");
    let submits = submit(&node.url, 64, Until::Elapsed(span), NOBODYS, &name).await?;
    let each = if wish.quick { 40 } else { 250 };
    submit(
        &node.url,
        64,
        Until::Count(each),
        CYCLED,
        &format!("{name}-c"),
    )
    .await?;
    let jobs = 2 * 64 * usize::try_from(each)?;
    let cycles = agent::cycles(&node.url, CYCLED, jobs).await?;
    Ok((submits.rate, cycles, node.memory("VmHWM:")? / 1024.0))
}
