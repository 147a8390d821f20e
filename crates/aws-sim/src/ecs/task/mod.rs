//! Tasks: what the API shows about them beside the model, and tasks without a service.

mod calls;
mod real;
mod run;
mod show;
mod usage;

use std::time::Duration;

use ecs_model::{Task, Time};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::drive::sim_time;
use super::log::Unsaid;
use super::plan::Foreseen;
use super::spec::Spec;
use crate::clock::SimTime;
use crate::ids::Ids;

pub(super) use calls::{describe, list};
pub(crate) use real::Real;
pub(super) use run::{Token, run, stop};

/// Stopped tasks are kept for so long.
const KEEP_STOPPED: Duration = Duration::from_secs(3600);

/// What the model does not know about a task.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct TaskRecord {
    containers: Vec<ContainerRecord>,
    culprit: Option<Culprit>,
    attachment: String,
    interface: String,
    pub(super) address: String,
}

/// A container of a task.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct ContainerRecord {
    id: String,
    runtime: String,
    digest: Option<String>,
    /// How the real container does, if there is one.
    #[serde(default)]
    real: Option<Real>,
}

/// The container that ends a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Culprit {
    /// Its index.
    pub(super) container: usize,
    /// What its `reason` says, when a script says so.
    pub(super) reason: Option<String>,
}

impl TaskRecord {
    /// The record of a task that is being launched.
    pub(super) fn new(ids: &mut Ids, spec: &Spec, foreseen: &Foreseen) -> Self {
        let containers = spec.containers.iter().zip(&foreseen.reported);
        let octet = |bits: u64| bits % 254 + 1;
        Self {
            containers: containers
                .map(|(_, digest)| ContainerRecord {
                    id: ids.uuid(),
                    runtime: format!("{}-{}", ids.hex(32), ids.digits(10)),
                    digest: digest.clone(),
                    real: None,
                })
                .collect(),
            culprit: foreseen.culprit.clone(),
            attachment: ids.uuid(),
            interface: format!("eni-{}", ids.hex(17)),
            address: format!("10.0.{}.{}", octet(ids.bits()), octet(ids.bits())),
        }
    }
}

/// A task that RunTask started.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct OwnTask {
    pub(super) task: Task,
    pub(super) record: TaskRecord,
    pub(super) spec: Spec,
    pub(super) started_by: Option<String>,
    pub(super) group: String,
    /// Members of the call that the task repeats (`launchType`, `overrides`...).
    pub(super) members: Map<String, Value>,
    /// What it will log.
    #[serde(default)]
    pub(super) unsaid: Unsaid,
}

impl OwnTask {
    /// When it next changes by itself.
    pub(super) fn wake(&self) -> Option<SimTime> {
        self.task.next_wakeup().map(sim_time)
    }

    /// What it logs, once it has started.
    pub(super) fn take_log(&mut self) -> Option<(SimTime, Unsaid)> {
        self.unsaid.take(&self.task)
    }

    /// Brings it up to `now`; false when it can be forgotten.
    pub(super) fn advance(&mut self, now: Time) -> bool {
        while let Some(due) = self.task.next_wakeup().filter(|due| *due <= now) {
            // There is no service that would react.
            let _change = self.task.step(due, Duration::ZERO);
        }
        let stopped = self.task.times().stopped_at;
        stopped.is_none_or(|stopped| now.since(stopped) < KEEP_STOPPED)
    }
}
