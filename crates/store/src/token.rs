//! Tokens that clients and agents present; only their hashes are kept.

use shipway_domain::time::Timestamp;
use shipway_proto::store::v1::TokenRecord;

use crate::error::Damage;

/// A token that was given out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Who presents it: recorded as the submitter. Unique.
    pub name: String,
    /// What it permits.
    pub role: Role,
    /// Hash of the secret.
    pub sha256: [u8; 32],
    /// When it was made.
    pub created: Timestamp,
}

/// What a token permits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// To submit and to look.
    Client,
    /// To serve as an agent.
    Agent,
}

impl Role {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Agent => "agent",
        }
    }

    /// The role with this word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Client, Self::Agent]
            .into_iter()
            .find(|role| role.as_str() == word)
    }
}

impl From<&Token> for TokenRecord {
    fn from(token: &Token) -> Self {
        Self {
            name: token.name.clone(),
            role: token.role.as_str().to_owned(),
            sha256: token.sha256.to_vec(),
            created_ms: token.created.millis(),
        }
    }
}

impl TryFrom<TokenRecord> for Token {
    type Error = Damage;

    fn try_from(record: TokenRecord) -> Result<Self, Damage> {
        let role = Role::parse(&record.role)
            .ok_or_else(|| Damage::Encoding(format!("{:?} is no role of a token", record.role)))?;
        let sha256 = <[u8; 32]>::try_from(record.sha256.as_slice())
            .map_err(|_| Damage::Encoding("a hash of a token must have 32 bytes".to_owned()))?;
        Ok(Self {
            name: record.name,
            role,
            sha256,
            created: Timestamp::from_millis(record.created_ms),
        })
    }
}
