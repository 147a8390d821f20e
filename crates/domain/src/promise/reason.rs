//! Promise 7: a job that cannot run says why; nothing waits for ever without a reason on screen.

use super::{Broken, History, Moment, Promise};
use crate::job::{Job, JobState, Outcome};
use crate::verdict::Verdict;

fn broken(what: String) -> Broken {
    Broken::new(Promise::Reasons, what)
}

/// A rest and an end say why.
pub(super) fn says_why(job: &Job) -> Option<Broken> {
    let id = job.id;
    match &job.state {
        JobState::Queued {
            resting: Some(report),
            ..
        } if report.summary.trim().is_empty() => Some(broken(format!(
            "job {id} rests as {} and does not say why",
            report.verdict
        ))),
        JobState::Ended(Outcome::Failed(finding)) if finding.cause.trim().is_empty() => {
            Some(broken(format!("job {id} failed without a cause")))
        }
        JobState::Ended(Outcome::RolledOut(report)) if !report.verdict.is_final() => Some(broken(
            format!("job {id} has ended as {}, which is no end", report.verdict),
        )),
        JobState::Ended(Outcome::RolledOut(report))
            if report.verdict != Verdict::Live
                && report.summary.trim().is_empty()
                && report.findings.is_empty() =>
        {
            Some(broken(format!(
                "job {id} ended as {} and does not say why",
                report.verdict
            )))
        }
        JobState::Queued { .. } | JobState::Granted(_) | JobState::Ended(_) => None,
    }
}

pub(super) fn check(history: &History, moment: Moment) -> Vec<Broken> {
    let jobs = || history.jobs.values().map(AsRef::as_ref);
    let mut all: Vec<Broken> = jobs().filter_map(says_why).collect();
    if moment == Moment::Any {
        return all;
    }
    for job in jobs().filter(|job| !history.ended(job.id)) {
        let stands = match &job.state {
            JobState::Queued {
                resting: Some(report),
                ..
            } if report.verdict == Verdict::Stuck => continue,
            JobState::Queued {
                resting: Some(report),
                ..
            } => format!("rests as {}", report.verdict),
            // What it waits for may be one that is stuck, which holds the slot.
            JobState::Queued { .. } if waits_for_a_person(history, job) => continue,
            JobState::Queued { .. } => "is queued".to_owned(),
            JobState::Granted(grant) => format!("is held by agent {}", grant.agent),
            JobState::Ended(_) => continue,
        };
        all.push(broken(format!(
            "everything has come to rest, but job {} {stands} (attempt {})",
            job.id, job.attempt
        )));
    }
    all
}

fn waits_for_a_person(history: &History, job: &Job) -> bool {
    let stuck = |other: &Job| {
        matches!(&other.state, JobState::Queued { resting: Some(report), .. }
            if report.verdict == Verdict::Stuck)
    };
    let holder = job
        .kind
        .target()
        .and_then(|target| history.targets.get(target)?.slot);
    let needs = job.needs.iter().map(|index| crate::ids::JobId {
        release: job.id.release,
        index: *index,
    });
    needs
        .chain(holder)
        .filter(|other| *other != job.id)
        .filter_map(|other| history.job(other))
        .any(|other| stuck(other) || (other.attempt.0 == 0 && waits_for_a_person(history, other)))
}
