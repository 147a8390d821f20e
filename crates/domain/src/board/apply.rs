//! Making changes so: the records themselves, and the indexes that answer "who is next".

use std::sync::Arc;

use super::{AgentChange, AgentSeat, Board, Class, Keys, Lives, Turn};
use crate::change::Change;
use crate::ids::{JobId, ReleaseId, Target};
use crate::job::{Job, JobKind, JobState};
use crate::planted::{self, Bug};
use crate::release::Release;
use crate::spec::{BuildSettings, ReleaseSpec};
use crate::target::TargetRecord;
use crate::time::Timestamp;

impl Board {
    /// Makes durable changes so, at `now`.
    pub fn apply(&mut self, now: Timestamp, changes: &[Change]) {
        self.now = self.now.max(now);
        for change in changes {
            match change {
                Change::Spec { release, spec } => {
                    self.specs.insert(*release, Arc::clone(spec));
                }
                Change::Release(release) => self.apply_release(release),
                Change::Job(job) => self.apply_job(job),
                Change::Target(target) => {
                    self.targets.insert(target.target.clone(), target.clone());
                    if !planted::has(Bug::LostWakeUp) {
                        self.refresh_line(&target.target);
                    }
                }
                Change::Event { .. } => {}
            }
        }
        for change in changes {
            if let Change::Release(release) = change
                && release.ended_at.is_some()
            {
                self.forget(release.id);
            }
        }
    }

    /// Makes changes of the table of agents so.
    pub fn apply_agents(&mut self, now: Timestamp, changes: &[AgentChange]) {
        self.now = self.now.max(now);
        for change in changes {
            match change {
                AgentChange::Connected(description) => {
                    self.unlist_agent(&description.id);
                    let running = self.held_by(&description.id);
                    let seat = AgentSeat::new(description.as_ref().clone(), now, running);
                    self.agents.insert(description.id.clone(), seat);
                    self.list_agent(&description.id);
                }
                AgentChange::Disconnected(id) => {
                    self.unlist_agent(id);
                    if let Some(seat) = self.agents.get_mut(id) {
                        seat.connected = false;
                        seat.since = now;
                    }
                }
                AgentChange::Draining(id) => {
                    self.unlist_agent(id);
                    if let Some(seat) = self.agents.get_mut(id) {
                        seat.draining = true;
                    }
                }
            }
        }
    }

    /// Puts back what a store kept, before anything is decided. `grace` is the end of every lease
    /// that stood when the last coordinator ended.
    pub fn restore(
        &mut self,
        now: Timestamp,
        next_release: u64,
        changes: &[Change],
        keys: Keys,
        lives: Lives,
    ) {
        self.next_release = next_release;
        self.keys = keys;
        self.lives = lives;
        self.apply(now, changes);
        if planted::has(Bug::KeysForgotten) {
            self.keys = Keys::default();
        }
        let grace = if planted::has(Bug::NoGrace) {
            now
        } else {
            now.plus(self.policy.lease)
        };
        let granted: Vec<JobId> = self.leases.keys().copied().collect();
        for job in granted {
            self.set_lease(job, grace);
        }
    }

    fn apply_release(&mut self, release: &Arc<Release>) {
        let place = (release.app.clone(), release.env.clone());
        self.next_release = self.next_release.max(release.id.number() + 1);
        self.keys.note(self.policy.keys, self.now, release);
        self.lives.note(self.policy.lives, release);
        if release.ended_at.is_none() {
            self.open.entry(place).or_default().insert(release.id);
        } else if let Some(open) = self.open.get_mut(&place) {
            open.remove(&release.id);
            if open.is_empty() {
                self.open.remove(&place);
            }
        }
        self.releases.insert(release.id, Arc::clone(release));
    }

    /// An ended release leaves the board; the store answers for it from now on.
    fn forget(&mut self, id: ReleaseId) {
        let jobs: Vec<JobId> = self.jobs_of(id).map(|job| job.id).collect();
        for job in jobs {
            if let Some(job) = self.jobs.remove(&job) {
                self.unlist_job(&job);
                self.drop_lease(job.id);
            }
        }
        self.releases.remove(&id);
        self.specs.remove(&id);
    }

    fn apply_job(&mut self, job: &Arc<Job>) {
        if let Some(before) = self.jobs.remove(&job.id) {
            self.unlist_job(&before);
            if let JobState::Granted(grant) = &before.state {
                self.count_running(&grant.agent.clone(), -1);
            }
        }
        self.jobs.insert(job.id, Arc::clone(job));
        if !matches!(job.state, JobState::Queued { .. }) {
            self.waits.forget(job.id);
        }
        if let JobState::Granted(grant) = &job.state {
            let until = self
                .leases
                .get(&job.id)
                .copied()
                .unwrap_or(grant.lease_until);
            self.count_running(&grant.agent.clone(), 1);
            self.set_lease(job.id, until.max(grant.lease_until));
        } else {
            self.drop_lease(job.id);
        }
        self.list_job(job.id);
        if matches!(job.state, JobState::Ended(_)) {
            self.refresh_release(job.id.release);
        }
        if let Some(target) = job.kind.target() {
            self.refresh_line(&target.clone());
        }
    }

