//! ListServices and DescribeServices.

use serde_json::{Value, json};

use super::show::Address;
use crate::ecs::drive;
use crate::ecs::names::{self, Place, one_of};
use crate::wire::{ApiError, Ctx, Input};
use crate::world::World;

/// Most services in one DescribeServices, and the default page of ListServices (ecs-facts 5.1).
const MOST: usize = 10;

/// `DescribeServices`.
pub(in crate::ecs) fn describe(
    world: &mut World,
    ctx: &Ctx,
    input: &Input<'_>,
) -> Result<Value, ApiError> {
    let place = Place::of(ctx);
    let cluster = names::cluster(input, &place)?;
    let asked = input.strings("services")?;
    if asked.is_empty() {
        return Err(ApiError::invalid_parameter("Services cannot be empty."));
    }
    if asked.len() > MOST {
        return Err(ApiError::invalid_parameter(format!(
            "Too many services: at most {MOST} can be described at once."
        )));
    }
    let include = input.strings("include")?;
    if let Some(unknown) = include.iter().find(|word| **word != "TAGS") {
        return Err(ApiError::invalid_parameter(format!(
            "Value '{unknown}' at 'include' failed to satisfy constraint: Member must satisfy enum \
             value set: [TAGS]"
        )));
    }
    for name in &asked {
        if let Some(short) = place.last("service", name) {
            drive::bring_up(world, &place, cluster, short, ctx.now);
        }
    }
    let settings = world.ecs_settings.clone();
    let state = &world.region(&ctx.account, &ctx.region).ecs;
    let known = &state.cluster(cluster)?.services;
    let (mut services, mut failures) = (Vec::new(), Vec::new());
    for name in asked {
        let short = place.last("service", name);
        let found = short.and_then(|short| Some((short, known.get(short)?)));
        match found.map(|(short, service)| (short, service, service.stale(ctx.now))) {
            Some((_, _, Some(Some(stale)))) => services.push(stale.clone()),
            Some((short, service, None)) => {
                let mut shown = state.show_service(&place, cluster, short, !include.is_empty())?;
                let address = Address {
                    place: &place,
                    cluster,
                    service: short,
                };
                service.lag(&address, ctx.now, &settings, &mut shown);
                services.push(shown);
            }
            Some((_, _, Some(None))) | None => {
                let arn = if name.starts_with("arn:") {
                    name.to_owned()
                } else {
                    place.service(cluster, name)
                };
                failures.push(json!({"arn": arn, "reason": "MISSING"}));
            }
        }
    }
    Ok(json!({"services": services, "failures": failures}))
}

/// `ListServices`: active and draining ones.
pub(in crate::ecs) fn list(
    world: &mut World,
    ctx: &Ctx,
    input: &Input<'_>,
) -> Result<Value, ApiError> {
    let place = Place::of(ctx);
    let cluster = names::cluster(input, &place)?;
    let launch_types = ["EC2", "FARGATE", "EXTERNAL", "MANAGED_INSTANCES"];
    let launch_type = one_of(input, "launchType", &launch_types)?;
    let strategy = one_of(input, "schedulingStrategy", &["REPLICA", "DAEMON"])?;
    let state = &world.region(&ctx.account, &ctx.region).ecs;
    let services = state.cluster(cluster)?.services.iter();
    let arns = services
        .filter(|(_, service)| {
            let is = |member: &str, wanted: Option<&str>| {
                wanted.is_none_or(|wanted| {
                    service.members.get(member).and_then(Value::as_str) == Some(wanted)
                })
            };
            service.is_listed()
                && is("launchType", launch_type)
                && is("schedulingStrategy", strategy)
        })
        .map(|(name, _)| place.service(cluster, name))
        .collect();
    names::paged("serviceArns", arns, input, MOST)
}
