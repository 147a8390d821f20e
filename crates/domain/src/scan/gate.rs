//! The gate as a team writes it down.

use std::fmt;
use std::time::Duration;

use crate::day::Day;

/// Which vulnerabilities keep an image from being deployed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanGate {
    /// The mildest severity that keeps it: one of [`Severity::GATES`].
    pub fail_on: Severity,
    /// Whether those count only that a fix exists for, or for which nobody says whether one does.
    pub only_fixable: bool,
    /// How long the scan is waited for.
    pub timeout: Duration,
    /// Vulnerabilities that are let pass for a while.
    pub exceptions: Vec<ScanException>,
}

/// A vulnerability that is let pass for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanException {
    /// As the scanner names it: `CVE-2026-1234`.
    pub id: String,
    /// The last day, in UTC, on which it counts.
    pub until: Day,
    /// Why, as somebody wrote it down.
    pub reason: String,
}

/// How bad a vulnerability is, by the scanner; mildest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Nobody has rated it yet (`UNDEFINED`, with enhanced scanning `UNTRIAGED`).
    Unrated,
    /// Good to know.
    Informational,
    /// Low.
    Low,
    /// Medium.
    Medium,
    /// High.
    High,
    /// Critical.
    Critical,
}

impl Severity {
    /// From which a gate can fail, worst first.
    pub const GATES: [Self; 4] = [Self::Critical, Self::High, Self::Medium, Self::Low];

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unrated => "not rated",
            Self::Informational => "informational",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl ScanGate {
    /// [`ScanGate::timeout`] when nothing is said.
    pub const TIMEOUT: Duration = Duration::from_secs(10 * 60);
    /// Shortest and longest [`ScanGate::timeout`].
    pub const TIMEOUTS: (Duration, Duration) =
        (Duration::from_secs(10), Duration::from_secs(4 * 60 * 60));
    /// Most [`ScanGate::exceptions`].
    pub const EXCEPTIONS: usize = 100;

    /// The timeout in words: `10 m`.
    #[must_use]
    pub fn patience(&self) -> String {
        match self.timeout.as_secs() {
            seconds if seconds >= 60 && seconds.is_multiple_of(60) => format!("{} m", seconds / 60),
            seconds => format!("{seconds} s"),
        }
    }

    /// Checks what types alone do not say.
    ///
    /// # Errors
    /// A sentence that says what is wrong and what would be right.
    pub fn check(&self) -> Result<(), String> {
        if !Severity::GATES.contains(&self.fail_on) {
            return Err(format!(
                "a scan gate cannot fail on severity {}; critical, high, medium and low are possible",
                self.fail_on
            ));
        }
        let (shortest, longest) = Self::TIMEOUTS;
        if !(shortest..=longest).contains(&self.timeout) {
            return Err(format!(
                "the timeout of the scan is {} s; {} to {} are possible",
                self.timeout.as_secs(),
                shortest.as_secs(),
                longest.as_secs()
            ));
        }
        if self.exceptions.len() > Self::EXCEPTIONS {
            return Err(format!(
                "the scan gate has {} exceptions; at most {} are possible",
                self.exceptions.len(),
                Self::EXCEPTIONS
            ));
        }
        for (place, exception) in self.exceptions.iter().enumerate() {
            exception.check()?;
            if self.exceptions[..place]
                .iter()
                .any(|e| e.id == exception.id)
            {
                return Err(format!(
                    "the scan gate excepts {} twice; leave one of them",
                    exception.id
                ));
            }
        }
        Ok(())
    }
}

impl ScanException {
    /// Longest [`ScanException::reason`], in bytes.
    pub const REASON: usize = 300;
    /// What an id is, for help.
    pub const ID: &str =
        "an id has 1 to 64 letters, digits, '-', '.', '_' and ':', as in \"CVE-2026-1234\"";

    /// Whether this can be the id of a vulnerability.
    #[must_use]
    pub fn is_id(text: &str) -> bool {
        let fits = |c: char| c.is_ascii_alphanumeric() || "-._:".contains(c);
        (1..=64).contains(&text.len()) && text.chars().all(fits)
    }

    fn check(&self) -> Result<(), String> {
        let id = crate::size::echo(&self.id);
        if !Self::is_id(&self.id) {
            return Err(format!(
                "the scan gate excepts {id:?}, which is no id: {}",
                Self::ID
            ));
        }
        if self.reason.trim().is_empty() || self.reason.len() > Self::REASON {
            return Err(format!(
                "the scan gate excepts {id} for a reason of {} bytes; 1 to {} are possible",
                self.reason.trim().len(),
                Self::REASON
            ));
        }
        Ok(())
    }

    /// Whether it counts on this day; on the day that it names it does.
    #[must_use]
    pub fn holds(&self, today: Day) -> bool {
        today <= self.until
    }
}
