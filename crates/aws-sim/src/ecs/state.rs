//! Everything ECS knows in one account and region.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::definition::Family;
use super::names;
use super::service::Service;
use super::task::{OwnTask, Token};
use crate::clock::SimTime;
use crate::cow::CopyOnWrite;
use crate::wire::ApiError;

/// State of one account and region.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    /// By name.
    pub(super) clusters: BTreeMap<String, Cluster>,
    /// Task definitions by family.
    pub(super) families: BTreeMap<String, Family>,
    /// Tags by ARN, in the order in which they were given.
    pub(super) tags: BTreeMap<String, Vec<Tag>>,
}

/// A tag of a resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tag {
    pub(super) key: String,
    pub(super) value: String,
}

/// A cluster.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Cluster {
    /// ACTIVE or INACTIVE.
    pub(super) active: bool,
    /// Members of the API that the simulator only keeps (`settings`, `capacityProviders`...).
    pub(super) members: Map<String, Value>,
    /// By name.
    pub(super) services: BTreeMap<String, CopyOnWrite<Service>>,
    /// Tasks that RunTask started, by id.
    pub(super) tasks: BTreeMap<String, OwnTask>,
    /// Client tokens of RunTask, and what they have started.
    #[serde(default)]
    pub(super) tokens: BTreeMap<String, Token>,
}

impl Cluster {
    pub(super) const fn new(members: Map<String, Value>) -> Self {
        Self {
            active: true,
            members,
            services: BTreeMap::new(),
            tasks: BTreeMap::new(),
            tokens: BTreeMap::new(),
        }
    }
}

impl State {
    /// An active cluster.
    pub(super) fn cluster(&self, name: &str) -> Result<&Cluster, ApiError> {
        let known = self.clusters.get(name).filter(|cluster| cluster.active);
        known.ok_or_else(names::no_cluster)
    }

    /// An active cluster.
    pub(super) fn cluster_mut(&mut self, name: &str) -> Result<&mut Cluster, ApiError> {
        let known = self.clusters.get_mut(name).filter(|cluster| cluster.active);
        known.ok_or_else(names::no_cluster)
    }

    /// When something next happens by itself.
    pub(super) fn wake(&self) -> Option<SimTime> {
        let clusters = self.clusters.values();
        let wakes = clusters.flat_map(|cluster| {
            let services = cluster.services.values().filter_map(|service| service.wake);
            services.chain(cluster.tasks.values().filter_map(OwnTask::wake))
        });
        wakes.min()
    }
}
