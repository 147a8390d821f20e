//! Deployments that go by stages (ecs-facts 3.6): what they wait for, in plain words, and since when.

use std::time::Duration;

use super::phase::{Scene, tasks};
use super::watch::Watched;
use super::{Rollout, watch};
use crate::event::{Phase, PhaseKind, Stage};
use crate::hook::{Hook, HookAction, Weight};
use crate::ids::ReleaseId;
use crate::observe::ServiceDeploymentSeen;
use crate::strategy::Strategy;
use crate::time::Timestamp;

/// Stages before all new tasks are up.
const BEFORE_UP: [&str; 3] = ["RECONCILE_SERVICE", "PRE_SCALE_UP", "SCALE_UP"];

/// Since when a deployment is in its stage, with its share of traffic, by our clock.
#[derive(Clone, Debug)]
pub(super) struct StageSince {
    name: String,
    production: Option<Weight>,
    /// `None` when it was in it already when this attempt looked first.
    since: Option<Timestamp>,
}

/// Whether ECS has found all new tasks healthy, as its stage tells.
pub(super) fn is_up(deployment: &ServiceDeploymentSeen) -> bool {
    let stage = deployment.lifecycle_stage.as_deref();
    stage.is_some_and(|stage| !BEFORE_UP.contains(&stage))
}

/// Whether tasks come or go in the stage: in the others there is nothing to see of them.
pub(super) fn moves_tasks(deployment: &ServiceDeploymentSeen) -> bool {
    let stage = deployment.lifecycle_stage.as_deref();
    matches!(stage, None | Some("SCALE_UP" | "CLEAN_UP"))
}

impl Watched {
    /// A poll has seen the stage.
    pub(super) fn saw_stage(&mut self, now: Timestamp, deployment: &ServiceDeploymentSeen) {
        let Some(name) = &deployment.lifecycle_stage else {
            return;
        };
        let production = deployment.target_revision.production;
        let known = self.stage.as_ref();
        if known.is_some_and(|known| known.name == *name && known.production == production) {
            return;
        }
        self.stage = Some(StageSince {
            since: known.map(|_| now),
            name: name.clone(),
            production,
        });
    }
}

impl Rollout {
    /// Where our deployment is, if it goes by stages.
    pub(super) fn stage(&self, deployment: &ServiceDeploymentSeen) -> Option<Stage> {
        let name = deployment.lifecycle_stage.clone();
        let hooks: Vec<Hook> = deployment
            .awaiting()
            .map(|hook| Hook {
                id: hook.id.clone(),
                stage: name.clone().unwrap_or_default(),
                expires_at: hook.expires_at,
                on_timeout: hook.on_timeout,
                answer: None,
            })
            .collect();
        let target = &deployment.target_revision;
        (name.is_some() || !hooks.is_empty()).then(|| Stage {
            name: name.unwrap_or_default(),
            production: target.production,
            test: target.test,
            hooks,
        })
    }

    /// What a deployment under way waits for in its stage, with the words that follow "waiting for".
    pub(super) fn phase_of_stage(
        &self,
        deployment: &ServiceDeploymentSeen,
        stage: &Stage,
        scene: Option<&Scene<'_>>,
        desired: u32,
    ) -> (Phase, String) {
        if stage.hooks.is_empty()
            && let Some(scene) = scene
        {
            let phase = self.without_future(scene.phase());
            let ends = matches!(
                phase.kind,
                PhaseKind::Draining
                    | PhaseKind::Stopping
                    | PhaseKind::BakeTime
                    | PhaseKind::Completing
            );
            // Before the end, old tasks are there because they have to stay.
            if stage.name == "CLEAN_UP" || !ends {
                let words = scene.words(&phase);
                return (phase, words);
            }
        }
        let strategy = self.strategy();
        let (kind, at_most, words) = if stage.hooks.is_empty() {
            of_stage(deployment, stage, &strategy, desired)
        } else {
            let words = approval(&stage.hooks, self.wanted.job.release);
            (PhaseKind::Approval, None, words)
        };
        let since = self.seen.watched.stage.as_ref();
        let phase = Phase {
            kind,
            tasks: 0,
            since: since.and_then(|stage| stage.since),
            at_most,
        };
        (phase, words)
    }

    /// How the service is set up; rolling before it was seen.
    pub(super) fn strategy(&self) -> Strategy {
        let service = self.seen.service.as_ref();
        Strategy::of(service.map_or("", |service| service.deployment_configuration.as_str()))
    }

    /// When the bake time ends, if that is what is waited for and its begin was seen.
    pub(super) fn bake_ends(phase: &Phase) -> Option<Timestamp> {
        (phase.kind == PhaseKind::BakeTime)
            .then(|| Some(phase.since?.plus(phase.at_most?)))
            .flatten()
    }
}

