//! The log of calls: who did what to what, when, and with what outcome.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;

use crate::glob;

/// How many calls are kept; the oldest go first.
pub(crate) const KEPT: usize = 200_000;

/// One call, as `GET /_sim/calls` shows it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Call {
    /// When it was answered: epoch seconds of simulated time.
    pub time: f64,
    /// The account it acted in; none if the credentials were not accepted.
    pub account: Option<String>,
    /// ARN of the caller; none if the credentials were not accepted.
    pub principal: Option<String>,
    /// `ecs`, `ecr`, `application-autoscaling`, `sts`, `secretsmanager`, `ssm`, `logs`, `cloudwatch`,
    /// `elasticloadbalancing` or `registry`.
    pub service: String,
    /// Name of the operation.
    pub action: String,
    /// ARN or name of what it was about, where the input says so.
    pub resource: Option<String>,
    /// Error code; none if it succeeded.
    pub error: Option<String>,
    /// HTTP status of the answer; none if the connection was ended without one.
    pub status: Option<u16>,
    /// `x-amzn-requestid` of the answer.
    pub request_id: String,
    /// Real milliseconds from the request to the head of its answer, injected latency included.
    pub duration_ms: f64,
}

/// Which outcomes a filter lets pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Any error.
    Failed,
    /// No error.
    Succeeded,
    /// This error code.
    Code(String),
}

/// Which calls are wanted. What is missing lets all pass.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Filter {
    /// At or after: epoch seconds of simulated time.
    pub(crate) since: f64,
    /// Twelve digits.
    pub(crate) account: Option<String>,
    /// As [`Call::service`].
    pub(crate) service: Option<String>,
    /// As [`Call::action`].
    pub(crate) action: Option<String>,
    /// ARN of the caller; `*` stands for any run of characters.
    pub(crate) principal: Option<String>,
    /// How it ended.
    pub(crate) outcome: Option<Outcome>,
    /// The newest so many.
    pub(crate) limit: Option<usize>,
}

impl Filter {
    fn passes(&self, call: &Call) -> bool {
        let is =
            |wanted: &Option<String>, is: Option<&str>| wanted.is_none() || wanted.as_deref() == is;
        let principal = self.principal.as_ref().is_none_or(|pattern| {
            let caller = call.principal.as_deref();
            caller.is_some_and(|caller| glob::matches(pattern, caller))
        });
        call.time >= self.since
            && principal
            && is(&self.account, call.account.as_deref())
            && is(&self.service, Some(&call.service))
            && is(&self.action, Some(&call.action))
            && match &self.outcome {
                None => true,
                Some(Outcome::Failed) => call.error.is_some(),
                Some(Outcome::Succeeded) => call.error.is_none(),
                Some(Outcome::Code(code)) => call.error.as_ref() == Some(code),
            }
    }
}

/// Milliseconds, to the microsecond.
pub(crate) fn milliseconds(span: Duration) -> f64 {
    (span.as_secs_f64() * 1e6).round() / 1e3
}

/// Longest text of a call that is kept, in bytes. No ARN is longer; lists of names and made-up operations may be.
const LONGEST: usize = 2048;

/// Cuts a text at [`LONGEST`].
fn shorten(text: &mut String) {
    if text.len() > LONGEST {
        text.truncate(text.floor_char_boundary(LONGEST));
        text.shrink_to_fit();
    }
}

/// The log; memory is bounded.
#[derive(Debug, Default)]
pub(crate) struct CallLog {
    calls: Mutex<VecDeque<Call>>,
}

impl CallLog {
    /// Adds a call.
    pub(crate) fn push(&self, mut call: Call) {
        shorten(&mut call.action);
        shorten(&mut call.service);
        for text in [&mut call.resource, &mut call.principal] {
            text.as_mut().map(shorten);
        }
        let mut calls = self.lock();
        if calls.len() == KEPT {
            calls.pop_front();
        }
        calls.push_back(call);
    }

    /// The calls that are wanted, oldest first.
    pub(crate) fn find(&self, filter: &Filter) -> Vec<Call> {
        let calls = self.lock();
        let newest_first = calls.iter().rev().filter(|call| filter.passes(call));
        let limit = filter.limit.unwrap_or(KEPT);
        let mut found: Vec<Call> = newest_first.take(limit).cloned().collect();
        drop(calls);
        found.reverse();
        found
    }

    /// Calls at or after `since` (epoch seconds of simulated time), oldest first.
    pub(crate) fn since(&self, since: f64) -> Vec<Call> {
        self.find(&Filter {
            since,
            ..Filter::default()
        })
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Call>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(time: f64) -> Call {
        Call {
            time,
            account: None,
            principal: None,
            service: "ecs".to_owned(),
            action: "ListClusters".to_owned(),
            resource: None,
            error: None,
            status: Some(200),
            request_id: String::new(),
            duration_ms: 0.0,
        }
    }

    #[test]
    fn long_texts_are_cut() {
        let log = CallLog::default();
        log.push(Call {
            action: "\u{e9}".repeat(LONGEST),
            resource: Some("x".repeat(LONGEST * 10)),
            ..call(0.0)
        });
        let kept = &log.since(0.0)[0];
        let resource = kept.resource.as_deref().unwrap();
        assert_eq!((kept.action.len(), resource.len()), (LONGEST, LONGEST));
    }

    #[test]
    fn the_oldest_calls_go_first() {
        let log = CallLog::default();
        for time in 0..=KEPT {
            log.push(call(f64::from(u32::try_from(time).unwrap())));
        }
        let kept = log.since(0.0);
        assert_eq!(kept.len(), KEPT);
        assert!((kept[0].time - 1.0).abs() < f64::EPSILON);
        assert_eq!(log.since(f64::from(u32::try_from(KEPT).unwrap())).len(), 1);
    }
}
