//! A decision in the making: the board as it is, with the changes so far laid over it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Board, Decision, Effect};
use crate::agent::Held;
use crate::change::Change;
use crate::event::{Event, EventKind, NoteLevel, Progress};
use crate::ids::{JobId, ReleaseId, Target};
use crate::job::{Job, JobKind, JobState, Outcome, RolloutReport};
use crate::planted::{self, Bug};
use crate::release::Release;
use crate::size;
use crate::spec::ReleaseKind;
use crate::target::{Proven, TargetRecord};
use crate::time::Timestamp;
use crate::verdict::Verdict;

pub(super) struct Draft<'a> {
    pub(super) board: &'a Board,
    pub(super) now: Timestamp,
    releases: BTreeMap<ReleaseId, Release>,
    jobs: BTreeMap<JobId, Job>,
    targets: BTreeMap<Target, TargetRecord>,
    pub(super) next_release: u64,
    pub(super) decision: Decision,
}

impl<'a> Draft<'a> {
    pub(super) fn new(board: &'a Board, now: Timestamp) -> Self {
        Self {
            board,
            now,
            releases: BTreeMap::new(),
            jobs: BTreeMap::new(),
            targets: BTreeMap::new(),
            next_release: board.next_release,
            decision: Decision::default(),
        }
    }

    /// The decision: specs and events in the order they were made, then each record once.
    pub(super) fn finish(mut self) -> Decision {
        let changes = &mut self.decision.changes;
        let releases = self.releases.into_values().map(Arc::new);
        changes.extend(releases.map(Change::Release));
        let jobs = self.jobs.into_values().map(Arc::new);
        changes.extend(jobs.map(Change::Job));
        changes.extend(self.targets.into_values().map(Change::Target));
        self.decision
    }

    pub(super) fn job(&self, id: JobId) -> Option<&Job> {
        self.jobs
            .get(&id)
            .or_else(|| self.board.jobs.get(&id).map(Arc::as_ref))
    }

    /// The job for changing; `None` when the board does not know it.
    pub(super) fn job_mut(&mut self, id: JobId) -> Option<&mut Job> {
        if !self.jobs.contains_key(&id) {
            let job = self.board.jobs.get(&id)?.as_ref().clone();
            self.jobs.insert(id, job);
        }
        self.jobs.get_mut(&id)
    }

    pub(super) fn put_job(&mut self, job: Job) {
        self.jobs.insert(job.id, job);
    }

    pub(super) fn put_release(&mut self, release: Release) {
        self.releases.insert(release.id, release);
    }

    /// The release as of this draft; `None` when the board does not know it.
    pub(super) fn release(&self, id: ReleaseId) -> Option<&Release> {
        self.releases
            .get(&id)
            .or_else(|| self.board.releases.get(&id).map(Arc::as_ref))
    }

    pub(super) fn release_mut(&mut self, id: ReleaseId) -> Option<&mut Release> {
        if !self.releases.contains_key(&id) {
            let release = self.board.releases.get(&id)?.as_ref().clone();
            self.releases.insert(id, release);
        }
        self.releases.get_mut(&id)
    }

    /// The record of a target; a new one when it was never named.
    pub(super) fn target_mut(&mut self, target: &Target) -> &mut TargetRecord {
        self.targets.entry(target.clone()).or_insert_with(|| {
            self.board
                .targets
                .get(target)
                .cloned()
                .unwrap_or_else(|| TargetRecord {
                    target: target.clone(),
                    slot: None,
                    debt: None,
                    proven: None,
                })
        })
    }

    /// Ids of the jobs of a release, with those of this draft.
    pub(super) fn job_ids(&self, release: ReleaseId) -> Vec<JobId> {
        let mut ids: Vec<JobId> = self.board.jobs_of(release).map(|job| job.id).collect();
        for id in self.jobs.keys().filter(|id| id.release == release) {
            if !ids.contains(id) {
                ids.push(*id);
            }
        }
        ids
    }

    pub(super) fn event(&mut self, release: ReleaseId, job: Option<u32>, kind: EventKind) {
        self.event_at(self.now, release, job, kind);
    }

    /// An event that happened at another time than this decision's.
    pub(super) fn event_at(
        &mut self,
        at: Timestamp,
        release: ReleaseId,
        job: Option<u32>,
        kind: EventKind,
    ) {
        let Some(record) = self.release_mut(release) else {
            return;
        };
        record.last_seq += 1;
        if planted::has(Bug::EventSkipped) && matches!(kind, EventKind::Returned { .. }) {
            record.last_seq += 1;
        }
        let (seq, most) = (record.last_seq, size::most_events(record.jobs));
        let event = Event { seq, at, job, kind };
        self.decision.changes.push(Change::Event { release, event });
        // Whichever event it is that reaches the limit: it is never reached in silence.
        if seq == most {
            let text =
                format!("the release has {most} events: more progress of its jobs is not kept");
            let level = NoteLevel::Warning;
            self.event(
                release,
                None,
                EventKind::Progress(Progress::Note { level, text }),
            );
        }
    }

