//! `[scan]`: which vulnerabilities keep an image from being deployed.

use schemars::JsonSchema;
use serde::Deserialize;

/// Which vulnerabilities, found by the scans of ECR, keep the image from being deployed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScanFile {
    /// The mildest severity that keeps it.
    pub(crate) fail_on: SeverityName,
    /// Leave out those for which the scanner says that there is no fix. Basic scanning never says so. Default: false.
    #[serde(default)]
    pub(crate) only_fixable: bool,
    /// How long the scan is waited for. One that has not ended by then does not pass. Default: "10m".
    pub(crate) timeout: Option<String>,
    /// Vulnerabilities that are let pass until a day, such as [[scan.exceptions]].
    #[serde(default)]
    #[schemars(length(max = 100))]
    pub(crate) exceptions: Vec<ExceptionFile>,
}

/// A severity that a gate can fail on.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SeverityName {
    /// Critical ones.
    Critical,
    /// High ones, and worse.
    High,
    /// Medium ones, and worse.
    Medium,
    /// Low ones, and worse.
    Low,
}

/// A vulnerability that is let pass until a day.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExceptionFile {
    /// Its id as the scanner names it, such as "CVE-2026-1234".
    pub(crate) id: String,
    /// The last day, in UTC, on which it is let pass, such as "2027-01-31".
    pub(crate) until: String,
    /// Why it is let pass.
    pub(crate) reason: String,
}
