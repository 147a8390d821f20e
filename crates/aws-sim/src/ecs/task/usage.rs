//! What tasks take up: addresses of subnets, and vCPUs of Fargate.

use ecs_model::TaskStatus;
use serde_json::{Map, Value};

use super::calls::all;
use super::show::TaskView;
use crate::ec2::Addresses;
use crate::ecs::names::Place;
use crate::ecs::state::State;

/// The subnets that the members of a service or call name.
pub(super) fn subnets(members: &Map<String, Value>) -> impl Iterator<Item = &str> {
    let network = members.get("networkConfiguration");
    let subnets = network.and_then(|network| network.get("awsvpcConfiguration")?.get("subnets"));
    let subnets = subnets.and_then(Value::as_array);
    subnets.into_iter().flatten().filter_map(Value::as_str)
}

impl TaskView<'_> {
    /// The subnet that it has its address in, if it names one.
    pub(super) fn subnet(&self) -> Option<&str> {
        subnets(self.members).next().filter(|_| self.spec.awsvpc)
    }

    fn is_there(&self) -> bool {
        self.task.status() != TaskStatus::Stopped
    }
}

impl State {
    /// Does something with each task that has not stopped.
    fn each_task(&self, mut work: impl FnMut(&TaskView<'_>)) {
        let nowhere = Place::new("", "");
        for (name, cluster) in &self.clusters {
            all(cluster, &nowhere, name)
                .filter(TaskView::is_there)
                .for_each(|view| work(&view));
        }
    }

    /// The subnets that services and tasks mention, and how many tasks have an address in each: in the first
    /// of those that their service or call names.
    pub(crate) fn addresses(&self) -> Addresses {
        let mut addresses = Addresses::new();
        for service in self.services() {
            let revisions = service.records.revisions.values();
            let members = revisions.map(|revision| &revision.members);
            for id in members.chain([&service.members]).flat_map(subnets) {
                addresses.entry(id.to_owned()).or_default();
            }
        }
        self.each_task(|view| {
            for id in subnets(view.members) {
                addresses.entry(id.to_owned()).or_default();
            }
            if let Some(id) = view.subnet() {
                *addresses.entry(id.to_owned()).or_default() += 1;
            }
        });
        addresses
    }
}
