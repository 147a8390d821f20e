//! CreateService, and services that a seed brings.

use serde_json::{Value, json};

use super::stale::Stale;
use super::{Records, Revision, Service, Status, parameters};
use crate::clock::SimTime;
use crate::cow::CopyOnWrite;
use crate::ecs::drive::{Hands, model_time, services};
use crate::ecs::names::{self, DEPLOYMENT, Place, is_name};
use crate::ecs::spec::Spec;
use crate::ecs::tags;
use crate::wire::{ApiError, Ctx, Input};
use crate::world::World;

/// The circumstances of a birth.
pub(in crate::ecs) struct Birth {
    pub(in crate::ecs) now: SimTime,
    /// ARN of the creator.
    pub(in crate::ecs) by: String,
    /// Born with all its tasks running.
    pub(in crate::ecs) steady: bool,
}

/// `CreateService`.
pub(in crate::ecs) fn create(
    world: &mut World,
    ctx: &Ctx,
    input: &Input<'_>,
) -> Result<Value, ApiError> {
    let place = Place::of(ctx);
    let cluster = names::cluster(input, &place)?;
    let birth = Birth {
        now: ctx.now,
        by: ctx.principal.arn.clone(),
        steady: false,
    };
    bear(world, &place, cluster, input, &birth)?;
    let name = input.need_str("serviceName")?;
    let state = &world.region(&ctx.account, &ctx.region).ecs;
    Ok(json!({"service": state.show_service(&place, cluster, name, true)?}))
}

/// Makes a service.
pub(in crate::ecs) fn bear(
    world: &mut World,
    place: &Place,
    cluster: &str,
    input: &Input<'_>,
    birth: &Birth,
) -> Result<(), ApiError> {
    let name = input.need_str("serviceName")?;
    if !is_name(name) {
        return Err(ApiError::invalid_parameter(
            "Service names have 1 to 255 letters, digits, hyphens and underscores.",
        ));
    }
    refuse_twice(world, place, cluster, name)?;
    refuse_too_many(world, place, cluster)?;
    let members = parameters::read(input, None)?;
    let desired = parameters::desired(input, &world.choices)?.ok_or_else(|| {
        ApiError::invalid_parameter(
            "Expected 'desiredCount' to be specified for a REPLICA service.",
        )
    })?;
    let definition = input.need_str("taskDefinition")?;
    let state = &world.region(&place.account, &place.region).ecs;
    let definition = state.usable_definition(place, definition)?;
    let spec = definition.spec(place);
    suits(&spec, &members, definition.runs_on_fargate())?;
    let tags = tags::read(input)?;

    let config = parameters::config(&members, &world.ecs_settings, &world.choices);
    let id = format!("{DEPLOYMENT}{}", world.ids.digits(19));
    let mut records = Records::default();
    let revision = Revision::new(spec, members.clone(), birth.now);
    records.revisions.insert(id.clone(), revision);
    let now = model_time(birth.now);
    let mut hands = Hands {
        world,
        place,
        records: &mut records,
    };
    let model = if birth.steady {
        ecs_model::Service::steady(name, config, desired, id, now, &mut hands)
    } else {
        ecs_model::Service::new(name, config, desired, id, now, &mut hands)
    };
    let mut service = Service {
        model,
        records,
        status: Status::Active,
        members,
        created_at: birth.now,
        created_by: birth.by.clone(),
        stale: Stale::since(birth.now, &world.ecs_settings, || None).filter(|_| !birth.steady),
        wake: None,
    };
    service.settle();
    services(world, place, cluster)?.insert(name.to_owned(), CopyOnWrite::new(service));
    let state = &mut world.region(&place.account, &place.region).ecs;
    state.set_tags(&place.service(cluster, name), tags);
    Ok(())
}

fn refuse_twice(
    world: &mut World,
    place: &Place,
    cluster: &str,
    name: &str,
) -> Result<(), ApiError> {
    match services(world, place, cluster)?
        .get(name)
        .map(|service| service.status)
    {
        Some(Status::Active) => Err(ApiError::invalid_parameter(
            "Creation of service was not idempotent.",
        )),
        Some(Status::Draining) => Err(ApiError::invalid_parameter(
            "Unable to Start a service that is still Draining.",
        )),
        Some(Status::Inactive) | None => Ok(()),
    }
}

/// The quota of services in a cluster; accounts differ, so it is a choice (ecs-facts 5.1, 13).
fn refuse_too_many(world: &mut World, place: &Place, cluster: &str) -> Result<(), ApiError> {
    let Some(most) = world.choices.services_per_cluster else {
        return Ok(());
    };
    let known = services(world, place, cluster)?.values();
    let listed = known.filter(|service| service.is_listed()).count();
    if u32::try_from(listed).is_ok_and(|listed| listed < most) {
        return Ok(());
    }
    Err(names::client(format!(
        "The cluster has {listed} services, and its quota is {most}."
    )))
}

/// Whether a definition can be run the way the service wants it.
pub(super) fn suits(
    spec: &Spec,
    members: &serde_json::Map<String, Value>,
    on_fargate: bool,
) -> Result<(), ApiError> {
    if members.get("launchType") == Some(&json!("FARGATE")) && !on_fargate {
        return Err(ApiError::invalid_parameter(
            "Task definition does not support launch_type FARGATE.",
        ));
    }
    if spec.awsvpc && !members.contains_key("networkConfiguration") {
        return Err(ApiError::invalid_parameter(
            "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
        ));
    }
    Ok(())
}
