//! How a rollout stands, for people who follow it: counts, states, the slowest phase, and when it may end.

use std::time::Duration;

use super::limits::{self, SETTLED};
use super::phase::{Scene, tasks};
use super::{Rollout, stage, watch};
use crate::document::Document;
use crate::event::{NoteLevel, Phase, PhaseKind, TaskCounts};
use crate::observe::{ServiceDeploymentSeen, ServiceDeploymentStatus, ServiceSeen, TaskSeen};
use crate::time::Timestamp;

/// An estimate is told in steps of this: it is about, and another one is an event.
const ABOUT: u64 = 5_000;
/// A time of ECS that is later than now by more than this says that its clock and ours do not agree.
const SKEW: Duration = Duration::from_secs(5);

impl Rollout {
    /// How the tasks stand, when anything was seen of them.
    #[must_use]
    pub fn counts(&self) -> Option<TaskCounts> {
        let deployment = self.seen.deployment.as_ref()?;
        let [old_running, new_running, new_pending] = watch::counts(deployment);
        let desired = self.desired(deployment);
        let breaker = deployment.breaker.as_ref();
        let scene = self.scene(deployment, desired);
        let under_way = deployment.status == ServiceDeploymentStatus::InProgress;
        let stage = self.stage(deployment).filter(|_| under_way);
        let (phase, waiting_for) = match (&stage, &scene) {
            (Some(stage), scene) => {
                let scene = scene.as_ref();
                let (phase, words) = self.phase_of_stage(deployment, stage, scene, desired);
                (Some(phase), words)
            }
            (None, Some(scene)) => {
                let phase = self.without_future(scene.phase());
                let words = scene.words(&phase);
                (Some(phase), words)
            }
            (None, None) => (
                phase_of_status(&deployment.status),
                waiting_for(deployment, desired),
            ),
        };
        let ends_about = match &stage {
            None => scene
                .as_ref()
                .and_then(|scene| self.ends_about(scene, desired)),
            Some(_) => phase.as_ref().and_then(Self::bake_ends).and_then(about),
        };
        Some(TaskCounts {
            old_running,
            new_running,
            new_pending,
            failed: breaker.map_or(0, |breaker| breaker.failures),
            desired,
            upper: self.upper(desired),
            waiting_for,
            states: scene.as_ref().map(Scene::states),
            phase,
            ends_about,
            desired_before: self.seen.desired_before.filter(|before| *before != desired),
            stage,
        })
    }

    /// Tasks that run at most: of a service that is not rolling, both revisions in full.
    fn upper(&self, desired: u32) -> u32 {
        let service = self.seen.service.as_ref();
        if service.is_none_or(ServiceSeen::is_rolling) {
            self.percentages().of(desired).upper
        } else {
            desired.saturating_mul(2)
        }
    }

    /// The phase without a time that cannot have come yet: watchers then count from when they first saw it.
    pub(super) fn without_future(&self, phase: Phase) -> Phase {
        let latest = self.seen.watched.at().map(|at| at.plus(SKEW));
        Phase {
            since: phase.since.filter(|since| Some(*since) <= latest),
            ..phase
        }
    }

    fn desired(&self, deployment: &ServiceDeploymentSeen) -> u32 {
        let service = self.seen.service.as_ref();
        service.map_or(deployment.target_revision.requested, |service| {
            service.desired
        })
    }

