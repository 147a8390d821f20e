//! Taking in what an action brought to light.

use super::{Action, CallFailed, Failing, FailureKind, Rollout, Saw, wrong_account};
use crate::checkpoint::Checkpoint;
use crate::document::Document;
use crate::event::NoteLevel;
use crate::observe::{CallerSeen, ServiceDeploymentSeen, ServiceSeen};
use crate::time::Timestamp;
use crate::verdict::Finding;

/// Failures after which moving tags are given up; what serves is live without them.
const TAG_TRIES: u32 = 3;

impl Rollout {
    /// What came of `action`, at `now`.
    pub fn saw(&mut self, now: Timestamp, action: &Action, saw: Saw) {
        if let Saw::Failed(failed) = saw {
            self.saw_failure(now, action, failed);
            return;
        }
        if let Action::WatchTasks { leaving } = action {
            // It is for people: that it went well says nothing about what has failed.
            if let Saw::RunningTasks(tasks) | Saw::StoppedTasks(tasks) = saw {
                self.saw_tasks(now, *leaving, tasks.clone());
                self.see_lives(now, action, &tasks);
            }
            return;
        }
        if let Saw::Targets(groups) = saw {
            self.saw_targets(now, groups);
            return;
        }
        self.failing = None;
        match saw {
            Saw::Caller(caller) => {
                self.seen.identity_at = Some(now);
                self.saw_caller(&caller);
            }
            Saw::Service(service) => self.saw_service(now, service.map(|service| *service)),
            Saw::TaskDefinition { json, tags } => {
                self.saw_task_definition(json.as_deref());
                self.tell_drift(&tags);
            }
            Saw::FoundRevision(found) => self.seen.own_revision = Some((found, now)),
            Saw::Registered(arn) => self.seen.registered = Some(arn),
            Saw::Scaling(scaling) => match action {
                Action::DescribeScaling { resume: true } => {
                    if self.is_suspended_again(scaling) {
                        self.seen.suspended_again_at = Some(now);
                    }
                    self.seen.scaling_at_end = Some(scaling);
                    self.seen.scaling_at_end_at = now;
                    self.seen.resumed = false;
                }
                _ => {
                    self.tell_found_suspended(scaling);
                    self.seen.scaling = Some(scaling);
                    self.seen.scaling_at = now;
                }
            },
            Saw::ScalingSet(_) => match action {
                Action::SetScaling { resume: true, .. } => self.seen.resumed = true,
                _ => self.seen.suspended = true,
            },
            Saw::Updated(service) => {
                self.seen.desired_before = Some(service.desired);
                self.seen.updated = Some(
                    service
                        .primary()
                        .map_or_else(String::new, |entry| entry.id.clone()),
                );
                self.saw_service(now, Some(*service));
            }
            Saw::Deployments(list) => self.saw_deployments(now, list),
            Saw::Revision(Some(revision)) => self.seen.revisions.push(revision),
            Saw::Revision(None) => self.forget_candidate(now, action),
            Saw::Polled {
                deployment,
                service,
                service_missing,
            } => {
                if service_missing {
                    self.saw_service(now, None);
                } else if let Some(service) = service {
                    self.saw_service(now, Some(*service));
                }
                if let Action::Follow {
                    service_deployment: Some(arn),
                    ..
                } = action
                {
                    self.saw_poll(now, arn, deployment.map(|deployment| *deployment));
                }
            }
            Saw::RunningTasks(tasks) => {
                self.see_lives(now, action, &tasks);
                self.seen.tasks = Some((tasks, now));
            }
            Saw::StoppedTasks(tasks) => {
                self.see_lives(now, action, &tasks);
                self.seen.stopped = Some(tasks);
                self.looked_at_trouble(now);
            }
            Saw::Lines(lines) => {
                if let Action::LastWords(stream) = action {
                    self.seen.lines = Some((stream.task.clone(), lines));
                }
            }
            Saw::StopAsked => self.seen.stop_answered = true,
            Saw::Tagged(refused) => {
                self.seen.tagged = true;
                for (tag, reason) in refused {
                    let text = format!("tag {tag} was not set: {reason}");
                    self.remarks.push((NoteLevel::Warning, text));
                }
            }
            // Of the tasks of gates.
            Saw::TaskRun { .. } | Saw::Task(_) | Saw::TaskStopAsked | Saw::Log { .. } => {}
            Saw::Continued => {
                if let Action::Continue { hook, .. } = action {
                    self.seen.answered.push(hook.clone());
                }
            }
            Saw::FamilyRevisions(revisions) => self.saw_family(revisions),
            Saw::Deregistered => {
                if let Action::Deregister { task_definition } = action {
                    self.saw_deregistered(task_definition);
                }
            }
            Saw::Failed(_) | Saw::Targets(_) => {}
        }
    }

