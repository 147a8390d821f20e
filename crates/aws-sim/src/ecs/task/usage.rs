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

    /// Whether it runs on the spot capacity of Fargate, or on the other one; `None` when on neither. Of a strategy
    /// that has both nothing says which; it counts as the other one.
    fn is_spot(&self) -> Option<bool> {
        if self.launch_type() == Some("FARGATE") {
            return Some(false);
        }
        let strategy = self.members.get("capacityProviderStrategy")?.as_array()?;
        let has = |name: &str| strategy.iter().any(|item| item["capacityProvider"] == name);
        let spot = has("FARGATE_SPOT");
        (spot || has("FARGATE")).then(|| !has("FARGATE"))
    }

    /// Its size, in 1024ths of a vCPU.
    fn cpu_units(&self) -> u32 {
        let overrides = self.members.get("overrides");
        let given = overrides.and_then(|overrides| overrides.get("cpu")?.as_str());
        let units = given.or(self.spec.cpu.as_deref());
        units
            .and_then(|units| units.parse().ok())
            .unwrap_or_default()
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

    /// How many vCPUs of Fargate there are tasks on: of its spot capacity, or of the other one.
    pub(crate) fn vcpus(&self, spot: bool) -> f64 {
        let mut units: u32 = 0;
        self.each_task(|view| {
            if view.is_spot() == Some(spot) {
                units = units.saturating_add(view.cpu_units());
            }
        });
        f64::from(units) / 1024.0
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
