//! Promise 2: at most one attempt changes a target at a time, and old attempts change nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::{Broken, History, Mutation, Operation, Promise};
use crate::agent::Held;
use crate::checkpoint::{Checkpoint, ScalingFlags};
use crate::ids::{JobId, Target};
use crate::job::{Job, JobKind, JobState};
use crate::target::TargetRecord;
use crate::time::Timestamp;

fn broken(what: String) -> Broken {
    Broken::new(Promise::Attempts, what)
}

/// A job's record followed another one of the same job.
pub(super) fn committed(history: &History, job: &Job) -> Vec<Broken> {
    let Some(before) = history.job(job.id) else {
        return Vec::new();
    };
    changed(before, job)
}

/// What must not happen between two records of a job.
pub(super) fn changed(before: &Job, job: &Job) -> Vec<Broken> {
    let id = job.id;
    let mut all = Vec::new();
    let stands = |(old, new): (&Checkpoint, &Checkpoint)| new == old || new.renews(old);
    let mut notes = before.checkpoints.iter().zip(&job.checkpoints);
    if job.checkpoints.len() < before.checkpoints.len() || !notes.all(stands) {
        all.push(broken(format!(
            "notes of job {id} were {} and are {} of others: notes are never taken back",
            before.checkpoints.len(),
            job.checkpoints.len()
        )));
    }
    let JobState::Granted(grant) = &job.state else {
        return all;
    };
    match &before.state {
        JobState::Granted(old)
            if job.attempt == before.attempt
                && (old.agent != grant.agent || old.incarnation != grant.incarnation) =>
        {
            all.push(broken(format!(
                "attempt {} of job {id} went from agent {} to another life or agent ({}) without \
                 a new number",
                job.attempt, old.agent, grant.agent
            )));
        }
        JobState::Queued { .. } if job.attempt <= before.attempt => all.push(broken(format!(
            "job {id} was granted as attempt {} after attempt {} had been given back",
            job.attempt, before.attempt
        ))),
        JobState::Granted(_) | JobState::Queued { .. } | JobState::Ended(_) => {}
    }
    all
}

/// A target's record followed another one: the slot is left by jobs that have ended, and by no other.
pub(super) fn slot_committed(history: &History, target: &TargetRecord) -> Option<Broken> {
    let before = history.targets.get(&target.target)?.slot?;
    history.job(before)?;
    (target.slot != Some(before) && !history.ended(before)).then(|| {
        let now = target
            .slot
            .map_or_else(|| "nobody".to_owned(), |job| format!("job {job}"));
        broken(format!(
            "the slot of {} went from job {before}, which has not ended, to {now}",
            target.target
        ))
    })
}

pub(super) fn note_kept(history: &History, held: Held, note: &Checkpoint) -> Option<Broken> {
    let job = history.job(held.job);
    let stands = |kept: &Checkpoint| kept == note || kept.renews(note);
    let known = job.is_some_and(|job| job.checkpoints.iter().any(stands));
    // What an ended release had noted is not read again after a restart.
    let gone = job.is_none() && history.ended(held.job);
    (!known && !gone).then(|| {
        broken(format!(
            "the agent with attempt {} of job {} was told that its note {note:?} is durable, which \
             it is not",
            held.attempt, held.job
        ))
    })
}

/// A call landed in AWS.
pub(super) fn mutated(history: &History, mutation: &Mutation) -> Option<Broken> {
    let held = mutation.by?;
    let call = mutation.operation.name();
    let Some(job) = history.job(held.job) else {
        return (!history.ended(held.job)).then(|| {
            broken(format!(
                "{call} was called for job {}, which does not exist",
                held.job
            ))
        });
    };
    if job.attempt < held.attempt {
        return Some(broken(format!(
            "{call} was called by attempt {} of job {}, whose newest durable attempt is {}: an \
             attempt may act once its grant is durable",
            held.attempt, held.job, job.attempt
        )));
    }
    let noted = |wanted: &dyn Fn(&Checkpoint) -> bool| job.checkpoints.iter().any(wanted);
    let intent = match &mutation.operation {
        Operation::CreateRepository => {
            noted(&|note| matches!(note, Checkpoint::CreateRepositoryIntent))
        }
        Operation::RegisterTaskDefinition => {
            noted(&|note| matches!(note, Checkpoint::RegisterIntent { .. }))
        }
        Operation::SetScaling { flags } if *flags == Some(ScalingFlags::ALL) => suspends(job, held),
        Operation::UpdateService {
            task_definition: named,
        } => noted(&|note| {
            matches!(note, Checkpoint::UpdateIntent { task_definition, .. }
                if named.as_ref().is_none_or(|named| named == task_definition))
        }),
        Operation::StopServiceDeployment => {
            noted(&|note| matches!(note, Checkpoint::StopIntent { .. }))
        }
        Operation::ContinueServiceDeployment => {
            noted(&|note| matches!(note, Checkpoint::AnswerIntent { .. }))
        }
        Operation::SetScaling { .. } | Operation::Other(_) => true,
    };
    (!intent).then(|| {
        broken(format!(
            "{call} was called by attempt {} of job {} without a durable intent before it",
            held.attempt, held.job
        ))
    })
}