    fn saw_caller(&mut self, caller: &CallerSeen) {
        match wrong_account(caller, &self.wanted.target) {
            None => self.seen.identity = true,
            wrong => self.seen.fatal = wrong,
        }
    }

    fn saw_service(&mut self, now: Timestamp, service: Option<ServiceSeen>) {
        self.seen.service_at = now;
        self.seen.service_missing = service.is_none();
        let Some(service) = service else { return };
        // When the newest deployment is ours there is no later one. The task definition alone does
        // not say so: somebody may have deployed the same one again.
        if self.seen.ended_at.is_some() && self.is_ours(&service) {
            self.seen.later = Some(false);
        }
        self.tell_desired(&service);
        self.seen.service = Some(service);
        self.judge();
    }

    /// Whether the PRIMARY deployment of the service is the one that our update made.
    fn is_ours(&self, service: &ServiceSeen) -> bool {
        let primary = service.primary().map(|entry| &entry.id);
        primary.is_some_and(|id| {
            self.has(|note| matches!(note, Checkpoint::Updated { primary } if primary == id))
        })
    }

    fn saw_task_definition(&mut self, json: Option<&str>) {
        // What runs is only compared with: a definition that cannot be read differs from ours.
        let parsed = json
            .and_then(|json| Document::parse(json).ok())
            .unwrap_or(Document::Null);
        self.seen.running_definition = Some(parsed);
    }

    fn saw_deployments(&mut self, now: Timestamp, list: Vec<ServiceDeploymentSeen>) {
        self.seen.listed_at = Some(now);
        if let Some(ours) = &self.seen.deployment {
            let later = list
                .iter()
                .any(|other| other.arn != ours.arn && other.created_at > ours.created_at);
            self.seen.later = Some(later);
        }
        for deployment in list {
            self.add_candidate(deployment);
        }
    }

    fn add_candidate(&mut self, deployment: ServiceDeploymentSeen) {
        match self
            .seen
            .candidates
            .iter_mut()
            .find(|known| known.arn == deployment.arn)
        {
            Some(known) => *known = deployment,
            None => self.seen.candidates.push(deployment),
        }
    }

    /// A revision that ECS does not show (yet) says nothing; its deployment is looked at again
    /// before anybody concludes that none is ours.
    fn forget_candidate(&mut self, now: Timestamp, action: &Action) {
        if let Action::DescribeRevision { revision } = action {
            self.seen
                .candidates
                .retain(|known| known.target_revision.arn != *revision);
            self.seen.listed_at = None;
            let failed = CallFailed {
                call: "ecs:DescribeServiceRevisions".to_owned(),
                kind: FailureKind::Passing,
                message: format!("{revision} does not show yet"),
            };
            self.count_failure(now, failed, false);
        }
    }

    fn saw_poll(&mut self, now: Timestamp, arn: &str, deployment: Option<ServiceDeploymentSeen>) {
        let Some(deployment) = deployment else {
            self.seen.vanished += 1;
            return;
        };
        self.seen.vanished = 0;
        if self.following() != Some(arn) {
            self.add_candidate(deployment);
            return;
        }
        if deployment.status.is_terminal() && self.seen.ended_at.is_none() {
            // The first sight of the end: what was seen of service and tasks before is too old.
            // Looking at the service again is one call for many rollouts, asking for the list of its
            // deployments is one call each.
            self.seen.ended_at = Some(now);
            self.seen.service_at = Timestamp::ZERO;
            self.seen.tasks = None;
            self.seen.stopped = None;
        }
        self.seen.watched.saw_counts(&deployment);
        self.seen.watched.saw_stage(now, &deployment);
        self.seen.saw_hooks(&deployment);
        self.seen.deployment = Some(deployment);
    }

