//! What a command says when it cannot do its work: kind, message, hints, exit code.

use std::error::Error as _;
use std::fmt;

/// A failed command.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// What sort of failure it is.
    pub kind: Kind,
    /// What was tried and what came of it.
    pub message: String,
    /// Told before the message, as it is: what several lines say better.
    pub details: String,
    /// What could be done next, one line each.
    pub hints: Vec<String>,
    /// The cause.
    #[source]
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// Sorts of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The command line, the manifest or a file it names is wrong.
    Usage,
    /// The coordinator cannot be reached or does not answer.
    Connection,
    /// The coordinator understood and said no.
    Refused,
    /// Something on this machine failed.
    Local,
    /// Nobody reads our output any more.
    BrokenPipe,
}

impl Kind {
    /// Exit code of a command that failed so.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Usage => crate::exit::USAGE,
            Self::Connection | Self::Refused | Self::Local => crate::exit::ERROR,
            Self::BrokenPipe => crate::exit::BROKEN_PIPE,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Usage => "usage error",
            Self::Connection => "connection error",
            Self::Refused => "refused",
            Self::Local | Self::BrokenPipe => "error",
        })
    }
}

impl Error {
    /// A failure of this kind.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            details: String::new(),
            hints: Vec::new(),
            source: None,
        }
    }

    /// Something wrong with what the user gave.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// A failure on this machine, with its cause.
    pub fn local(
        message: impl Into<String>,
        cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::new(Kind::Local, message).because(cause)
    }

    /// The same with a line on what could be done next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The same with text that is told before it.
    #[must_use]
    pub fn details(mut self, text: impl Into<String>) -> Self {
        self.details = text.into();
        self
    }

    /// The same with its cause.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(cause.into());
        self
    }

    /// The lines for stderr: kind, message and causes, then hints.
    #[must_use]
    pub fn report(&self) -> Vec<String> {
        let mut first = format!("{}: {}", self.kind, self.message);
        let mut cause = self.source();
        while let Some(error) = cause {
            let text = error.to_string();
            // Some libraries repeat the cause in their own message.
            if !first.ends_with(&text) {
                first.push_str(": ");
                first.push_str(&text);
            }
            cause = error.source();
        }
        let hints = self.hints.iter().map(|hint| format!("hint: {hint}"));
        let details = Some(&self.details).filter(|text| !text.is_empty());
        let details = details.map(|text| format!("{text}\n"));
        details.into_iter().chain([first]).chain(hints).collect()
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::BrokenPipe => Self::new(Kind::BrokenPipe, "broken pipe"),
            _ => Self::local("could not write the output", error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_tells_the_cause_once_and_the_hints_last() {
        let cause = std::io::Error::other("no such host");
        let error = Error::new(Kind::Connection, "cannot reach http://x")
            .because(cause)
            .hint("is it running?");
        assert_eq!(
            error.report(),
            [
                "connection error: cannot reach http://x: no such host",
                "hint: is it running?"
            ]
        );
    }
}
