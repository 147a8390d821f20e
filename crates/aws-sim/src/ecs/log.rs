//! Where containers log to, and what modelled ones say there: the lines of their script, at RUNNING.

use ecs_model::Task;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::drive::sim_time;
use super::names::Place;
use super::spec::Spec;
use crate::clock::SimTime;
use crate::logs;
use crate::world::World;

/// `logConfiguration` with the driver `awslogs`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LogTarget {
    pub(super) group: String,
    pub(super) region: Option<String>,
    prefix: String,
    /// `awslogs-create-group`: the group is made where it is missing.
    #[serde(default)]
    creates: bool,
}

const MISSING: &str = "ResourceInitializationError: failed to validate logger args: create stream has been \
                       retried 1 times: failed to create Cloudwatch log stream: \
                       ResourceNotFoundException: The specified log group does not exist. : exit status 1";

impl LogTarget {
    /// Reads a container definition. Without a group and a prefix there is no stream that could be found again.
    pub(super) fn of(container: &Value) -> Option<Self> {
        let configuration = container.get("logConfiguration")?;
        let option = |name: &str| configuration.get("options")?.get(name)?.as_str();
        if configuration.get("logDriver")?.as_str()? != "awslogs" {
            return None;
        }
        Some(Self {
            group: option("awslogs-group")?.to_owned(),
            region: option("awslogs-region").map(str::to_owned),
            prefix: option("awslogs-stream-prefix")?.to_owned(),
            creates: option("awslogs-create-group") == Some("true"),
        })
    }

    /// What `stoppedReason` says when the group is missing and nobody makes it (ecs-facts 10).
    pub(super) fn missing(&self, world: &World, place: &Place) -> Option<String> {
        let region = self.region.as_deref().unwrap_or(&place.region);
        let there = self.creates || world.has_log_group(&place.account, region, &self.group);
        (!there).then(|| MISSING.to_owned())
    }

    /// The stream of a container of a task.
    pub(super) fn stream(&self, container: &str, task: &str) -> String {
        logs::stream_name(&self.prefix, container, task)
    }
}

/// Lines that a modelled task writes when it reaches RUNNING.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Unsaid(Vec<(LogTarget, String, Vec<String>)>);

impl Unsaid {
    /// What the containers of a task will say.
    pub(super) fn new(spec: &Spec, task: &str, lines: Vec<Vec<String>>) -> Self {
        let said = spec.containers.iter().zip(lines);
        let said = said.filter(|(_, lines)| !lines.is_empty());
        Self(
            said.filter_map(|(container, lines)| {
                let target = container.log.clone()?;
                let stream = target.stream(&container.name, task);
                Some((target, stream, lines))
            })
            .collect(),
        )
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Hands the lines over once the task has started.
    pub(super) fn take(&mut self, task: &Task) -> Option<(SimTime, Self)> {
        let started = task.times().started_at.filter(|_| !self.is_empty())?;
        Some((sim_time(started), std::mem::take(self)))
    }

    /// Writes the lines down.
    pub(super) fn say(self, world: &mut World, place: &Place, at: SimTime) {
        for (target, stream, lines) in self.0 {
            let region = target.region.as_deref().unwrap_or(&place.region);
            let store = &mut world.region(&place.account, region).logs;
            for line in lines {
                store.write(&target.group, &stream, at, &line);
            }
        }
    }
}
