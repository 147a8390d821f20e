//! Granting: the next job that may run, to the least busy agent that can run it.

use std::sync::Arc;

use super::draft::Draft;
use super::{Board, Decision, Effect, Offer};
use crate::event::EventKind;
use crate::ids::{AgentId, JobId};
use crate::job::{BuiltImage, Grant, JobState, Outcome};
use crate::time::Timestamp;
use crate::trace::Context;

impl Board {
    /// The next grant, or `None` when no job and agent fit together. Taking the slot of the
    /// target is part of the same decision.
    #[must_use]
    pub fn dispatch(&self, now: Timestamp) -> Option<Decision> {
        let (job, agent) = self.next_match()?;
        let incarnation = self.agents.get(&agent)?.description.incarnation;
        let mut draft = Draft::new(self, now);
        let lease_until = now.plus(self.policy.lease);
        let waited_since = self.queued_since(job);
        draft.tell_wait(job);
        let record = draft.job_mut(job)?;
        record.attempt = record.attempt.next();
        record.since = now;
        if record.started_at == Timestamp::ZERO {
            record.started_at = now;
        }
        record.state = JobState::Granted(Grant {
            agent: agent.clone(),
            incarnation,
            lease_until,
            accepted: false,
            progressed: false,
        });
        let granted = record.clone();
        let attempt = granted.attempt;
        let (mut debt, mut proven) = (None, None);
        if let Some(target) = granted.kind.target() {
            let target = draft.target_mut(target);
            target.slot = Some(job);
            debt = target.debt.as_ref().map(|debt| debt.before);
            let last = target.proven.as_ref();
            proven = last.map(|proven| proven.task_definition.clone());
        }
        let granted_event = EventKind::Granted {
            agent: agent.clone(),
            attempt,
        };
        draft.event(job.release, Some(job.index), granted_event);
        let release = self.releases.get(&job.release)?;
        draft.effect(Effect::Offer(Box::new(Offer {
            agent,
            job: granted,
            attempt,
            spec: Arc::clone(self.specs.get(&job.release)?),
            image: self.image_of(job),
            trace_parent: Context::of(release).traceparent(),
            submitter: release.submitter.clone(),
            title: release.title.clone(),
            debt,
            proven,
            waited_since,
        })));
        Some(draft.finish())
    }

    /// The image that the release's build gave.
    fn image_of(&self, job: JobId) -> Option<BuiltImage> {
        self.jobs_of(job.release).find_map(|job| match &job.state {
            JobState::Ended(Outcome::Built(image)) => Some(image.clone()),
            JobState::Ended(_) | JobState::Granted(_) | JobState::Queued { .. } => None,
        })
    }

    fn next_match(&self) -> Option<(JobId, AgentId)> {
        self.ready
            .iter()
            .filter_map(|(class, turns)| {
                let agent = self.free.get(class)?.first()?;
                Some((turns.first()?, agent))
            })
            .min_by_key(|(turn, _)| **turn)
            .map(|(turn, (_, agent))| (turn.job(), agent.clone()))
    }
}
