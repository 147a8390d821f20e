//! Settings of an agent: defaults, file, `SHIPWAY_AGENT_` environment, flags.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use shipway_domain::agent::{AgentAccount, AgentDescription};
use shipway_domain::ids::{AccountId, AgentId, BadName, Incarnation, Region};
use shipway_plugin_ecs::{AccountConfig, PlatformConfig, Polling};
use shipway_runtime::telemetry::TelemetryConfig;

/// Settings of an agent.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AgentConfig {
    /// Its id, unique among the agents of a coordinator.
    pub id: String,
    /// URL of the coordinator; `https://` needs no more than a certificate that is trusted.
    pub server: String,
    /// File with the token of this agent.
    pub token_file: Option<PathBuf>,
    /// PEM file of the authority that signed the coordinator's certificate.
    pub ca: Option<PathBuf>,
    /// Folder of its own, locked while it runs.
    pub data: PathBuf,
    /// Accounts that it may act in.
    pub accounts: Vec<AccountSettings>,
    /// Jobs that it runs at once.
    pub capacity: u32,
    /// Free words for people.
    pub labels: std::collections::BTreeMap<String, String>,
    /// Docker Engine for builds: `auto`, `off`, or an address such as
    /// `unix:///var/run/docker.sock`.
    pub docker: String,
    /// Whether it builds images from files.
    pub layers: bool,
    /// AWS, or what stands in for it.
    pub aws: AwsSettings,
    /// How long running jobs may take to end after SIGTERM, in seconds; then they are handed over.
    pub drain_seconds: u64,
    /// Logs and traces.
    pub telemetry: TelemetryConfig,
}

/// An account that the agent may act in.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountSettings {
    /// Its name among people.
    pub name: String,
    /// Its number, 12 digits.
    pub id: String,
    /// Regions there.
    pub regions: Vec<String>,
    /// Role to assume; without it the agent's own credentials are used.
    #[serde(default)]
    pub role_arn: Option<String>,
    /// External id that the role's trust asks for.
    #[serde(default)]
    pub external_id: Option<String>,
}

/// How AWS is reached.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AwsSettings {
    /// One endpoint for all services, for a simulator; otherwise the SDK's own rules.
    pub endpoint_url: Option<String>,
    /// Shortest time between two polls, in milliseconds.
    pub poll_min_ms: u64,
    /// Longest time between two polls, in milliseconds.
    pub poll_max_ms: u64,
    /// Share of the API budgets that reading may use, above 0 to 1; 0 sets no limit.
    pub budget_share: f64,
}

impl Default for AgentConfig {
    fn default() -> Self {
        Self {
            id: "agent".to_owned(),
            server: "http://127.0.0.1:7433".to_owned(),
            token_file: None,
            ca: None,
            data: PathBuf::from("shipway-agent-data"),
            accounts: Vec::new(),
            capacity: 8,
            labels: std::collections::BTreeMap::new(),
            docker: "auto".to_owned(),
            layers: true,
            aws: AwsSettings::default(),
            drain_seconds: 600,
            telemetry: TelemetryConfig::default(),
        }
    }
}

impl Default for AwsSettings {
    fn default() -> Self {
        Self {
            endpoint_url: None,
            poll_min_ms: 1000,
            poll_max_ms: 10_000,
            budget_share: 0.5,
        }
    }
}

/// A setting that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadConfig {
    /// A name breaks its rule.
    #[error("{place}: {problem}")]
    Name {
        /// Which setting.
        place: String,
        /// What is wrong with it.
        problem: BadName,
    },
    /// No account.
    #[error("accounts is empty: name at least one account with name, id and regions")]
    NoAccounts,
    /// No capacity.
    #[error("capacity is 0: an agent runs at least one job")]
    NoCapacity,
}

fn name<T>(place: impl Into<String>, result: Result<T, BadName>) -> Result<T, BadConfig> {
    result.map_err(|problem| BadConfig::Name {
        place: place.into(),
        problem,
    })
}

impl AgentConfig {
    /// What the agent says of itself. `plugins` are those that work here.
    ///
    /// # Errors
    /// [`BadConfig`] names the setting and what would be right.
    pub fn describe(
        &self,
        incarnation: Incarnation,
        plugins: Vec<String>,
    ) -> Result<AgentDescription, BadConfig> {
        if self.capacity == 0 {
            return Err(BadConfig::NoCapacity);
        }
        if self.accounts.is_empty() {
            return Err(BadConfig::NoAccounts);
        }
        let accounts: Result<Vec<AgentAccount>, BadConfig> = self
            .accounts
            .iter()
            .map(|account| {
                let (id, regions) = account.parsed()?;
                Ok(AgentAccount {
                    id,
                    name: account.name.clone(),
                    regions,
                })
            })
            .collect();
        Ok(AgentDescription {
            id: name("id", AgentId::new(self.id.as_str()))?,
            incarnation,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            accounts: accounts?,
            plugins,
            capacity: self.capacity,
            labels: self.labels.clone().into_iter().collect(),
        })
    }

    /// What the ECS plugin is told.
    ///
    /// # Errors
    /// As [`Self::describe`].
    pub fn platform(&self) -> Result<PlatformConfig, BadConfig> {
        let accounts: Result<Vec<AccountConfig>, BadConfig> = self
            .accounts
            .iter()
            .map(|account| {
                let (id, regions) = account.parsed()?;
                Ok(AccountConfig {
                    id,
                    name: account.name.clone(),
                    regions,
                    role_arn: account.role_arn.clone(),
                    external_id: account.external_id.clone(),
                })
            })
            .collect();
        let mut platform = PlatformConfig::new(&self.id, accounts?);
        platform.endpoint_url.clone_from(&self.aws.endpoint_url);
        platform.polling = Polling {
            min: Duration::from_millis(self.aws.poll_min_ms),
            max: Duration::from_millis(self.aws.poll_max_ms),
            ..Polling::default()
        };
        platform.budget_share = (self.aws.budget_share > 0.0).then_some(self.aws.budget_share);
        Ok(platform)
    }
}

impl AccountSettings {
    fn parsed(&self) -> Result<(AccountId, Vec<Region>), BadConfig> {
        let place = format!("accounts.{}", self.name);
        let id = name(format!("{place}.id"), AccountId::new(self.id.as_str()))?;
        let regions = self.regions.iter();
        let regions: Result<Vec<Region>, BadConfig> = regions
            .map(|text| name(format!("{place}.regions"), Region::new(text.as_str())))
            .collect();
        Ok((id, regions?))
    }
}
