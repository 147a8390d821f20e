//! Services: what the API keeps about them beside the model.

mod create;
mod deployments;
mod list;
mod parameters;
mod revisions;
mod show;
mod stages;
mod stale;
mod strategy;
mod update;

use std::collections::BTreeMap;

use ecs_model::TaskStatus;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::drive::sim_time;
use super::log::Unsaid;
use super::spec::Spec;
use super::task::TaskRecord;
use crate::clock::SimTime;

use stale::Stale;

pub(super) use create::{Birth, bear, create};
pub(super) use deployments::{describe_deployments, list_deployments, stop_deployment};
pub(super) use list::{describe, list};
pub(super) use parameters::{balancer, config};
pub(super) use revisions::describe_revisions;
pub(super) use stages::continue_deployment;
pub(super) use update::{delete, update};

/// A service.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Service {
    /// Its tasks and deployments.
    pub(super) model: ecs_model::Service,
    /// What the model does not know about them.
    pub(super) records: Records,
    status: Status,
    /// Members of the API, as created and updated.
    pub(super) members: Map<String, Value>,
    created_at: SimTime,
    created_by: String,
    /// What readers still see.
    #[serde(default)]
    stale: Option<Stale>,
    /// When something next happens by itself.
    pub(super) wake: Option<SimTime>,
}

/// `status` of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Status {
    Active,
    /// Deleted, with tasks left.
    Draining,
    /// Deleted.
    Inactive,
}

/// What belongs to the deployments and tasks of a service.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Records {
    /// Service revisions by deployment id.
    pub(super) revisions: BTreeMap<String, Revision>,
    /// By task id.
    pub(super) tasks: BTreeMap<String, TaskRecord>,
    /// What modelled tasks will log, by task id.
    #[serde(default)]
    pub(super) unsaid: BTreeMap<String, Unsaid>,
}

/// A service revision.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Revision {
    pub(super) spec: Spec,
    /// Digests that its tags were resolved to when its first task started, by container.
    pub(super) digests: Vec<Option<String>>,
    /// The members of the service at its birth.
    pub(super) members: Map<String, Value>,
    created_at: SimTime,
}

impl Revision {
    fn new(spec: Spec, members: Map<String, Value>, created_at: SimTime) -> Self {
        Self {
            spec,
            digests: Vec::new(),
            members,
            created_at,
        }
    }

    /// Whether its tasks are registered in a target group.
    pub(super) fn is_behind_target(&self) -> bool {
        parameters::target_group(&self.members).is_some()
    }

    /// Binds tags to the digests that a starting task has found (ecs-facts 3.7).
    pub(super) fn bind(&mut self, found: &[Option<String>]) {
        self.digests.resize(found.len(), None);
        let containers = self.spec.containers.iter();
        let bindings = self.digests.iter_mut().zip(found).zip(containers);
        for ((bound, found), container) in bindings {
            if bound.is_none() && container.consistent {
                bound.clone_from(found);
            }
        }
    }
}

impl Service {
    pub(super) fn is_active(&self) -> bool {
        self.status == Status::Active
    }

    /// Active or draining.
    pub(super) fn is_listed(&self) -> bool {
        self.status != Status::Inactive
    }

    const fn status(&self) -> &'static str {
        match self.status {
            Status::Active => "ACTIVE",
            Status::Draining => "DRAINING",
            Status::Inactive => "INACTIVE",
        }
    }

    /// After the model has moved: when it moves next, what to forget, whether a deletion is over.
    pub(super) fn settle(&mut self) {
        self.wake = self.model.next_wakeup().map(sim_time);
        if self.records.tasks.len() > self.model.tasks().len() {
            let known: std::collections::BTreeSet<&str> =
                self.model.tasks().iter().map(ecs_model::Task::id).collect();
            self.records
                .tasks
                .retain(|id, _| known.contains(id.as_str()));
            self.records
                .unsaid
                .retain(|id, _| known.contains(id.as_str()));
        }
        let mut tasks = self.model.tasks().iter();
        if self.status == Status::Draining && tasks.all(|task| task.status() == TaskStatus::Stopped)
        {
            self.status = Status::Inactive;
            self.wake = None;
        }
    }

    /// What tasks that have started meanwhile log.
    pub(super) fn take_log(&mut self) -> Vec<(SimTime, Unsaid)> {
        if self.records.unsaid.is_empty() {
            return Vec::new();
        }
        let mut said = Vec::new();
        for task in self.model.tasks() {
            let unsaid = self.records.unsaid.get_mut(task.id());
            said.extend(unsaid.and_then(|unsaid| unsaid.take(task)));
        }
        self.records.unsaid.retain(|_, unsaid| !unsaid.is_empty());
        said
    }

    /// The revision that PRIMARY brings.
    fn primary(&self) -> Option<&Revision> {
        self.records.revisions.get(&self.model.primary().id)
    }
}
