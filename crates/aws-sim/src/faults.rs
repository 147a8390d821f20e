//! Injected faults: calls that a rule of the control API lets fail, or answers late or never.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::wire::{ApiError, Refusals};

/// Which calls fail, and how. A member that is missing matches everything.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    /// `ecs`, `ecr`, `sts`..., as the log of calls names it.
    #[serde(default)]
    service: Option<String>,
    /// Name of the operation.
    #[serde(default)]
    action: Option<String>,
    /// Account of the caller.
    #[serde(default)]
    account: Option<String>,
    /// What is answered.
    kind: Kind,
    /// For `latency`: how much later the answer comes, in real milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ms: Option<u64>,
    /// How many calls fail; without it, all until the rule is deleted.
    #[serde(default)]
    count: Option<u64>,
    /// How many calls it has failed.
    #[serde(default, skip_deserializing)]
    hits: u64,
}

/// What a call that a rule applies to gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    #[serde(rename = "http-500")]
    Http500,
    #[serde(rename = "http-503")]
    Http503,
    Throttle,
    ExpiredToken,
    DropBefore,
    DropAfter,
    Latency,
}

/// What happens to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Strike {
    /// It is refused; nothing was done.
    Refuse(ApiError),
    /// The connection breaks off; nothing was done.
    DropBefore,
    /// It is carried out, and the connection breaks off without an answer.
    DropAfter,
    /// It is carried out, and the answer comes so much later.
    Late(Duration),
}

impl Fault {
    fn applies_to(&self, service: &str, action: &str, account: &str) -> bool {
        let fits = |rule: &Option<String>, is: &str| rule.as_deref().is_none_or(|rule| rule == is);
        self.count.is_none_or(|count| self.hits < count)
            && fits(&self.service, service)
            && fits(&self.action, action)
            && fits(&self.account, account)
    }
}

/// The longest latency: what waits longer has no client any more.
const LONGEST: u64 = 600_000;

impl Fault {
    /// What is wrong with the rule, and what would be right.
    pub(crate) fn check(&self) -> Result<(), String> {
        match (self.kind, self.ms) {
            (Kind::Latency, Some(1..=LONGEST)) => Ok(()),
            (Kind::Latency, _) => Err(format!("`latency` needs `ms`, 1 to {LONGEST}")),
            (_, Some(_)) => Err("`ms` goes with the kind `latency` only".to_owned()),
            (_, None) => Ok(()),
        }
    }

    fn strike(&self, refusals: Refusals) -> Strike {
        let refused = match self.kind {
            Kind::DropBefore => return Strike::DropBefore,
            Kind::DropAfter => return Strike::DropAfter,
            Kind::Latency => {
                return Strike::Late(Duration::from_millis(self.ms.unwrap_or_default()));
            }
            Kind::Http500 => ApiError::server("InternalFailure", "Injected fault"),
            Kind::Http503 => ApiError {
                status: 503,
                ..ApiError::server("ServiceUnavailable", "Injected fault")
            },
            Kind::Throttle => refusals.throttled(),
            Kind::ExpiredToken => refusals.expired(),
        };
        Strike::Refuse(refused)
    }
}

/// The rules, oldest first; the first that applies strikes. They are not saved.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<Vec<Fault>>);

impl Faults {
    /// What happens to a call, if a rule applies; counted.
    pub(crate) fn strike(
        &self,
        service: &str,
        action: &str,
        account: &str,
        refusals: Refusals,
    ) -> Option<Strike> {
        let mut rules = self.lock();
        let rule = rules
            .iter_mut()
            .find(|rule| rule.applies_to(service, action, account))?;
        rule.hits += 1;
        Some(rule.strike(refusals))
    }

    /// Adds a rule.
    pub(crate) fn add(&self, fault: Fault) {
        self.lock().push(fault);
    }

    /// All rules with their hits.
    pub(crate) fn list(&self) -> Vec<Fault> {
        self.lock().clone()
    }

    /// Forgets all rules.
    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Fault>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
