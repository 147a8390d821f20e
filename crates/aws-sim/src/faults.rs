//! Injected faults: calls that a rule of the control API lets fail, or answers late or never.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::glob;
use crate::ids::Ids;
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
    /// ARN or name of what the call is about, as the log of calls shows it; `*` stands for any run of characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    resource: Option<String>,
    /// What is answered.
    kind: Kind,
    /// How likely a call that fits is struck, 0 to 1; without it, each is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    probability: Option<f64>,
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strike {
    /// It is refused; nothing was done.
    Refuse(Refused),
    /// The connection breaks off; nothing was done.
    DropBefore,
    /// It is carried out, and the connection breaks off without an answer.
    DropAfter,
    /// It is carried out, and the answer comes so much later.
    Late(Duration),
}

/// How a call is refused; each protocol has its own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Status 500.
    Internal,
    /// Status 503.
    Unavailable,
    /// Too many calls.
    Throttled,
    /// The caller's credentials have expired.
    Expired,
}

impl Refused {
    /// The refusal of a service that words it like this.
    pub(crate) fn api_error(self, refusals: Refusals) -> ApiError {
        match self {
            Self::Internal => ApiError::server("InternalFailure", INJECTED),
            Self::Unavailable => ApiError {
                status: 503,
                ..ApiError::server("ServiceUnavailable", INJECTED)
            },
            Self::Throttled => refusals.throttled(),
            Self::Expired => refusals.expired(),
        }
    }
}

/// Text of the errors that say so.
pub(crate) const INJECTED: &str = "Injected fault";

/// Error code in the log of a call whose connection ended before anything was done.
pub(crate) const DROPPED: &str = "ConnectionDropped";

/// No answer: a body that fails before its first byte ends the connection before the head is sent.
pub(crate) fn broken() -> Response {
    let fault = std::io::Error::other("injected fault");
    let nothing = futures::stream::iter([Err::<Bytes, _>(fault)]);
    Response::new(Body::from_stream(nothing))
}

/// A call that may be struck.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Struck<'a> {
    /// As the log of calls names it.
    pub(crate) service: &'a str,
    /// Names of what is done; one has to fit.
    pub(crate) actions: &'a [&'a str],
    /// Account of the caller.
    pub(crate) account: &'a str,
    /// ARNs or names of what it is about, separated by commas.
    pub(crate) resource: Option<&'a str>,
}

impl Fault {
    fn applies_to(&self, call: &Struck<'_>) -> bool {
        let fits = |rule: &Option<String>, is: &[&str]| {
            let rule = rule.as_deref();
            rule.is_none_or(|rule| is.contains(&rule))
        };
        let about = || call.resource.unwrap_or_default().split(',');
        let resource = self.resource.as_deref();
        self.count.is_none_or(|count| self.hits < count)
            && fits(&self.service, &[call.service])
            && fits(&self.action, call.actions)
            && fits(&self.account, &[call.account])
            && resource.is_none_or(|rule| about().any(|name| glob::matches(rule, name)))
    }

    /// Draws an id only where chance decides, so that other rules leave the order of ids alone.
    fn falls(&self, ids: &mut Ids) -> bool {
        self.probability.is_none_or(|wanted| ids.unit() < wanted)
    }
}

/// The longest latency: what waits longer has no client any more.
const LONGEST: u64 = 600_000;

impl Fault {
    /// What is wrong with the rule, and what would be right.
    pub(crate) fn check(&self) -> Result<(), String> {
        if let Some(probability) = self.probability
            && !(0.0..=1.0).contains(&probability)
        {
            return Err(format!("`probability` {probability} is not in 0..=1"));
        }
        match (self.kind, self.ms) {
            (Kind::Latency, Some(1..=LONGEST)) => Ok(()),
            (Kind::Latency, _) => Err(format!("`latency` needs `ms`, 1 to {LONGEST}")),
            (_, Some(_)) => Err("`ms` goes with the kind `latency` only".to_owned()),
            (_, None) => Ok(()),
        }
    }

    fn strike(&self) -> Strike {
        match self.kind {
            Kind::DropBefore => Strike::DropBefore,
            Kind::DropAfter => Strike::DropAfter,
            Kind::Latency => Strike::Late(Duration::from_millis(self.ms.unwrap_or_default())),
            Kind::Http500 => Strike::Refuse(Refused::Internal),
            Kind::Http503 => Strike::Refuse(Refused::Unavailable),
            Kind::Throttle => Strike::Refuse(Refused::Throttled),
            Kind::ExpiredToken => Strike::Refuse(Refused::Expired),
        }
    }
}

/// The rules, oldest first; the first that applies strikes. They are not saved.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<Vec<Fault>>);

impl Faults {
    /// What happens to a call, if a rule applies and its chance falls; counted.
    pub(crate) fn strike(&self, call: &Struck<'_>, ids: &mut Ids) -> Option<Strike> {
        let mut rules = self.lock();
        let mut rules = rules.iter_mut().filter(|rule| rule.applies_to(call));
        let rule = rules.find(|rule| rule.falls(ids))?;
        rule.hits += 1;
        Some(rule.strike())
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
