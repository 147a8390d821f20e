//! What is known about a real container of a task.

use ecs_model::Exit;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::TaskRecord;
use crate::ecs::external::TaskKey;
use crate::ecs::service::balancer;
use crate::ecs::spec::Spec;
use crate::ecs::state::State;

/// A container of an engine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Real {
    /// Its id there.
    pub(crate) id: Option<String>,
    /// Whether it was started.
    pub(crate) started: bool,
    /// What its health check has found.
    pub(crate) healthy: Option<bool>,
    /// How it ended, or why it could not start.
    pub(crate) exit: Option<Exit>,
}

impl Real {
    /// The members of a container that are about its run.
    pub(super) fn show(&self, shown: &mut Value) {
        if let Some(id) = &self.id {
            shown["runtimeId"] = id.as_str().into();
        }
        if let Some(exit) = &self.exit {
            if self.id.is_some() {
                shown["exitCode"] = exit.code.into();
            }
            if let Some(reason) = &exit.reason {
                shown["reason"] = reason.as_str().into();
            }
        }
    }
}

impl TaskRecord {
    /// Writes down how a container does.
    pub(in crate::ecs) fn note(&mut self, container: usize, real: Real) {
        if let Some(record) = self.containers.get_mut(container) {
            record.real = Some(real);
        }
    }

    /// Writes down the end of all containers that had none; also of those whose start was not saved.
    pub(in crate::ecs) fn lose(&mut self, exit: &Exit) {
        for container in &mut self.containers {
            let real = container.real.get_or_insert_default();
            real.id.get_or_insert_with(|| container.runtime.clone());
            real.exit.get_or_insert_with(|| exit.clone());
        }
    }

    /// Writes down the task's address, and the digests that were not known before.
    pub(in crate::ecs) fn settle(&mut self, address: Option<String>, digests: &[Option<String>]) {
        if let Some(address) = address {
            self.address = address;
        }
        for (record, digest) in self.containers.iter_mut().zip(digests) {
            if digest.is_some() {
                record.digest.clone_from(digest);
            }
        }
    }

    fn digests(&self) -> Vec<Option<String>> {
        let containers = self.containers.iter();
        containers
            .map(|container| container.digest.clone())
            .collect()
    }
}

/// What a task is made from: its definition, the members of its service or call, the digests of its images, its
/// load balancer.
type Parts = (Spec, Map<String, Value>, Vec<Option<String>>, Option<Value>);

impl State {
    /// The record of a task.
    pub(in crate::ecs) fn record(&mut self, key: &TaskKey) -> Option<&mut TaskRecord> {
        let cluster = self.clusters.get_mut(key.cluster())?;
        match key.service() {
            Some(service) => cluster
                .services
                .get_mut(service)?
                .records
                .tasks
                .get_mut(&key.id),
            None => Some(&mut cluster.tasks.get_mut(&key.id)?.record),
        }
    }

    /// What a task is made from.
    pub(in crate::ecs) fn parts(&self, key: &TaskKey) -> Option<Parts> {
        let cluster = self.clusters.get(key.cluster())?;
        let Some(service) = key.service() else {
            let own = cluster.tasks.get(&key.id)?;
            let digests = own.record.digests();
            return Some((own.spec.clone(), own.members.clone(), digests, None));
        };
        let service = cluster.services.get(service)?;
        let record = service.records.tasks.get(&key.id)?;
        let mut tasks = service.model.tasks().iter();
        let task = tasks.find(|task| task.id() == key.id)?;
        let revision = service.records.revisions.get(task.deployment()?)?;
        Some((
            revision.spec.clone(),
            Map::new(),
            record.digests(),
            balancer(&revision.members).cloned(),
        ))
    }
}
