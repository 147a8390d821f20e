//! Who calls: accounts' roots and role sessions, what roles trust and what they allow.

mod api;
mod condition;
mod known;
mod policy;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::clock::SimTime;
use crate::glob;

pub(crate) use api::{OPERATIONS, about};
pub(crate) use condition::Context;
pub(crate) use policy::{Act, Verdict};
pub use policy::{Policy, TrustPolicy};

/// A role of an account.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// Name without a path.
    pub name: String,
    /// What stands before the name in its ARN; begins and ends with a slash. Default `/`.
    #[serde(default = "root_path")]
    pub path: String,
    /// Who may assume it.
    #[serde(default)]
    pub trust: Trust,
    /// Who may assume it, as IAM writes it; takes the place of `trust`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trust_policy: Option<TrustPolicy>,
    /// Actions its sessions may take, as `service:Action` with `*` as wildcard, after a space
    /// perhaps the ARN they may do it to. Default: all; with `policies`, none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow: Option<Vec<String>>,
    /// What its sessions may do, as IAM writes it; adds to `allow`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<Policy>,
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

fn root_path() -> String {
    "/".to_owned()
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
            path: root_path(),
            trust: Trust::default(),
            trust_policy: None,
            allow: None,
            policies: Vec::new(),
            max_session_seconds: one_hour(),
            id: String::new(),
        }
    }

    /// Its ARN in an account.
    pub(crate) fn arn(&self, account: &str) -> String {
        format!("arn:aws:iam::{account}:role{}{}", self.path, self.name)
    }

    /// What is wrong with a seeded role, if anything is.
    pub(crate) fn check(&self) -> Result<(), String> {
        let (name, path) = (&self.name, &self.path);
        if !(3600..=43_200).contains(&self.max_session_seconds) {
            return Err(format!(
                "max_session_seconds of role {name} is not in 3600..=43200"
            ));
        }
        if !(path.starts_with('/') && path.ends_with('/')) {
            return Err(format!(
                "path of role {name} does not begin and end with a slash"
            ));
        }
        Ok(())
    }

    /// What the policies of this role say about an act.
    pub(crate) fn verdict(&self, act: &Act<'_>) -> Verdict {
        let listed = match &self.allow {
            None => self.policies.is_empty(),
            Some(rules) => rules.iter().any(|rule| covers(rule, act)),
        };
        let listed = if listed {
            Verdict::Allowed
        } else {
            Verdict::Silent
        };
        let said = self.policies.iter().map(|policy| policy.verdict(act));
        said.fold(listed, Verdict::max)
    }

    /// Whether the caller may take `action` (of STS) on this role.
    pub(crate) fn trusts(&self, caller: &Principal, act: &Act<'_>) -> bool {
        if let Some(policy) = &self.trust_policy {
            return policy.verdict(caller, act) == Verdict::Allowed;
        }
        let Trust {
            principals,
            external_id,
        } = &self.trust;
        let sent = act
            .context
            .iter()
            .find(|(key, _)| *key == "sts:ExternalId")
            .map(|(_, id)| *id);
        principals.iter().any(|named| caller.is_named_by(named))
            && external_id
                .as_deref()
                .is_none_or(|wanted| sent == Some(wanted))
    }
}

/// Whether a rule of an allow list is about this: `service:Action` or `service:Action <ARN>`.
fn covers(rule: &str, act: &Act<'_>) -> bool {
    let (action, resource) = rule.split_once(' ').unwrap_or((rule, "*"));
    glob::matches(action, act.action) && glob::matches(resource.trim(), act.resource)
}

/// An OpenID Connect provider of an account, whose tokens AssumeRoleWithWebIdentity takes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IdentityProvider {
    /// What its tokens have as `iss`, with or without `https://`.
    pub url: String,
    /// What they may have as `aud`.
    pub audiences: Vec<String>,
    /// Subjects, with `*` as wildcard, that it rejects: IDPRejectedClaim.
    pub rejects: Vec<String>,
    /// It does not answer: IDPCommunicationError.
    pub unreachable: bool,
}

impl IdentityProvider {
    /// The URL as ARNs and condition keys have it.
    pub(crate) fn host(&self) -> &str {
        host(&self.url)
    }
}

/// An issuer without `https://` and without a slash at the end.
pub(crate) fn host(url: &str) -> &str {
    url.trim_start_matches("https://").trim_end_matches('/')
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
    /// What its session was given beside.
    #[serde(default)]
    pub(crate) session: SessionTraits,
}

/// What a session was given when it was made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct SessionTraits {
    /// Session policies: what they do not allow, the session may not do.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) policies: Vec<Policy>,
    /// Tags that sessions made from this one inherit.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) transitive: BTreeMap<String, String>,
    /// It stays with all sessions made from this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) source_identity: Option<String>,
}

impl Principal {
    /// The root of an account.
    pub(crate) fn root(account: &str) -> Self {
        Self {
            account: account.to_owned(),
            arn: format!("arn:aws:iam::{account}:root"),
            user_id: account.to_owned(),
            role: None,
            session: SessionTraits::default(),
        }
    }

    /// Whoever calls without credentials.
    pub(crate) fn anonymous() -> Self {
        Self {
            account: String::new(),
            arn: "anonymous".to_owned(),
            user_id: "anonymous".to_owned(),
            role: None,
            session: SessionTraits::default(),
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
            session: SessionTraits::default(),
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
