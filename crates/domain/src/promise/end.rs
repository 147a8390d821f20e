//! Promise 3: attempts only grow; each job ends exactly once; each release ends once all its jobs have.

use super::{Broken, History, Promise};
use crate::agent::Held;
use crate::event::EventKind;
use crate::job::{Job, JobState};
use crate::release::Release;
use crate::verdict::Verdict;

fn broken(what: String) -> Broken {
    Broken::new(Promise::Ends, what)
}

pub(super) fn job_committed(history: &History, job: &Job) -> Vec<Broken> {
    history
        .job(job.id)
        .map_or_else(Vec::new, |before| changed(before, job))
}

/// What must not happen between two records of a job.
pub(super) fn changed(before: &Job, job: &Job) -> Vec<Broken> {
    let mut all = Vec::new();
    if job.attempt < before.attempt {
        all.push(broken(format!(
            "job {} went from attempt {} back to attempt {}",
            job.id, before.attempt, job.attempt
        )));
    }
    if let JobState::Ended(outcome) = &before.state
        && job.state != before.state
    {
        all.push(broken(format!(
            "job {} had ended as {} and has changed since",
            job.id,
            outcome.verdict()
        )));
    }
    all
}

pub(super) fn release_committed(history: &History, release: &Release) -> Vec<Broken> {
    let Some(before) = history.release(release.id) else {
        return Vec::new();
    };
    let ended = (before.ended_at, before.verdict);
    let changed = before.ended_at.is_some() && ended != (release.ended_at, release.verdict);
    let told = |release: &Release| {
        let verdict = release.verdict.map_or("nothing", Verdict::as_str);
        let open = release.ended_at.is_none();
        format!("{verdict}{}", if open { " (open)" } else { "" })
    };
    let text = || {
        broken(format!(
            "release {} had ended as {} and became {}",
            release.id,
            told(before),
            told(release)
        ))
    };
    changed.then(text).into_iter().collect()
}

/// An agent may forget a job once it is told that its end is durable.
pub(super) fn end_kept(history: &History, held: Held) -> Option<Broken> {
    let gone = history.job(held.job).is_none() && history.ended(held.job);
    let kept = history.job(held.job).is_some_and(|job| match &job.state {
        JobState::Ended(_) => true,
        // It rests, and may have been granted again.
        JobState::Queued { resting, .. } => resting.is_some() || job.attempt > held.attempt,
        JobState::Granted(_) => job.attempt > held.attempt,
    });
    (!gone && !kept).then(|| {
        broken(format!(
            "the agent with attempt {} of job {} was told that its end is durable, but the job goes \
             on in that attempt",
            held.attempt, held.job
        ))
    })
}

pub(super) fn check(history: &History) -> Vec<Broken> {
    let mut all = Vec::new();
    for release in history.releases() {
        let jobs: Vec<&Job> = history.jobs_of(release.id).collect();
        all.extend(release_ends(release, &jobs));
        all.extend(told_once(history, release, &jobs));
    }
    all
}

/// A release has ended if and only if all its jobs have, with the verdict that follows from theirs.
/// Jobs of ended releases may be unknown.
pub(super) fn release_ends(release: &Release, jobs: &[&Job]) -> Vec<Broken> {
    let id = release.id;
    let open: Vec<String> = jobs
        .iter()
        .filter(|job| !matches!(job.state, JobState::Ended(_)))
        .map(|job| job.id.to_string())
        .collect();
    let all_known = u32::try_from(jobs.len()) == Ok(release.jobs);
    if release.ended_at.is_some() && !open.is_empty() {
        return vec![broken(format!(
            "release {id} has ended, but {} not",
            open.join(", ")
        ))];
    }
    if !all_known {
        return Vec::new();
    }
    if release.ended_at.is_none() && open.is_empty() {
        return vec![broken(format!(
            "all jobs of release {id} have ended, but the release has not"
        ))];
    }
    let outcomes = jobs.iter().filter_map(|job| match &job.state {
        JobState::Ended(outcome) => Some(outcome.verdict()),
        JobState::Queued { .. } | JobState::Granted(_) => None,
    });
    let follows = Verdict::of_release(outcomes);
    if release.ended_at.is_some() && release.verdict != Some(follows) {
        let told = release.verdict.map_or("nothing", Verdict::as_str);
        return vec![broken(format!(
            "release {id} ended as {told}, though its jobs come to {follows}"
        ))];
    }
    Vec::new()
}

/// Ends are told once: as many events as ends.
fn told_once(history: &History, release: &Release, jobs: &[&Job]) -> Vec<Broken> {
    let events = history.events_of(release.id);
    let complete = events.len() as u64 == release.last_seq;
    let mut all = Vec::new();
    for job in jobs {
        let ends = |kind: &EventKind| matches!(kind, EventKind::JobEnded(_));
        let told = events
            .iter()
            .filter(|event| event.job == Some(job.id.index) && ends(&event.kind))
            .count();
        let ended = usize::from(matches!(job.state, JobState::Ended(_)));
        if told > ended || (complete && told != ended) {
            all.push(broken(format!(
                "{told} events say that job {} ended; it did {ended} times",
                job.id
            )));
        }
    }
    let is_end = |kind: &EventKind| matches!(kind, EventKind::Ended { .. });
    let told = events.iter().filter(|event| is_end(&event.kind)).count();
    let ended = usize::from(release.ended_at.is_some());
    if told > ended || (complete && told != ended) {
        all.push(broken(format!(
            "{told} events say that release {} ended; it did {ended} times",
            release.id
        )));
    }
    if told == 1 && !events.last().is_some_and(|event| is_end(&event.kind)) {
        all.push(broken(format!(
            "release {} had events after its end",
            release.id
        )));
    }
    all
}
