//! Up to the point where AWS is changed: look, render, compare, register, suspend scaling.

use super::{Action, JOB_TAG, Next, RELEASE_TAG, Rollout, no_service, unfit};
use crate::checkpoint::{Checkpoint, ScalingFlags};
use crate::document::Document;
use crate::ids::JobId;
use crate::observe::ServiceSeen;
use crate::plan::settings;
use crate::registering::{Registering, Registers};
use crate::revisions::Owner;
use crate::rollout::action::Update;
use crate::spec::Autoscaling;
use crate::task_definition;
use crate::time::Timestamp;
use crate::verdict::Finding;

impl Rollout {
    pub(super) fn prepare(&self, now: Timestamp) -> Next {
        if self.seen.service_missing {
            return self.fail(no_service(&self.wanted.target));
        }
        let Some(service) = &self.seen.service else {
            return Next::Do(Action::DescribeService);
        };
        if let Some(finding) = unfit(service) {
            return self.fail(finding);
        }
        let Some(running) = &self.seen.running_definition else {
            let task_definition = service.task_definition.clone();
            return Next::Do(Action::DescribeTaskDefinition { task_definition });
        };
        let rendered = match self.render() {
            Ok(rendered) => rendered,
            Err(finding) => return self.fail(finding),
        };
        if let Some(next) = self.unchanged(service, running, &rendered) {
            return next;
        }
        if let Some(finding) = self.deadlock(service) {
            return self.fail(finding);
        }
        let Some(registered) = self.registered() else {
            return self.register(now, &rendered);
        };
        if let Some(next) = self.suspend(now) {
            return next;
        }
        Next::Note(Checkpoint::UpdateIntent {
            task_definition: registered.to_owned(),
            primary_before: service
                .primary()
                .map_or_else(String::new, |entry| entry.id.clone()),
            deployment_before: service.current_service_deployment.clone(),
            serving_before: service.task_definition.clone(),
            at: now,
        })
    }

    /// The task definition with the image by digest. It is refused where ECS would refuse it.
    pub(super) fn render(&self) -> Result<Document, Finding> {
        let wanted = &self.wanted;
        task_definition::with_image(&wanted.task_definition, &wanted.containers, &wanted.image)
    }

    /// When what runs equals what is wanted, and its tasks prove it: nothing is to be done.
    fn unchanged(
        &self,
        service: &ServiceSeen,
        running: &Document,
        rendered: &Document,
    ) -> Option<Next> {
        if self.wanted.settings.force
            || self.registered().is_some()
            || !task_definition::same(running, rendered)
            || !settings::changes(&self.wanted.settings, service).is_empty()
            || !is_at_rest(service)
        {
            return None;
        }
        let task_definition = service.task_definition.clone();
        let Some((tasks, _)) = &self.seen.tasks else {
            return Some(Next::Do(Action::RunningTasks));
        };
        // A tag that moved may have left other bytes running under the same name: then deploy.
        self.proof(tasks, &task_definition, service.desired).ok()?;
        if let Some(look) = self.look_at_restarts(service) {
            return Some(look);
        }
        // What is proven at this moment and dies again and again is deployed anew: that shows whether it stays.
        if self.dies_again(&task_definition) {
            return None;
        }
        let noted = Checkpoint::Unchanged {
            task_definition: task_definition.clone(),
        };
        if !self.has(|note| *note == noted) {
            return Some(Next::Note(noted));
        }
        Some(self.live(&task_definition, service, true))
    }

    fn register(&self, now: Timestamp, rendered: &Document) -> Next {
        let family = rendered.get("family").and_then(Document::as_str);
        let intent = self.noted.iter().rev().find_map(|note| match note {
            Checkpoint::RegisterIntent { at, .. } => Some(*at),
            _ => None,
        });
        let own = self.wrote(|note| matches!(note, Checkpoint::RegisterIntent { .. }));
        let at = intent.unwrap_or(now);
        let registering = Registering {
            family: family.unwrap_or_default(),
            tag: self.wanted.job_tag(),
            answered: self.seen.registered.as_deref(),
            intent: intent.map(|at| (at, own)),
            uncertain: self.seen.register_uncertain,
            stale: self.is_stale(at, now),
            settled: self.settled(self.sent_by(at, own)),
            found: self.seen.own_revision.as_ref(),
        };
        match registering.next(now) {
            Registers::Next(next) => next,
            Registers::Send => Next::Do(Action::Register {
                json: self.tagged(rendered),
            }),
            Registers::Found(arn, at) => {
                self.tell_late_registration(own, &arn, at)
                    .unwrap_or(Next::Note(Checkpoint::Registered {
                        task_definition: arn,
                    }))
            }
        }
    }