/// Whether the attempt has said that it would suspend, and has not put back what it did.
fn suspends(job: &Job, held: Held) -> bool {
    let mut notes = job.checkpoints.iter().rev();
    let is_meant = |note: &Checkpoint| matches!(note, Checkpoint::SuspendIntent { .. });
    if held.attempt < job.attempt {
        // What it noted last is not known any more.
        return notes.any(is_meant);
    }
    notes
        .find(|note| is_meant(note) || **note == Checkpoint::Resumed)
        .is_some_and(is_meant)
}

pub(super) fn check(history: &History) -> Vec<Broken> {
    let jobs = history.jobs.values().map(AsRef::as_ref);
    let slot = |target: &Target| history.targets.get(target).and_then(|record| record.slot);
    let mut all = slots(jobs.filter(|job| !history.ended(job.id)), slot);
    all.extend(updates(history));
    all.extend(order(history));
    all
}

/// Every job that was ever granted and has not ended holds the slot of its target.
pub(super) fn slots<'a>(
    jobs: impl Iterator<Item = &'a Job>,
    slot: impl Fn(&Target) -> Option<JobId>,
) -> Vec<Broken> {
    let mut all = Vec::new();
    for job in jobs {
        let Some(target) = job.kind.target() else {
            continue;
        };
        let holder = slot(target);
        let started = job.attempt.0 > 0 && !matches!(job.state, JobState::Ended(_));
        if started && holder != Some(job.id) {
            let holder =
                holder.map_or_else(|| "nobody".to_owned(), |holder| format!("job {holder}"));
            all.push(broken(format!(
                "job {} changes {target} as attempt {}, but its slot is held by {holder}",
                job.id, job.attempt
            )));
        }
    }
    all
}

/// One rollout has one UpdateService, and no other job has any.
fn updates(history: &History) -> Vec<Broken> {
    let mut calls: BTreeMap<JobId, Vec<&Mutation>> = BTreeMap::new();
    for mutation in &history.mutations {
        if let (Operation::UpdateService { .. }, Some(held)) = (&mutation.operation, mutation.by) {
            calls.entry(held.job).or_default().push(mutation);
        }
    }
    let mut all = Vec::new();
    for (job, calls) in calls {
        let most = match history.job(job).map(|job| &job.kind) {
            Some(JobKind::Rollout { .. }) | None => 1,
            Some(JobKind::Build | JobKind::Settle { .. } | JobKind::Task { .. }) => 0,
        };
        if calls.len() > most {
            let by: Vec<String> = calls.iter().map(|call| told(call)).collect();
            all.push(broken(format!(
                "job {job} sent UpdateService {} times ({}); at most {most} may be",
                calls.len(),
                by.join(", ")
            )));
        }
    }
    all
}

fn told(call: &Mutation) -> String {
    let attempt = call.by.map_or(0, |held| held.attempt.0);
    format!("attempt {attempt} at {}", call.at.millis())
}

/// On each target, attempts act in the order in which they were granted: none acts after one that was
/// granted later has acted. Grants are compared with grants, calls with calls: the clocks of AWS and of
/// the coordinator need not agree.
fn order(history: &History) -> Vec<Broken> {
    let mut granted: BTreeMap<(JobId, u32), Timestamp> = BTreeMap::new();
    let mut newest: BTreeMap<&Target, (Timestamp, Held)> = BTreeMap::new();
    let mut asked = BTreeSet::new();
    let mut all = Vec::new();
    for mutation in &history.mutations {
        let (Some(target), Some(held)) = (&mutation.target, mutation.by) else {
            continue;
        };
        if asked.insert(held.job) {
            let grants = history.grants_of(held.job);
            granted.extend(grants.map(|(attempt, at)| ((held.job, attempt.0), at)));
        }
        let Some(at) = granted.get(&(held.job, held.attempt.0)).copied() else {
            continue;
        };
        match newest.get(target) {
            Some((later, by))
                // Of one job the numbers decide: a clock may have been set back between its grants.
                if *later > at && (by.job != held.job || by.attempt > held.attempt) =>
            {
                all.push(broken(format!(
                    "attempt {} of job {} changed {target} ({} at {}) after attempt {} of job {}, \
                     which was granted later, had changed it",
                    held.attempt,
                    held.job,
                    mutation.operation.name(),
                    mutation.at.millis(),
                    by.attempt,
                    by.job
                )));
            }
            _ => {
                newest.insert(target, (at, held));
            }
        }
    }
    all
}
