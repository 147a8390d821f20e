//! A coordinator, a platform and an agent between them.

use std::sync::Arc;

use shipway_agent::config::AccountSettings;
use shipway_agent::{Agent, AgentConfig};
use shipway_domain::time::Timestamp;
use shipway_plugin::fake::{FakeBuilder, FakePlatform, FakeRepository};
use shipway_plugin::{Builder, Platform};
use shipway_runtime::{Clock, Tasks};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{Coordinator, OTHER, OWNER, REPOSITORY, SERVICE, image_at, patiently, place};

/// A time at which tests begin.
const BEGIN: u64 = 1_795_000_000_000;

/// All of it; the agent is started by [`Scene::start`].
pub(crate) struct Scene {
    pub(crate) coordinator: Coordinator,
    pub(crate) platform: FakePlatform,
    pub(crate) clock: Clock,
    pub(crate) config: AgentConfig,
    pub(crate) builder: FakeBuilder,
    pub(crate) stop: CancellationToken,
    data: TempDir,
    tasks: Tasks,
}

impl Scene {
    /// A service in the other account, and a repository in the owner's.
    pub(crate) async fn new() -> Self {
        let coordinator = Coordinator::start().await;
        let platform = FakePlatform::new(Timestamp::from_millis(BEGIN));
        platform.add_service(&place(OTHER), SERVICE, 2, &image_at(b"before"));
        platform.add_repository(REPOSITORY, FakeRepository::new(REPOSITORY));
        let data = TempDir::new().expect("a folder");
        let account = |id: &str| AccountSettings {
            name: format!("account-{id}"),
            id: id.to_owned(),
            regions: vec!["eu-west-1".to_owned()],
            role_arn: None,
            external_id: None,
        };
        let config = AgentConfig {
            server: coordinator.url.clone(),
            data: data.path().to_owned(),
            accounts: vec![account(OWNER), account(OTHER)],
            drain_seconds: 60,
            ..AgentConfig::default()
        };
        Self {
            builder: FakeBuilder::new(platform.clone()),
            coordinator,
            platform,
            clock: Clock::of_tokio(BEGIN),
            config,
            stop: CancellationToken::new(),
            data,
            tasks: Tasks::new(),
        }
    }

    /// Starts the agent, and gives its end.
    pub(crate) fn start(&self) -> JoinHandle<anyhow::Result<()>> {
        self.start_with(Arc::new(self.platform.clone()))
    }

    /// The same with another platform.
    pub(crate) fn start_with(&self, platform: Arc<dyn Platform>) -> JoinHandle<anyhow::Result<()>> {
        let builders: Vec<Arc<dyn Builder>> = vec![Arc::new(self.builder.clone())];
        let agent = Agent::new(self.config.clone(), platform, builders, self.clock.clone());
        self.tasks.spawn("agent", agent.run(self.stop.clone()))
    }

    /// Asks the agent to end and waits until it has.
    pub(crate) async fn end(self, agent: JoinHandle<anyhow::Result<()>>) {
        self.stop.cancel();
        // Nobody answers any more, so that it must leave by itself.
        drop(self.coordinator);
        let ended = patiently("the agent's end", agent).await;
        ended.expect("no panic").expect("it ends well");
        drop(self.data);
    }
}
