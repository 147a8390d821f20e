//! Taking in a release: idempotency, folding, and the graph of its jobs.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::draft::Draft;
use super::{Board, Decision, Refusal, Submission, Submitted};
use crate::change::Change;
use crate::event::EventKind;
use crate::gate::When;
use crate::ids::{IdempotencyKey, JobId, ReleaseId, Target};
use crate::job::{Job, JobKind, JobState, StopReason};
use crate::release::Release;
use crate::spec::{Priority, ReleaseKind, ReleaseSpec};
use crate::time::Timestamp;

impl Board {
    pub(super) fn submit(
        &self,
        now: Timestamp,
        submission: Submission,
    ) -> Result<Decision, Refusal> {
        if let Some(known) = self.keys.get(&submission.key) {
            if known.content != submission.content {
                let (key, release) = (submission.key, known.release);
                return Err(Refusal::KeyTaken { key, release });
            }
            let found = Submitted {
                id: known.release,
                existed: true,
                folded: Vec::new(),
                began_at: None,
            };
            return Ok(Decision {
                release: Some(found),
                ..Decision::default()
            });
        }
        submission
            .spec
            .check()
            .map_err(|problem| Refusal::BadSpec { problem })?;
        let mut draft = Draft::new(self, now);
        let id = draft.add_release(submission);
        let folded = self.fold_for(&mut draft, id);
        draft.decision.release = Some(Submitted {
            id,
            existed: false,
            folded,
            began_at: draft.release(id).map(|release| release.began_at),
        });
        Ok(draft.finish())
    }

    /// Releases of the same app and environment that the new one takes the place of: those none of
    /// whose rollouts and tasks has started and all of whose targets it changes too. Rollbacks never.
    fn fold_for(&self, draft: &mut Draft<'_>, newer: ReleaseId) -> Vec<ReleaseId> {
        let Some((spec, kind)) = draft.new_spec(newer) else {
            return Vec::new();
        };
        let targets: BTreeSet<&Target> = spec.targets.iter().map(|t| &t.target).collect();
        let place = (spec.app.clone(), spec.env.clone());
        let older: Vec<ReleaseId> = self
            .open
            .get(&place)
            .into_iter()
            .flatten()
            .copied()
            .filter(|id| *id != newer)
            .collect();
        let mut folded = Vec::new();
        for id in older {
            if self.may_be_folded(id, &targets) {
                draft.event(id, None, EventKind::Folded { by: newer });
                for job in draft.job_ids(id) {
                    draft.stop_job(job, &StopReason::Folded { by: newer });
                }
                folded.push(id);
            } else if matches!(kind, ReleaseKind::Rollback { undoes, .. } if undoes == id) {
                for job in draft.job_ids(id) {
                    draft.stop_job(job, &StopReason::Undone { by: newer });
                }
            }
        }
        folded
    }

    fn may_be_folded(&self, id: ReleaseId, by: &BTreeSet<&Target>) -> bool {
        self.releases
            .get(&id)
            .is_some_and(|release| release.kind == ReleaseKind::Deploy)
            // A release whose build still ends has been cancelled or folded; it is not folded again.
            && self.jobs_of(id).all(|job| match &job.kind {
                JobKind::Build => job.stop.is_none(),
                JobKind::Rollout { target, .. } | JobKind::Task { target, .. } => {
                    job.attempt.0 == 0 && by.contains(target)
                }
                JobKind::Settle { .. } => false,
            })
    }
}

