//! From the intent to update to the service deployment that is ours: send, or recognise what was
//! sent; never start a second one (design.md section 4, take-over).

use std::time::Duration;

use super::{Action, Next, Rollout, UpdateIntent};
use crate::checkpoint::Checkpoint;
use crate::planted::{self, Bug};
use crate::time::Timestamp;

/// How far the clocks of ECS and of the agent may lie apart: AWS takes signatures that are five minutes off, and SDKs
/// correct more than that. What is listed in vain costs a call; what is not listed is started twice.
const CLOCK_SKEW: Duration = Duration::from_secs(15 * 60);
/// Time between two looks at the list of deployments while ours does not show (ecs-facts 3.4).
const LIST_AGAIN: Duration = Duration::from_secs(3);

impl Rollout {
    pub(super) fn update(&self, now: Timestamp, intent: UpdateIntent<'_>) -> Next {
        if let Some((ours, created_at)) = self.ours(intent) {
            if let Some(next) = self.tell_late_update(intent, created_at) {
                return next;
            }
            return Next::Note(Checkpoint::Following {
                service_deployment: ours,
            });
        }
        if self.has(|note| matches!(note, Checkpoint::Updated { .. })) {
            return self.find(now, intent);
        }
        if let Some(primary) = &self.seen.updated {
            return Next::Note(Checkpoint::Updated {
                primary: primary.clone(),
            });
        }
        let own = self.wrote(|note| matches!(note, Checkpoint::UpdateIntent { .. }));
        let blind = planted::has(Bug::SentAgainBlindly);
        if own && (!self.seen.update_uncertain || blind) {
            if self.stop.is_some() {
                return self.end_untouched();
            }
            if self.is_stale(intent.at, now) {
                return Next::Note(renewed(now, intent));
            }
            return Next::Do(self.update_action(intent.task_definition));
        }
        self.recognise(now, intent)
    }

    /// The update may have happened. It did when the service or one of its deployments shows our
    /// revision; it did not when nothing shows it after the call can no longer be on its way.
    fn recognise(&self, now: Timestamp, intent: UpdateIntent<'_>) -> Next {
        if let Some(next) = self.deleted() {
            return next;
        }
        let Some(service) = &self.seen.service else {
            return Next::Do(Action::DescribeService);
        };
        let ours = |entry: &&crate::observe::DeploymentSeen| {
            entry.task_definition == intent.task_definition
        };
        if let Some(entry) = service.deployments.iter().find(ours) {
            if let Some(next) = self.tell_late_update(intent, self.seen.service_at) {
                return next;
            }
            return Next::Note(Checkpoint::Updated {
                primary: entry.id.clone(),
            });
        }
        if let Some(next) = self.unknown_candidate() {
            return next;
        }
        let own = self.wrote(|note| matches!(note, Checkpoint::UpdateIntent { .. }));
        let settled = self.settled(self.sent_by(intent.at, own));
        let looked = self.seen.listed_at.is_some_and(|at| at >= settled);
        if !looked && (now >= settled || self.seen.listed_at.is_none()) {
            return Next::Do(Action::ListDeployments {
                since: intent.at.minus(CLOCK_SKEW),
            });
        }
        if !looked {
            return Next::Wait {
                until: settled,
                reason: "an update of the attempt before may still be on its way".to_owned(),
            };
        }
        if self.seen.service_at < settled {
            return Next::Do(Action::DescribeService);
        }
        if self.stop.is_some() {
            return self.end_untouched();
        }
        Next::Note(renewed(now, intent))
    }

    /// UpdateService was answered; which service deployment is ours?
    fn find(&self, now: Timestamp, intent: UpdateIntent<'_>) -> Next {
        if let Some(next) = self.deleted() {
            return next;
        }
        // What the list showed is looked at first: an attempt after the deadline lists but once.
        if let Some(next) = self.unknown_candidate() {
            return next;
        }
        // One that it names but does not show is looked for in the list.
        let hidden = self.seen.vanished > 0;
        if now > self.deadline() && (hidden || self.seen.listed_at.is_some()) {
            return self.rest(
                "ECS took the update but shows no service deployment of it; it may still begin",
            );
        }
        // The service names its current deployment, and many services are asked for in one call.
        let current = self
            .seen
            .service
            .as_ref()
            .and_then(|service| service.current_service_deployment.as_deref())
            .filter(|current| Some(*current) != intent.deployment_before);
        if let Some(current) = current
            && !hidden
            && !self
                .seen
                .candidates
                .iter()
                .any(|known| known.arn == current)
        {
            let service_deployment = Some(current.to_owned());
            return Next::Do(Action::Follow {
                service_deployment,
                with_service: false,
            });
        }
        match self.seen.listed_at {
            Some(at) if now < at.plus(LIST_AGAIN) => Next::Do(Action::Follow {
                service_deployment: None,
                with_service: true,
            }),
            None if now < intent.at.plus(LIST_AGAIN) => Next::Do(Action::Follow {
                service_deployment: None,
                with_service: true,
            }),
            _ => Next::Do(Action::ListDeployments {
                since: intent.at.minus(CLOCK_SKEW),
            }),
        }
    }

    /// A deployment whose task definition is not known yet: ask for its revision.
    pub(super) fn unknown_candidate(&self) -> Option<Next> {
        let known = |arn: &str| self.seen.revisions.iter().any(|known| known.arn == arn);
        let candidates = self.seen.candidates.iter();
        let unknown = candidates.filter(|candidate| !known(&candidate.target_revision.arn));
        let oldest = unknown.min_by_key(|candidate| candidate.created_at)?;
        let revision = oldest.target_revision.arn.clone();
        Some(Next::Do(Action::DescribeRevision { revision }))
    }

    /// The service deployment whose target revision has our task definition; the first of them,
    /// for somebody may have deployed the same definition again.
    fn ours(&self, intent: UpdateIntent<'_>) -> Option<(String, Timestamp)> {
        let is_ours = |revision: &str| {
            self.seen.revisions.iter().any(|known| {
                known.arn == revision && known.task_definition == intent.task_definition
            })
        };
        let candidates = self.seen.candidates.iter();
        candidates
            .filter(|candidate| is_ours(&candidate.target_revision.arn))
            .min_by_key(|candidate| candidate.created_at)
            .map(|candidate| (candidate.arn.clone(), candidate.created_at))
    }
}

/// The intent as of `now`: whoever comes next counts from the last time that a call may have gone
/// out, not from the first.
fn renewed(now: Timestamp, intent: UpdateIntent<'_>) -> Checkpoint {
    Checkpoint::UpdateIntent {
        task_definition: intent.task_definition.to_owned(),
        primary_before: intent.primary_before.to_owned(),
        deployment_before: intent.deployment_before.map(str::to_owned),
        serving_before: intent.serving_before.to_owned(),
        at: now,
    }
}