    fn saw_failure(&mut self, now: Timestamp, action: &Action, failed: CallFailed) {
        if matches!(action, Action::SetScaling { .. }) && failed.kind == FailureKind::Uncertain {
            self.seen.scaling_uncertain_at = Some(now);
        }
        match action {
            // The end is known by now: a debt is left to a settle job, a tag to people.
            Action::SetScaling { resume: true, .. } | Action::DescribeScaling { resume: true } => {
                self.seen.resume_failures += 1;
                self.count_failure(now, failed, true);
                return;
            }
            Action::PutTags { .. } => {
                self.seen.tag_failures += 1;
                if self.seen.tag_failures >= TAG_TRIES {
                    self.seen.tagged = true;
                    let text = format!("the moving tags were not set: {}", failed.message);
                    self.remarks.push((NoteLevel::Warning, text));
                }
                self.count_failure(now, failed, true);
                return;
            }
            Action::FamilyRevisions { .. } | Action::Deregister { .. } => {
                // It is gone already where ECS finds nothing to deregister.
                if let (Action::Deregister { task_definition }, FailureKind::NotFound) =
                    (action, failed.kind)
                {
                    self.saw_deregistered(task_definition);
                    return;
                }
                let passing = matches!(failed.kind, FailureKind::Passing | FailureKind::Uncertain);
                if self.saw_no_cleaning(&failed.message, !passing) {
                    self.count_failure(now, failed, true);
                }
                return;
            }
            Action::WatchTasks { .. } => {
                self.saw_no_tasks(now, &failed.message);
                return;
            }
            Action::WatchTargets { .. } => {
                self.saw_no_targets(now, &failed.message);
                return;
            }
            Action::LastWords(stream) => {
                // They explain more, and decide nothing.
                let text = format!(
                    "the last lines of the container could not be read: {}",
                    failed.message
                );
                self.remarks.push((NoteLevel::Warning, text));
                self.seen.lines = Some((stream.task.clone(), Vec::new()));
                return;
            }
            Action::StopDeployment { .. } => {
                if matches!(failed.kind, FailureKind::Conflict | FailureKind::NotFound) {
                    // It has ended meanwhile: the next poll says how.
                    self.seen.stop_answered = true;
                    return;
                }
                // It may end before the next try: look first.
                self.seen.deployment = None;
            }
            Action::Continue { hook, .. } => {
                let waits_no_more = self.saw_no_answer(hook, &failed);
                if waits_no_more {
                    return;
                }
            }
            _ => {}
        }
        match failed.kind {
            FailureKind::Uncertain => match action {
                Action::Register { .. } => {
                    self.seen.register_uncertain = true;
                    self.seen.own_revision = None;
                }
                Action::Update(_) => {
                    self.seen.update_uncertain = true;
                    self.seen.service = None;
                    self.seen.listed_at = None;
                }
                _ => {}
            },
            FailureKind::Passing => {}
            FailureKind::Conflict if matches!(action, Action::Register { .. }) => {}
            FailureKind::Credentials
            | FailureKind::Denied
            | FailureKind::NotFound
            | FailureKind::Conflict
            | FailureKind::Invalid => {
                let refused = matches!(action, Action::Update(_));
                if refused || self.update_intent().is_none() {
                    self.seen.fatal.get_or_insert_with(|| refusal(&failed));
                    return;
                }
            }
        }
        self.count_failure(now, failed, false);
    }

    fn count_failure(&mut self, now: Timestamp, failed: CallFailed, after_the_end: bool) {
        let times = self.failing.as_ref().map_or(0, |failing| failing.times);
        self.failing = Some(Failing {
            last: failed,
            times: times + 1,
            at: now,
            after_the_end,
        });
    }
}

/// Why a call that will stay refused ends its job.
pub(crate) fn refusal(failed: &CallFailed) -> Finding {
    let (code, cause, remedy) = match failed.kind {
        FailureKind::Credentials => (
            "credentials",
            format!(
                "AWS does not take the agent's credentials for {}",
                failed.call
            ),
            "see the role, its trust policy and external id in the agent's configuration",
        ),
        FailureKind::Denied => (
            "denied",
            format!("the agent's role may not do {}", failed.call),
            "add the statement that the message names to the policy of the role",
        ),
        FailureKind::NotFound => (
            "not-found",
            format!("{} names something that does not exist", failed.call),
            "correct the target in the manifest",
        ),
        FailureKind::Conflict
        | FailureKind::Invalid
        | FailureKind::Passing
        | FailureKind::Uncertain => (
            "refused",
            format!("AWS refused {}", failed.call),
            "correct what the message names, and deploy again",
        ),
    };
    Finding {
        code: code.to_owned(),
        cause,
        evidence: vec![failed.message.clone()],
        remedy: remedy.to_owned(),
    }
}
