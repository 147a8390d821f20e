//! What following a deploy costs: how late the news comes, processor time, and polling calls, by
//! Shipway and by others, against one simulator in real time.
//!
//! `cargo bench -p shipway-tests --bench overhead [-- --quick] [-- --json FILE]`
#![expect(clippy::print_stdout, reason = "a bench tells its figures")]
#![expect(unreachable_pub, reason = "modules of one program")]
#![expect(dead_code, reason = "the modules serve two benches")]

#[path = "support/client.rs"]
mod client;
#[path = "support/field.rs"]
mod field;
#[path = "support/figures.rs"]
mod figures;
#[path = "support/node.rs"]
mod node;
#[path = "support/tools.rs"]
mod tools;
#[path = "support/wire.rs"]
mod wire;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use client::Client;
use field::{ACCOUNT, Field, definition};
use figures::{Wish, machine};
use serde_json::{Value, json};
use shipway_proto::v1;
use tokio::task::JoinSet;

/// Interval of Shipway's poller, and of the watchers.
const POLL: Duration = Duration::from_secs(1);
/// Read once by rollouts that compare what runs with what is wanted, before they change anything.
const BEFORE: &str = "DescribeTaskDefinition";
/// Rollouts of each other tool, at the same time.
const SAMPLES: usize = 3;

fn main() -> anyhow::Result<()> {
    let wish = Wish::from_args(std::env::args().skip(1))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(bench(&wish))
}

async fn bench(wish: &Wish) -> anyhow::Result<()> {
    let machine = machine();
    println!("{machine}");
    println!(
        "from \"ECS is done\" to \"the tool says so\"; aim: p50 <= 2.5 s, and at 100 rollouts"
    );
    println!("fewer than a tenth of the watchers' polling calls\n");
    println!(
        "{:<34} {:>10} {:>10} {:>12} {:>14}",
        "", "p50 s", "longest s", "CPU s each", "polls each"
    );
    println!(
        "polls: all calls that only read but DescribeTaskDefinition, which comes before the update\n"
    );
    let sizes: &[usize] = if wish.quick { &[1, 20] } else { &[1, 20, 100] };
    let folder = figures::folder()?;
    let field = Arc::new(Field::start(folder.path(), 100, POLL).await?);
    let mut figures = serde_json::Map::new();
    for &rollouts in sizes {
        let name = format!("shipway_{rollouts}");
        let measured = shipway(&field, rollouts).await?;
        figures.insert(name, measured.tell(&format!("Shipway, {rollouts} at once")));
    }
    for &rollouts in sizes {
        let name = format!("watchers_{rollouts}");
        let measured = watchers(&field, rollouts).await?;
        figures.insert(
            name,
            measured.tell(&format!("watchers, {rollouts} at once")),
        );
    }
    for tool in tools::all() {
        let name = tool.name();
        let Some(installed) = tool.installed() else {
            println!("{name:<34} SKIPPED: not installed here and cannot be installed");
            figures.insert(name.to_owned(), Value::Null);
            continue;
        };
        let measured = with_tool(&field, installed).await?;
        figures.insert(
            name.to_owned(),
            measured.tell(&format!("{name}, {SAMPLES} at once")),
        );
    }
    wish.write(&json!({"machine": machine, "poll_seconds": POLL.as_secs_f64(), "figures": figures}))
}

/// What a round gave.
struct Measured {
    /// Seconds from when ECS was done to when the tool said so.
    late: Vec<Duration>,
    /// Seconds of processor time, of all rollouts; none where it cannot be told apart.
    cpu: Option<f64>,
    /// Calls that only read, of all rollouts, by their names.
    polls: BTreeMap<String, usize>,
}

impl Measured {
    /// Ends a round that began at `began`; each service has the time at which its end was told.
    async fn of(field: &Field, began: f64, told: Vec<(String, f64)>) -> anyhow::Result<Self> {
        let last = told.iter().map(|(_, at)| *at).fold(began, f64::max);
        let polls = field.polls(began, last);
        let mut late = Vec::new();
        for (service, at) in told {
            let done = field.done(&service).await?;
            // ECS rounds its times; nobody knows before it does.
            late.push(Duration::from_secs_f64((at - done).max(0.0)));
        }
        Ok(Self {
            late,
            cpu: None,
            polls,
        })
    }

    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
    fn tell(mut self, what: &str) -> Value {
        let rollouts = self.late.len() as f64;
        let p50 = figures::percentile(&mut self.late, 0.5) / 1e3;
        let longest = figures::percentile(&mut self.late, 1.0) / 1e3;
        let waiting = self.polls.iter().filter(|(name, _)| *name != BEFORE);
        let polls = waiting.map(|(_, count)| count).sum::<usize>() as f64 / rollouts;
        let cpu = self.cpu.map(|cpu| cpu / rollouts);
        let text = cpu.map_or_else(|| "-".to_owned(), |cpu| format!("{cpu:.2}"));
        println!("{what:<34} {p50:>10.2} {longest:>10.2} {text:>12} {polls:>14.1}");
        json!({"p50_s": p50, "longest_s": longest, "cpu_s_each": cpu, "polls_each": polls,
            "polls": self.polls})
    }
}

