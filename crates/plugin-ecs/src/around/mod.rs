//! The port [`AroundApi`]: what lies around a service in one account and region.

mod alarms;
mod balancing;
mod fargate;
mod images;
mod role;
mod subnets;

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Map, Value, json};
use shipway_domain::ids::{Digest, RepositoryName};
use shipway_domain::surroundings::{
    AlarmSeen, FargateSeen, Permission, RepositoryContents, SubnetSeen, TargetGroupSeen,
    TargetHealth,
};
use shipway_domain::time::Timestamp;
use shipway_plugin::{AroundApi, PlatformError};

use crate::clients::Clients;
use crate::logs;

/// Reads in the session of these clients.
pub(crate) struct Around {
    clients: Arc<Clients>,
}

impl Around {
    pub(crate) const fn new(clients: Arc<Clients>) -> Self {
        Self { clients }
    }
}

#[async_trait]
impl AroundApi for Around {
    async fn target_groups(&self, arns: &[String]) -> Result<Vec<TargetGroupSeen>, PlatformError> {
        balancing::groups(&self.clients, arns).await
    }

    async fn target_health(&self, arn: &str) -> Result<Vec<TargetHealth>, PlatformError> {
        balancing::health(&self.clients, arn).await
    }

    async fn alarms(&self, names: &[String]) -> Result<Vec<AlarmSeen>, PlatformError> {
        alarms::named(&self.clients, names).await
    }

    async fn subnets(&self, ids: &[String]) -> Result<Vec<SubnetSeen>, PlatformError> {
        subnets::by_id(&self.clients, ids).await
    }

    async fn fargate(&self, now: Timestamp) -> Result<FargateSeen, PlatformError> {
        fargate::room(&self.clients, now).await
    }

    async fn log_group(&self, region: Option<&str>, name: &str) -> Result<bool, PlatformError> {
        logs::group_exists(&self.clients, region, name).await
    }

    async fn denied(
        &self,
        role: &str,
        needed: &[Permission],
    ) -> Result<Vec<Permission>, PlatformError> {
        role::denied(&self.clients, role, needed).await
    }

    async fn platforms(
        &self,
        repository: &RepositoryName,
        digest: &Digest,
    ) -> Result<Vec<String>, PlatformError> {
        images::platforms(&self.clients, repository, digest).await
    }

    async fn contents(
        &self,
        repository: &RepositoryName,
        now: Timestamp,
    ) -> Result<Option<RepositoryContents>, PlatformError> {
        images::contents(&self.clients, repository, now).await
    }
}

/// A list of a request: `Names.member.1`, `Names.member.2` and so on, after their common beginning.
fn numbered(list: &str, texts: &[String]) -> Map<String, Value> {
    let texts = texts.iter().enumerate();
    let members = texts.map(|(nth, text)| (format!("{list}.{}", nth + 1), json!(text)));
    members.collect()
}

/// The items of a list in an answer.
fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// The text of a member; empty when there is none.
fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

/// The number of a member, which XML gives as text; 0 when there is none.
fn number(value: &Value, name: &str) -> u32 {
    let found = &value[name];
    let text = found.as_str().and_then(|text| text.parse().ok());
    let whole = found.as_u64().and_then(|whole| u32::try_from(whole).ok());
    text.or(whole).unwrap_or_default()
}
