//! Clusters and services that are there before the first call.

use serde_json::Value;

use super::names::Place;
use super::service::{self, Birth};
use super::state::Cluster;
use crate::clock::SimTime;
use crate::seed::{ClusterSeed, ServiceSeed};
use crate::wire::{ApiError, Input};
use crate::world::World;

/// Creates a cluster and its services unless they exist.
pub(crate) fn seed(
    world: &mut World,
    now: SimTime,
    account: &str,
    region: &str,
    seed: &ClusterSeed,
) -> Result<(), ApiError> {
    let place = Place::new(account, region);
    let clusters = &mut world.region(account, region).ecs.clusters;
    clusters
        .entry(seed.name.clone())
        .or_insert_with(|| Cluster::new(serde_json::Map::new()));
    for service in &seed.services {
        seed_service(world, now, &place, &seed.name, service)?;
    }
    Ok(())
}

fn seed_service(
    world: &mut World,
    now: SimTime,
    place: &Place,
    cluster: &str,
    seed: &ServiceSeed,
) -> Result<(), ApiError> {
    let mut input = seed.service.clone();
    let name = input.get("serviceName").and_then(Value::as_str);
    let name = name.unwrap_or_default().to_owned();
    let state = &mut world.region(&place.account, &place.region).ecs;
    if state.cluster(cluster)?.services.contains_key(&name) {
        return Ok(());
    }
    let root = format!("arn:aws:iam::{}:root", place.account);
    let definition = read(&seed.task_definition)?;
    let definition = state.register(place, now, &root, &definition)?;
    if let Some(members) = input.as_object_mut() {
        members.insert("taskDefinition".to_owned(), definition.into());
    }
    let birth = Birth {
        now,
        by: root,
        steady: seed.steady,
    };
    service::bear(world, place, cluster, &read(&input)?, &birth)
}

fn read(value: &Value) -> Result<Input<'_>, ApiError> {
    Input::new(value, "InvalidParameterException")
}