    /// Whether more progress of a release's jobs is kept.
    pub(super) fn has_room_for_progress(&self, release: ReleaseId) -> bool {
        self.release(release)
            .is_some_and(|record| record.last_seq < size::most_events(record.jobs))
    }

    pub(super) fn effect(&mut self, effect: Effect) {
        self.decision.effects.push(effect);
    }

    /// Takes a job back from its agent; it is offered again, or parked after too many losses.
    pub(super) fn return_job(&mut self, id: JobId, reason: &str, counts: bool) {
        let policy = self.board.policy.clone();
        let now = self.now;
        let Some(job) = self.job_mut(id) else { return };
        let JobState::Granted(grant) = &job.state else {
            return;
        };
        job.fruitless = match (counts, grant.progressed) {
            (_, true) => 0,
            (true, false) => job.fruitless + 1,
            (false, false) => job.fruitless,
        };
        let target = job.kind.target().cloned();
        let parked = counts && job.fruitless >= policy.max_fruitless;
        let delay = if counts {
            policy.retry_after(job.fruitless)
        } else {
            policy.first_retry
        };
        job.since = now;
        job.state = JobState::Queued {
            not_before: now.plus(delay),
            resting: None,
        };
        self.event(
            id.release,
            Some(id.index),
            EventKind::Returned {
                reason: reason.to_owned(),
            },
        );
        if planted::has(Bug::SlotFreedAtExpiry)
            && let Some(target) = target
        {
            self.target_mut(&target).slot = None;
        }
        if self.end_if_stopped(id) {
            return;
        }
        if parked {
            self.park(id, reason);
        }
    }

    /// A job that came back without having touched anything, and is to stop, needs no agent to end.
    fn end_if_stopped(&mut self, id: JobId) -> bool {
        let stop = self.job(id).and_then(|job| job.stop.clone());
        match stop {
            Some(reason) if self.untouched(id) => {
                self.end_job(id, Outcome::Stopped(reason));
                true
            }
            _ => false,
        }
    }

    /// A job that was delivered too often without progress: a build fails, a rollout waits for a
    /// person, a settle job is tried for ever.
    fn park(&mut self, id: JobId, reason: &str) {
        let deliveries = self.board.policy.max_fruitless;
        let Some(job) = self.job(id) else { return };
        match &job.kind {
            JobKind::Build => {
                let finding = crate::verdict::Finding {
                    code: "agents-lost".to_owned(),
                    cause: format!("{deliveries} agents in a row were lost with this job"),
                    evidence: vec![reason.to_owned()],
                    remedy: "look at the agents' logs; then submit again".to_owned(),
                };
                self.end_job(id, Outcome::Failed(finding));
            }
            JobKind::Rollout { .. } | JobKind::Task { .. } => {
                let report = RolloutReport::unseen(
                    Verdict::Stuck,
                    format!("{deliveries} deliveries in a row ended without progress ({reason})"),
                    Vec::new(),
                );
                self.rest_job(id, report);
            }
            JobKind::Settle { .. } => {}
        }
    }

    /// Lets a job rest with a verdict that is no end; slot and debt stay.
    pub(super) fn rest_job(&mut self, id: JobId, report: RolloutReport) {
        let rest = self.board.policy.rest;
        let now = self.now;
        let (verdict, summary) = (report.verdict, report.summary.clone());
        let Some(job) = self.job_mut(id) else { return };
        job.since = now;
        job.fruitless = 0;
        job.state = JobState::Queued {
            // A stuck job waits for a person, who cancels it or has it looked at again.
            not_before: if verdict == Verdict::Stuck {
                Timestamp::from_millis(u64::MAX)
            } else {
                now.plus(rest)
            },
            resting: Some(Box::new(report)),
        };
        self.event(
            id.release,
            Some(id.index),
            EventKind::Rested { verdict, summary },
        );
        if let Some(release) = self.release_mut(id.release) {
            release.verdict = Some(verdict);
        }
    }

    /// Ends a job, and with it whatever needed it; ends the release when it was the last.
    pub(super) fn end_job(&mut self, id: JobId, outcome: Outcome) {
        let now = self.now;
        let Some(job) = self.job_mut(id) else { return };
        match job.state {
            JobState::Ended(_) => return,
            JobState::Queued { .. } => self.tell_wait(id),
            JobState::Granted(_) => {}
        }
        let Some(job) = self.job_mut(id) else { return };
        job.state = JobState::Ended(outcome.clone());
        job.since = now;
        let target = job.kind.target().cloned();
        self.event(
            id.release,
            Some(id.index),
            EventKind::JobEnded(outcome.clone()),
        );
        if let Some(target) = target {
            self.leave_target(id, &target, &outcome);
        }
        if !outcome.succeeded() {
            self.skip_dependents(id);
        }
        self.end_release_if_done(id.release);
    }

