//! What was seen so far, sorted for the checks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{
    Broken, DeploymentShown, Fact, FlagsShown, Mutation, Promise, attempt, debt, end, event,
    submission,
};
use crate::change::Change;
use crate::event::{Event, EventKind};
use crate::ids::{Attempt, Digest, IdempotencyKey, JobId, ReleaseId, Target};
use crate::job::{Job, JobState};
use crate::release::Release;
use crate::spec::ReleaseSpec;
use crate::target::TargetRecord;
use crate::time::Timestamp;

/// Everything that was seen from outside. Tell it facts with [`History::observe`]; ask
/// [`super::at_every_moment`] and [`super::at_rest`].
#[derive(Clone, Debug, Default)]
pub struct History {
    pub(super) acknowledged: BTreeMap<IdempotencyKey, BTreeSet<(Digest, ReleaseId)>>,
    pub(super) releases: BTreeMap<ReleaseId, Arc<Release>>,
    pub(super) specs: BTreeMap<ReleaseId, Arc<ReleaseSpec>>,
    pub(super) jobs: BTreeMap<JobId, Arc<Job>>,
    pub(super) targets: BTreeMap<Target, TargetRecord>,
    pub(super) events: BTreeMap<ReleaseId, Vec<Event>>,
    /// Number of the newest durable event, seen or not.
    pub(super) last_seq: BTreeMap<ReleaseId, u64>,
    pub(super) mutations: Vec<Mutation>,
    pub(super) flags: BTreeMap<Target, Vec<FlagsShown>>,
    pub(super) deployments: BTreeMap<Target, Vec<DeploymentShown>>,
    pub(super) watched: BTreeMap<(String, ReleaseId), Vec<u64>>,
    pub(super) unwatched: BTreeSet<(String, ReleaseId)>,
    /// Breaches that only the order of facts shows.
    found: Vec<Broken>,
}

impl History {
    /// A history of nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in a fact.
    pub fn observe(&mut self, fact: Fact) {
        match fact {
            Fact::Acknowledged {
                key,
                content,
                release,
            } => {
                let found = submission::acknowledged(self, &key, release);
                self.found.extend(found);
                let answers = self.acknowledged.entry(key).or_default();
                answers.insert((content, release));
            }
            Fact::Committed(changes) => self.commit(&changes),
            Fact::Reopened(changes) => {
                let found = submission::reopened(self, &changes);
                self.found.extend(found);
                self.reopen(&changes);
            }
            Fact::NoteKept { held, note } => {
                self.found.extend(attempt::note_kept(self, held, &note));
            }
            Fact::EndKept { held } => self.found.extend(end::end_kept(self, held)),
            Fact::Mutated(mutation) => {
                self.found.extend(attempt::mutated(self, &mutation));
                let at = self.mutations.partition_point(|m| m.at <= mutation.at);
                self.mutations.insert(at, mutation);
            }
            Fact::Flags(shown) => {
                let all = self.flags.entry(shown.target.clone()).or_default();
                let at = all.partition_point(|known| known.at <= shown.at);
                all.insert(at, shown);
            }
            Fact::Deployment(shown) => {
                let all = self.deployments.entry(shown.target.clone()).or_default();
                let at = all.partition_point(|known| known.at <= shown.at);
                all.insert(at, shown);
            }
            Fact::Watched {
                watcher,
                release,
                seq,
            } => {
                self.found
                    .extend(event::watched(self, &watcher, release, seq));
                self.watched
                    .entry((watcher, release))
                    .or_default()
                    .push(seq);
            }
            Fact::Unwatched { watcher, release } => {
                self.unwatched.insert((watcher, release));
            }
        }
    }

    /// A release as it was last durable.
    #[must_use]
    pub fn release(&self, id: ReleaseId) -> Option<&Release> {
        self.releases.get(&id).map(Arc::as_ref)
    }

    /// All releases that were ever durable, as they were last.
    pub fn releases(&self) -> impl Iterator<Item = &Release> {
        self.releases.values().map(Arc::as_ref)
    }

    /// A job as it was last durable.
    #[must_use]
    pub fn job(&self, id: JobId) -> Option<&Job> {
        self.jobs.get(&id).map(Arc::as_ref)
    }

