//! The one place where a class of error becomes a gRPC code, and the way back.

use std::fmt;

use tonic::metadata::MetadataValue;
use tonic::{Code, Status};

use crate::error::ConversionError;

/// Key of the hints among the metadata; binary, because hints are UTF-8. One entry per hint.
const HINTS: &str = "shipway-hint-bin";
/// Longest message that is sent, in bytes: status and hints travel as HTTP/2 headers.
const MESSAGE_LIMIT: usize = 4096;
/// Longest hint and largest number of hints that are sent.
const HINT_LIMIT: usize = 1024;
const HINTS_LIMIT: usize = 4;

/// What an error means for the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// The request is wrong and stays wrong.
    BadInput,
    /// There is no such thing.
    NotFound,
    /// The thing exists already, with other content.
    Exists,
    /// The request is well formed, but not permitted as things stand.
    Refused,
    /// No token, or one that is not known.
    Unauthenticated,
    /// The token does not permit this.
    Denied,
    /// Not now: the same request may work later.
    Unavailable,
    /// A limit is reached: disk, size, queue.
    Exhausted,
    /// A fault of the server; its log says more.
    Internal,
}

impl Class {
    /// The gRPC code of the class.
    #[must_use]
    pub const fn code(self) -> Code {
        match self {
            Self::BadInput => Code::InvalidArgument,
            Self::NotFound => Code::NotFound,
            Self::Exists => Code::AlreadyExists,
            Self::Refused => Code::FailedPrecondition,
            Self::Unauthenticated => Code::Unauthenticated,
            Self::Denied => Code::PermissionDenied,
            Self::Unavailable => Code::Unavailable,
            Self::Exhausted => Code::ResourceExhausted,
            Self::Internal => Code::Internal,
        }
    }

    /// The class of a gRPC code, those that only the transport or a stranger's server gives included.
    #[must_use]
    pub const fn of(code: Code) -> Self {
        match code {
            Code::InvalidArgument | Code::OutOfRange => Self::BadInput,
            Code::NotFound => Self::NotFound,
            Code::AlreadyExists => Self::Exists,
            Code::FailedPrecondition => Self::Refused,
            Code::Unauthenticated => Self::Unauthenticated,
            Code::PermissionDenied => Self::Denied,
            Code::Unavailable | Code::Aborted | Code::Cancelled | Code::DeadlineExceeded => {
                Self::Unavailable
            }
            Code::ResourceExhausted => Self::Exhausted,
            Code::Internal | Code::Unknown | Code::DataLoss | Code::Unimplemented | Code::Ok => {
                Self::Internal
            }
        }
    }
}

/// An error as it crosses the wire: what it means, what happened, and what to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What it means for the caller.
    pub class: Class,
    /// What happened, in one sentence.
    pub message: String,
    /// Next steps for a person, most useful first; at most 4 are sent.
    pub hints: Vec<String>,
}

impl Failure {
    /// A failure without hints.
    #[must_use]
    pub fn new(class: Class, message: impl Into<String>) -> Self {
        Self {
            class,
            message: message.into(),
            hints: Vec::new(),
        }
    }

    /// The same with one more hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

/// The status of an error without hints.
#[must_use]
pub fn to_status(class: Class, message: impl Into<String>) -> Status {
    Failure::new(class, message).into()
}

impl From<Failure> for Status {
    fn from(failure: Failure) -> Self {
        let message = cut(&failure.message, MESSAGE_LIMIT);
        let mut status = Self::new(failure.class.code(), message);
        for hint in failure.hints.iter().take(HINTS_LIMIT) {
            let value = MetadataValue::from_bytes(cut(hint, HINT_LIMIT).as_bytes());
            status.metadata_mut().append_bin(HINTS, value);
        }
        status
    }
}

impl From<&Status> for Failure {
    fn from(status: &Status) -> Self {
        let hints = status
            .metadata()
            .get_all_bin(HINTS)
            .iter()
            .filter_map(|value| value.to_bytes().ok())
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .collect();
        Self {
            class: Class::of(status.code()),
            message: status.message().to_owned(),
            hints,
        }
    }
}

impl From<ConversionError> for Failure {
    fn from(error: ConversionError) -> Self {
        Self::new(Class::BadInput, error.to_string())
    }
}

impl From<ConversionError> for Status {
    fn from(error: ConversionError) -> Self {
        Failure::from(error).into()
    }
}

/// The longest beginning of `text` that fits, with a mark when something is missing.
fn cut(text: &str, limit: usize) -> String {
    if text.len() <= limit {
        return text.to_owned();
    }
    let mut end = limit - "...".len();
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}...", &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Class; 9] = [
        Class::BadInput,
        Class::NotFound,
        Class::Exists,
        Class::Refused,
        Class::Unauthenticated,
        Class::Denied,
        Class::Unavailable,
        Class::Exhausted,
        Class::Internal,
    ];

    #[test]
    fn every_class_survives_the_wire() {
        for class in ALL {
            assert_eq!(Class::of(class.code()), class);
        }
    }

    #[test]
    fn message_and_hints_survive_the_wire() {
        let failure = Failure::new(Class::Refused, "the name \u{201c}café\u{201d} is taken")
            .hint("pick another name")
            .hint("or wait for 1000 — it ends soon");
        let headers = Status::from(failure.clone())
            .into_http::<()>()
            .into_parts()
            .0
            .headers;
        let status = Status::from_header_map(&headers).expect("a status in the headers");
        assert_eq!(Failure::from(&status), failure);
    }

    #[test]
    fn long_messages_are_cut_between_characters() {
        let status = to_status(Class::BadInput, "é".repeat(MESSAGE_LIMIT));
        assert!(status.message().len() <= MESSAGE_LIMIT);
        assert!(status.message().ends_with("é..."));
    }
}
