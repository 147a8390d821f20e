//! What the platform is told: accounts, credentials, pace.

use std::time::Duration;

use shipway_domain::ids::{AccountId, Attempt, JobId, Region};
use shipway_plugin::{Place, Secret, Session};

/// Settings of an [`crate::EcsPlatform`].
#[derive(Clone, Debug)]
pub struct PlatformConfig {
    /// Id of the agent; sessions that observe are named after it.
    pub agent: String,
    /// The accounts that may be acted in.
    pub accounts: Vec<AccountConfig>,
    /// One endpoint for all services (a simulator); `None` leaves it to the SDK, which reads
    /// `AWS_ENDPOINT_URL` and its kin (ecs-facts 11.2).
    pub endpoint_url: Option<String>,
    /// The credentials that roles are assumed with.
    pub credentials: BaseCredentials,
    /// Pace of the common pollers.
    pub polling: Polling,
    /// Share of the API budgets of an account that reading may use, above 0, 1 is everything;
    /// changes draw on the whole. `None` sets no limit of our own: for simulators and benchmarks.
    pub budget_share: Option<f64>,
}

/// An account that may be acted in.
#[derive(Clone, Debug)]
pub struct AccountConfig {
    /// Its number.
    pub id: AccountId,
    /// What people call it.
    pub name: String,
    /// Regions that may be acted in.
    pub regions: Vec<Region>,
    /// Role to assume; without it the base credentials are used as they are.
    pub role_arn: Option<String>,
    /// External id that the role's trust asks for, 2 to 1224 characters (ecs-facts 9.1).
    pub external_id: Option<String>,
}

/// Where the base credentials come from.
#[derive(Clone, Debug)]
pub enum BaseCredentials {
    /// The SDK's chain: environment, profile, web identity, container, instance.
    DefaultChain,
    /// A fixed pair, for simulators and tests.
    Static {
        /// Access key id.
        access_key_id: String,
        /// Secret access key.
        secret_access_key: Secret,
    },
}

/// Pace of a common poller (design.md section 6).
#[derive(Clone, Copy, Debug)]
pub struct Polling {
    /// Shortest time between two polls, at least 1 ms.
    pub min: Duration,
    /// Longest time between two polls.
    pub max: Duration,
    /// How long unanswered polls are borne before those who wait are told.
    pub patience: Duration,
    /// How long single reads wait for others to share a call with.
    pub gather: Duration,
}

impl Default for Polling {
    fn default() -> Self {
        Self {
            min: Duration::from_secs(1),
            max: Duration::from_secs(10),
            patience: Duration::from_secs(60),
            gather: Duration::from_millis(20),
        }
    }
}

/// Why a [`PlatformConfig`] cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadConfig {
    /// An account is named twice.
    #[error("account {0} is configured twice")]
    AccountTwice(AccountId),
    /// An account without regions.
    #[error("account {0} has no regions: name at least one, such as eu-west-1")]
    NoRegions(AccountId),
    /// A role of another account.
    #[error(
        "role {role} is not a role of account {account}: it must begin with arn:aws:iam::{account}:role/"
    )]
    ForeignRole {
        /// The role as given.
        role: String,
        /// The account it is configured for.
        account: AccountId,
    },
    /// The polling pace makes no sense.
    #[error(
        "polling from {min:?} to {max:?} cannot be kept: the first must be at least 1 ms and at most the second"
    )]
    Polling {
        /// Shortest time between two polls.
        min: Duration,
        /// Longest time between two polls.
        max: Duration,
    },
    /// The share makes no sense.
    #[error("{0} is no share of the API budgets: it must be above 0 and at most 1")]
    Share(f64),
}

impl PlatformConfig {
    /// Settings with the usual pace, half of the API budgets, and the SDK's own credentials.
    #[must_use]
    pub fn new(agent: impl Into<String>, accounts: Vec<AccountConfig>) -> Self {
        Self {
            agent: agent.into(),
            accounts,
            endpoint_url: None,
            credentials: BaseCredentials::DefaultChain,
            polling: Polling::default(),
            budget_share: Some(0.5),
        }
    }

