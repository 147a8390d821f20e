//! Following our service deployment to its end, and asking for that end when we must.

use super::{Action, Asked, Next, Rollout};
use crate::checkpoint::Checkpoint;
use crate::job::StopReason;
use crate::observe::ServiceDeploymentStatus;
use crate::time::Timestamp;
use crate::verdict::Finding;

/// Polls in a row without our deployment after which we stop believing in a passing gap.
const VANISHED: u32 = 5;

impl Rollout {
    pub(super) fn follow(&self, now: Timestamp, ours: &str) -> Next {
        let poll = |with_service| {
            Next::Do(Action::Follow {
                service_deployment: Some(ours.to_owned()),
                with_service,
            })
        };
        let deployment = match &self.seen.deployment {
            // What was seen before it vanished says nothing any more, unless that was its end.
            Some(seen)
                if seen.arn == ours && (seen.status.is_terminal() || self.seen.vanished == 0) =>
            {
                seen
            }
            _ if self.seen.vanished >= VANISHED => return self.vanished(),
            _ => return poll(self.seen.vanished > 0),
        };
        if deployment.status.is_terminal() {
            return self.conclude(now, deployment);
        }
        let stop_asked = self.has(|note| *note == Checkpoint::StopAsked);
        let early = self.early();
        if (self.stop.is_some() || early.is_some())
            && !stop_asked
            && !self.seen.stop_answered
            && !is_going_back(&deployment.status)
        {
            let meant = |note: &Checkpoint| {
                matches!(note, Checkpoint::StopIntent { service_deployment, .. }
                    if service_deployment == ours)
            };
            if !self.has(meant) {
                let early = early.filter(|_| self.stop.is_none());
                return Next::Note(Checkpoint::StopIntent {
                    service_deployment: ours.to_owned(),
                    early: early.map(ToOwned::to_owned),
                });
            }
            return Next::Do(Action::StopDeployment {
                service_deployment: ours.to_owned(),
            });
        }
        if self.seen.stop_answered && !stop_asked {
            return Next::Note(Checkpoint::StopAsked);
        }
        if let Some(next) = self.hand_on_answers(now, deployment) {
            return next;
        }
        if let Some(next) = self.look_at_trouble(now, deployment) {
            return next;
        }
        if now > self.deadline() {
            return self.rest(&format!(
                "not finished within {} s; ECS goes on (waiting for {})",
                self.wanted.settings.timeout.as_secs(),
                self.counts()
                    .map_or_else(String::new, |counts| counts.waiting_for),
            ));
        }
        self.look_at_tasks(now, deployment)
            .or_else(|| self.look_at_targets(now, deployment))
            .unwrap_or_else(|| poll(false))
    }

    /// ECS does not know our deployment any more: deleted with its service, or not to be seen.
    fn vanished(&self) -> Next {
        if let Some(next) = self.deleted() {
            return next;
        }
        self.rest("ECS does not show our service deployment any more; a vanished one is no success")
    }

    /// The end when the service was deleted under the rollout.
    pub(super) fn deleted(&self) -> Option<Next> {
        let service = self.seen.service.as_ref();
        let inactive = service.is_some_and(|service| service.status != "ACTIVE");
        (self.seen.service_missing || inactive).then(|| {
            self.fail(Finding {
                code: "service-deleted".to_owned(),
                cause: format!(
                    "the service {} was deleted during the rollout",
                    self.wanted.target.service
                ),
                evidence: vec!["DescribeServices does not show it as active".to_owned()],
                remedy: "find out who deleted it; create it again and deploy".to_owned(),
            })
        })
    }

    /// Who asked for the end of the deployment, as far as we did.
    pub(super) fn asked(&self) -> Asked {
        if !self.has(|note| matches!(note, Checkpoint::StopAsked | Checkpoint::StopIntent { .. })) {
            return Asked::Nobody;
        }
        match (&self.stop, self.stopped_early()) {
            // It was on its way back when somebody asked.
            (_, Some(_)) => Asked::Early,
            (Some(StopReason::Undone { .. }), None) => Asked::Undo,
            (Some(StopReason::Cancelled { .. } | StopReason::Folded { .. }), None) => Asked::Cancel,
            (None, None) => Asked::Nobody,
        }
    }
}

const fn is_going_back(status: &ServiceDeploymentStatus) -> bool {
    matches!(
        status,
        ServiceDeploymentStatus::RollbackRequested
            | ServiceDeploymentStatus::RollbackInProgress
            | ServiceDeploymentStatus::StopRequested
    )
}
