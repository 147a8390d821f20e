//! How jobs end, and why they must not run on.

use shipway_domain::ids::{Digest, ReleaseId};
use shipway_domain::job::{BuiltImage, Outcome, RolloutReport, StopReason, TaskRun};

use crate::error::ConversionError;
use crate::fields::{alternative, enumeration, name, names, optional_name, required};
use crate::v1;
use crate::v1::outcome::{Outcome as Kind, Settled, Skipped};
use crate::v1::stop_reason::{Cancelled, Reason};

impl From<&Outcome> for v1::Outcome {
    fn from(outcome: &Outcome) -> Self {
        let outcome = match outcome {
            Outcome::Built(image) => Kind::Built(image.into()),
            Outcome::RolledOut(report) => Kind::RolledOut(report.into()),
            Outcome::Settled { what } => Kind::Settled(Settled { what: what.clone() }),
            Outcome::Failed(finding) => Kind::Failed(finding.into()),
            Outcome::Stopped(reason) => Kind::Stopped(reason.into()),
            Outcome::Skipped { needed } => Kind::Skipped(Skipped {
                needed: Some((*needed).into()),
            }),
            Outcome::Ran(run) => Kind::Ran(run.into()),
        };
        Self {
            outcome: Some(outcome),
        }
    }
}

impl TryFrom<v1::Outcome> for Outcome {
    type Error = ConversionError;

    fn try_from(message: v1::Outcome) -> Result<Self, ConversionError> {
        Ok(match alternative(message.outcome)? {
            Kind::Built(image) => Self::Built(required("built", Some(image))?),
            Kind::RolledOut(report) => Self::RolledOut(required("rolled_out", Some(report))?),
            Kind::Settled(Settled { what }) => Self::Settled { what },
            Kind::Failed(finding) => Self::Failed(finding.into()),
            Kind::Stopped(reason) => Self::Stopped(required("stopped", Some(reason))?),
            Kind::Skipped(Skipped { needed }) => Self::Skipped {
                needed: required("skipped.needed", needed)?,
            },
            Kind::Ran(run) => Self::Ran(required("ran", Some(run))?),
        })
    }
}

impl From<&StopReason> for v1::StopReason {
    fn from(reason: &StopReason) -> Self {
        let reason = match reason {
            StopReason::Cancelled { by, reason } => Reason::Cancelled(Cancelled {
                by: by.clone(),
                reason: reason.clone(),
            }),
            StopReason::Folded { by } => Reason::FoldedBy(by.number()),
            StopReason::Undone { by } => Reason::UndoneBy(by.number()),
        };
        Self {
            reason: Some(reason),
        }
    }
}

impl TryFrom<v1::StopReason> for StopReason {
    type Error = ConversionError;

    fn try_from(message: v1::StopReason) -> Result<Self, ConversionError> {
        Ok(match alternative(message.reason)? {
            Reason::Cancelled(Cancelled { by, reason }) => Self::Cancelled { by, reason },
            Reason::FoldedBy(by) => Self::Folded {
                by: ReleaseId::from_number(by),
            },
            Reason::UndoneBy(by) => Self::Undone {
                by: ReleaseId::from_number(by),
            },
        })
    }
}

impl From<&TaskRun> for v1::TaskRun {
    fn from(run: &TaskRun) -> Self {
        Self {
            task: run.task.clone(),
            task_definition: run.task_definition.clone(),
            image_digest: run.image_digest.as_str().to_owned(),
            ran_ms: run.millis,
        }
    }
}

impl TryFrom<v1::TaskRun> for TaskRun {
    type Error = ConversionError;

    fn try_from(message: v1::TaskRun) -> Result<Self, ConversionError> {
        Ok(Self {
            task: message.task,
            task_definition: message.task_definition,
            image_digest: name("image_digest", message.image_digest, Digest::new)?,
            millis: message.ran_ms,
        })
    }
}

impl From<&BuiltImage> for v1::BuiltImage {
    fn from(image: &BuiltImage) -> Self {
        Self {
            name: image.name.clone(),
            digest: image.digest.as_str().to_owned(),
            accepted: image.accepted.iter().map(ToString::to_string).collect(),
            builder: image.builder.clone(),
            tags: image.tags.clone(),
            bytes_pushed: image.bytes_pushed,
            reused: image.reused,
            scan: image.scan.clone(),
        }
    }
}

impl TryFrom<v1::BuiltImage> for BuiltImage {
    type Error = ConversionError;

    fn try_from(message: v1::BuiltImage) -> Result<Self, ConversionError> {
        Ok(Self {
            name: message.name,
            digest: name("digest", message.digest, Digest::new)?,
            accepted: names("accepted", message.accepted, Digest::new)?,
            builder: message.builder,
            tags: message.tags,
            bytes_pushed: message.bytes_pushed,
            reused: message.reused,
            scan: message.scan,
        })
    }
}

impl From<&RolloutReport> for v1::RolloutReport {
    fn from(report: &RolloutReport) -> Self {
        Self {
            verdict: v1::Verdict::from(report.verdict).into(),
            unchanged: report.unchanged,
            summary: report.summary.clone(),
            image_digest: report.image_digest.as_ref().map(ToString::to_string),
            task_definition: report.task_definition.clone(),
            serving: report.serving.clone(),
            service_deployment: report.service_deployment.clone(),
            running: report.running,
            desired: report.desired,
            findings: report.findings.iter().map(Into::into).collect(),
        }
    }
}

impl TryFrom<v1::RolloutReport> for RolloutReport {
    type Error = ConversionError;

    fn try_from(message: v1::RolloutReport) -> Result<Self, ConversionError> {
        Ok(Self {
            verdict: enumeration::<v1::Verdict, _>("verdict", message.verdict)?,
            unchanged: message.unchanged,
            summary: message.summary,
            image_digest: optional_name("image_digest", message.image_digest, Digest::new)?,
            task_definition: message.task_definition,
            serving: message.serving,
            service_deployment: message.service_deployment,
            running: message.running,
            desired: message.desired,
            findings: message.findings.into_iter().map(Into::into).collect(),
        })
    }
}
