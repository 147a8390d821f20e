//! Tasks that are containers: which there are, what they are made of, and what is told about them.

mod order;
mod secrets;

use std::time::Duration;

use ecs_model::{Exit, Report, Task, TaskStatus};

use super::drive::{model_time, with};
use super::names::Place;
use super::task::Real;
use crate::clock::SimTime;
use crate::tasks::Tasks;
use crate::world::World;

pub(super) use order::pairs;
pub(crate) use order::{Check, Condition, ContainerOrder, LogStream, Network, Order, order};
pub(super) use secrets::resolve as resolve_secret;

/// Where a task is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TaskKey {
    account: String,
    region: String,
    cluster: String,
    /// None for a task of RunTask.
    service: Option<String>,
    pub(crate) id: String,
}

impl TaskKey {
    pub(in crate::ecs) fn cluster(&self) -> &str {
        &self.cluster
    }

    pub(in crate::ecs) fn service(&self) -> Option<&str> {
        self.service.as_deref()
    }

    fn place(&self) -> Place {
        Place::new(&self.account, &self.region)
    }
}

/// What containers of a task there should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// It waits for its images: they can be started.
    Start,
    /// They may run.
    Keep,
    /// They are to be stopped.
    Stop,
}

/// All tasks that have or want containers. A task that is not among them has lost its right to any.
pub(crate) fn live(world: &World) -> Vec<(TaskKey, Wish)> {
    each(world, |task| wish(task.status()))
}

/// All external tasks of which there is something to say.
fn each<T>(world: &World, say: impl Fn(&Task) -> Option<T>) -> Vec<(TaskKey, T)> {
    let mut found = Vec::new();
    for (account, state) in &world.accounts {
        for (region, state) in &state.regions {
            for (cluster, state) in &state.ecs.clusters {
                let mut add = |service: Option<&String>, task: &Task| {
                    if let Some(said) = say(task).filter(|_| task.is_external()) {
                        let key = TaskKey {
                            account: account.clone(),
                            region: region.clone(),
                            cluster: cluster.clone(),
                            service: service.cloned(),
                            id: task.id().to_owned(),
                        };
                        found.push((key, said));
                    }
                };
                for (name, service) in &state.services {
                    for task in service.model.tasks() {
                        add(Some(name), task);
                    }
                }
                for own in state.tasks.values() {
                    add(None, &own.task);
                }
            }
        }
    }
    found
}

const fn wish(status: TaskStatus) -> Option<Wish> {
    match status {
        TaskStatus::Pending => Some(Wish::Start),
        TaskStatus::Activating | TaskStatus::Running | TaskStatus::Deactivating => Some(Wish::Keep),
        TaskStatus::Stopping => Some(Wish::Stop),
        TaskStatus::Provisioning | TaskStatus::Deprovisioning | TaskStatus::Stopped => None,
    }
}

/// Tells the model what became of a task.
pub(crate) fn report(world: &mut World, key: &TaskKey, now: SimTime, report: Report) {
    let moment = model_time(now);
    if let Some(service) = &key.service {
        // A service that has gone meanwhile has no more use for news.
        let _answer = with(
            world,
            &key.place(),
            &key.cluster,
            service,
            |model, hands| model.report(&key.id, report, moment, hands),
        );
    } else {
        let state = &mut world.region(&key.account, &key.region).ecs;
        let cluster = state.clusters.get_mut(&key.cluster);
        if let Some(own) = cluster.and_then(|cluster| cluster.tasks.get_mut(&key.id)) {
            own.advance(moment);
            own.task.report(moment, Duration::ZERO, report);
            own.advance(moment);
        }
    }
    world.wake = Some(now);
}

/// Writes down how a container of a task does.
pub(crate) fn note(world: &mut World, key: &TaskKey, container: usize, real: Real) {
    let state = &mut world.region(&key.account, &key.region).ecs;
    if let Some(record) = state.record(key) {
        record.note(container, real);
    }
}

/// Writes down what the images of a task turned out to be; later tasks of its revision get the same.
pub(crate) fn bind(
    world: &mut World,
    key: &TaskKey,
    address: Option<String>,
    digests: &[Option<String>],
) {
    let state = &mut world.region(&key.account, &key.region).ecs;
    if let Some(record) = state.record(key) {
        record.settle(address, digests);
    }
    if digests.is_empty() {
        return;
    }
    let service = key.service.as_ref().and_then(|name| {
        let cluster = state.clusters.get_mut(&key.cluster)?;
        cluster.services.get_mut(name)
    });
    if let Some(service) = service {
        // Borrowed once: its parts are then borrowed apart.
        let service = &mut **service;
        let tasks = service.model.tasks();
        let task = tasks.iter().find(|task| task.id() == key.id);
        let deployment = task.and_then(Task::deployment).unwrap_or_default();
        if let Some(revision) = service.records.revisions.get_mut(deployment) {
            revision.bind(digests);
        }
    }
}

/// The containers of tasks do not outlive the simulator: those that a loaded world still counts on are lost.
pub(crate) fn lose_all(world: &mut World, now: SimTime) {
    let modelled = world.tasks == Tasks::Modelled;
    let lost = each(world, |task| match task.status() {
        TaskStatus::Provisioning if modelled => Some(cannot_start()),
        status => match wish(status)? {
            Wish::Start => Some(cannot_start()),
            Wish::Keep | Wish::Stop => Some(Report::Exited(Exit {
                code: 137,
                reason: None,
            })),
        },
    });
    for (key, news) in lost {
        let state = &mut world.region(&key.account, &key.region).ecs;
        if let (Report::Exited(exit), Some(record)) = (&news, state.record(&key)) {
            record.lose(exit);
        }
        report(world, &key, now, news);
    }
}

fn cannot_start() -> Report {
    let reason = "CannotStartContainerError: the simulator was stopped meanwhile";
    Report::CannotStart(reason.to_owned())
}
