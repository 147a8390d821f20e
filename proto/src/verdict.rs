//! Verdicts and findings.

use shipway_domain::verdict::{Finding, Verdict};

use crate::error::{ConversionError, Problem};
use crate::v1;

impl From<Verdict> for v1::Verdict {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Live => Self::Live,
            Verdict::RolledBack => Self::RolledBack,
            Verdict::Superseded => Self::Superseded,
            Verdict::Stopped => Self::Stopped,
            Verdict::Failed => Self::Failed,
            Verdict::Cancelled => Self::Cancelled,
            Verdict::Unknown => Self::Unknown,
            Verdict::Stuck => Self::Stuck,
        }
    }
}

impl TryFrom<v1::Verdict> for Verdict {
    type Error = ConversionError;

    fn try_from(verdict: v1::Verdict) -> Result<Self, ConversionError> {
        match verdict {
            v1::Verdict::Unspecified => Err(ConversionError::here(Problem::Missing)),
            v1::Verdict::Live => Ok(Self::Live),
            v1::Verdict::RolledBack => Ok(Self::RolledBack),
            v1::Verdict::Superseded => Ok(Self::Superseded),
            v1::Verdict::Stopped => Ok(Self::Stopped),
            v1::Verdict::Failed => Ok(Self::Failed),
            v1::Verdict::Cancelled => Ok(Self::Cancelled),
            v1::Verdict::Unknown => Ok(Self::Unknown),
            v1::Verdict::Stuck => Ok(Self::Stuck),
        }
    }
}

impl From<&Finding> for v1::Finding {
    fn from(finding: &Finding) -> Self {
        Self {
            code: finding.code.clone(),
            cause: finding.cause.clone(),
            evidence: finding.evidence.clone(),
            remedy: finding.remedy.clone(),
        }
    }
}

impl From<v1::Finding> for Finding {
    fn from(message: v1::Finding) -> Self {
        Self {
            code: message.code,
            cause: message.cause,
            evidence: message.evidence,
            remedy: message.remedy,
        }
    }
}
