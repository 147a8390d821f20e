//! What a load balancer sees of the tasks of services (ecs-facts 1.3): its targets and their health.

use std::collections::BTreeSet;

use ecs_model::{Check, Health, Outcome, Task, TaskStatus, Time};
use serde_json::{Map, Value};

use super::drive::model_time;
use super::service::Service;
use super::state::State;
use crate::clock::SimTime;

/// A task that is registered in a target group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RegisteredTask {
    /// Its address.
    pub(crate) address: String,
    pub(crate) port: u16,
    pub(crate) standing: Standing,
}

/// How a target stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Its first check has not passed yet.
    Checking,
    Healthy,
    /// What its checks say.
    Unhealthy(String),
    /// It is being deregistered.
    Draining,
}

impl State {
    /// The target groups that services mention.
    pub(crate) fn target_groups(&self) -> BTreeSet<String> {
        let services = self.services().flat_map(|service| {
            let revisions = service.records.revisions.values();
            let members = revisions.map(|revision| &revision.members);
            members.chain([&service.members])
        });
        let groups = services.flat_map(groups);
        groups.map(|(group, _)| group.to_owned()).collect()
    }

    /// The tasks that are registered in a target group.
    pub(crate) fn registered_in(&self, group: &str, now: SimTime) -> Vec<RegisteredTask> {
        let mut targets = Vec::new();
        for service in self.services() {
            for task in service.model.tasks() {
                let revision = task.deployment();
                let revision = revision.and_then(|id| service.records.revisions.get(id));
                let port = revision.and_then(|revision| {
                    let mut groups = groups(&revision.members);
                    groups.find_map(|(known, port)| (known == group).then_some(port))
                });
                let record = service.records.tasks.get(task.id());
                let standing = standing(task, model_time(now));
                if let (Some(port), Some(record), Some(standing)) = (port, record, standing) {
                    targets.push(RegisteredTask {
                        address: record.address.clone(),
                        port,
                        standing,
                    });
                }
            }
        }
        targets
    }

    /// All services, whatever their status.
    pub(super) fn services(&self) -> impl Iterator<Item = &Service> {
        let clusters = self.clusters.values();
        clusters.flat_map(|cluster| cluster.services.values().map(|service| &**service))
    }
}

/// ARN and container port of the target groups among the members of a service.
pub(super) fn groups(members: &Map<String, Value>) -> impl Iterator<Item = (&str, u16)> {
    let balancers = members.get("loadBalancers").and_then(Value::as_array);
    balancers.into_iter().flatten().filter_map(|balancer| {
        let port = balancer.get("containerPort").and_then(Value::as_u64);
        let port = port.and_then(|port| u16::try_from(port).ok()).unwrap_or(80);
        Some((balancer.get("targetGroupArn")?.as_str()?, port))
    })
}

/// How a task stands as a target; `None` when it is not registered, yet or any more.
fn standing(task: &Task, now: Time) -> Option<Standing> {
    match task.status() {
        TaskStatus::Activating => Some(Standing::Checking),
        TaskStatus::Deactivating => Some(Standing::Draining),
        TaskStatus::Running => Some(running(task, now)),
        _ => None,
    }
}

fn running(task: &Task, now: Time) -> Standing {
    if task.is_external() {
        return match task.target_told() {
            Some(Ok(())) => Standing::Healthy,
            Some(Err(reason)) => Standing::Unhealthy(reason.to_owned()),
            None => Standing::Checking,
        };
    }
    let started = task.times().started_at.unwrap_or(now);
    let phases = &task.plan().phases;
    if let Outcome::Unhealthy {
        check: Check::Target,
        after,
        reason,
    } = &task.plan().outcome
    {
        // The balancer knows it before ECS acts on it: a grace period is the business of ECS.
        if started + after.saturating_add(phases.target_failing) <= now {
            return Standing::Unhealthy(reason.clone());
        }
        if *after < phases.target_passing {
            return Standing::Checking;
        }
    }
    if task.health() == Health::Healthy || started + phases.target_passing <= now {
        Standing::Healthy
    } else {
        Standing::Checking
    }
}
