//! Whether the indexes of a board agree with its records, and a look at all records for checks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Board, Turn};
use crate::ids::{JobId, ReleaseId};
use crate::job::{Job, JobState};
use crate::release::Release;
use crate::time::Timestamp;

impl Board {
    /// A job of a release that has not ended.
    #[must_use]
    pub fn job(&self, id: JobId) -> Option<&Job> {
        self.jobs.get(&id).map(Arc::as_ref)
    }

    /// Jobs of all releases that have not ended, ended jobs too, by id.
    pub fn all_jobs(&self) -> impl Iterator<Item = &Job> {
        self.jobs.values().map(Arc::as_ref)
    }

    /// Releases that have not ended, by id.
    pub fn open_releases(&self) -> impl Iterator<Item = &Release> {
        self.releases.values().map(Arc::as_ref)
    }

    /// What disagrees between the records and the indexes that are kept for speed, in plain words. Costs
    /// a walk over the whole board: for tests.
    #[must_use]
    pub fn audit(&self) -> Vec<String> {
        let mut all = Vec::new();
        self.audit_ready(&mut all);
        self.audit_lines(&mut all);
        self.audit_timers(&mut all);
        self.audit_agents(&mut all);
        self.audit_releases(&mut all);
        all
    }

    fn audit_ready(&self, all: &mut Vec<String>) {
        let listed: BTreeSet<JobId> = self
            .ready
            .values()
            .flatten()
            .map(|turn| turn.job())
            .collect();
        for job in self.all_jobs() {
            let JobState::Queued { not_before, .. } = job.state else {
                continue;
            };
            // One whose time has come is listed by the next call of `wake`.
            let to_wake = self.timers.contains(&(not_before, job.id));
            if self.startable(job) && !to_wake && !listed.contains(&job.id) {
                all.push(format!(
                    "job {} may start and is not listed as ready",
                    job.id
                ));
            }
        }
        for (class, turns) in &self.ready {
            if turns.is_empty() {
                all.push(format!("an empty list of ready jobs is kept for {class:?}"));
            }
            for turn in turns {
                let id = turn.job();
                let job = self.job(id);
                let right = job.is_some_and(|job| {
                    self.startable(job)
                        && self.class_of(job).as_ref() == Some(class)
                        && self.turn(job) == *turn
                });
                if !right {
                    all.push(format!("job {id} is listed as ready and may not start"));
                }
            }
        }
    }

    fn audit_lines(&self, all: &mut Vec<String>) {
        let mut lines: BTreeMap<_, BTreeSet<Turn>> = BTreeMap::new();
        for job in self.all_jobs() {
            if let (JobState::Queued { .. }, Some(target)) = (&job.state, job.kind.target()) {
                lines.entry(target).or_default().insert(self.turn(job));
            }
        }
        let kept: BTreeMap<_, _> = self.lines.iter().collect();
        if kept != lines.iter().map(|(target, line)| (*target, line)).collect() {
            all.push(format!(
                "the lines of targets are {kept:?}, and should be {lines:?}"
            ));
        }
    }

    fn audit_timers(&self, all: &mut Vec<String>) {
        let mut due: BTreeSet<(Timestamp, JobId)> = BTreeSet::new();
        for job in self.all_jobs() {
            match &job.state {
                JobState::Granted(_) => match self.leases.get(&job.id) {
                    Some(until) => {
                        due.insert((*until, job.id));
                    }
                    None => all.push(format!("job {} is granted without a lease", job.id)),
                },
                JobState::Queued { not_before, .. } => {
                    let listed = self.timers.contains(&(*not_before, job.id));
                    let ahead = *not_before > self.now && not_before.millis() < u64::MAX;
                    if ahead || listed {
                        due.insert((*not_before, job.id));
                    }
                }
                JobState::Ended(_) => {}
            }
        }
        for id in self.leases.keys() {
            let granted = self
                .job(*id)
                .is_some_and(|job| matches!(job.state, JobState::Granted(_)));
            if !granted {
                all.push(format!("job {id} has a lease and is not granted"));
            }
        }
        if due != self.timers {
            all.push(format!(
                "timers are {:?}, and should be {due:?}",
                self.timers
            ));
        }
    }

    fn audit_agents(&self, all: &mut Vec<String>) {
        let mut free: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for seat in self.agents.values() {
            let id = &seat.description.id;
            let held = self.held_by(id);
            if seat.running != held {
                all.push(format!(
                    "agent {id} is counted with {} jobs and holds {held}",
                    seat.running
                ));
            }
            if seat.has_room() {
                for class in seat.classes() {
                    let entry = (seat.running, id.clone());
                    free.entry(class).or_default().insert(entry);
                }
            }
        }
        if free != self.free {
            all.push(format!(
                "free places are {:?}, and should be {free:?}",
                self.free
            ));
        }
    }

    fn audit_releases(&self, all: &mut Vec<String>) {
        let mut open: BTreeSet<ReleaseId> = BTreeSet::new();
        for ids in self.open.values() {
            open.extend(ids);
        }
        let kept: BTreeSet<ReleaseId> = self.releases.keys().copied().collect();
        if open != kept {
            all.push(format!(
                "releases {kept:?} are on the board, and {open:?} are listed as open"
            ));
        }
        let specs: BTreeSet<ReleaseId> = self.specs.keys().copied().collect();
        if specs != kept {
            all.push(format!(
                "releases {kept:?} are on the board, with specifications of {specs:?}"
            ));
        }
        for release in self.releases.values() {
            let known = self.keys.get(&release.key);
            if known.is_none_or(|known| known.release != release.id) {
                all.push(format!("the key of release {} is not known", release.id));
            }
        }
        for job in self.jobs.keys() {
            if !kept.contains(&job.release) {
                all.push(format!("job {job} has no release"));
            }
        }
    }
}