    /// What the looks at tasks show, while the deployment is in progress.
    fn scene(&self, deployment: &ServiceDeploymentSeen, desired: u32) -> Option<Scene<'_>> {
        let watched = &self.seen.watched;
        watched.at()?;
        if deployment.status != ServiceDeploymentStatus::InProgress
            || !stage::moves_tasks(deployment)
        {
            return None;
        }
        let staged = deployment.lifecycle_stage.is_some();
        let ours = self.registered()?;
        let [old, running, pending] = watch::counts(deployment);
        let is_new = |task: &&TaskSeen| task.task_definition == ours;
        let new: Vec<&TaskSeen> = watched.tasks.iter().filter(is_new).collect();
        if new.is_empty() && running + pending > 0 {
            // The look was too early: the counts say more.
            return None;
        }
        let service = self.seen.service.as_ref();
        let checks = self.checks();
        Some(Scene {
            new,
            healthy: &watched.healthy,
            old,
            leaving: watched.leaving.iter().collect(),
            missing: desired.saturating_sub(running + pending),
            checks,
            exact: !checks.balanced
                || (self.wanted.settings.minimum_healthy_percent >= 100 && !staged),
            stop_timeout: limits::stop_timeout(
                self.seen
                    .running_definition
                    .as_ref()
                    .unwrap_or(&Document::Null),
            ),
            // A deployment by stages has one for that.
            bake: service
                .filter(|_| !staged)
                .and_then(|service| limits::bake_time(&service.deployment_configuration)),
            complete_since: watched.complete_since,
        })
    }

    /// When it ends if what is to come takes as long as the slowest of what was seen. `None` as soon as anything that
    /// is to come was not seen once: a guess would be taken for a promise.
    fn ends_about(&self, scene: &Scene<'_>, desired: u32) -> Option<Timestamp> {
        let watched = &self.seen.watched;
        let (checks, looked_at) = (scene.checks, watched.at()?);
        let latest = Some(looked_at.plus(SKEW));
        if scene.new.iter().any(|task| task.created_at > latest) {
            return None;
        }
        if scene.complete_since.is_some() {
            return about(scene.complete_since?.plus(scene.bake?));
        }
        let start = watched.start.or_else(|| self.usual_start())?;
        let health = match (checks.container, checks.balanced) {
            (None, false) => SETTLED,
            _ => watched.health?,
        };
        // Without a target group there is nothing to drain, and most containers heed the signal at once.
        let end = match watched.end {
            Some(end) => end,
            None if checks.balanced => return None,
            None => Duration::ZERO,
        };
        let waiting = scene.new.iter().copied();
        let waiting = waiting.filter(|task| !scene.healthy.contains(&task.arn));
        let round = waiting.filter_map(|task| match task.started_at {
            Some(started) => Some(started.plus(health)),
            None => Some(task.created_at?.plus(start + health)),
        });
        let last_new = round.max().unwrap_or(looked_at);
        let bounds = self.percentages().of(desired);
        let at_once = bounds.upper.saturating_sub(bounds.lower).max(1);
        let rounds = scene.missing.div_ceil(at_once);
        let new = last_new.plus((start + health + end).saturating_mul(rounds));
        let told = scene.leaving.iter().filter_map(|task| task.stopping_at);
        let old = match told.max() {
            _ if scene.old > 0 => new.plus(end),
            Some(told) => told.plus(end),
            None => new,
        };
        about(new.max(old).plus(scene.bake.unwrap_or_default()))
    }

    /// How long the tasks took to start that are replaced: the median.
    fn usual_start(&self) -> Option<Duration> {
        let tasks = self.seen.watched.tasks.iter();
        let mut starts: Vec<Duration> = tasks
            .filter_map(|task| Some(task.started_at?.since(task.created_at?)))
            // No task is there in no time: what says so was never seen to start.
            .filter(|start| !start.is_zero())
            .collect();
        starts.sort_unstable();
        starts.get(starts.len() / 2).copied()
    }

    /// Somebody wants another number of tasks in the middle of it: no error, ECS goes on with that.
    pub(super) fn tell_desired(&mut self, service: &ServiceSeen) {
        let begun = self.seen.desired_before.get_or_insert(service.desired);
        let before = self.seen.service.as_ref();
        let before = before.map_or(*begun, |service| service.desired);
        let under_way = self.following().is_some() && self.seen.ended_at.is_none();
        if under_way && before != service.desired {
            let text = format!(
                "desired changed from {before} to {}, by auto scaling or by somebody: the rollout goes on with that",
                tasks(service.desired, "task")
            );
            self.remarks.push((NoteLevel::Info, text));
        }
    }
}

fn about(at: Timestamp) -> Option<Timestamp> {
    Some(Timestamp::from_millis(
        at.millis().div_ceil(ABOUT).saturating_mul(ABOUT),
    ))
}

/// The phase that the status alone tells.
fn phase_of_status(status: &ServiceDeploymentStatus) -> Option<Phase> {
    let kind = match status {
        ServiceDeploymentStatus::Pending => PhaseKind::Begin,
        ServiceDeploymentStatus::RollbackRequested
        | ServiceDeploymentStatus::RollbackInProgress
        | ServiceDeploymentStatus::StopRequested => PhaseKind::RollingBack,
        _ => return None,
    };
    Some(Phase {
        kind,
        tasks: 0,
        since: None,
        at_most: None,
    })
}

/// What the deployment waits for as far as counts tell it, in words that follow "waiting for".
pub(super) fn waiting_for(deployment: &ServiceDeploymentSeen, desired: u32) -> String {
    let [old, running, pending] = watch::counts(deployment);
    match &deployment.status {
        ServiceDeploymentStatus::Pending => "ECS to begin".to_owned(),
        ServiceDeploymentStatus::RollbackRequested
        | ServiceDeploymentStatus::RollbackInProgress => {
            let rollback = deployment.rollback.as_ref();
            let why = rollback.map(|rollback| rollback.reason.as_str());
            match why.filter(|reason| !reason.is_empty()) {
                Some(why) => format!("the way back: {why}"),
                None => "the way back".to_owned(),
            }
        }
        ServiceDeploymentStatus::StopRequested => "ECS to stop it".to_owned(),
        ServiceDeploymentStatus::InProgress if pending > 0 => {
            format!("{pending} of {} to start", tasks(desired, "new task"))
        }
        ServiceDeploymentStatus::InProgress if running < desired => {
            format!("ECS to start {}", tasks(desired - running, "new task"))
        }
        ServiceDeploymentStatus::InProgress if old > 0 => {
            format!("health of new tasks, and {} to go", tasks(old, "old task"))
        }
        ServiceDeploymentStatus::InProgress => "new tasks to be healthy".to_owned(),
        ServiceDeploymentStatus::Successful
        | ServiceDeploymentStatus::Stopped
        | ServiceDeploymentStatus::RollbackSuccessful
        | ServiceDeploymentStatus::RollbackFailed => String::new(),
        ServiceDeploymentStatus::Other(status) => format!("ECS, which says {status}"),
    }
}
