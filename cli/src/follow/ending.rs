//! The last words about a release: a line per target, causes, the verdict.

use shipway_domain::job::Outcome;
use shipway_domain::time::Timestamp;
use shipway_domain::verdict::{Finding, Verdict};

use crate::follow::block;
use crate::follow::job::Job;
use crate::follow::state::State;
use crate::text::finding;
use crate::text::line::{Line, Tone};
use crate::text::verdict;

/// The lines for a release that has ended or rests, for `width` columns.
pub(crate) fn lines(state: &State, now: Timestamp, width: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    for job in state.jobs.values() {
        let failed_build =
            job.target.is_none() && job.verdict().is_some_and(|v| v != Verdict::Live);
        if job.target.is_none() && !failed_build {
            continue;
        }
        lines.push(block::first_line(state, job, now));
        let findings = findings(job);
        if !findings.is_empty() {
            lines.push(Line::default());
            for (place, one) in findings.iter().enumerate() {
                lines.extend(finding::lines(one, place, width));
            }
            lines.push(Line::default());
        }
    }
    lines.push(verdict::line(state.verdict, state.took(now), &state.trace));
    if let Some(next) = next(state) {
        lines.push(Line::default().and(Tone::Faint, next));
    }
    lines
}

/// The causes that a job's outcome names.
pub(crate) fn findings(job: &Job) -> &[Finding] {
    match &job.outcome {
        Some(Outcome::RolledOut(report)) => &report.findings,
        Some(Outcome::Failed(finding)) => std::slice::from_ref(finding),
        _ => &[],
    }
}

fn next(state: &State) -> Option<String> {
    let release = state.release;
    match state.verdict? {
        Verdict::Live | Verdict::Superseded | Verdict::Cancelled => None,
        Verdict::Unknown | Verdict::Stuck => Some(format!(
            "it is looked at again: shipway watch {release}      give it up: shipway cancel {release}"
        )),
        Verdict::RolledBack | Verdict::Stopped | Verdict::Failed => {
            Some(format!("more: shipway logs {release}"))
        }
    }
}
