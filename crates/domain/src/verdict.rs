//! How a rollout stands at its end, and how a release of several rollouts does.

use std::fmt;

/// How a rollout (or a whole release) stands.
///
/// `Unknown` and `Stuck` are resting states, all others are ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Proven: our deployment succeeded and every running task serves our digest.
    Live,
    /// ECS went back to what ran before.
    RolledBack,
    /// A newer deployment or release took its place.
    Superseded,
    /// Somebody stopped the deployment, and nothing took its place.
    Stopped,
    /// It did not come to serve, and nothing was put back by ECS.
    Failed,
    /// The submitter took it back.
    Cancelled,
    /// We stopped waiting or cannot see; ECS may still go on.
    Unknown,
    /// A person is needed.
    Stuck,
}

impl Verdict {
    /// All verdicts, mildest first: the verdict of a release is the worst of its targets'.
    pub const ALL: [Self; 8] = [
        Self::Live,
        Self::Superseded,
        Self::Cancelled,
        Self::Stopped,
        Self::RolledBack,
        Self::Failed,
        Self::Unknown,
        Self::Stuck,
    ];

    /// Whether this is an end, not a state in which the job only rests.
    #[must_use]
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Unknown | Self::Stuck)
    }

    /// The word for it in output, JSON and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::RolledBack => "rolled-back",
            Self::Superseded => "superseded",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Unknown => "unknown",
            Self::Stuck => "stuck",
        }
    }

    /// Exit code of the CLI for a release with this verdict. 1 is an error of the tool or the
    /// connection and 2 a usage error; neither is a verdict.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Live => 0,
            Self::RolledBack => 10,
            Self::Superseded => 11,
            Self::Failed => 12,
            Self::Cancelled => 13,
            Self::Stopped => 14,
            Self::Unknown => 20,
            Self::Stuck => 21,
        }
    }

    /// The verdict with this word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|verdict| verdict.as_str() == word)
    }

    /// The verdict of a release whose targets have these verdicts: the worst of them, in the order
    /// of [`Verdict::ALL`]; `Live` for none.
    #[must_use]
    pub fn of_release(targets: impl IntoIterator<Item = Self>) -> Self {
        targets
            .into_iter()
            .max_by_key(|verdict| Self::ALL.iter().position(|v| v == verdict))
            .unwrap_or(Self::Live)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A diagnosed cause, with what shows it and what to do about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Finding {
    /// Stable word for the cause, such as `image-cannot-be-pulled`.
    pub code: String,
    /// The cause in plain words.
    pub cause: String,
    /// What shows it: task, container, exit code, text, time; one line each.
    pub evidence: Vec<String>,
    /// The next step for a person; empty when there is none.
    pub remedy: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_verdict_reads_back_from_its_word() {
        for verdict in Verdict::ALL {
            assert_eq!(Verdict::parse(verdict.as_str()), Some(verdict));
        }
        assert_eq!(Verdict::parse("lively"), None);
    }
}