    pub(crate) fn check(&self) -> Result<(), BadConfig> {
        for (place, account) in self.accounts.iter().enumerate() {
            if self.accounts[..place]
                .iter()
                .any(|other| other.id == account.id)
            {
                return Err(BadConfig::AccountTwice(account.id.clone()));
            }
            if account.regions.is_empty() {
                return Err(BadConfig::NoRegions(account.id.clone()));
            }
            if let Some(role) = &account.role_arn
                && !is_role_of(role, &account.id)
            {
                return Err(BadConfig::ForeignRole {
                    role: role.clone(),
                    account: account.id.clone(),
                });
            }
        }
        let Polling { min, max, .. } = self.polling;
        if min < Duration::from_millis(1) || max < min {
            return Err(BadConfig::Polling { min, max });
        }
        match self.budget_share {
            Some(share) if !(share > 0.0 && share <= 1.0) => Err(BadConfig::Share(share)),
            _ => Ok(()),
        }
    }

    /// The account of a place, when it is configured with that region.
    pub(crate) fn account(&self, place: &Place) -> Option<&AccountConfig> {
        self.accounts
            .iter()
            .find(|account| account.id == place.account && account.regions.contains(&place.region))
    }
}

/// `arn:<partition>:iam::<account>:role/<name>`.
fn is_role_of(role: &str, account: &AccountId) -> bool {
    let parts: Vec<&str> = role.splitn(6, ':').collect();
    matches!(parts[..], ["arn", _, "iam", "", owner, name]
        if owner == account.as_str() && name.starts_with("role/"))
}

/// Name of a role session: `shipway-1000.2-1` for a job's attempt, `shipway-<agent>` else (design.md
/// section 6), within the rule of STS: 2 to 64 of letters, digits and `_+=,.@-` (ecs-facts 9.1).
pub(crate) fn session_name(agent: &str, session: &Session) -> String {
    let name = match session {
        Session::Agent => format!("shipway-{agent}"),
        Session::Job { job, attempt } => job_session(*job, *attempt),
    };
    name.chars()
        .map(|c| match c {
            _ if c.is_ascii_alphanumeric() || "_+=,.@-".contains(c) => c,
            _ => '-',
        })
        .take(64)
        .collect()
}

fn job_session(job: JobId, attempt: Attempt) -> String {
    format!("shipway-{job}-{attempt}")
}

#[cfg(test)]
mod tests {
    use shipway_domain::ids::ReleaseId;

    use super::*;

    fn account(role: Option<&str>) -> AccountConfig {
        AccountConfig {
            id: AccountId::new("111111111111").expect("an account"),
            name: "staging".to_owned(),
            regions: vec![Region::new("eu-west-1").expect("a region")],
            role_arn: role.map(str::to_owned),
            external_id: None,
        }
    }

    #[test]
    fn sessions_are_named_after_job_and_attempt_or_agent() {
        let job = Session::Job {
            job: JobId {
                release: ReleaseId::from_number(0),
                index: 2,
            },
            attempt: Attempt(1),
        };
        assert_eq!(session_name("main", &job), "shipway-1000.2-1");
        assert_eq!(session_name("main", &Session::Agent), "shipway-main");
        let long = session_name(&"a b".repeat(40), &Session::Agent);
        assert_eq!(long.len(), 64);
        assert!(!long.contains(' '));
    }

    #[test]
    fn a_role_of_another_account_is_refused() {
        let good = account(Some("arn:aws:iam::111111111111:role/shipway-deploy"));
        assert!(PlatformConfig::new("a", vec![good]).check().is_ok());
        for role in [
            "arn:aws:iam::222222222222:role/x",
            "role/x",
            "arn:aws:iam::111111111111:user/x",
        ] {
            let bad = PlatformConfig::new("a", vec![account(Some(role))]);
            assert!(
                matches!(bad.check(), Err(BadConfig::ForeignRole { .. })),
                "{role}"
            );
        }
    }

    #[test]
    fn impossible_settings_are_refused() {
        let mut config = PlatformConfig::new("a", vec![account(None), account(None)]);
        assert!(matches!(config.check(), Err(BadConfig::AccountTwice(_))));
        config.accounts.truncate(1);
        config.budget_share = Some(0.0);
        assert!(matches!(config.check(), Err(BadConfig::Share(_))));
        config.budget_share = None;
        config.polling.max = Duration::from_millis(5);
        assert!(matches!(config.check(), Err(BadConfig::Polling { .. })));
        config.polling = Polling::default();
        config.accounts[0].regions.clear();
        assert!(matches!(config.check(), Err(BadConfig::NoRegions(_))));
    }
}
