//! How tasks stand in the middle of a rollout.

use std::time::Duration;

use shipway_domain::event::{Phase, PhaseKind, Stage, TaskCounts, TaskStates};
use shipway_domain::hook::Weight;
use shipway_domain::time::Timestamp;

use crate::v1;

impl From<&TaskCounts> for v1::TaskCounts {
    fn from(counts: &TaskCounts) -> Self {
        Self {
            old_running: counts.old_running,
            new_running: counts.new_running,
            new_pending: counts.new_pending,
            failed: counts.failed,
            desired: counts.desired,
            upper: counts.upper,
            waiting_for: counts.waiting_for.clone(),
            states: counts.states.map(Into::into),
            phase: counts.phase.as_ref().map(Into::into),
            ends_about_ms: counts.ends_about.map(Timestamp::millis),
            desired_before: counts.desired_before,
            stage: counts.stage.as_ref().map(Into::into),
        }
    }
}

impl From<v1::TaskCounts> for TaskCounts {
    fn from(message: v1::TaskCounts) -> Self {
        Self {
            old_running: message.old_running,
            new_running: message.new_running,
            new_pending: message.new_pending,
            failed: message.failed,
            desired: message.desired,
            upper: message.upper,
            waiting_for: message.waiting_for,
            states: message.states.map(Into::into),
            phase: message.phase.and_then(phase),
            ends_about: message.ends_about_ms.map(Timestamp::from_millis),
            desired_before: message.desired_before,
            stage: message.stage.map(Into::into),
        }
    }
}

impl From<TaskStates> for v1::TaskStates {
    fn from(states: TaskStates) -> Self {
        Self {
            provisioning: states.provisioning,
            pulling: states.pulling,
            starting: states.starting,
            checking: states.checking,
            unhealthy: states.unhealthy,
            healthy: states.healthy,
            draining: states.draining,
            stopping: states.stopping,
        }
    }
}

impl From<v1::TaskStates> for TaskStates {
    fn from(message: v1::TaskStates) -> Self {
        Self {
            provisioning: message.provisioning,
            pulling: message.pulling,
            starting: message.starting,
            checking: message.checking,
            unhealthy: message.unhealthy,
            healthy: message.healthy,
            draining: message.draining,
            stopping: message.stopping,
        }
    }
}

impl From<&Stage> for v1::Stage {
    fn from(stage: &Stage) -> Self {
        Self {
            stage: stage.name.clone(),
            production: stage.production.map(|weight| weight.0),
            test: stage.test.map(|weight| weight.0),
            hooks: stage.hooks.iter().map(Into::into).collect(),
        }
    }
}

impl From<v1::Stage> for Stage {
    fn from(message: v1::Stage) -> Self {
        let hooks = message.hooks.into_iter();
        Self {
            name: message.stage,
            production: message.production.map(Weight),
            test: message.test.map(Weight),
            // One that cannot be read is left out, as a phase is: counts are no reason to lose the rest.
            hooks: hooks.filter_map(|hook| hook.try_into().ok()).collect(),
        }
    }
}

impl From<&Phase> for v1::Phase {
    fn from(phase: &Phase) -> Self {
        let millis = |length: Duration| u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
        Self {
            phase: phase.kind.as_str().to_owned(),
            tasks: phase.tasks,
            since_ms: phase.since.map(Timestamp::millis),
            at_most_ms: phase.at_most.map(millis),
        }
    }
}

/// A phase of a newer version is left out: the words beside it tell it.
fn phase(message: v1::Phase) -> Option<Phase> {
    Some(Phase {
        kind: PhaseKind::parse(&message.phase)?,
        tasks: message.tasks,
        since: message.since_ms.map(Timestamp::from_millis),
        at_most: message.at_most_ms.map(Duration::from_millis),
    })
}
