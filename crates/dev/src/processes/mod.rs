//! Coordinator, agents and the simulator of AWS as processes of their own, kept up.

mod child;
pub(crate) mod part;
mod pids;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use serde::Serialize;
use shipway_proto::v1;
use shipway_proto::v1::shipway_client::ShipwayClient;
use shipway_runtime::Tasks;
use shipway_runtime::telemetry::TelemetryConfig;
use shipway_server::ServerConfig;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use self::child::{Plan, Running};
use self::part::Role;
use self::pids::Pids;
use crate::stack::{ACCOUNTS, StackConfig, agent_config};

/// Until when both agents are connected.
const START: Duration = Duration::from_secs(30);

/// All of them, running.
#[derive(Debug)]
pub(crate) struct Processes {
    /// URL of the coordinator.
    pub(crate) grpc: String,
    /// URL of the simulator.
    pub(crate) aws: String,
    /// Builders that the agents have.
    pub(crate) builders: Vec<String>,
    pids: Pids,
    /// In the order in which they are ended.
    kept: Vec<Kept>,
}

/// A process that is kept up, and what ends it.
#[derive(Debug)]
struct Kept {
    stop: CancellationToken,
    keeping: JoinHandle<anyhow::Result<()>>,
}

impl Kept {
    fn new(tasks: &Tasks, plan: Plan, running: Running, pids: &Pids) -> Self {
        let stop = CancellationToken::new();
        let keeping = tasks.spawn("process", plan.keep(running, pids.clone(), stop.clone()));
        Self { stop, keeping }
    }

    async fn end(self) -> anyhow::Result<()> {
        self.stop.cancel();
        self.keeping.await.context("its keeper panicked")?
    }
}

impl Processes {
    /// Starts them all and returns once everything answers. They log as `log` says.
    pub(crate) async fn start(config: &StackConfig, log: &str) -> anyhow::Result<Self> {
        let folder = config.data.join("processes");
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("could not make {}", folder.display()))?;
        let (server, server_runs, grpc) = start_server(config, &folder, log).await?;
        let (aws, aws_runs, aws_url) = start_aws(config, &folder).await?;
        let mut agents = Vec::new();
        for (place, id, accounts) in [
            (pids::AGENTS[0], "agent-tools", &ACCOUNTS[..1]),
            (pids::AGENTS[1], "agent-deploy", &ACCOUNTS[..]),
        ] {
            let mut settings = agent_config(id, accounts, &grpc, &aws_url, config);
            settings.telemetry = logging(log);
            // Only the first one builds.
            if place != pids::AGENTS[0] {
                settings.docker = "off".to_owned();
                settings.layers = false;
            }
            let file = write_config(&folder, id, &settings)?;
            let plan = Plan {
                name: id,
                place,
                role: Role::Agent,
                args: words(&["--config"], &file),
                ready: None,
            };
            let running = plan.start()?;
            agents.push((plan, running));
        }
        let builders = all_here(&grpc, &["agent-tools", "agent-deploy"]).await?;
        let mut ids = [0; 4];
        ids[pids::SERVER] = server_runs.pid();
        ids[pids::AWS] = aws_runs.pid();
        for (plan, running) in &agents {
            ids[plan.place] = running.pid();
        }
        let pids = Pids::new(ids, &grpc, &aws_url);
        let tasks = Tasks::new();
        let mut kept: Vec<Kept> = agents
            .into_iter()
            .map(|(plan, running)| Kept::new(&tasks, plan, running, &pids))
            .collect();
        kept.push(Kept::new(&tasks, server, server_runs, &pids));
        kept.push(Kept::new(&tasks, aws, aws_runs, &pids));
        Ok(Self {
            grpc,
            aws: aws_url,
            builders,
            pids,
            kept,
        })
    }

    /// Writes the ready file, and keeps it up to date from now on.
    pub(crate) fn publish(&self, file: PathBuf) -> anyhow::Result<()> {
        self.pids.publish(file)
    }

    /// Ends everything in good order: agents first, the simulator last.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        let mut all = Ok(());
        for kept in self.kept {
            // One that did not end well keeps none of the others up.
            all = all.and(kept.end().await);
        }
        all
    }
}