/// Releases of an existing image, submitted at once and watched to their ends.
async fn shipway(field: &Arc<Field>, rollouts: usize) -> anyhow::Result<Measured> {
    let client = client::connect(&field.node.url).await?;
    let (began, cpu) = (field.now(), field.cpu()?);
    let mut running = JoinSet::new();
    for number in 0..rollouts {
        let (field, client) = (Arc::clone(field), client.clone());
        running.spawn(async move {
            let service = format!("svc-{number}");
            let ended = release(&field, client, &service, &format!("s{rollouts}")).await;
            anyhow::Ok((service, ended?))
        });
    }
    let told = all(running).await?;
    let mut measured = Measured::of(field, began, told).await?;
    measured.cpu = Some(field.cpu()? - cpu);
    Ok(measured)
}

async fn release(
    field: &Field,
    mut client: Client,
    service: &str,
    round: &str,
) -> anyhow::Result<f64> {
    let definition = definition(service, "replaced", round).to_string();
    let mut request = client::request(ACCOUNT, service);
    request.key = format!("{service}-{round}");
    if let Some(spec) = &mut request.spec {
        let reference = field.image.clone();
        let image = v1::source::Source::Image(v1::source::Image { reference });
        spec.source = Some(v1::Source {
            source: Some(image),
        });
        if let Some(image) = &mut spec.image {
            image.account = "000000000000".to_owned();
            image.repository = "app".to_owned();
        }
        if let Some(target) = &mut spec.targets[0].target {
            target.cluster = "bench".to_owned();
        }
        spec.task_definition = client::keep(&mut client, definition.as_bytes()).await?;
    }
    let release = client.submit(request).await?.into_inner().release;
    let request = v1::WatchRequest {
        release,
        after: 0,
        until_rest: true,
    };
    let mut stream = client.watch(request).await?.into_inner();
    while let Some(reply) = stream.message().await? {
        let ended = |event: &v1::Event| matches!(event.kind, Some(v1::event::Kind::Ended(_)));
        if reply.events.iter().any(ended) {
            break;
        }
    }
    let now = field.now();
    let request = v1::GetReleaseRequest { release };
    let view = client.get_release(request).await?.into_inner();
    let live = view.verdict == Some(v1::Verdict::Live.into());
    anyhow::ensure!(live, "{service} is not live: {view:?}");
    Ok(now)
}

/// Independent watchers: each starts its rollout and asks ECS until it is done.
async fn watchers(field: &Arc<Field>, rollouts: usize) -> anyhow::Result<Measured> {
    let began = field.now();
    let mut running = JoinSet::new();
    for number in 0..rollouts {
        let field = Arc::clone(field);
        running.spawn(async move {
            let service = format!("svc-{number}");
            let url = field.sim.url();
            let definition = definition(&service, &field.image, &format!("w{rollouts}"));
            let made = wire::ecs(&url, ACCOUNT, "RegisterTaskDefinition", &definition).await?;
            let revision = &made["taskDefinition"]["taskDefinitionArn"];
            let update =
                json!({"cluster": "bench", "service": service, "taskDefinition": revision});
            wire::ecs(&url, ACCOUNT, "UpdateService", &update).await?;
            let look = json!({"cluster": "bench", "services": [service]});
            loop {
                tokio::time::sleep(POLL).await;
                let seen = wire::ecs(&url, ACCOUNT, "DescribeServices", &look).await?;
                let primary = &seen["services"][0]["deployments"][0];
                if primary["taskDefinition"] == *revision && primary["rolloutState"] == "COMPLETED"
                {
                    return anyhow::Ok((service, field.now()));
                }
            }
        });
    }
    let told = all(running).await?;
    Measured::of(field, began, told).await
}

/// The same with a program that others use.
async fn with_tool(field: &Arc<Field>, tool: tools::Installed) -> anyhow::Result<Measured> {
    let tool = Arc::new(tool);
    let (began, cpu) = (field.now(), field::cpu_of_children()?);
    let mut running = JoinSet::new();
    for number in 0..SAMPLES {
        let (field, tool) = (Arc::clone(field), Arc::clone(&tool));
        running.spawn_blocking(move || {
            let service = format!("svc-{number}");
            let definition = definition(&service, &field.image, tool.name());
            tool.deploy(&field.sim.url(), &service, &field.image, &definition)?;
            anyhow::Ok((service, field.now()))
        });
    }
    let told = all(running).await?;
    let mut measured = Measured::of(field, began, told).await?;
    measured.cpu = Some(field::cpu_of_children()? - cpu);
    Ok(measured)
}

async fn all<T: 'static>(mut running: JoinSet<anyhow::Result<T>>) -> anyhow::Result<Vec<T>> {
    let mut all = Vec::new();
    while let Some(ended) = running.join_next().await {
        all.push(ended??);
    }
    Ok(all)
}