    fn tagged(&self, rendered: &Document) -> String {
        tagged(rendered, self.owner(), self.wanted.job)
    }

    /// Suspends auto scaling when asked to. What must be put back is noted first.
    fn suspend(&self, now: Timestamp) -> Option<Next> {
        let last = self.last_of_scaling();
        if self.wanted.settings.autoscaling == Autoscaling::Keep
            || last == Some(&Checkpoint::Suspended)
        {
            return None;
        }
        let scaling = match &self.seen.scaling {
            None => return Some(Next::Do(Action::DescribeScaling { resume: false })),
            // Without a scalable target there is nothing to suspend, and a call would be an error.
            Some(None) => return None,
            Some(Some(scaling)) => scaling,
        };
        if !matches!(last, Some(Checkpoint::SuspendIntent { .. })) {
            let before = self.wanted.debt.unwrap_or(scaling.suspended);
            return Some(Next::Note(Checkpoint::SuspendIntent { before }));
        }
        let own = self.wrote(|note| matches!(note, Checkpoint::SuspendIntent { .. }));
        if !own && let Some(began) = self.seen.identity_at {
            // The call of an attempt before this one may still be on its way: adopted, not repeated beside it.
            let settled = self.settled(began);
            if now < settled {
                return Some(Next::Wait {
                    until: settled,
                    reason: "a call of auto scaling may still be on its way".to_owned(),
                });
            }
            if self.seen.scaling_at < settled {
                return Some(Next::Do(Action::DescribeScaling { resume: false }));
            }
            if scaling.suspended == ScalingFlags::ALL {
                return Some(Next::Note(Checkpoint::Suspended));
            }
        }
        if !self.seen.suspended {
            let flags = ScalingFlags::ALL;
            return Some(Next::Do(Action::SetScaling {
                flags,
                resume: false,
            }));
        }
        Some(Next::Note(Checkpoint::Suspended))
    }

    /// The last note about scaling. What an attempt put back before it was lost is owed no more: who goes on
    /// after it begins anew, with a debt of its own.
    pub(super) fn last_of_scaling(&self) -> Option<&Checkpoint> {
        self.noted.iter().rev().find(|note| {
            matches!(
                note,
                Checkpoint::SuspendIntent { .. } | Checkpoint::Suspended | Checkpoint::Resumed
            )
        })
    }

    /// The change itself, as the service stands.
    pub(super) fn update_action(&self, task_definition: &str) -> Action {
        let settings = &self.wanted.settings;
        let base = self.seen.service.as_ref();
        Action::Update(Update {
            task_definition: task_definition.to_owned(),
            base_configuration: base.map_or_else(String::new, |service| {
                service.deployment_configuration.clone()
            }),
            keeps_configuration: base.is_some_and(|service| !service.is_rolling()),
            minimum_healthy_percent: settings.minimum_healthy_percent,
            maximum_percent: settings.maximum_percent,
            breaker: settings::breaker(&settings.breaker),
            health_check_grace_period: settings.health_check_grace_period,
            force: settings.force,
        })
    }
}

/// The definition as it is registered for a job, with the tags by which it is recognised, and those of whom it is for.
pub(crate) fn tagged(rendered: &Document, owner: Owner<'_>, job: JobId) -> String {
    let mut tagged = rendered.clone();
    task_definition::set_tags(&mut tagged, &owner.tags());
    let (release, id) = (job.release.to_string(), job.to_string());
    task_definition::set_tags(&mut tagged, &[(RELEASE_TAG, &release), (JOB_TAG, &id)]);
    tagged.to_string()
}

/// Whether no deployment is under way: one entry, completed where ECS says so.
fn is_at_rest(service: &ServiceSeen) -> bool {
    match service.deployments.as_slice() {
        [only] => only
            .rollout_state
            .as_deref()
            .is_none_or(|state| state == "COMPLETED"),
        _ => false,
    }
}
