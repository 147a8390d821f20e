//! Agents as hosts: the real ones, on the modelled platform and the simulated network.

use std::sync::{Arc, Mutex};

use shipway_agent::config::AccountSettings;
use shipway_agent::{Agent, AgentConfig};
use shipway_plugin::Builder;
use shipway_plugin_model::{ModelBuilder, ModelPlatform};
use shipway_runtime::Clock;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::diary::Diary;
use crate::lots::Lots;
use crate::{aws, net};

/// What the host of an agent needs each time it starts.
#[derive(Clone)]
pub(crate) struct AgentHost {
    pub(crate) id: &'static str,
    pub(crate) folder: Arc<TempDir>,
    pub(crate) platform: ModelPlatform,
    pub(crate) capacity: u32,
    pub(crate) diary: Diary,
    pub(crate) lots: Lots,
    pub(crate) life: Arc<Mutex<Life>>,
}

/// The process that runs now.
#[derive(Default)]
pub(crate) struct Life {
    pub(crate) clock: Option<Clock>,
    pub(crate) stop: CancellationToken,
}

impl AgentHost {
    pub(crate) async fn run(self) -> turmoil::Result {
        self.diary.note(self.id, "starts");
        let clock = Clock::of_tokio(self.diary.millis());
        let stop = CancellationToken::new();
        *self.life.lock().expect("no panic") = Life {
            clock: Some(clock.clone()),
            stop: stop.clone(),
        };
        let account = |id: &str| AccountSettings {
            name: format!("account-{id}"),
            id: id.to_owned(),
            regions: vec![aws::REGION.to_owned()],
            role_arn: None,
            external_id: None,
        };
        let config = AgentConfig {
            id: self.id.to_owned(),
            server: net::SERVER.to_owned(),
            data: self.folder.path().to_owned(),
            accounts: aws::ACCOUNTS.map(account).to_vec(),
            capacity: self.capacity,
            drain_seconds: 20,
            ..AgentConfig::default()
        };
        let builder: Arc<dyn Builder> = Arc::new(ModelBuilder::new(self.platform.clone()));
        let platform = Arc::new(self.platform.clone());
        let agent = Agent::new(config, platform, vec![builder], clock)
            .simulated(self.lots.random(), net::connect);
        agent.run(stop).await?;
        self.diary.note(self.id, "ended in good order");
        Ok(())
    }
}