    /// Jobs of a release as they were last durable.
    pub fn jobs_of(&self, release: ReleaseId) -> impl Iterator<Item = &Job> {
        let jobs = self.jobs.values().map(Arc::as_ref);
        jobs.filter(move |job| job.id.release == release)
    }

    /// Events of a release, in order.
    #[must_use]
    pub fn events_of(&self, release: ReleaseId) -> &[Event] {
        self.events.get(&release).map_or(&[], Vec::as_slice)
    }

    /// When each attempt of a job was granted, as its events say.
    pub fn grants_of(&self, id: JobId) -> impl Iterator<Item = (Attempt, Timestamp)> {
        self.events_of(id.release)
            .iter()
            .filter(move |event| event.job == Some(id.index))
            .filter_map(|event| match &event.kind {
                EventKind::Granted { attempt, .. } => Some((*attempt, event.at)),
                _ => None,
            })
    }

    /// When a job ended, as its events say.
    #[must_use]
    pub fn end_of(&self, id: JobId) -> Option<Timestamp> {
        self.events_of(id.release).iter().find_map(|event| {
            let ended = matches!(event.kind, EventKind::JobEnded(_));
            (ended && event.job == Some(id.index)).then_some(event.at)
        })
    }

    /// The breaches of one promise that were found on the way, and those that a look finds now.
    pub(super) fn broken(&self, promise: Promise, now: Vec<Broken>) -> Vec<Broken> {
        let before = self.found.iter().filter(|b| b.promise == promise).cloned();
        let mut all: Vec<Broken> = before.chain(now).collect();
        let mut seen = BTreeSet::new();
        all.retain(|broken| seen.insert(broken.clone()));
        all
    }

    pub(super) fn ended(&self, id: JobId) -> bool {
        self.has_ended(id.release)
            || self
                .job(id)
                .is_some_and(|job| matches!(job.state, JobState::Ended(_)))
    }

    fn commit(&mut self, changes: &[Change]) {
        for change in changes {
            match change {
                Change::Spec { release, spec } => {
                    self.specs.insert(*release, Arc::clone(spec));
                }
                Change::Release(release) => {
                    self.found.extend(submission::committed(self, release));
                    self.found.extend(end::release_committed(self, release));
                    self.releases.insert(release.id, Arc::clone(release));
                }
                Change::Job(job) => {
                    self.found.extend(attempt::committed(self, job));
                    self.found.extend(end::job_committed(self, job));
                    self.jobs.insert(job.id, Arc::clone(job));
                }
                Change::Target(target) => {
                    self.found.extend(debt::committed(self, target, changes));
                    self.found.extend(attempt::slot_committed(self, target));
                    self.targets.insert(target.target.clone(), target.clone());
                }
                Change::Event { release, event } => {
                    self.found.extend(event::committed(self, *release, event));
                    let last = self.last_seq.entry(*release).or_default();
                    if *last < event.seq {
                        *last = event.seq;
                        self.events.entry(*release).or_default().push(event.clone());
                    }
                }
            }
        }
    }

    /// What a store gave back. It may hold a commit of which nobody was told, so that it may be ahead
    /// in all that is kept of releases and targets, but never behind.
    fn reopen(&mut self, changes: &[Change]) {
        for change in changes {
            if let Change::Release(release) = change {
                self.found.extend(submission::committed(self, release));
                self.found.extend(end::release_committed(self, release));
                if release.ended_at.is_some() && !self.has_ended(release.id) {
                    // Its jobs ended with it, unseen.
                    self.jobs.retain(|id, _| id.release != release.id);
                }
                self.releases.insert(release.id, Arc::clone(release));
                let last = self.last_seq.entry(release.id).or_default();
                *last = (*last).max(release.last_seq);
            }
        }
        for change in changes {
            match change {
                Change::Spec { release, spec } => {
                    self.specs.insert(*release, Arc::clone(spec));
                }
                Change::Job(job) => {
                    self.found.extend(attempt::committed(self, job));
                    self.found.extend(end::job_committed(self, job));
                    self.jobs.insert(job.id, Arc::clone(job));
                }
                Change::Target(target) => {
                    self.found.extend(attempt::slot_committed(self, target));
                    self.targets.insert(target.target.clone(), target.clone());
                }
                Change::Release(_) | Change::Event { .. } => {}
            }
        }
    }

    fn has_ended(&self, release: ReleaseId) -> bool {
        self.release(release)
            .is_some_and(|release| release.ended_at.is_some())
    }
}
