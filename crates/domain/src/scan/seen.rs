//! What a registry says about the scan of an image (ecs-facts 7.5).

use super::Severity;
use crate::time::Timestamp;

/// The scan of one manifest of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageScan {
    /// The platform, such as `linux/arm64`; empty for an image of one platform.
    pub platform: String,
    /// What is seen of its scan.
    pub seen: ScanSeen,
}

/// Where a scan stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScanSeen {
    /// The registry knows of none.
    Missing,
    /// It goes on, or has not begun, or cannot be seen right now.
    UnderWay {
        /// In the registry's words, such as `IN_PROGRESS`; may be empty.
        status: String,
    },
    /// It has a result.
    Ended(ScanResult),
    /// It ended without a result, and will not get one by waiting.
    Without {
        /// In the registry's words, such as `UNSUPPORTED_IMAGE: the operating system is not supported`.
        status: String,
    },
}

/// The result of a scan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScanResult {
    /// When the scan ended, if the registry says so.
    pub ended_at: Option<Timestamp>,
    /// All that was found.
    pub found: Vec<Vulnerability>,
    /// Vulnerabilities that the registry counts and does not list.
    pub unlisted: Vec<(Severity, u64)>,
}

/// A vulnerability.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vulnerability {
    /// As the scanner names it: `CVE-2026-1234`.
    pub id: String,
    /// How bad it is.
    pub severity: Severity,
    /// The packages that have it, as far as the scanner says.
    pub packages: Vec<VulnerablePackage>,
    /// Whether there is a fix.
    pub fix: Fix,
    /// Where more is written; may be empty.
    pub link: String,
}

/// A package with a vulnerability.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct VulnerablePackage {
    /// Its name.
    pub name: String,
    /// The version in the image; may be empty.
    pub version: String,
    /// The first version without the vulnerability, if there is one.
    pub fixed_in: Option<String>,
}

/// Whether a vulnerability has a fix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fix {
    /// The scanner says that there is none.
    None,
    /// The scanner does not say (basic scanning never does).
    NotSaid,
    /// There is one, for some package at least.
    Exists,
}
