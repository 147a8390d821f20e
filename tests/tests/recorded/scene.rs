//! Today's programs in one process, with a modelled AWS, at a time that is always the same.

use std::sync::Arc;

use shipway_agent::config::AccountSettings;
use shipway_agent::{Agent, AgentConfig};
use shipway_cli::Io;
use shipway_domain::ids::{AccountId, Region};
use shipway_domain::spec::TagMutability;
use shipway_domain::time::Timestamp;
use shipway_plugin::contract::definition;
use shipway_plugin::{Builder, Place};
use shipway_plugin_model::{ModelBuilder, ModelPlatform, Settings};
use shipway_runtime::{Clock, Tasks};
use shipway_server::{ServeError, Server, ServerConfig};
use shipway_tests::{App, Ran};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::patiently;

/// When every conversation takes place: milliseconds since the epoch.
const BEGIN: u64 = 1_795_000_000_000;
const OWNER: &str = "000000000000";
const TARGET: &str = "111111111111";
const REGION: &str = "eu-west-1";

/// A folder, and what is to be deployed.
pub(crate) struct Scene {
    folder: TempDir,
    app: App,
    pub(crate) tasks: Tasks,
}

/// A program of ours that runs.
pub(crate) struct Running<E> {
    pub(crate) url: String,
    pub(crate) stop: CancellationToken,
    running: JoinHandle<Result<(), E>>,
}

impl<E: std::fmt::Debug> Running<E> {
    /// Asks it to end, and waits until it has, well.
    pub(crate) async fn end(self) {
        self.stop.cancel();
        let ended = patiently("an end in good order", self.running).await;
        ended.expect("no panic").expect("it ends well");
    }
}

impl Scene {
    pub(crate) fn new() -> Self {
        Self {
            folder: TempDir::new().expect("a folder"),
            app: App::new("shop").env("prod", TARGET, ""),
            tasks: Tasks::new(),
        }
    }

    /// Starts a coordinator that knows nothing yet.
    pub(crate) async fn coordinator(&self) -> Running<ServeError> {
        let config = ServerConfig {
            listen: ([127, 0, 0, 1], 0).into(),
            data: self.folder.path().join("coordinator"),
            ..ServerConfig::default()
        };
        let server = Server::start(config, Clock::of_tokio(BEGIN)).await;
        let server = server.expect("it starts");
        let (url, stop) = (server.url(), CancellationToken::new());
        let drain = std::time::Duration::from_secs(10);
        let running = self.tasks.spawn("server", server.run(stop.clone(), drain));
        Running { url, stop, running }
    }
}

fn place(account: &str) -> Place {
    Place {
        account: AccountId::new(account).expect("an account"),
        region: Region::new(REGION).expect("a region"),
    }
}

/// Starts an agent on a modelled AWS where nothing was deployed yet.
pub(crate) fn agent(scene: &Scene, server: &str) -> Running<anyhow::Error> {
    let clock = shipway_plugin_model::Clock::of_tokio(Timestamp::from_millis(BEGIN));
    let platform = ModelPlatform::new(clock, Settings::quick(), 1);
    // The account is there; the repository of the app is not yet.
    platform.add_repository(&place(OWNER), "other", TagMutability::Mutable);
    let before = definition("shop", "public.ecr.aws/docker/library/httpd:latest");
    platform.add_service(&place(TARGET), "main/hello", 2, &before);
    let account = |id: &str| AccountSettings {
        name: format!("account-{id}"),
        id: id.to_owned(),
        regions: vec![REGION.to_owned()],
        role_arn: None,
        external_id: None,
    };
    let config = AgentConfig {
        id: "agent-1".to_owned(),
        server: server.to_owned(),
        data: scene.folder.path().join("agent"),
        accounts: vec![account(OWNER), account(TARGET)],
        ..AgentConfig::default()
    };
    let builders: Vec<Arc<dyn Builder>> = vec![Arc::new(ModelBuilder::new(platform.clone()))];
    let clock = Clock::of_tokio(BEGIN);
    let agent = Agent::new(config, Arc::new(platform), builders, clock);
    let stop = CancellationToken::new();
    let running = scene.tasks.spawn("agent", agent.run(stop.clone()));
    let url = server.to_owned();
    Running { url, stop, running }
}

/// Deploys by the command line, and watches to the end.
pub(crate) async fn deploy(scene: &Scene, server: &str) -> Ran {
    let (io, captured) = Io::captured(scene.app.folder());
    let mut io = io.var("SHIPWAY_SERVER", server);
    let args = ["shipway", "--json", "deploy", "prod", "--key", "recorded"];
    let code = patiently(
        "the deploy",
        shipway_cli::run(args.map(Into::into), &mut io),
    )
    .await;
    Ran {
        code,
        out: captured.out.text(),
        err: captured.err.text(),
    }
}
