//! Injected faults: calls that a rule of the control API lets fail, before anything is done.

use std::sync::{Mutex, MutexGuard, PoisonError};

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

impl Kind {
    fn error(self, refusals: Refusals) -> ApiError {
        match self {
            Self::Http500 => ApiError::server("InternalFailure", "Injected fault"),
            Self::Http503 => ApiError {
                status: 503,
                ..ApiError::server("ServiceUnavailable", "Injected fault")
            },
            Self::Throttle => refusals.throttled(),
            Self::ExpiredToken => refusals.expired(),
        }
    }
}

/// The rules, oldest first; the first that applies strikes. They are not saved.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<Vec<Fault>>);

impl Faults {
    /// The error that a call gets instead of its answer, if a rule applies; counted.
    pub(crate) fn strike(
        &self,
        service: &str,
        action: &str,
        account: &str,
        refusals: Refusals,
    ) -> Option<ApiError> {
        let mut rules = self.lock();
        let rule = rules
            .iter_mut()
            .find(|rule| rule.applies_to(service, action, account))?;
        rule.hits += 1;
        Some(rule.kind.error(refusals))
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
