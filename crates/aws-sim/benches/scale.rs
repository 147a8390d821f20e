//! How DescribeServices answers while a thousand services roll at once, next to the same simulator idle.
//!
//! `cargo bench -p aws-sim --bench scale [-- --quick] [-- --json FILE]`
//!
//! The simulator is a process of its own that may use one core; the client keeps to another one. All
//! services are updated while the clock is paused and start to roll together when it runs: every step of
//! every rollout is due at the same moment, which is the hardest case. A call is made every two
//! milliseconds, and its time counts from when it was to be made: a standstill of the simulator
//! lengthens all calls that it holds up.
#![expect(clippy::print_stdout, reason = "a bench tells its figures")]

#[path = "support/client.rs"]
mod client;
#[path = "support/process.rs"]
mod process;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use client::Client;
use process::Simulator;
use serde_json::{Value, json};

const ACCOUNT: &str = "333333333333";
const REGION: &str = "eu-west-1";
const ECS: &str = "AmazonEC2ContainerServiceV20141113";
const CLUSTERS: usize = 10;
/// Services of a cluster.
const SERVICES: usize = 100;
/// Tasks of a service.
const TASKS: usize = 10;
/// Services that one call may ask for.
const BATCH: usize = 10;
const SCALE: u32 = 60;
/// A call is made every so often.
const PACE: Duration = Duration::from_millis(2);
/// The aim for the 99th percentile, in milliseconds.
const AIM: f64 = 5.0;
/// A round that takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(120);

fn main() -> anyhow::Result<()> {
    let mut args = std::env::args().skip(1);
    let (mut quick, mut file) = (false, None);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--quick" => quick = true,
            "--json" => file = Some(args.next().context("--json needs a file")?),
            "--bench" => {}
            other => anyhow::bail!("{other:?} is not known: --quick, --json FILE"),
        }
    }
    process::keep_to(std::process::id(), process::CLIENT_CORE)?;
    let simulator = Simulator::start(SCALE)?;
    let mut client = Client::connect(&simulator.host, ACCOUNT, REGION)?;
    client.control("POST", "/_sim/seed", &seed())?;
    println!(
        "{} services of {TASKS} tasks in {CLUSTERS} clusters, time scale {SCALE}, simulator on one core; \
         a call every {} ms; times in ms\n",
        CLUSTERS * SERVICES,
        PACE.as_millis(),
    );
    println!(
        "{:<38} {:>8} {:>8} {:>8} {:>8} {:>9} {:>9}",
        "", "calls", "p50", "p99", "longest", "calls/s", "CPU share"
    );
    let rounds = if quick { 1 } else { 3 };
    let mut figures = serde_json::Map::new();
    let mut tell = |name: &str, told: Value| figures.insert(name.to_owned(), told);
    let idle = Duration::from_secs(if quick { 2 } else { 5 });
    let health = measure(&simulator, |late| {
        paced(idle, |_, due| {
            client.control("GET", "/_sim/health", &Value::Null)?;
            late.push(due.elapsed());
            Ok(())
        })
    })?;
    tell("health_idle", health.tell("GET /_sim/health, idle"));
    for (name, size) in [("one", 1), ("ten", BATCH)] {
        let measured = measure(&simulator, |late| {
            paced(idle, |turn, due| {
                describe(&mut client, turn, size)?;
                late.push(due.elapsed());
                Ok(())
            })
        })?;
        let what = format!("DescribeServices of {size}, idle");
        tell(&format!("describe_{name}_idle"), measured.tell(&what));
    }
    let mut worst = Vec::new();
    for round in 1..=rounds {
        let rolled = roll(&simulator, &mut client, round)?;
        for (name, measured) in [("one", &rolled.one), ("ten", &rolled.ten)] {
            let size = if name == "one" { 1 } else { BATCH };
            let what = format!("DescribeServices of {size}, rolling, round {round}");
            worst.push(measured.percentile(0.99));
            tell(
                &format!("describe_{name}_rolling_{round}"),
                measured.tell(&what),
            );
        }
        println!(
            "{:<38} all ended after {:.2} s ({:.0} s simulated)",
            "",
            rolled.took.as_secs_f64(),
            rolled.took.as_secs_f64() * f64::from(SCALE)
        );
        tell(&format!("took_s_{round}"), json!(rolled.took.as_secs_f64()));
    }
    let worst = worst.into_iter().fold(0.0, f64::max);
    let memory = simulator.memory()?;
    println!(
        "\nworst p99 {worst:.2} ms; aim: under {AIM} ms: {}; memory {:.0} MiB now, {:.0} MiB at most",
        if worst < AIM { "met" } else { "MISSED" },
        memory.now,
        memory.most
    );
    tell(
        "memory_mib",
        json!({"now": memory.now, "most": memory.most}),
    );
    if let Some(file) = file {
        std::fs::write(file, format!("{:#}\n", Value::Object(figures)))?;
    }
    Ok(())
}

