//! The log of calls: who did what to what, when, and with what outcome.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;

/// How many calls are kept; the oldest go first.
const KEPT: usize = 200_000;

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

    /// Calls at or after `since` (epoch seconds of simulated time), oldest first.
    pub(crate) fn since(&self, since: f64) -> Vec<Call> {
        let calls = self.lock();
        calls
            .iter()
            .filter(|call| call.time >= since)
            .cloned()
            .collect()
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
