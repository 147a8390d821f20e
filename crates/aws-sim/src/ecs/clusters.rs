//! Clusters.

use serde_json::{Map, Value, json};

use super::names::{self, Place};
use super::state::{Cluster, State};
use super::tags;
use crate::wire::{ApiError, Ctx, Input};
use crate::world::World;

/// Most clusters in one DescribeClusters (ecs-facts 5.1).
const MOST: usize = 100;
/// Members that are kept and given back, and mean nothing here.
const KEPT: [&str; 5] = [
    "settings",
    "configuration",
    "capacityProviders",
    "defaultCapacityProviderStrategy",
    "serviceConnectDefaults",
];

/// `CreateCluster`; creating one that exists gives it back.
pub(super) fn create(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let name = input.str("clusterName")?.unwrap_or("default");
    if !names::is_name(name) {
        return Err(ApiError::invalid_parameter(
            "Cluster names have 1 to 255 letters, digits, hyphens and underscores.",
        ));
    }
    let place = Place::of(ctx);
    let tags = tags::read(input)?;
    let state = &mut world.region(&ctx.account, &ctx.region).ecs;
    if state.cluster(name).is_err() {
        state
            .clusters
            .insert(name.to_owned(), Cluster::new(kept(input)));
        state.set_tags(&place.cluster(name), tags);
    }
    Ok(json!({"cluster": state.show_cluster(&place, name, true)}))
}

fn kept(input: &Input<'_>) -> Map<String, Value> {
    let members = KEPT.into_iter();
    members
        .filter_map(|name| Some((name.to_owned(), input.get(name)?.clone())))
        .collect()
}

/// `DescribeClusters`.
pub(super) fn describe(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let place = Place::of(ctx);
    let mut asked = input.strings("clusters")?;
    if asked.len() > MOST {
        return Err(ApiError::invalid_parameter(format!(
            "clusters can have at most {MOST} items"
        )));
    }
    if asked.is_empty() {
        asked.push("default");
    }
    let with_tags = input.strings("include")?.contains(&"TAGS");
    let state = &world.region(&ctx.account, &ctx.region).ecs;
    let (mut clusters, mut failures) = (Vec::new(), Vec::new());
    for name in asked {
        let short = place.last("cluster", name).unwrap_or_default();
        if state.clusters.contains_key(short) {
            clusters.push(state.show_cluster(&place, short, with_tags));
        } else {
            let arn = if name.starts_with("arn:") {
                name.to_owned()
            } else {
                place.cluster(name)
            };
            failures.push(json!({"arn": arn, "reason": "MISSING"}));
        }
    }
    Ok(json!({"clusters": clusters, "failures": failures}))
}

/// `ListClusters`.
pub(super) fn list(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let place = Place::of(ctx);
    let state = &world.region(&ctx.account, &ctx.region).ecs;
    let active = state.clusters.iter().filter(|(_, cluster)| cluster.active);
    let arns = active.map(|(name, _)| place.cluster(name)).collect();
    names::paged("clusterArns", arns, input, 100)
}

/// `DeleteCluster`: only an empty one; it stays describable as INACTIVE.
pub(super) fn delete(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let place = Place::of(ctx);
    let name = place.last("cluster", input.need_str("cluster")?);
    let name = name.ok_or_else(names::no_cluster)?;
    let state = &mut world.region(&ctx.account, &ctx.region).ecs;
    let cluster = state.cluster_mut(name)?;
    if cluster.services.values().any(|service| service.is_listed()) {
        return Err(ApiError::client(
            "ClusterContainsServicesException",
            "The Cluster cannot be deleted while Services are active.",
        ));
    }
    if cluster.tasks.values().any(|task| task.wake().is_some()) {
        return Err(ApiError::client(
            "ClusterContainsTasksException",
            "The Cluster cannot be deleted while Tasks are active.",
        ));
    }
    cluster.active = false;
    Ok(json!({"cluster": state.show_cluster(&place, name, false)}))
}

impl State {
    fn show_cluster(&self, place: &Place, name: &str, with_tags: bool) -> Value {
        let Some(cluster) = self.clusters.get(name) else {
            return Value::Null;
        };
        let arn = place.cluster(name);
        let services = || cluster.services.values();
        let own = || cluster.tasks.values().map(|own| &own.task);
        let running = |tasks: &ecs_model::Task| tasks.status() == ecs_model::TaskStatus::Running;
        let tasks = || services().flat_map(|service| service.model.tasks());
        let mut shown = json!({
            "clusterArn": arn,
            "clusterName": name,
            "status": if cluster.active { "ACTIVE" } else { "INACTIVE" },
            "registeredContainerInstancesCount": 0,
            "runningTasksCount": tasks().chain(own()).filter(|task| running(task)).count(),
            "pendingTasksCount": tasks().chain(own()).filter(|task| task.is_starting()).count(),
            "activeServicesCount": services().filter(|service| service.is_active()).count(),
            "statistics": [],
            "tags": if with_tags { self.tags_of(&arn) } else { json!([]) },
            "settings": [{"name": "containerInsights", "value": "disabled"}],
            "capacityProviders": [],
            "defaultCapacityProviderStrategy": [],
        });
        for (member, value) in &cluster.members {
            shown[member] = value.clone();
        }
        shown
    }
}