/// `approval at POST_SCALE_UP (hook 7f3a): shipway approve 1007; without an answer by ... ECS rolls back`.
fn approval(hooks: &[Hook], release: ReleaseId) -> String {
    let ids: Vec<&str> = hooks.iter().map(|hook| hook.id.as_str()).collect();
    let s = if ids.len() == 1 { "" } else { "s" };
    let stage = hooks.first().map_or("", |hook| hook.stage.as_str());
    let ids = ids.join(", ");
    let mut text = format!("approval at {stage} (hook{s} {ids}): shipway approve {release}");
    let first = hooks.iter().filter(|hook| hook.expires_at.is_some());
    if let Some(first) = first.min_by_key(|hook| hook.expires_at)
        && let (Some(by), Some(then)) = (first.expires_at, first.on_timeout)
    {
        let then = match then {
            HookAction::Continue => "goes on",
            HookAction::Rollback => "rolls back",
        };
        text.push_str(&format!("; without an answer by {by} ECS {then}"));
    }
    text
}

/// Phase, limit and words of a stage in which nobody is asked.
fn of_stage(
    deployment: &ServiceDeploymentSeen,
    stage: &Stage,
    strategy: &Strategy,
    desired: u32,
) -> (PhaseKind, Option<Duration>, String) {
    let mut running = deployment.hooks.iter();
    if running.any(|hook| hook.status == "IN_PROGRESS") {
        let words = format!("a lifecycle hook at {} to end", stage.name);
        return (PhaseKind::Stage, None, words);
    }
    let plain = |words: &str| (PhaseKind::Stage, None, words.to_owned());
    match stage.name.as_str() {
        "RECONCILE_SERVICE" => plain("ECS to prepare the deployment"),
        "PRE_SCALE_UP" => plain("ECS to begin with the new tasks"),
        "SCALE_UP" => scale_up(deployment, desired),
        "POST_SCALE_UP" => plain("ECS to go on: all new tasks are up"),
        "TEST_TRAFFIC_SHIFT" => plain("test traffic to move to the new tasks, which are all up"),
        "POST_TEST_TRAFFIC_SHIFT" => {
            plain("ECS to go on: all new tasks are up, production traffic has not moved yet")
        }
        "PRE_PRODUCTION_TRAFFIC_SHIFT" | "PRODUCTION_TRAFFIC_SHIFT" => shift(stage, strategy),
        "POST_PRODUCTION_TRAFFIC_SHIFT" => {
            plain("ECS to go on: all production traffic is at the new tasks")
        }
        "BAKE_TIME" => {
            let kept = if strategy.is_rolling() {
                "the bake time to pass"
            } else {
                "the bake time to pass: all production traffic is at the new tasks, the old ones are kept"
            };
            (PhaseKind::BakeTime, strategy.bake, kept.to_owned())
        }
        "CLEAN_UP" => {
            let [old, ..] = watch::counts(deployment);
            let words = match old {
                0 => "ECS to call it complete".to_owned(),
                old => format!("{} to go", tasks(old, "old task")),
            };
            (PhaseKind::Stage, None, words)
        }
        name => (PhaseKind::Stage, None, format!("the stage {name} to end")),
    }
}

fn scale_up(
    deployment: &ServiceDeploymentSeen,
    desired: u32,
) -> (PhaseKind, Option<Duration>, String) {
    let [_, running, pending] = watch::counts(deployment);
    let words = match (running, pending) {
        (_, 1..) => format!("{pending} of {} to start", tasks(desired, "new task")),
        (running, 0) if running < desired => {
            format!("ECS to start {}", tasks(desired - running, "new task"))
        }
        _ => "new tasks to be healthy".to_owned(),
    };
    (PhaseKind::Stage, None, words)
}

fn shift(stage: &Stage, strategy: &Strategy) -> (PhaseKind, Option<Duration>, String) {
    let weight = stage.production.unwrap_or_default();
    let step = strategy
        .step
        .filter(|step| !step.bake.is_zero() && weight > Weight(0) && weight < Weight::ALL);
    let words = match (&step, strategy.name.as_str()) {
        (Some(_), "CANARY") => {
            format!("the canary to bake: {weight} of production traffic is at the new tasks")
        }
        (Some(_), _) => {
            format!("the step to bake: {weight} of production traffic is at the new tasks")
        }
        (None, _) => {
            format!("production traffic to move: all new tasks are up, {weight} of it is theirs")
        }
    };
    (PhaseKind::TrafficShift, step.map(|step| step.bake), words)
}