async fn start_server(
    config: &StackConfig,
    folder: &Path,
    log: &str,
) -> anyhow::Result<(Plan, Running, String)> {
    let mut settings = ServerConfig {
        listen: config.grpc,
        data: config.data.join("coordinator"),
        lease: config.lease.clone(),
        telemetry: logging(log),
        ..ServerConfig::default()
    };
    let ready = folder.join("server.json");
    let file = write_config(folder, "server", &settings)?;
    let mut args = words(&["--config"], &file);
    args.extend(words(&["--ready-file"], &ready));
    let plan = Plan {
        name: "coordinator",
        place: pids::SERVER,
        role: Role::Server,
        args,
        ready: Some(ready),
    };
    // Its store is locked: a second start on the same folder ends here, before it can touch the
    // simulator's files.
    let mut running = plan.start()?;
    let grpc = plan.answers(&mut running, "grpc").await?;
    // Next time at the same place, where the agents look for it.
    settings.listen = address(&grpc)?;
    write_config(folder, "server", &settings)?;
    Ok((plan, running, grpc))
}

async fn start_aws(config: &StackConfig, folder: &Path) -> anyhow::Result<(Plan, Running, String)> {
    let ready = folder.join("aws.json");
    let args_at = |address: std::net::SocketAddr| {
        let address = address.to_string();
        let scale = config.time_scale.to_string();
        let tasks = match config.tasks {
            aws_sim::Tasks::Modelled => "modelled",
            aws_sim::Tasks::Docker => "docker",
        };
        let mut args = words(
            &[
                "--seed-demo",
                "--durable",
                "--listen",
                &address,
                "--time-scale",
                &scale,
                "--tasks",
                tasks,
                "--data",
            ],
            &config.data.join("aws"),
        );
        args.extend(words(&["--ready-file"], &ready));
        args
    };
    let mut plan = Plan {
        name: "aws",
        place: pids::AWS,
        role: Role::Aws,
        args: args_at(config.aws),
        ready: Some(ready.clone()),
    };
    let mut running = plan.start()?;
    let url = plan.answers(&mut running, "aws").await?;
    plan.args = args_at(address(&url)?);
    Ok((plan, running, url))
}

/// Waits until all agents are connected, and gives the builders that they have.
async fn all_here(grpc: &str, wanted: &[&str]) -> anyhow::Result<Vec<String>> {
    let look = async {
        let mut client = ShipwayClient::connect(grpc.to_owned()).await?;
        loop {
            let agents = client.agents(v1::AgentsRequest {}).await?.into_inner();
            let here = agents.agents.into_iter().filter(|agent| agent.connected);
            let here: Vec<v1::AgentDescription> =
                here.filter_map(|agent| agent.description).collect();
            let all = wanted.iter().all(|id| here.iter().any(|it| it.id == *id));
            if all {
                let plugins = here.into_iter().flat_map(|agent| agent.plugins);
                let mut builders: Vec<String> = plugins.filter(|name| name != "ecs").collect();
                builders.sort();
                builders.dedup();
                return anyhow::Ok(builders);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(START, look)
        .await
        .context("the agents did not connect")?
}

fn logging(log: &str) -> TelemetryConfig {
    TelemetryConfig {
        log: log.to_owned(),
        ..TelemetryConfig::default()
    }
}

fn write_config(folder: &Path, name: &str, config: &impl Serialize) -> anyhow::Result<PathBuf> {
    let file = folder.join(format!("{name}.toml"));
    let text = toml::to_string(config).context("the settings could not be written down")?;
    shipway_runtime::ready::write(&file, &text)
        .with_context(|| format!("could not write {}", file.display()))?;
    Ok(file)
}

fn words(words: &[&str], path: &Path) -> Vec<OsString> {
    let words = words.iter().map(|word| OsString::from(*word));
    words.chain([path.as_os_str().to_owned()]).collect()
}

fn address(url: &str) -> anyhow::Result<std::net::SocketAddr> {
    url.trim_start_matches("http://")
        .parse()
        .with_context(|| format!("{url} is no address"))
}
