//! What an agent says of itself, and what it holds.

use shipway_domain::agent::{AgentAccount, AgentDescription, Held};
use shipway_domain::ids::{AccountId, AgentId, Attempt, Incarnation, JobId, Region, ReleaseId};

use crate::error::ConversionError;
use crate::fields::{each, name, names};
use crate::v1;

impl From<&AgentDescription> for v1::AgentDescription {
    fn from(agent: &AgentDescription) -> Self {
        Self {
            id: agent.id.as_str().to_owned(),
            incarnation: agent.incarnation.0,
            version: agent.version.clone(),
            accounts: agent.accounts.iter().map(Into::into).collect(),
            plugins: agent.plugins.clone(),
            capacity: agent.capacity,
            labels: agent.labels.iter().map(Into::into).collect(),
        }
    }
}

impl TryFrom<v1::AgentDescription> for AgentDescription {
    type Error = ConversionError;

    fn try_from(message: v1::AgentDescription) -> Result<Self, ConversionError> {
        Ok(Self {
            id: name("id", message.id, AgentId::new)?,
            incarnation: Incarnation(message.incarnation),
            version: message.version,
            accounts: each("accounts", message.accounts)?,
            plugins: message.plugins,
            capacity: message.capacity,
            labels: message.labels.into_iter().map(Into::into).collect(),
        })
    }
}

impl From<&AgentAccount> for v1::AgentAccount {
    fn from(account: &AgentAccount) -> Self {
        Self {
            id: account.id.as_str().to_owned(),
            name: account.name.clone(),
            regions: account.regions.iter().map(ToString::to_string).collect(),
        }
    }
}

impl TryFrom<v1::AgentAccount> for AgentAccount {
    type Error = ConversionError;

    fn try_from(message: v1::AgentAccount) -> Result<Self, ConversionError> {
        Ok(Self {
            id: name("id", message.id, AccountId::new)?,
            name: message.name,
            regions: names("regions", message.regions, Region::new)?,
        })
    }
}

impl From<Held> for v1::JobAttempt {
    fn from(held: Held) -> Self {
        Self {
            release: held.job.release.number(),
            index: held.job.index,
            attempt: held.attempt.0,
        }
    }
}

impl From<v1::JobAttempt> for Held {
    fn from(message: v1::JobAttempt) -> Self {
        Self {
            job: JobId {
                release: ReleaseId::from_number(message.release),
                index: message.index,
            },
            attempt: Attempt(message.attempt),
        }
    }
}

impl From<&(String, String)> for v1::NameValue {
    fn from((name, value): &(String, String)) -> Self {
        Self {
            name: name.clone(),
            value: value.clone(),
        }
    }
}

impl From<v1::NameValue> for (String, String) {
    fn from(message: v1::NameValue) -> Self {
        (message.name, message.value)
    }
}
