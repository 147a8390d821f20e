//! How a call to a platform can fail, in the few classes that callers act upon.

use std::fmt;
use std::sync::Arc;

/// A failed call.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{call}: {message}")]
pub struct PlatformError {
    /// What was called ("ecs:UpdateService").
    pub call: String,
    /// What it means for the caller.
    pub kind: ErrorKind,
    /// The platform's words.
    pub message: String,
    /// Code as the platform gave it ("ThrottlingException"); empty without one.
    pub code: String,
    /// Id of the request, for the platform's support; empty without one.
    pub request_id: String,
    /// The cause underneath, when there is one.
    #[source]
    pub source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

/// What a failed call means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// Too many calls: do the same later. Never a reason to fail a rollout.
    Throttled,
    /// Not reached, or cut off, or answered with 5xx: try again. A mutation may have happened.
    Unreachable,
    /// No answer in time. A mutation may have happened.
    TimedOut,
    /// Credentials are missing, expired or of another account.
    Credentials,
    /// We may not do this: a statement is missing in a policy.
    Denied,
    /// It does not exist.
    NotFound,
    /// It exists already.
    AlreadyExists,
    /// Two changes met; the same call may work in a moment.
    Conflict,
    /// The request is wrong and will stay wrong.
    Invalid,
    /// Anything else.
    Other,
}

impl ErrorKind {
    /// Whether a call that only reads should simply be made again.
    #[must_use]
    pub const fn is_passing(self) -> bool {
        matches!(
            self,
            Self::Throttled | Self::Unreachable | Self::TimedOut | Self::Conflict
        )
    }

    /// Whether a mutation that ended so may have happened all the same.
    #[must_use]
    pub const fn may_have_happened(self) -> bool {
        matches!(self, Self::Unreachable | Self::TimedOut | Self::Other)
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Throttled => "throttled",
            Self::Unreachable => "unreachable",
            Self::TimedOut => "timed out",
            Self::Credentials => "credentials",
            Self::Denied => "denied",
            Self::NotFound => "not found",
            Self::AlreadyExists => "exists already",
            Self::Conflict => "conflict",
            Self::Invalid => "invalid",
            Self::Other => "failed",
        })
    }
}

impl PlatformError {
    /// A failure of `call` of this kind.
    #[must_use]
    pub fn new(call: impl Into<String>, kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            call: call.into(),
            kind,
            message: message.into(),
            code: String::new(),
            request_id: String::new(),
            source: None,
        }
    }
}
