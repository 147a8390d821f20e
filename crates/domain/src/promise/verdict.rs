//! Promise 5: the verdict says what is true in AWS.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{Broken, DeploymentShown, History, Promise};
use crate::checkpoint::Checkpoint;
use crate::ids::{Digest, ReleaseId, Target};
use crate::job::{Job, JobState, Outcome, RolloutReport};
use crate::observe::ServiceDeploymentStatus;
use crate::time::Timestamp;
use crate::verdict::Verdict;

/// How far a time of AWS may lie from one of the coordinator.
const CLOCKS: Duration = Duration::from_secs(5);

fn broken(what: String) -> Broken {
    Broken::new(Promise::Verdicts, what)
}

pub(super) fn check(history: &History) -> Vec<Broken> {
    history
        .jobs
        .values()
        .filter_map(|job| {
            let JobState::Ended(outcome) = &job.state else {
                return None;
            };
            let target = job.kind.target()?;
            // Where nobody looked at ECS nothing can be said.
            let shown = history.deployments.get(target)?;
            let end = history
                .end_of(job.id)
                .unwrap_or(Timestamp::from_millis(u64::MAX));
            match outcome {
                Outcome::RolledOut(report) if report.verdict == Verdict::Live => {
                    live(history, job, target, report, shown, end)
                }
                Outcome::RolledOut(report) => other(history, job, Some(report), shown, end),
                Outcome::Failed(_) | Outcome::Stopped(_) => other(history, job, None, shown, end),
                Outcome::Built(_)
                | Outcome::Settled { .. }
                | Outcome::Skipped { .. }
                | Outcome::Ran(_) => None,
            }
        })
        .collect()
}

/// Digests that prove the image of a release.
fn accepted(history: &History, release: ReleaseId) -> BTreeSet<&Digest> {
    history
        .jobs_of(release)
        .filter_map(|job| match &job.state {
            JobState::Ended(Outcome::Built(image)) => Some(image),
            _ => None,
        })
        .flat_map(|image| image.accepted.iter().chain([&image.digest]))
        .collect()
}

fn successful(shown: &DeploymentShown) -> bool {
    shown.status == ServiceDeploymentStatus::Successful
}

/// `live`: our service deployment was SUCCESSFUL with our task definition and our digests.
fn live(
    history: &History,
    job: &Job,
    target: &Target,
    report: &RolloutReport,
    shown: &[DeploymentShown],
    end: Timestamp,
) -> Option<Broken> {
    let id = job.id;
    let until = end.plus(CLOCKS);
    let proof = if report.unchanged {
        let so_far = shown.iter().filter(|d| d.at <= until && successful(d));
        so_far.max_by_key(|d| d.created_at)?
    } else {
        let Some(arn) = &report.service_deployment else {
            return Some(broken(format!(
                "job {id} ended live on {target} without a service deployment of its own"
            )));
        };
        let mut ours = shown.iter().filter(|d| d.arn == *arn);
        let Some(proof) = ours.clone().find(|d| d.at <= until && successful(d)) else {
            let last = ours.next_back().map_or_else(
                || "does not exist".to_owned(),
                |d| format!("is {:?}", d.status),
            );
            return Some(broken(format!(
                "job {id} ended live on {target} by service deployment {arn}, which {last} in ECS \
                 and was not SUCCESSFUL by then"
            )));
        };
        proof
    };
    if report.task_definition.as_ref() != Some(&proof.task_definition) {
        return Some(broken(format!(
            "job {id} ended live on {target} with task definition {}, but ECS serves {}",
            report.task_definition.as_deref().unwrap_or("none"),
            proof.task_definition
        )));
    }
    let accepted = accepted(history, id.release);
    let foreign = proof.digests.iter().find(|d| !accepted.contains(d));
    foreign.filter(|_| !accepted.is_empty()).map(|digest| {
        broken(format!(
            "job {id} ended live on {target}, but a task there runs {}, which is not an image \
                 of its release",
            digest.short()
        ))
    })
}

/// Any other end: ECS did not come to serve our digest by our deployment while we watched, unless
/// something later took its place.
fn other(
    history: &History,
    job: &Job,
    report: Option<&RolloutReport>,
    shown: &[DeploymentShown],
    end: Timestamp,
) -> Option<Broken> {
    let id = job.id;
    let followed = job.checkpoints.iter().find_map(|note| match note {
        Checkpoint::Following { service_deployment } => Some(service_deployment),
        _ => None,
    });
    let arn = report
        .and_then(|report| report.service_deployment.as_ref())
        .or(followed)?;
    let ours = || shown.iter().filter(|d| d.arn == *arn);
    let word = report.map_or("failed or stopped", |report| report.verdict.as_str());
    if report.is_some_and(|report| report.verdict == Verdict::RolledBack)
        && !ours().any(|d| d.status == ServiceDeploymentStatus::RollbackSuccessful)
    {
        return Some(broken(format!(
            "job {id} ended as rolled-back, but service deployment {arn} never was \
             ROLLBACK_SUCCESSFUL"
        )));
    }
    let proof = ours().find(|d| successful(d) && d.at.plus(CLOCKS) <= end)?;
    let later = shown
        .iter()
        .any(|d| d.arn != *arn && d.created_at >= proof.created_at && d.created_at <= end);
    let accepted = accepted(history, id.release);
    let serves = !proof.digests.is_empty() && proof.digests.iter().all(|d| accepted.contains(d));
    (serves && !later).then(|| {
        broken(format!(
            "job {id} ended as {word}, but its service deployment {arn} came to serve its image \
             at {} while it was watched",
            proof.at.millis()
        ))
    })
}
