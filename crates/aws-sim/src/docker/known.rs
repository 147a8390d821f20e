//! What is known about the containers of one task while it runs.

use ecs_model::Exit;

use crate::ecs::external::{Condition, Order};

/// The containers of a task, in order, and its target.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    pub(super) containers: Vec<State>,
    /// What its load balancer finds.
    pub(super) target: Option<bool>,
}

/// One container.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    pub(super) started: bool,
    /// Why it cannot be started.
    pub(super) failure: Option<String>,
    pub(super) healthy: Option<bool>,
    pub(super) exit: Option<Exit>,
}

impl Known {
    pub(super) fn of(order: &Order) -> Self {
        Self {
            containers: vec![State::default(); order.containers.len()],
            target: None,
        }
    }

    /// Why the task cannot run.
    pub(super) fn failure(&self) -> Option<&String> {
        let mut all = self.containers.iter();
        all.find_map(|container| container.failure.as_ref())
    }

    /// Whether every container was started.
    pub(super) fn all_started(&self) -> bool {
        self.containers.iter().all(|container| container.started)
    }

    /// How the first essential container that has ended did so.
    pub(super) fn essential_exit(&self, order: &Order) -> Option<&Exit> {
        let mut all = self.containers.iter().zip(&order.containers);
        all.find_map(|(known, ordered)| known.exit.as_ref().filter(|_| ordered.essential))
    }

    /// What the checks of its essential containers come to.
    pub(super) fn healthy(&self, order: &Order) -> Option<bool> {
        let all = self.containers.iter().zip(&order.containers);
        let checked = all.filter(|(_, ordered)| ordered.essential && ordered.check.is_some());
        checked
            .map(|(known, _)| known.healthy)
            .reduce(|one, other| match (one, other) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            })
            .flatten()
    }
}

impl State {
    /// Whether a dependency on it is met; the error is why it never will be.
    pub(super) fn meets(&self, condition: Condition) -> Option<Result<(), &'static str>> {
        let ended = self.exit.as_ref().map(|exit| exit.code);
        match (condition, ended) {
            _ if self.failure.is_some() => Some(Err("dependency could not be started")),
            (Condition::Start, _) => self.started.then_some(Ok(())),
            (Condition::Complete, ended) => ended.map(|_| Ok(())),
            (Condition::Success, Some(0)) => Some(Ok(())),
            (Condition::Success, Some(_)) => Some(Err("dependency did not exit successfully")),
            (Condition::Success, None) => None,
            (Condition::Healthy, _) if self.healthy == Some(true) => Some(Ok(())),
            (Condition::Healthy, None) if self.healthy.is_none() => None,
            (Condition::Healthy, _) => Some(Err("dependency did not become healthy")),
        }
    }
}
