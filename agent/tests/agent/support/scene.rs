//! A coordinator, a platform and an agent between them.

use std::sync::Arc;
use std::time::Duration;

use shipway_agent::config::AccountSettings;
use shipway_agent::{Agent, AgentConfig};
use shipway_domain::ids::Digest;
use shipway_domain::observe::ServiceSeen;
use shipway_domain::spec::TagMutability;
use shipway_domain::time::Timestamp;
use shipway_plugin::contract::definition;
use shipway_plugin::{Builder, ImageFacts, Platform};
use shipway_plugin_model::{Hand, ModelBuilder, ModelPlatform, Outcome, Phases, Settings};
use shipway_runtime::{Clock, Tasks};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{Coordinator, OTHER, OWNER, REPOSITORY, SERVICE, image_at, patiently, place};

type ModelClock = shipway_plugin_model::Clock;

/// A time at which tests begin.
pub(crate) const BEGIN: u64 = 1_795_000_000_000;
/// Longer than any test.
const A_DAY: Duration = Duration::from_secs(86_400);

/// All of it; the agent is started by [`Scene::start`].
pub(crate) struct Scene {
    pub(crate) coordinator: Coordinator,
    pub(crate) platform: ModelPlatform,
    pub(crate) clock: Clock,
    pub(crate) config: AgentConfig,
    pub(crate) builder: ModelBuilder,
    pub(crate) stop: CancellationToken,
    data: TempDir,
    tasks: Tasks,
}

impl Scene {
    /// A service in the other account, and a repository in the owner's. Rollouts take milliseconds.
    pub(crate) async fn new() -> Self {
        let clock = ModelClock::of_tokio(Timestamp::from_millis(BEGIN));
        Self::with(ModelPlatform::new(clock, Settings::quick(), 1)).await
    }

    /// The same with a platform whose rollouts take as long as in AWS, by a clock that the hand moves.
    pub(crate) async fn by_hand() -> (Self, Hand) {
        let (clock, hand) = ModelClock::by_hand(Timestamp::from_millis(BEGIN));
        let platform = ModelPlatform::new(clock, Settings::default(), 1);
        (Self::with(platform).await, hand)
    }

    async fn with(platform: ModelPlatform) -> Self {
        let coordinator = Coordinator::start().await;
        let owner = place(OWNER);
        platform.add_repository(&owner, REPOSITORY, TagMutability::Mutable);
        for content in ["before", "after"] {
            push(&platform, content.as_bytes(), &[], true);
        }
        let definition = definition("shop", &image_at(b"before"));
        platform.add_service(&place(OTHER), SERVICE, 2, &definition);
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
            builder: ModelBuilder::new(platform.clone()),
            coordinator,
            platform,
            clock: Clock::of_tokio(BEGIN),
            config,
            stop: CancellationToken::new(),
            data,
            tasks: Tasks::new(),
        }
    }

    /// Rollouts do not come to an end, unless they are stopped.
    pub(crate) fn rollouts_never_end(&self) {
        let quick = Settings::quick();
        self.platform.set_settings(Settings {
            phases: Phases {
                pulling: A_DAY,
                ..quick.phases
            },
            ..quick
        });
    }

    /// The image with this content does not run.
    pub(crate) fn crashes(&self, content: &[u8]) {
        let outcome = Outcome::Exits {
            code: 1,
            after: Duration::ZERO,
        };
        self.platform.decide(&image_at(content), outcome);
    }

    /// The service as it is.
    pub(crate) fn service(&self) -> ServiceSeen {
        let seen = self.platform.service(&place(OTHER), SERVICE);
        seen.expect("it is there")
    }

    /// Puts an image with this content into the repository, whole or not.
    pub(crate) fn push(&self, content: &[u8], tags: &[&str], whole: bool) {
        push(&self.platform, content, tags, whole);
    }

    /// What a tag of the repository is on.
    pub(crate) fn tag(&self, wanted: &str) -> Option<Digest> {
        let tags = self.platform.tags(&place(OWNER), REPOSITORY);
        let mut found = tags.into_iter().filter(|(tag, _)| tag == wanted);
        Some(found.next()?.1)
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

fn push(platform: &ModelPlatform, content: &[u8], tags: &[&str], whole: bool) {
    let image = ImageFacts {
        digest: Digest::of(content),
        manifests: Vec::new(),
        complete: whole,
        size: content.len() as u64,
    };
    let pushed = platform.push(&place(OWNER), REPOSITORY, tags, image);
    pushed.expect("pushed");
}