    fn leave_target(&mut self, id: JobId, target: &Target, outcome: &Outcome) {
        let now = self.now;
        let held = self
            .board
            .targets
            .get(target)
            .and_then(|record| record.slot)
            == Some(id);
        let proven = match outcome {
            Outcome::RolledOut(report) if report.verdict == Verdict::Live => {
                self.proven(id.release, report)
            }
            _ => None,
        };
        if !held && proven.is_none() {
            return;
        }
        let heir = self.heir(id, target, outcome).filter(|_| held);
        let record = self.target_mut(target);
        // A debt is paid first, by a settle that goes before all others.
        let heir = heir.filter(|_| record.debt.is_none());
        if record.slot == Some(id) {
            record.slot = heir;
        }
        if let Some(proven) = proven {
            record.proven = Some(Proven { at: now, ..proven });
        }
        if record.debt.is_some() {
            self.make_settle(target.clone(), id);
        }
    }

    /// The job of the same release that goes on with the target: nobody comes between a rollout and its tasks.
    fn heir(&self, id: JobId, target: &Target, outcome: &Outcome) -> Option<JobId> {
        let next = |other: &JobId| {
            self.job(*other).is_some_and(|job| {
                let waits = matches!(job.state, JobState::Queued { .. }) && job.stop.is_none();
                waits && job.kind.target() == Some(target) && job.needs.contains(&id.index)
            })
        };
        let heirs = outcome.succeeded().then(|| self.job_ids(id.release));
        heirs?.into_iter().find(next)
    }

    fn proven(&mut self, release: ReleaseId, report: &RolloutReport) -> Option<Proven> {
        let (digest, task_definition) = (
            report.image_digest.clone()?,
            report.task_definition.clone()?,
        );
        let record = self.release_mut(release)?;
        Some(Proven {
            release,
            app: record.app.clone(),
            env: record.env.clone(),
            image_digest: digest,
            task_definition,
            at: Timestamp::ZERO,
            deploy: record.kind == ReleaseKind::Deploy,
        })
    }

    fn skip_dependents(&mut self, failed: JobId) {
        for id in self.job_ids(failed.release) {
            let waits = self.job(id).is_some_and(|job| {
                job.needs.contains(&failed.index) && !matches!(job.state, JobState::Ended(_))
            });
            if waits {
                self.end_job(id, Outcome::Skipped { needed: failed });
            }
        }
    }

    fn end_release_if_done(&mut self, id: ReleaseId) {
        let mut verdicts = Vec::new();
        for job in self.job_ids(id) {
            match self.job(job).map(|job| &job.state) {
                Some(JobState::Ended(outcome)) => verdicts.push(outcome.verdict()),
                Some(JobState::Queued { .. } | JobState::Granted(_)) => return,
                None => {}
            }
        }
        let now = self.now;
        let verdict = Verdict::of_release(verdicts);
        match self.release_mut(id) {
            Some(release) if release.ended_at.is_none() => {
                release.verdict = Some(verdict);
                release.ended_at = Some(now);
            }
            _ => return,
        }
        self.event(id, None, EventKind::Ended { verdict });
    }

    /// Whether nothing of the job can have changed AWS: it may be ended without a look.
    pub(super) fn untouched(&self, id: JobId) -> bool {
        self.job(id).is_some_and(|job| match &job.state {
            JobState::Queued { resting, .. } => resting.is_none() && job.checkpoints.is_empty(),
            JobState::Granted(_) | JobState::Ended(_) => false,
        })
    }

    /// Asks a job to stop: at once when it never touched anything, else through its agent.
    /// A debt is paid whatever is asked: settle jobs do not stop.
    pub(super) fn stop_job(&mut self, id: JobId, reason: &crate::job::StopReason) {
        if self.job(id).is_none_or(|job| {
            matches!(job.state, JobState::Ended(_)) || matches!(job.kind, JobKind::Settle { .. })
        }) {
            return;
        }
        if self.untouched(id) {
            self.end_job(id, Outcome::Stopped(reason.clone()));
            return;
        }
        let now = self.now;
        let Some(job) = self.job_mut(id) else { return };
        let first = job.stop.is_none();
        job.stop.get_or_insert_with(|| reason.clone());
        if first
            && planted::has(Bug::DebtDroppedOnCancel)
            && let Some(target) = job.kind.target().cloned()
        {
            self.target_mut(&target).debt = None;
        }
        let Some(job) = self.job_mut(id) else { return };
        match &mut job.state {
            // It knows already, or will be told with its next offer.
            JobState::Granted(_) if !first => {}
            JobState::Granted(grant) => {
                let (agent, attempt) = (grant.agent.clone(), job.attempt);
                self.effect(Effect::Stop {
                    agent,
                    held: Held { job: id, attempt },
                    reason: reason.clone(),
                });
            }
            // One that is stuck, too, is looked at again, however often it was asked to stop.
            JobState::Queued { not_before, .. } => *not_before = now.min(*not_before),
            JobState::Ended(_) => {}
        }
    }
}
