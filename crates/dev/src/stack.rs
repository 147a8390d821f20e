//! Coordinator, agents and the simulator of AWS, in one process.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use aws_sim::{Sim, SimConfig};
use shipway_agent::config::{AccountSettings, AwsSettings};
use shipway_agent::{Agent, AgentConfig};
use shipway_domain::board::Board;
use shipway_plugin_ecs::{BaseCredentials, EcsPlatform};
use shipway_runtime::{Clock, Tasks};
use shipway_server::config::{DiskConfig, LeaseConfig};
use shipway_server::{Server, ServerConfig};
use tokio_util::sync::CancellationToken;

/// The account that owns images, and whose credentials the agents start from.
pub const TOOLS: &str = "000000000000";
/// Accounts of the simulator with their names.
pub const ACCOUNTS: [(&str, &str); 3] = [
    ("tools", TOOLS),
    ("staging", "111111111111"),
    ("prod", "222222222222"),
];
/// The one region of the simulator's demo world.
pub const REGION: &str = "eu-west-1";

/// How long running calls may take to end at shutdown.
const DRAIN: Duration = Duration::from_secs(5);
/// Until when everything must answer.
const START: Duration = Duration::from_secs(30);

/// How to run it all.
#[derive(Clone, Debug)]
pub struct StackConfig {
    /// Where the coordinator listens.
    pub grpc: SocketAddr,
    /// Where the simulator listens.
    pub aws: SocketAddr,
    /// Simulated seconds per second.
    pub time_scale: f64,
    /// Folder for everything that is kept.
    pub data: PathBuf,
    /// Docker engine of the agents: `auto`, `off` or an address.
    pub docker: String,
    /// What the simulator's tasks are made of.
    pub tasks: aws_sim::Tasks,
    /// Leases of jobs, and how long they rest.
    pub lease: LeaseConfig,
}

/// All of it, running.
#[derive(Debug)]
pub struct Stack {
    /// URL of the coordinator.
    pub grpc: String,
    /// URL of the simulator.
    pub aws: String,
    /// Builders that the agents have.
    pub builders: Vec<String>,
    sim: Sim,
    stop_agents: CancellationToken,
    stop_server: CancellationToken,
    agents: Vec<tokio::task::JoinHandle<anyhow::Result<()>>>,
    server: tokio::task::JoinHandle<Result<(), shipway_server::ServeError>>,
}

impl Stack {
    /// Starts everything and returns once everything answers.
    ///
    /// # Errors
    /// When an address or folder cannot be used, or something does not answer in time.
    pub async fn start(config: StackConfig) -> anyhow::Result<Self> {
        // The coordinator's store is locked: a second start on the same folder ends here, before it
        // can touch the simulator's files.
        let server = Server::start(
            ServerConfig {
                listen: config.grpc,
                data: config.data.join("coordinator"),
                lease: config.lease.clone(),
                // A first try on a developer's disk takes no room that it does not use.
                disk: DiskConfig {
                    reserve_mib: 0,
                    ..DiskConfig::default()
                },
                ..ServerConfig::default()
            },
            Clock::system(),
        )
        .await
        .context("the coordinator could not start")?;
        let sim = aws_sim::start(SimConfig {
            listen: config.aws,
            time_scale: config.time_scale,
            data: Some(config.data.join("aws")),
            id_seed: None,
            tasks: config.tasks,
            ..aws_sim::SimConfig::default()
        })
        .await
        .context("the simulator could not start")?;
        sim.seed(&aws_sim::seed::demo())
            .context("the simulator's world could not be made")?;
        let (grpc, aws) = (server.url(), sim.url());
        let coordinator = server.coordinator().clone();
        let stop_server = CancellationToken::new();
        let stop_agents = CancellationToken::new();
        let tasks = Tasks::new();
        let stop = stop_server.clone();
        let server = tasks.spawn("coordinator", server.run(stop, DRAIN));
        let mut agents = Vec::new();
        let mut builders = Vec::new();
        for (id, accounts) in [
            ("agent-tools", &ACCOUNTS[..1]),
            ("agent-deploy", &ACCOUNTS[..]),
        ] {
            let config = agent_config(id, accounts, &grpc, &aws, &config);
            let agent = agent(&config, id == "agent-tools", &mut builders).await?;
            agents.push(tasks.spawn("agent", agent.run(stop_agents.clone())));
        }
        let wanted = agents.len();
        let all_here = async {
            loop {
                let here = |board: &Board| board.agents().filter(|seat| seat.connected).count();
                if coordinator.read(here).await? >= wanted {
                    return anyhow::Ok(());
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(START, all_here)
            .await
            .context("the agents did not connect")??;
        drop(coordinator);
        Ok(Self {
            grpc,
            aws,
            builders,
            sim,
            stop_agents,
            stop_server,
            agents,
            server,
        })
    }

    /// The simulator, for scripts of what fails there.
    #[must_use]
    pub const fn sim(&self) -> &Sim {
        &self.sim
    }

    /// Ends everything in good order: agents first, the simulator last.
    ///
    /// # Errors
    /// When an agent or the coordinator failed.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.stop_agents.cancel();
        for agent in self.agents {
            agent.await.context("an agent panicked")??;
        }
        self.stop_server.cancel();
        self.server.await.context("the coordinator panicked")??;
        self.sim.stop().await;
        Ok(())
    }
}

/// Settings of an agent of the stack.
pub(crate) fn agent_config(
    id: &str,
    accounts: &[(&str, &str)],
    grpc: &str,
    aws: &str,
    stack: &StackConfig,
) -> AgentConfig {
    let account = |(name, number): &(&str, &str)| AccountSettings {
        name: (*name).to_owned(),
        id: (*number).to_owned(),
        regions: vec![REGION.to_owned()],
        role_arn: Some(format!("arn:aws:iam::{number}:role/shipway-deploy")),
        external_id: None,
    };
    AgentConfig {
        id: id.to_owned(),
        server: grpc.to_owned(),
        data: data_of(&stack.data, id),
        accounts: accounts.iter().map(account).collect(),
        docker: stack.docker.clone(),
        drain_seconds: 1,
        aws: AwsSettings {
            endpoint_url: Some(aws.to_owned()),
            poll_min_ms: 200,
            poll_max_ms: 1000,
            budget_share: 0.0,
        },
        ..AgentConfig::default()
    }
}

fn data_of(data: &Path, id: &str) -> PathBuf {
    data.join(id)
}

async fn agent(
    config: &AgentConfig,
    builds: bool,
    names: &mut Vec<String>,
) -> anyhow::Result<Agent> {
    let mut platform = config.platform()?;
    platform.credentials = BaseCredentials::Static {
        access_key_id: TOOLS.to_owned(),
        secret_access_key: shipway_plugin::Secret::new("simulated"),
    };
    let platform = Arc::new(EcsPlatform::new(platform)?);
    let builders = if builds {
        shipway_agent::builders(config).await?
    } else {
        Vec::new()
    };
    names.extend(builders.iter().map(|builder| builder.name().to_owned()));
    Ok(Agent::new(
        config.clone(),
        platform,
        builders,
        Clock::system(),
    ))
}
