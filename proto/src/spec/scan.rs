//! Which vulnerabilities an image may have.

use std::time::Duration;

use shipway_domain::day::Day;
use shipway_domain::scan::{ScanException, ScanGate, Severity};

use crate::error::{ConversionError, Problem};
use crate::fields::{each, enumeration, millis};
use crate::v1;

impl From<&ScanGate> for v1::ScanGate {
    fn from(gate: &ScanGate) -> Self {
        Self {
            fail_on: v1::ScanSeverity::from(gate.fail_on).into(),
            only_fixable: gate.only_fixable,
            timeout_ms: millis(gate.timeout),
            exceptions: gate.exceptions.iter().map(Into::into).collect(),
        }
    }
}

impl TryFrom<v1::ScanGate> for ScanGate {
    type Error = ConversionError;

    fn try_from(message: v1::ScanGate) -> Result<Self, ConversionError> {
        Ok(Self {
            fail_on: enumeration::<v1::ScanSeverity, _>("fail_on", message.fail_on)?,
            only_fixable: message.only_fixable,
            timeout: Duration::from_millis(message.timeout_ms),
            exceptions: each("exceptions", message.exceptions)?,
        })
    }
}

impl From<Severity> for v1::ScanSeverity {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Critical => Self::Critical,
            Severity::High => Self::High,
            Severity::Medium => Self::Medium,
            Severity::Low => Self::Low,
            // No gate fails on these.
            Severity::Informational | Severity::Unrated => Self::Unspecified,
        }
    }
}

impl TryFrom<v1::ScanSeverity> for Severity {
    type Error = ConversionError;

    fn try_from(severity: v1::ScanSeverity) -> Result<Self, ConversionError> {
        match severity {
            v1::ScanSeverity::Unspecified => Err(ConversionError::here(Problem::Missing)),
            v1::ScanSeverity::Critical => Ok(Self::Critical),
            v1::ScanSeverity::High => Ok(Self::High),
            v1::ScanSeverity::Medium => Ok(Self::Medium),
            v1::ScanSeverity::Low => Ok(Self::Low),
        }
    }
}

impl From<&ScanException> for v1::ScanException {
    fn from(exception: &ScanException) -> Self {
        Self {
            id: exception.id.clone(),
            until_day: exception.until.number(),
            reason: exception.reason.clone(),
        }
    }
}

impl TryFrom<v1::ScanException> for ScanException {
    type Error = ConversionError;

    fn try_from(message: v1::ScanException) -> Result<Self, ConversionError> {
        Ok(Self {
            id: message.id,
            until: Day::from_number(message.until_day),
            reason: message.reason,
        })
    }
}
