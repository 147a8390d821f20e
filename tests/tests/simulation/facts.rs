//! What is known of a run from outside: what became durable, what people were told, what AWS shows.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use shipway_domain::change::Change;
use shipway_domain::event::EventKind;
use shipway_domain::ids::{JobId, ReleaseId, Target};
use shipway_domain::job::{Job, JobState};
use shipway_domain::release::Release;
use shipway_domain::target::TargetRecord;
use shipway_proto::v1;

use crate::diary::Diary;

/// Everything known; clones share it.
#[derive(Clone, Default)]
pub(crate) struct Facts(Arc<Mutex<Known>>);

/// What is known.
#[derive(Default)]
pub(crate) struct Known {
    pub(crate) releases: BTreeMap<ReleaseId, Arc<Release>>,
    pub(crate) jobs: BTreeMap<JobId, Arc<Job>>,
    pub(crate) targets: BTreeMap<Target, TargetRecord>,
    /// Number of the last durable event of each release.
    events: BTreeMap<ReleaseId, u64>,
    /// The release that each key was answered with.
    keys: BTreeMap<String, u64>,
    /// Promises that were broken, each once.
    pub(crate) broken: Vec<String>,
}

impl Facts {
    pub(crate) fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// A promise was broken.
    pub(crate) fn broken(&self, what: String) {
        let mut known = self.known();
        if !known.broken.contains(&what) {
            known.broken.push(what);
        }
    }

    /// A submission was answered.
    pub(crate) fn acknowledged(&self, key: &str, release: u64) {
        let known_release = {
            let mut known = self.known();
            let id = ReleaseId::from_number(release);
            if !known.releases.contains_key(&id) {
                let text = format!("{key} was answered with release {release}, which is not durable");
                known.broken.push(text);
            }
            *known.keys.entry(key.to_owned()).or_insert(release)
        };
        if known_release != release {
            self.broken(format!("{key} made two releases: {known_release} and {release}"));
        }
    }

    /// Somebody saw an event, after those up to `seen`.
    pub(crate) fn watched(&self, who: &str, release: u64, seq: u64, seen: u64) {
        if seq != seen + 1 {
            self.broken(format!("{who} saw event {seq} of release {release} after event {seen}"));
        }
        let durable = self.known().events.get(&ReleaseId::from_number(release)).copied();
        if durable.is_none_or(|durable| seq > durable) {
            self.broken(format!(
                "{who} saw event {seq} of release {release} before it was durable"
            ));
        }
    }

    /// Somebody saw how a release stands.
    pub(crate) fn viewed(&self, diary: &Diary, view: &v1::ReleaseView) {
        for job in &view.jobs {
            let waits = matches!(
                job.phase(),
                v1::JobPhase::Waiting | v1::JobPhase::Resting
            );
            if waits && job.wait.as_ref().is_none_or(|wait| wait.text.is_empty()) {
                let text = format!("job {}/{} waits without a reason", view.id, job.index);
                diary.note("promise", &text);
                self.broken(text);
            }
        }
    }

    /// A change became durable.
    pub(crate) fn committed(&self, diary: &Diary, change: Change) {
        match change {
            Change::Spec { .. } => {}
            Change::Release(release) => {
                self.known().releases.insert(release.id, release);
            }
            Change::Job(job) => self.job(diary, job),
            Change::Target(target) => {
                diary.note(
                    "disk",
                    format_args!(
                        "target {}: slot {:?}, debt {:?}",
                        target.target, target.slot, target.debt
                    ),
                );
                self.known().targets.insert(target.target.clone(), target);
            }
            Change::Event { release, event } => {
                let kind = short(&event.kind);
                let job = event.job.map_or_else(String::new, |job| format!("/{job}"));
                diary.note("disk", format_args!("{release}{job} event {}: {kind}", event.seq));
                let before = self.known().events.insert(release, event.seq);
                if event.seq != before.unwrap_or_default() + 1 {
                    self.broken(format!(
                        "event {} of release {release} became durable after event {before:?}",
                        event.seq
                    ));
                }
            }
        }
    }

    fn job(&self, diary: &Diary, job: Arc<Job>) {
        let state = match &job.state {
            JobState::Queued { not_before, resting } => {
                format!("queued until {not_before:?}, rests: {}", resting.is_some())
            }
            JobState::Granted(grant) => format!("granted to {}", grant.agent),
            JobState::Ended(outcome) => format!("ended {}", outcome.verdict()),
        };
        let (id, attempt) = (job.id, job.attempt);
        let note = job.checkpoints.last();
        diary.note("disk", format_args!("{id} attempt {attempt}: {state}, {note:?}"));
        let before = self.known().jobs.insert(id, Arc::clone(&job));
        let Some(before) = before else { return };
        if job.attempt < before.attempt {
            self.broken(format!("{id} went from attempt {} back to {attempt}", before.attempt));
        }
        if let JobState::Ended(ended) = &before.state
            && before.state != job.state
        {
            self.broken(format!("{id} had ended {}, and went on", ended.verdict()));
        }
    }

    /// Whether the coordinator has nothing left to do.
    pub(crate) fn at_rest(&self) -> bool {
        let known = self.known();
        known.releases.values().all(|release| release.ended_at.is_some())
            && known.targets.values().all(|target| target.slot.is_none() && target.debt.is_none())
    }
}

fn short(kind: &EventKind) -> String {
    let mut text = format!("{kind:?}");
    if let Some((end, _)) = text.char_indices().nth(160) {
        text.truncate(end);
    }
    text
}