impl Draft<'_> {
    fn trace_parent_of(&self, release: ReleaseId) -> String {
        let known = self.release(release);
        known.map_or_else(String::new, |release| release.trace_parent.clone())
    }

    fn new_spec(&self, id: ReleaseId) -> Option<(Arc<ReleaseSpec>, ReleaseKind)> {
        self.decision
            .changes
            .iter()
            .find_map(|change| match change {
                Change::Spec { release, spec } if *release == id => {
                    Some((Arc::clone(spec), spec.kind))
                }
                _ => None,
            })
    }

    fn add_release(&mut self, submission: Submission) -> ReleaseId {
        let id = ReleaseId::from_number(self.next_release);
        self.next_release += 1;
        let spec = submission.spec;
        let jobs = jobs_of(id, &spec, self.now);
        // In the order of the numbers, also when a clock was set back: times are looked for by them.
        let submitted_at = self.now.max(self.board.now);
        let began_at = submitted_at.minus(submission.began_ago);
        self.put_release(Release {
            id,
            app: spec.app.clone(),
            env: spec.env.clone(),
            kind: spec.kind,
            priority: spec.priority,
            key: submission.key,
            content: submission.content,
            submitter: submission.submitter.clone(),
            trace_parent: submission.trace_parent,
            title: submission.title,
            began_at,
            submitted_at,
            jobs: u32::try_from(jobs.len()).unwrap_or(u32::MAX),
            last_seq: 0,
            verdict: None,
            ended_at: None,
        });
        self.decision
            .changes
            .push(Change::Spec { release: id, spec });
        for job in jobs {
            self.put_job(job);
        }
        self.event(
            id,
            None,
            EventKind::Submitted {
                by: submission.submitter,
            },
        );
        id
    }

    /// Makes a release whose one job pays the debt of a target, unless one waits already. The target is
    /// left by `leaver`.
    pub(super) fn make_settle(&mut self, target: Target, leaver: JobId) {
        let waits = self
            .board
            .lines
            .get(&target)
            .into_iter()
            .flatten()
            .any(|turn| {
                self.job(turn.job()).is_some_and(|job| {
                    matches!(job.kind, JobKind::Settle { .. })
                        && !matches!(job.state, JobState::Ended(_))
                })
            });
        let Some(debt) = self.target_mut(&target).debt.clone() else {
            return;
        };
        // The release that left the debt may have ended long ago; whoever leaves the target now knows it.
        let specs = &self.board.specs;
        let known = specs.get(&debt.by.release);
        let Some(left_by) = known.or_else(|| specs.get(&leaver.release)).cloned() else {
            return;
        };
        if waits {
            return;
        }
        let mut spec = left_by.as_ref().clone();
        spec.kind = ReleaseKind::Settle;
        spec.targets.retain(|known| known.target == target);
        spec.build = None;
        spec.priority = Priority::HIGHEST;
        let number = self.next_release;
        let Ok(key) = IdempotencyKey::new(format!("settle-{number}-{}", debt.by)) else {
            return;
        };
        self.add_release(Submission {
            spec: Arc::new(spec),
            content: crate::ids::Digest::of(key.as_str().as_bytes()),
            key,
            submitter: "shipway".to_owned(),
            // It ends what the release that owes it has left.
            trace_parent: self.trace_parent_of(debt.by.release),
            began_ago: Duration::ZERO,
            title: format!("puts back auto scaling of {target}, left by {}", debt.by),
        });
    }
}

/// The jobs of a release: the build, then wave after wave.
fn jobs_of(release: ReleaseId, spec: &ReleaseSpec, now: Timestamp) -> Vec<Job> {
    let job = |index: usize, kind: JobKind, needs: Vec<u32>| Job {
        id: JobId {
            release,
            index: u32::try_from(index).unwrap_or(u32::MAX),
        },
        kind,
        needs,
        state: JobState::Queued {
            not_before: Timestamp::ZERO,
            resting: None,
        },
        attempt: crate::ids::Attempt(0),
        fruitless: 0,
        checkpoints: Vec::new(),
        started_at: Timestamp::ZERO,
        since: now,
        stop: None,
        hooks: Vec::new(),
    };
    if spec.kind == ReleaseKind::Settle {
        let targets = spec.targets.iter().enumerate();
        return targets
            .map(|(index, t)| {
                job(
                    index,
                    JobKind::Settle {
                        target: t.target.clone(),
                    },
                    Vec::new(),
                )
            })
            .collect();
    }
    let mut jobs = vec![job(0, JobKind::Build, Vec::new())];
    let waves: BTreeSet<u32> = spec.targets.iter().map(|target| target.wave).collect();
    // What a gate has done once is not undone by doing it again: a rollback runs none.
    let gated = spec.kind == ReleaseKind::Deploy;
    let has = |when: When| gated && spec.gates.at(when).is_some();
    let mut before = vec![0];
    for wave in waves {
        let mut these = Vec::new();
        for target in spec.targets.iter().filter(|target| target.wave == wave) {
            let target = &target.target;
            let task = |when: When| {
                let target = target.clone();
                has(when).then_some(JobKind::Task { target, wave, when })
            };
            let rollout = JobKind::Rollout {
                target: target.clone(),
                wave,
            };
            let kinds = [task(When::Before), Some(rollout), task(When::After)];
            // One after the other; the next wave needs the last of them.
            let mut needs = before.clone();
            for kind in kinds.into_iter().flatten() {
                let made = job(jobs.len(), kind, needs);
                needs = vec![made.id.index];
                jobs.push(made);
            }
            these.extend(needs);
        }
        before = these;
    }
    jobs
}