fn cluster(number: usize) -> String {
    format!("c{number}")
}

fn service(number: usize) -> String {
    format!("svc-{number:03}")
}

fn definition(cluster: usize, service: usize, version: usize) -> Value {
    json!({"family": format!("f{cluster}-{service:03}"), "containerDefinitions": [
        {"name": "app", "image": format!("example.com/app:v{version}"), "memory": 128}]})
}

fn seed() -> Value {
    let clusters = (0..CLUSTERS).map(|at| {
        let services = (0..SERVICES).map(|number| {
            json!({"task_definition": definition(at, number, 0), "steady": true,
                "service": {"serviceName": service(number), "desiredCount": TASKS}})
        });
        json!({"name": cluster(at), "services": services.collect::<Vec<_>>()})
    });
    json!({"accounts": [{"id": ACCOUNT, "regions": [{"name": REGION,
        "clusters": clusters.collect::<Vec<_>>()}]}]})
}

/// One round of DescribeServices through all services.
fn describe(client: &mut Client, turn: usize, size: usize) -> anyhow::Result<Vec<u8>> {
    let in_cluster = SERVICES / size;
    let (at, part) = (turn / in_cluster % CLUSTERS, turn % in_cluster);
    let names: Vec<String> = (part * size..(part + 1) * size).map(service).collect();
    let input = json!({"cluster": cluster(at), "services": names});
    client.call(&format!("{ECS}.DescribeServices"), &input)
}

/// Calls at an even pace for `span`: `call` is given its turn and when it was to be made.
fn paced(
    span: Duration,
    mut call: impl FnMut(usize, Instant) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let begin = Instant::now();
    let mut due = begin;
    for turn in 0.. {
        if due.duration_since(begin) >= span {
            break;
        }
        wait_until(due);
        call(turn, due)?;
        due += PACE;
    }
    Ok(())
}

/// Sleeps, and spins for the end of it: a timer may be late by more than a call takes.
fn wait_until(due: Instant) {
    let spin = Duration::from_micros(200);
    if let Some(left) = due.checked_duration_since(Instant::now() + spin) {
        std::thread::sleep(left);
    }
    while Instant::now() < due {
        std::hint::spin_loop();
    }
}

/// How long calls took, and what they cost.
struct Measured {
    late: Vec<Duration>,
    took: Duration,
    /// Share of its core that the simulator used.
    cpu: f64,
}

fn measure(
    simulator: &Simulator,
    calls: impl FnOnce(&mut Vec<Duration>) -> anyhow::Result<()>,
) -> anyhow::Result<Measured> {
    let (begin, cpu) = (Instant::now(), simulator.cpu()?);
    let mut late = Vec::new();
    calls(&mut late)?;
    let took = begin.elapsed();
    let cpu = (simulator.cpu()? - cpu) / took.as_secs_f64();
    Ok(Measured { late, took, cpu })
}

