//! Who calls: accounts' roots and role sessions, what roles trust and what they allow.

use serde::{Deserialize, Serialize};

use crate::clock::SimTime;
use crate::glob;

/// A role of an account.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// Name without a path.
    pub name: String,
    /// Who may assume it.
    #[serde(default)]
    pub trust: Trust,
    /// Actions its sessions may take, as `service:Action` with `*` as wildcard. Default: all.
    #[serde(default = "everything")]
    pub allow: Vec<String>,
    /// Longest session in seconds, 3,600 to 43,200 (ecs-facts 9.1). Default 3,600.
    #[serde(default = "one_hour")]
    pub max_session_seconds: u64,
    /// The `AROA...` id; made when the role is seeded.
    #[serde(default)]
    pub id: String,
}

/// The trust policy of a role.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trust {
    /// Account ids, ARNs of roots, roles or sessions, or `*`. Default: `*`.
    #[serde(default = "everything")]
    pub principals: Vec<String>,
    /// What callers must send as `ExternalId`.
    #[serde(default)]
    pub external_id: Option<String>,
}

impl Default for Trust {
    fn default() -> Self {
        Self {
            principals: everything(),
            external_id: None,
        }
    }
}

fn everything() -> Vec<String> {
    vec!["*".to_owned()]
}

const fn one_hour() -> u64 {
    3600
}

impl Role {
    /// A role that anybody may assume and that allows everything.
    #[must_use]
    pub fn open(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            trust: Trust::default(),
            allow: everything(),
            max_session_seconds: one_hour(),
            id: String::new(),
        }
    }

    /// Whether a session of this role may take `action` (`service:Action`).
    pub(crate) fn allows(&self, action: &str) -> bool {
        self.allow.iter().any(|rule| glob::matches(rule, action))
    }
}

/// Who made a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Principal {
    /// The account it acts in.
    pub(crate) account: String,
    /// `arn:aws:iam::<account>:root` or the ARN of the assumed role.
    pub(crate) arn: String,
    /// `UserId` of GetCallerIdentity.
    pub(crate) user_id: String,
    /// Name of the role, for sessions.
    pub(crate) role: Option<String>,
}

impl Principal {
    /// The root of an account.
    pub(crate) fn root(account: &str) -> Self {
        Self {
            account: account.to_owned(),
            arn: format!("arn:aws:iam::{account}:root"),
            user_id: account.to_owned(),
            role: None,
        }
    }

    /// A session of a role.
    pub(crate) fn session(account: &str, role: &Role, session: &str) -> Self {
        let name = &role.name;
        Self {
            account: account.to_owned(),
            arn: format!("arn:aws:sts::{account}:assumed-role/{name}/{session}"),
            user_id: format!("{}:{session}", role.id),
            role: Some(name.clone()),
        }
    }

    /// Whether `trusted` (of a trust or repository policy) names this principal.
    pub(crate) fn is_named_by(&self, trusted: &str) -> bool {
        let account = &self.account;
        trusted == "*"
            || trusted == account
            || trusted == self.arn
            || trusted == format!("arn:aws:iam::{account}:root")
            || self
                .role
                .as_ref()
                .is_some_and(|role| trusted == format!("arn:aws:iam::{account}:role/{role}"))
    }
}

/// Credentials issued by AssumeRole.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Session {
    /// Whom they make the caller.
    pub(crate) principal: Principal,
    /// The token that must come with the key.
    pub(crate) token: String,
    /// When they end.
    pub(crate) expires: SimTime,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_named_by_its_role_its_account_and_itself() {
        let session = Principal::session("111111111111", &Role::open("deploy"), "job-1");
        for trusted in [
            "*",
            "111111111111",
            "arn:aws:iam::111111111111:root",
            "arn:aws:iam::111111111111:role/deploy",
            "arn:aws:sts::111111111111:assumed-role/deploy/job-1",
        ] {
            assert!(session.is_named_by(trusted), "{trusted}");
        }
        assert!(!session.is_named_by("arn:aws:iam::111111111111:role/other"));
        assert!(!session.is_named_by("222222222222"));
    }
}
