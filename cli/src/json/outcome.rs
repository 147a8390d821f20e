//! How jobs ended, as JSON.

use serde_json::{Value, json};
use shipway_domain::job::{BuiltImage, Outcome, RolloutReport};
use shipway_domain::verdict::Finding;

/// The object for an outcome: `outcome` is its word, the other members are its own.
pub(crate) fn object(outcome: &Outcome) -> Value {
    match outcome {
        Outcome::Built(built) => json!({ "outcome": "built", "image": image(built) }),
        Outcome::RolledOut(report) => {
            super::with(json!({ "outcome": "rolled-out" }), self::report(report))
        }
        Outcome::Settled { what } => json!({ "outcome": "settled", "summary": what }),
        Outcome::Failed(cause) => json!({
            "outcome": "failed",
            "verdict": outcome.verdict().as_str(),
            "findings": [finding(cause)],
        }),
        Outcome::Stopped(reason) => json!({
            "outcome": "stopped",
            "verdict": outcome.verdict().as_str(),
            "summary": crate::text::reason::stop(reason),
        }),
        Outcome::Skipped { needed } => json!({ "outcome": "skipped", "needed": needed.index }),
        Outcome::Ran(run) => json!({
            "outcome": "ran",
            "task": run.task,
            "task_definition": run.task_definition,
            "image_digest": run.image_digest.as_str(),
            "milliseconds": run.millis,
        }),
    }
}

fn report(report: &RolloutReport) -> Value {
    json!({
        "verdict": report.verdict.as_str(),
        "final": report.verdict.is_final(),
        "unchanged": report.unchanged,
        "summary": report.summary,
        "image_digest": report.image_digest.as_ref().map(|digest| digest.as_str()),
        "task_definition": report.task_definition,
        "serving": report.serving,
        "service_deployment": report.service_deployment,
        "running": report.running,
        "desired": report.desired,
        "findings": findings(&report.findings),
    })
}

/// An image.
pub(crate) fn image(image: &BuiltImage) -> Value {
    json!({
        "reference": image.reference(),
        "digest": image.digest.as_str(),
        "builder": image.builder,
        "tags": image.tags,
        "bytes_pushed": image.bytes_pushed,
        "reused": image.reused,
        "scan": image.scan,
    })
}

/// Findings, most likely first.
pub(crate) fn findings(findings: &[Finding]) -> Value {
    findings.iter().map(finding).collect()
}

fn finding(finding: &Finding) -> Value {
    json!({
        "code": finding.code,
        "cause": finding.cause,
        "evidence": finding.evidence,
        "remedy": finding.remedy,
    })
}
