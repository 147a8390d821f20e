//! What is known of a run from outside: what became durable, what people were told, what AWS shows.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use shipway_domain::change::Change;
use shipway_domain::checkpoint::Checkpoint;
use shipway_domain::event::{Event, EventKind};
use shipway_domain::ids::{Attempt, Digest, IdempotencyKey, JobId, ReleaseId};
use shipway_domain::job::{Job, JobState, Outcome};
use shipway_domain::promise::{self, Fact, History};
use shipway_domain::target::TargetRecord;
use shipway_proto::v1;

use crate::ambush::Moment;
use crate::diary::Diary;

/// An agent that lives hears of a stop within this, or its lease ends and another one does; AWS may fail then.
const HEARD: Duration = Duration::from_secs(120);

/// Everything known; clones share it.
#[derive(Clone, Default)]
pub(crate) struct Facts(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    history: History,
    targets: std::collections::BTreeMap<shipway_domain::ids::Target, TargetRecord>,
    /// Attempts that are to stop and did not yet begin to, and since when.
    stops: std::collections::BTreeMap<JobId, (Attempt, Duration)>,
    /// Until when leases stand that stood when the coordinator started.
    grace_until: Duration,
    /// What became durable of jobs that agents have, since it was last asked for.
    moments: Vec<(Moment, String)>,
    /// Promises that were broken, each once, in the order in which it was seen.
    broken: Vec<String>,
}

impl Facts {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something happened.
    pub(crate) fn tell(&self, fact: Fact) {
        self.known().history.observe(fact);
    }

    /// A promise was broken.
    pub(crate) fn broken(&self, what: impl Into<String>) {
        let what = what.into();
        let mut known = self.known();
        if !known.broken.contains(&what) {
            known.broken.push(what);
        }
    }

    /// What was broken so far.
    pub(crate) fn all_broken(&self) -> Vec<String> {
        self.known().broken.clone()
    }

    /// Holds the promises against what is known; says whether they hold.
    pub(crate) fn check(&self, at_rest: bool) -> bool {
        let broken = {
            let known = self.known();
            if at_rest {
                promise::at_rest(&known.history)
            } else {
                promise::at_every_moment(&known.history)
            }
        };
        for broken in broken {
            self.broken(broken.to_string());
        }
        self.known().broken.is_empty()
    }

    /// The moments that came since this was last asked, and whose jobs they were of.
    pub(crate) fn moments(&self) -> Vec<(Moment, String)> {
        std::mem::take(&mut self.known().moments)
    }

    /// Whether ECS has taken an update of this release.
    pub(crate) fn is_updated(&self, release: u64) -> bool {
        let known = self.known();
        let mut jobs = known.history.jobs_of(ReleaseId::from_number(release));
        jobs.any(|job| {
            let notes = job.checkpoints.iter();
            let mut notes = notes.map(Moment::of);
            notes.any(|moment| moment == Some(Moment::Updated))
        })
    }

    /// Whether this release has ended.
    pub(crate) fn has_ended(&self, release: u64) -> bool {
        let known = self.known();
        let release = known.history.release(ReleaseId::from_number(release));
        release.is_some_and(|release| release.ended_at.is_some())
    }

    fn notice(&self, job: &Job) {
        let JobState::Granted(grant) = &job.state else {
            return;
        };
        let mut known = self.known();
        let (attempt, notes, wanted) =
            known
                .history
                .job(job.id)
                .map_or((Attempt(0), 0, true), |before| {
                    (
                        before.attempt,
                        before.checkpoints.len(),
                        before.stop.is_none(),
                    )
                });
        let mut moments = Vec::new();
        if job.attempt > attempt {
            moments.push(Moment::Granted);
        }
        moments.extend(job.checkpoints.iter().skip(notes).filter_map(Moment::of));
        if wanted && job.stop.is_some() {
            moments.push(Moment::Unwanted);
        }
        let agent = grant.agent.to_string();
        let moments = moments.into_iter().map(|moment| (moment, agent.clone()));
        known.moments.extend(moments);
    }

    /// A submission was answered.
    pub(crate) fn acknowledged(&self, key: &str, content: Digest, release: u64) {
        self.tell(Fact::Acknowledged {
            key: IdempotencyKey::new(key).expect("a key"),
            content,
            release: ReleaseId::from_number(release),
        });
    }

    /// Somebody saw an event.
    pub(crate) fn watched(&self, who: &str, release: u64, seq: u64) {
        self.tell(Fact::Watched {
            watcher: who.to_owned(),
            release: ReleaseId::from_number(release),
            seq,
        });
    }

