//! What Application Auto Scaling sees of services and does to them (ecs-facts 8).

use ecs_model::TaskStatus;

use super::drive::{model_time, with};
use super::names::Place;
use crate::clock::SimTime;
use crate::world::World;

/// A service, by its place and its names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ServiceName<'a> {
    pub(crate) account: &'a str,
    pub(crate) region: &'a str,
    pub(crate) cluster: &'a str,
    pub(crate) service: &'a str,
}

/// How a service stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Census {
    pub(crate) desired: u32,
    pub(crate) running: u32,
    /// A deployment is under way.
    pub(crate) deploying: bool,
}

/// How a service stands; `None` when there is no such service.
pub(crate) fn census(world: &World, name: &ServiceName<'_>) -> Option<Census> {
    let region = world.existing_region(name.account, name.region)?;
    let cluster = region.ecs.cluster(name.cluster).ok()?;
    let service = cluster.services.get(name.service)?;
    let model = &service.model;
    let running = model.tasks().iter();
    let running = running.filter(|task| task.status() == TaskStatus::Running);
    service.is_active().then(|| Census {
        desired: model.desired(),
        running: u32::try_from(running.count()).unwrap_or(u32::MAX),
        deploying: model.is_deploying(),
    })
}

/// Sets the desired count of a service. That starts no deployment.
///
/// # Errors
/// More tasks than the quota of a service lets it have.
pub(crate) fn set_desired(
    world: &mut World,
    name: &ServiceName<'_>,
    desired: u32,
    now: SimTime,
) -> Result<(), String> {
    let most = world.choices.tasks_per_service;
    if desired > most {
        return Err(format!(
            "Failed to set desired count to {desired}: desiredCount must be between 0 and {most}."
        ));
    }
    let place = Place::new(name.account, name.region);
    let moment = model_time(now);
    // Without the service there is nothing to set; callers have looked.
    let _found = with(world, &place, name.cluster, name.service, |model, hands| {
        model.set_desired(desired, moment, hands);
    });
    Ok(())
}
