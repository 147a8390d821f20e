//! Calls that land late (design.md section 4, take-over). Those of auto scaling are waited for: as long as one may
//! still land, the debt is not paid and the slot not left, else it could undo what whoever comes next has done. What
//! has landed unheard is told, and only then taken over or put back.

use super::{Action, Next, Rollout, UpdateIntent};
use crate::checkpoint::{Checkpoint, ScalingFlags};
use crate::late_call::LateCall;
use crate::observe::{ScalingSeen, ServiceDeploymentSeen};
use crate::planted::{self, Bug};
use crate::time::Timestamp;

const UPDATE: &str = "ecs:UpdateService";

impl Rollout {
    /// When all that was sent to auto scaling has landed, or never will; `None` when all was answered.
    fn scaling_settles(&self) -> Option<Timestamp> {
        let mut inherited = self.noted.iter().take(self.inherited).rev();
        let last = inherited
            .find(|note| matches!(note, Checkpoint::SuspendIntent { .. } | Checkpoint::Resumed));
        // What an attempt before this one sent, it sent before this one began.
        let begun = matches!(last, Some(Checkpoint::SuspendIntent { .. }));
        let inherited = self.seen.identity_at.filter(|_| begun);
        let sent = self.seen.scaling_uncertain_at.max(inherited)?;
        Some(self.settled(sent))
    }

    /// What comes next, unless calls that may still land stand in the way of it.
    pub(super) fn after_late_calls(&self, now: Timestamp, next: Next) -> Next {
        let ends = match &next {
            Next::Note(note) => *note == Checkpoint::Resumed,
            Next::End(_) => true,
            Next::Do(_) | Next::Wait { .. } => false,
        };
        let Some(until) = self.scaling_settles().filter(|_| ends) else {
            return next;
        };
        if now < until {
            return Next::Wait {
                until,
                reason: "a call of auto scaling may still be on its way".to_owned(),
            };
        }
        let paid = matches!(next, Next::Note(_));
        if paid && self.seen.scaling_at_end_at < until {
            return Next::Do(Action::DescribeScaling { resume: true });
        }
        next
    }

    /// Calls of earlier attempts that were found to have landed unheard, by this attempt or one before it.
    pub(super) fn late_calls(&self) -> impl Iterator<Item = &LateCall> {
        self.noted.iter().filter_map(|note| match note {
            Checkpoint::LateCall(late) => Some(late),
            _ => None,
        })
    }

    /// The note about a late call, unless it is written already.
    pub(super) fn tell_late(
        &self,
        call: &str,
        at: Timestamp,
        what: String,
        done: &str,
    ) -> Option<Next> {
        let told = |late: &LateCall| late.call == call && late.what == what;
        if planted::has(Bug::LateUnreported) || self.late_calls().any(told) {
            return None;
        }
        Some(Next::Note(Checkpoint::LateCall(LateCall {
            call: call.to_owned(),
            found_by: self.wanted.attempt,
            at,
            what,
            done: done.to_owned(),
        })))
    }

    /// The update that an attempt before this one was about to send shows in ECS, and its answer was not noted.
    pub(super) fn tell_late_update(&self, intent: UpdateIntent<'_>, at: Timestamp) -> Option<Next> {
        let is_own = self.wrote(|note| matches!(note, Checkpoint::UpdateIntent { .. }));
        if is_own || self.has(|note| matches!(note, Checkpoint::Updated { .. })) {
            return None;
        }
        let what = format!("a deployment of {}", intent.task_definition);
        self.tell_late(UPDATE, at, what, "took it over and follows it")
    }

    /// A revision is found that an attempt before this one was about to register.
    pub(super) fn tell_late_registration(
        &self,
        is_own: bool,
        arn: &str,
        at: Timestamp,
    ) -> Option<Next> {
        if is_own {
            return None;
        }
        let call = "ecs:RegisterTaskDefinition";
        self.tell_late(call, at, arn.to_owned(), "took the revision over")
    }

    /// Whether this look shows scaling suspended after an earlier one, or a call of ours, had put it back.
    pub(super) fn is_suspended_again(&self, now: Option<ScalingSeen>) -> bool {
        let suspended = |seen: ScalingSeen| seen.suspended == ScalingFlags::ALL;
        let was_back = match self.seen.scaling_at_end {
            Some(Some(before)) => self.seen.resumed || !suspended(before),
            Some(None) | None => false,
        };
        was_back && now.is_some_and(suspended)
    }

    /// Scaling was put back, and a suspension has landed since.
    pub(super) fn tell_late_suspension(&self) -> Option<Next> {
        let at = self.seen.suspended_again_at?;
        // Each time is one of its own.
        let what = format!("auto scaling was suspended again, seen at {at}");
        let call = "application-autoscaling:RegisterScalableTarget";
        self.tell_late(call, at, what, "puts it back once more")
    }

    /// The later deployment that came of a second update of ours: an attempt had concluded that the first one never
    /// happened. It takes the place of the one that was followed; where one update was sent it is somebody else's.
    pub(super) fn adopt_later(&self, known: &ServiceDeploymentSeen, ours: &str) -> Option<Next> {
        let intents = self.noted.iter();
        let sent = intents.filter(|note| matches!(note, Checkpoint::UpdateIntent { .. }));
        if sent.count() < 2 {
            return None;
        }
        if let Some(next) = self.unknown_candidate() {
            return Some(next);
        }
        let is_ours = |revision: &str| {
            let mut revisions = self.seen.revisions.iter();
            revisions.any(|seen| seen.arn == revision && seen.task_definition == ours)
        };
        let later = self.seen.candidates.iter().filter(|other| {
            let is_later = (other.created_at, &other.arn) > (known.created_at, &known.arn);
            is_later && is_ours(&other.target_revision.arn)
        });
        let newest = later.max_by_key(|other| other.created_at)?;
        let what = format!("a second deployment of {ours}, {}", newest.arn);
        let told = self.tell_late(UPDATE, newest.created_at, what, "follows it from now on");
        Some(told.unwrap_or_else(|| {
            Next::Note(Checkpoint::Following {
                service_deployment: newest.arn.clone(),
            })
        }))
    }
}