    /// Somebody saw how a release stands.
    pub(crate) fn viewed(&self, view: &v1::ReleaseView) {
        for job in &view.jobs {
            let waits = matches!(job.phase(), v1::JobPhase::Waiting | v1::JobPhase::Resting);
            if waits && job.wait.as_ref().is_none_or(|wait| wait.text.is_empty()) {
                self.broken(format!(
                    "job {}/{} waits, and people see no reason",
                    view.id, job.index
                ));
            }
        }
    }

    /// Changes became durable.
    pub(crate) fn committed(&self, diary: &Diary, changes: Vec<Change>) {
        for change in &changes {
            note(diary, change);
            if let Change::Job(job) = change {
                self.notice(job);
                self.hears_its_stop(diary, job);
            }
            if let Change::Event { release, event } = change {
                self.has_its_grace(diary, *release, event);
            }
            if let Change::Target(target) = change {
                let mut known = self.known();
                known.targets.insert(target.target.clone(), target.clone());
            }
        }
        self.tell(Fact::Committed(changes));
    }

    /// The coordinator starts; leases have this length.
    pub(crate) fn started(&self, diary: &Diary, lease: Duration) {
        let now = diary.elapsed();
        let mut known = self.known();
        known.grace_until = now + lease;
        // While it was away nobody could hear of a stop.
        for (_, since) in known.stops.values_mut() {
            *since = now;
        }
    }

    /// After a start, no lease ends before a whole one has passed.
    fn has_its_grace(&self, diary: &Diary, release: ReleaseId, event: &Event) {
        let EventKind::Returned { reason } = &event.kind else {
            return;
        };
        if reason.contains("did not renew") && diary.elapsed() < self.known().grace_until {
            self.broken(format!(
                "job {:?} of {release} had no lease of grace: {reason}",
                event.job
            ));
        }
    }

    /// An attempt sends a call that changes AWS: it must stand.
    pub(crate) fn acts(&self, job: JobId, attempt: Attempt, call: &str) {
        let stands =
            self.known().history.job(job).is_some_and(|job| {
                job.attempt == attempt && matches!(job.state, JobState::Granted(_))
            });
        if !stands {
            self.broken(format!(
                "attempt {attempt} of {job} sent {call}, but it does not stand"
            ));
        }
    }

    /// An attempt that is to stop asks ECS, unless it ends soon: a lease later another attempt would.
    fn hears_its_stop(&self, diary: &Diary, job: &Job) {
        let mut known = self.known();
        let asked = |note: &Checkpoint| matches!(note, Checkpoint::StopIntent { .. });
        if job.stop.is_none() || job.checkpoints.iter().any(asked) {
            known.stops.remove(&job.id);
            return;
        }
        let now = diary.elapsed();
        let (attempt, since) = known.stops.entry(job.id).or_insert((job.attempt, now));
        // While nobody has it, nobody can hear of it.
        if *attempt != job.attempt {
            (*attempt, *since) = (job.attempt, now);
        }
        let since = *since;
        let JobState::Ended(Outcome::RolledOut(report)) = &job.state else {
            return;
        };
        if report.service_deployment.is_some() && now > since + HEARD {
            let (id, waited) = (job.id, (now - since).as_secs());
            let text =
                format!("{id} was to stop {waited} s before its end, and ECS was never asked");
            known.broken.push(text);
        }
    }

    /// Whether the coordinator has nothing left to do.
    pub(crate) fn at_rest(&self) -> bool {
        let known = self.known();
        let free = |target: &TargetRecord| target.slot.is_none() && target.debt.is_none();
        known
            .history
            .releases()
            .all(|release| release.ended_at.is_some())
            && known.targets.values().all(free)
    }
}

fn note(diary: &Diary, change: &Change) {
    match change {
        Change::Spec { .. } | Change::Release(_) => {}
        Change::Job(job) => note_job(diary, job),
        Change::Target(target) => diary.note(
            "disk",
            format_args!(
                "{}: slot {:?}, debt {:?}",
                target.target, target.slot, target.debt
            ),
        ),
        Change::Event { release, event } => {
            let kind = short(&event.kind);
            let job = event.job.map_or_else(String::new, |job| format!(".{job}"));
            diary.note(
                "disk",
                format_args!("{release}{job} event {}: {kind}", event.seq),
            );
        }
    }
}

fn note_job(diary: &Diary, job: &Job) {
    let state = match &job.state {
        JobState::Queued { not_before, .. } => format!("queued until {}", not_before.millis()),
        JobState::Granted(grant) => format!("granted to {}", grant.agent),
        JobState::Ended(outcome) => format!("ended {}", outcome.verdict()),
    };
    let (id, attempt) = (job.id, job.attempt);
    let last = job.checkpoints.last();
    diary.note(
        "disk",
        format_args!("{id} attempt {attempt}: {state}, {last:?}"),
    );
}

fn short(kind: &EventKind) -> String {
    let mut text = format!("{kind:?}");
    if let Some((end, _)) = text.char_indices().nth(160) {
        text.truncate(end);
    }
    text
}
