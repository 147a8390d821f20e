//! UpdateService and DeleteService.

use serde_json::{Value, json};

use super::create::suits;
use super::show::Address;
use super::stale::Stale;
use super::{Revision, Service, Status, parameters};
use crate::ecs::drive::{model_time, services, with};
use crate::ecs::names::{self, DEPLOYMENT, Place};
use crate::wire::{ApiError, Ctx, Input};
use crate::world::World;

/// `UpdateService`. What is not sent stays as it is; only some members start a deployment (ecs-facts 3.5).
pub(in crate::ecs) fn update(
    world: &mut World,
    ctx: &Ctx,
    input: &Input<'_>,
) -> Result<Value, ApiError> {
    let place = Place::of(ctx);
    let cluster = names::cluster(input, &place)?;
    let name = names::service(input, &place)?;
    let settings = world.ecs_settings.clone();
    let choices = world.choices.clone();
    let state = &world.region(&ctx.account, &ctx.region).ecs;
    let service = active(
        state
            .cluster(cluster)?
            .services
            .get(name)
            .map(|service| &**service),
    )?;
    let members = parameters::read(input, Some(&service.members))?;
    let desired = parameters::desired(input, &choices)?;
    let force = input.bool("forceNewDeployment")?.unwrap_or_default();
    let present = service.primary().map(|revision| &revision.spec.definition);
    let wanted = match input.str("taskDefinition")? {
        Some(asked) => state.usable_definition(&place, asked)?.arn(&place),
        None => present.cloned().unwrap_or_default(),
    };
    let changed = parameters::STARTS
        .iter()
        .any(|name| service.members.get(*name) != members.get(*name));
    let starts = force || changed || present != Some(&wanted);
    let definition = state.definition(&place, &wanted);
    let definition = definition.ok_or_else(|| names::client("TaskDefinition not found."))?;
    let spec = definition.spec(&place);
    suits(&spec, &members, definition.runs_on_fargate())?;

    let stale = Stale::since(ctx.now, &settings, || {
        state.show_service(&place, cluster, name, true).ok()
    });
    let config = parameters::config(&members, &world.ecs_settings, &choices);
    let id = format!("{DEPLOYMENT}{}", world.ids.digits(19));
    let now = model_time(ctx.now);
    let at_birth = members.clone();
    with(world, &place, cluster, name, |model, hands| {
        if *model.config() != config {
            model.set_config(config, now, hands);
        }
        if let Some(desired) = desired.filter(|desired| *desired != model.desired()) {
            model.set_desired(desired, now, hands);
        }
        if starts {
            let revision = Revision::new(spec, at_birth, ctx.now);
            hands.records.revisions.insert(id.clone(), revision);
            model.update(id, now, hands);
        }
    })?;
    if let Some(service) = services(world, &place, cluster)?.get_mut(name) {
        service.members = members;
        service.stale = stale;
    }
    let state = &world.region(&ctx.account, &ctx.region).ecs;
    let mut shown = state.show_service(&place, cluster, name, true)?;
    if let Some(service) = state.cluster(cluster)?.services.get(name) {
        let address = Address {
            place: &place,
            cluster,
            service: name,
        };
        service.lag(&address, ctx.now, &settings, &mut shown);
    }
    Ok(json!({"service": shown}))
}

fn active(service: Option<&Service>) -> Result<&Service, ApiError> {
    let service = service.ok_or_else(names::no_service)?;
    if service.is_active() {
        Ok(service)
    } else {
        Err(ApiError::client(
            "ServiceNotActiveException",
            "Service was not ACTIVE.",
        ))
    }
}

/// `DeleteService`: DRAINING until its last task has stopped, then INACTIVE.
pub(in crate::ecs) fn delete(
    world: &mut World,
    ctx: &Ctx,
    input: &Input<'_>,
) -> Result<Value, ApiError> {
    let place = Place::of(ctx);
    let cluster = names::cluster(input, &place)?;
    let name = names::service(input, &place)?;
    let force = input.bool("force")?.unwrap_or_default();
    let service = services(world, &place, cluster)?.get(name);
    let service = service.ok_or_else(names::no_service)?;
    if service.is_active() && service.model.desired() > 0 && !force {
        return Err(ApiError::invalid_parameter(
            "The service cannot be stopped while it is scaled above 0.",
        ));
    }
    if service.is_active() {
        let settings = world.ecs_settings.clone();
        let state = &world.region(&ctx.account, &ctx.region).ecs;
        let stale = Stale::since(ctx.now, &settings, || {
            state.show_service(&place, cluster, name, true).ok()
        });
        if let Some(service) = services(world, &place, cluster)?.get_mut(name) {
            service.status = Status::Draining;
            service.stale = stale;
        }
        let now = model_time(ctx.now);
        with(world, &place, cluster, name, |model, hands| {
            model.set_desired(0, now, hands);
        })?;
    }
    let state = &world.region(&ctx.account, &ctx.region).ecs;
    Ok(json!({"service": state.show_service(&place, cluster, name, true)?}))
}
