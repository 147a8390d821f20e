//! Failed calls of the platform, in the classes that the planner acts upon.

use shipway_domain::rollout::{CallFailed, FailureKind};
use shipway_domain::verdict::Finding;
use shipway_plugin::{ErrorKind, PlatformError};

/// What a failed call means. `changes` says whether it would have changed something.
pub(crate) fn failed(error: &PlatformError, changes: bool) -> CallFailed {
    let kind = match error.kind {
        ErrorKind::Throttled => FailureKind::Passing,
        ErrorKind::Unreachable | ErrorKind::TimedOut | ErrorKind::Other if changes => {
            FailureKind::Uncertain
        }
        ErrorKind::Unreachable | ErrorKind::TimedOut | ErrorKind::Other => FailureKind::Passing,
        ErrorKind::Credentials => FailureKind::Credentials,
        ErrorKind::Denied => FailureKind::Denied,
        ErrorKind::NotFound => FailureKind::NotFound,
        ErrorKind::AlreadyExists | ErrorKind::Conflict => FailureKind::Conflict,
        ErrorKind::Invalid => FailureKind::Invalid,
    };
    let message = if error.code.is_empty() {
        error.message.clone()
    } else {
        format!("{}: {}", error.code, error.message)
    };
    CallFailed {
        call: error.call.clone(),
        kind,
        message,
    }
}

/// A failed call as the cause of a job's end.
pub(crate) fn finding(error: &PlatformError) -> Finding {
    let failed = failed(error, false);
    let (code, remedy) = match error.kind {
        ErrorKind::Credentials => (
            "credentials",
            "see role, trust policy and external id in the agent's configuration",
        ),
        ErrorKind::Denied => (
            "denied",
            "add the statement that the message names to the policy of the role",
        ),
        ErrorKind::NotFound => ("not-found", "see account, region and names in the manifest"),
        ErrorKind::Throttled | ErrorKind::Unreachable | ErrorKind::TimedOut => (
            "aws-unreachable",
            "see whether the agent reaches AWS; then deploy again",
        ),
        ErrorKind::AlreadyExists | ErrorKind::Conflict | ErrorKind::Invalid | ErrorKind::Other => (
            "refused",
            "correct what the message names, and deploy again",
        ),
    };
    Finding {
        code: code.to_owned(),
        cause: format!("{} failed", failed.call),
        evidence: vec![failed.message],
        remedy: remedy.to_owned(),
    }
}