    fn unlist_job(&mut self, job: &Job) {
        let turn = self.turn(job);
        if let Some(class) = self.class_of(job)
            && let Some(ready) = self.ready.get_mut(&class)
        {
            ready.remove(&turn);
            if ready.is_empty() {
                self.ready.remove(&class);
            }
        }
        if let Some(target) = job.kind.target()
            && let Some(line) = self.lines.get_mut(target)
        {
            line.remove(&turn);
            if line.is_empty() {
                self.lines.remove(target);
            }
        }
        if let JobState::Queued { not_before, .. } = job.state {
            self.timers.remove(&(not_before, job.id));
        }
    }

    fn list_job(&mut self, id: JobId) {
        let Some(job) = self.jobs.get(&id) else {
            return;
        };
        let JobState::Queued { not_before, .. } = job.state else {
            return;
        };
        let turn = self.turn(job);
        let target = job.kind.target().cloned();
        if let Some(target) = target {
            self.lines.entry(target).or_default().insert(turn);
        }
        if not_before > self.now {
            if not_before.millis() < u64::MAX {
                self.timers.insert((not_before, id));
            }
            return;
        }
        self.refresh_job(id);
    }

    /// Looks again whether a queued job may be granted now.
    pub(super) fn refresh_job(&mut self, id: JobId) {
        let Some(job) = self.jobs.get(&id) else {
            return;
        };
        let Some(class) = self.class_of(job) else {
            return;
        };
        let turn = self.turn(job);
        if self.startable(job) {
            self.ready.entry(class).or_default().insert(turn);
        } else if let Some(ready) = self.ready.get_mut(&class) {
            ready.remove(&turn);
            if ready.is_empty() {
                self.ready.remove(&class);
            }
        }
    }

    fn refresh_release(&mut self, release: ReleaseId) {
        let ids: Vec<JobId> = self.jobs_of(release).map(|job| job.id).collect();
        for id in ids {
            self.refresh_job(id);
        }
    }

    /// Looks again at the jobs in line for a target: only the holder of the slot, or the first in
    /// line of a free one, may start.
    fn refresh_line(&mut self, target: &Target) {
        let Some(line) = self.lines.get(target) else {
            return;
        };
        let mut ids: Vec<JobId> = line.iter().take(2).map(|turn| turn.job).collect();
        if let Some(holder) = self.targets.get(target).and_then(|record| record.slot) {
            ids.push(holder);
        }
        for id in ids {
            self.refresh_job(id);
        }
    }

    /// Whether nothing but the lack of an agent keeps a queued job from being granted.
    pub(super) fn startable(&self, job: &Job) -> bool {
        let JobState::Queued { not_before, .. } = job.state else {
            return false;
        };
        not_before <= self.now
            && self.needs_met(job)
            && job
                .kind
                .target()
                .is_none_or(|target| self.may_have_slot(job, target))
    }

    pub(super) fn needs_met(&self, job: &Job) -> bool {
        job.needs.iter().all(|index| {
            let needed = JobId {
                release: job.id.release,
                index: *index,
            };
            matches!(
                self.jobs.get(&needed).map(|job| &job.state),
                Some(JobState::Ended(outcome)) if outcome.succeeded()
            )
        })
    }

    fn may_have_slot(&self, job: &Job, target: &Target) -> bool {
        match self.targets.get(target).and_then(|record| record.slot) {
            Some(holder) => holder == job.id,
            None => {
                let first = self.lines.get(target).and_then(|line| line.first());
                first.is_some_and(|turn| turn.job == job.id)
            }
        }
    }

    /// What an agent must have for the job.
    pub(super) fn class_of(&self, job: &Job) -> Option<Class> {
        let spec = self.specs.get(&job.id.release)?;
        Some(Self::class_for(spec, &job.kind))
    }

    pub(super) fn class_for(spec: &ReleaseSpec, kind: &JobKind) -> Class {
        match kind {
            JobKind::Build => Class {
                account: spec.image.account.clone(),
                plugin: spec
                    .build
                    .as_ref()
                    .map_or("ecs", BuildSettings::builder_name),
            },
            JobKind::Rollout { target, .. }
            | JobKind::Settle { target }
            | JobKind::Task { target, .. } => Class {
                account: target.account.clone(),
                plugin: "ecs",
            },
        }
    }

    pub(super) fn set_lease(&mut self, job: JobId, until: Timestamp) {
        self.drop_lease(job);
        self.leases.insert(job, until);
        self.timers.insert((until, job));
    }

    fn drop_lease(&mut self, job: JobId) {
        if let Some(until) = self.leases.remove(&job) {
            self.timers.remove(&(until, job));
        }
    }

    /// Lets jobs whose time has come be granted.
    pub fn wake(&mut self, now: Timestamp) {
        self.now = self.now.max(now);
        let due: Vec<(Timestamp, JobId)> = self
            .timers
            .range(..=(self.now, LAST_JOB))
            .copied()
            .collect();
        for (at, id) in due {
            if matches!(
                self.jobs.get(&id).map(|job| &job.state),
                Some(JobState::Queued { .. })
            ) {
                self.timers.remove(&(at, id));
                self.refresh_job(id);
            }
        }
    }
}

const LAST_JOB: JobId = JobId {
    release: ReleaseId::from_number(u64::MAX),
    index: u32::MAX,
};

/// The turn of a job needs no board once its release is known.
impl Turn {
    pub(super) const fn job(&self) -> JobId {
        self.job
    }
}

impl Board {
    /// Record of a target, if it was ever named.
    #[must_use]
    pub fn target(&self, target: &Target) -> Option<&TargetRecord> {
        self.targets.get(target)
    }
}