impl Measured {
    /// The time that a share (0 to 1) of the calls took at most, in milliseconds.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index into a list of spans"
    )]
    fn percentile(&self, share: f64) -> f64 {
        let mut late = self.late.clone();
        late.sort_unstable();
        let index = (share * late.len().saturating_sub(1) as f64).round() as usize;
        late.get(index).map_or(f64::NAN, Duration::as_secs_f64) * 1e3
    }

    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
    fn tell(&self, what: &str) -> Value {
        let (calls, took) = (self.late.len(), self.took.as_secs_f64());
        let (p50, p99) = (self.percentile(0.5), self.percentile(0.99));
        let (longest, rate) = (self.percentile(1.0), calls as f64 / took);
        println!(
            "{what:<38} {calls:>8} {p50:>8.2} {p99:>8.2} {longest:>8.2} {rate:>9.0} {:>8.0}%",
            self.cpu * 100.0
        );
        json!({"calls": calls, "p50_ms": p50, "p99_ms": p99, "longest_ms": longest,
            "calls_per_s": rate, "cpu_share": self.cpu})
    }
}

/// What a rollout of all services gave.
struct Rolled {
    one: Measured,
    ten: Measured,
    took: Duration,
}

/// Updates all services at one moment and watches them to their ends.
fn roll(simulator: &Simulator, client: &mut Client, round: usize) -> anyhow::Result<Rolled> {
    client.control("POST", "/_sim/clock", &json!({"scale": 0}))?;
    for at in 0..CLUSTERS {
        for number in 0..SERVICES {
            let input = definition(at, number, round);
            client.call(&format!("{ECS}.RegisterTaskDefinition"), &input)?;
            let input = json!({"cluster": cluster(at), "service": service(number),
                "taskDefinition": input["family"]});
            client.call(&format!("{ECS}.UpdateService"), &input)?;
        }
    }
    let mut open: BTreeSet<(usize, usize)> = (0..CLUSTERS)
        .flat_map(|at| (0..SERVICES).map(move |number| (at, number)))
        .collect();
    let (mut one, mut ten) = (Vec::new(), Vec::new());
    let both = measure(simulator, |_| {
        client.control("POST", "/_sim/clock", &json!({"scale": SCALE}))?;
        let mut due = Instant::now();
        let begin = due;
        for turn in 0.. {
            ensure!(begin.elapsed() < PATIENCE, "{} still roll", open.len());
            wait_until(due);
            describe(client, turn, 1)?;
            one.push(due.elapsed());
            due += PACE;
            wait_until(due);
            let answer = describe(client, turn, BATCH)?;
            ten.push(due.elapsed());
            due += PACE;
            strike_off(&answer, &mut open)?;
            if open.is_empty() {
                break;
            }
        }
        Ok(())
    })?;
    let of = |late| Measured {
        late,
        took: both.took,
        cpu: both.cpu,
    };
    Ok(Rolled {
        one: of(one),
        ten: of(ten),
        took: both.took,
    })
}

/// Forgets the services whose rollout has ended well.
fn strike_off(answer: &[u8], open: &mut BTreeSet<(usize, usize)>) -> anyhow::Result<()> {
    let answer: Value = serde_json::from_slice(answer)?;
    for service in answer["services"].as_array().into_iter().flatten() {
        let deployments = service["deployments"].as_array().map_or(0, Vec::len);
        let ended = service["deployments"][0]["rolloutState"] == "COMPLETED";
        let name = service["serviceName"].as_str().unwrap_or_default();
        let cluster = service["clusterArn"].as_str().unwrap_or_default();
        if ended && deployments == 1 && service["runningCount"] == TASKS {
            let at = cluster.rsplit_once("/c").context("a cluster")?.1.parse()?;
            open.remove(&(at, name.trim_start_matches("svc-").parse()?));
        }
    }
    Ok(())
}
