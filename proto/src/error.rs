//! Why a message does not say what the domain can hear.

use std::convert::Infallible;
use std::fmt;

use shipway_domain::ids::BadName;

/// A message that cannot be translated: which field, what was wrong, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConversionError {
    /// Path of the field in the message, such as `targets[2].target.account`.
    pub path: String,
    /// What was wrong with it.
    pub problem: Problem,
}

/// What can be wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A field that the domain needs was not set.
    #[error("must be set")]
    Missing,
    /// None of the alternatives that this version knows was set.
    #[error(
        "must hold one of its alternatives, and none that is known here is set; was it sent by a newer version?"
    )]
    NoAlternative,
    /// A number of an enumeration that this version does not know.
    #[error("has the value {0}, which is not known here; was it sent by a newer version?")]
    UnknownNumber(i32),
    /// A word that this version does not know.
    #[error(
        "says {:?}, which is not a known {what}; was it sent by a newer version?",
        shipway_domain::size::echo(given)
    )]
    UnknownWord {
        /// What the word was meant to be ("step").
        what: &'static str,
        /// The word.
        given: String,
    },
    /// A name that breaks its rule.
    #[error(transparent)]
    Name(#[from] BadName),
    /// A number outside its range.
    #[error("is {given}: it must be {range}")]
    Range {
        /// The number.
        given: u64,
        /// What is permitted ("0 to 100").
        range: &'static str,
    },
    /// Two fields that contradict each other.
    #[error("contradicts another field: it {0}")]
    Contradiction(&'static str),
}

impl ConversionError {
    /// The problem at the message itself; callers prepend the way to it.
    pub(crate) const fn here(problem: Problem) -> Self {
        Self {
            path: String::new(),
            problem,
        }
    }

    /// A problem of a field of the message.
    pub(crate) fn field(name: &str, problem: Problem) -> Self {
        Self::here(problem).under(name)
    }

    /// The same error as seen from the message that holds this one in `field`.
    pub(crate) fn under(mut self, field: &str) -> Self {
        if self.path.is_empty() {
            field.clone_into(&mut self.path);
        } else if self.path.starts_with('[') {
            self.path.insert_str(0, field);
        } else {
            self.path = format!("{field}.{}", self.path);
        }
        self
    }
}

impl fmt::Display for ConversionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            write!(f, "the message {}", self.problem)
        } else {
            write!(f, "{}: {}", self.path, self.problem)
        }
    }
}

impl std::error::Error for ConversionError {}

/// Messages that cannot be wrong translate with the same words as the others.
impl From<Infallible> for ConversionError {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}
