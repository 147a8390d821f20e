//! What the load balancer finds of new tasks while they wait for it. Once ECS has replaced such a task its target is gone,
//! and with it the reason: ECS's own message says no more than that its checks failed. Nothing is decided by it.

use std::time::Duration;

use super::{Action, Next, Rollout};
use crate::diagnose;
use crate::event::NoteLevel;
use crate::observe::{ServiceDeploymentSeen, ServiceDeploymentStatus, TaskSeen};
use crate::surroundings::TargetHealth;
use crate::time::Timestamp;
use crate::verdict::Finding;

/// A task that has waited for the load balancer for so long is worth a look.
const PATIENCE: Duration = Duration::from_secs(20);
/// Time between two looks.
const PAUSE: Duration = Duration::from_secs(30);

/// A target group, and what is in it.
pub(super) type Group = (String, Vec<TargetHealth>);

/// What the looks brought to light.
#[derive(Clone, Debug, Default)]
pub(super) struct Balanced {
    looked_at: Option<Timestamp>,
    /// What was unhealthy when something last was.
    unhealthy: Vec<Group>,
    /// Why it cannot be looked at.
    refused: Option<String>,
    /// What people were told of.
    told: Vec<String>,
}

impl Rollout {
    /// A look at the targets of the service, when a new task waits for its load balancer.
    pub(super) fn look_at_targets(
        &self,
        now: Timestamp,
        deployment: &ServiceDeploymentSeen,
    ) -> Option<Next> {
        let balanced = &self.seen.balanced;
        let groups = &self.seen.service.as_ref()?.target_groups;
        let again = balanced.looked_at.map(|at| at.plus(PAUSE));
        if deployment.status != ServiceDeploymentStatus::InProgress
            || groups.is_empty()
            || balanced.refused.is_some()
            || again.is_some_and(|again| now < again)
        {
            return None;
        }
        let watched = &self.seen.watched;
        let ours = self.registered()?;
        let waits = |task: &TaskSeen| {
            task.task_definition == ours
                && task.last_status == "RUNNING"
                && !watched.healthy.contains(&task.arn)
                && task.started_at.is_some_and(|at| now >= at.plus(PATIENCE))
        };
        watched.tasks.iter().any(waits).then(|| {
            Next::Do(Action::WatchTargets {
                groups: groups.clone(),
            })
        })
    }

    /// The targets were looked at. Whatever is found is told once, while there is time to do something about it.
    pub(super) fn saw_targets(&mut self, now: Timestamp, groups: Vec<Group>) {
        let balanced = &mut self.seen.balanced;
        balanced.looked_at = Some(now);
        let unhealthy: Vec<Group> = groups
            .into_iter()
            .map(|(group, targets)| {
                let unhealthy = targets.into_iter();
                (
                    group,
                    unhealthy.filter(TargetHealth::is_unhealthy).collect(),
                )
            })
            .filter(|(_, targets): &Group| !targets.is_empty())
            .collect();
        if unhealthy.is_empty() {
            return;
        }
        for (group, targets) in &unhealthy {
            for target in targets {
                let what = format!("{} {}", target.reason, target.description);
                if !balanced.told.contains(&what) {
                    balanced.told.push(what);
                    let text = diagnose::of_target(group, target);
                    self.remarks.push((NoteLevel::Warning, text));
                }
            }
        }
        balanced.unhealthy = unhealthy;
    }

    /// They cannot be looked at; it is told with the finding that they would explain.
    pub(super) fn saw_no_targets(&mut self, now: Timestamp, message: &str) {
        let balanced = &mut self.seen.balanced;
        balanced.looked_at = Some(now);
        balanced.refused = Some(message.to_owned());
    }

    /// Adds what was found of the targets to the causes of the end.
    pub(super) fn blame_targets(&self, findings: &mut Vec<Finding>) {
        let balanced = &self.seen.balanced;
        match &balanced.refused {
            Some(why) => diagnose::without_targets(findings, why),
            None => diagnose::with_targets(findings, &balanced.unhealthy),
        }
    }
}
