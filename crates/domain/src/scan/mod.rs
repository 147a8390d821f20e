//! The scan gate: which vulnerabilities an image may have to be deployed.
//!
//! Whoever has looked at the scans of an image asks [`judge`]; what nobody knows never passes.

mod gate;
mod judge;
mod seen;
mod tell;
#[cfg(test)]
mod tests;

pub use gate::{ScanException, ScanGate, Severity};
pub use judge::{Judgement, judge, wants_scan};
pub use seen::{Fix, ImageScan, ScanResult, ScanSeen, Vulnerability, VulnerablePackage};
pub use tell::{Refused, expired, not_here, not_scanned};
