//! What happens by itself: policies look at their metrics, scheduled actions run, activities end.

use super::activity::{Activity, Outcome};
use super::resource::Resource;
use super::scheduled;
use super::track;
use crate::clock::SimTime;
use crate::ecs::{self, ServiceName};
use crate::wire::Ctx;
use crate::world::World;

/// A service at a moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct At<'a> {
    pub(super) account: &'a str,
    pub(super) region: &'a str,
    pub(super) resource: Resource<'a>,
    pub(super) now: SimTime,
}

impl<'a> At<'a> {
    /// At the moment of a call.
    pub(super) fn of(ctx: &'a Ctx, resource: Resource<'a>) -> Self {
        Self {
            account: &ctx.account,
            region: &ctx.region,
            resource,
            now: ctx.now,
        }
    }

    /// The service by its names.
    pub(super) const fn service(&self) -> ServiceName<'a> {
        ServiceName {
            account: self.account,
            region: self.region,
            cluster: self.resource.cluster,
            service: self.resource.service,
        }
    }
}

/// When something next happens by itself.
pub(crate) fn next(world: &World) -> Option<SimTime> {
    let regions = world
        .accounts
        .values()
        .flat_map(|account| account.regions.values());
    let targets = regions.flat_map(|region| region.autoscaling.targets.values());
    let times = targets.flat_map(|target| {
        let actions = target.actions.values().filter_map(|action| action.next);
        actions.chain(target.look)
    });
    times.min()
}

/// Does what is due at `now`; true when a desired count was changed.
pub(crate) fn tick(world: &mut World, now: SimTime) -> bool {
    let mut scaled = false;
    for (account, region, id) in due(world, now) {
        let Some(resource) = Resource::of(&id) else {
            continue;
        };
        let at = At {
            account: &account,
            region: &region,
            resource,
            now,
        };
        scaled |= scheduled::run_due(world, &at);
        scaled |= track::look(world, &at);
        settle(world, &at);
    }
    scaled
}

/// Account, region and resource id of everything that has something to do.
fn due(world: &World, now: SimTime) -> Vec<(String, String, String)> {
    let mut due = Vec::new();
    for (account, state) in &world.accounts {
        for (region, state) in &state.regions {
            let state = &state.autoscaling;
            let open = state.activities.iter();
            let open = open.filter(|(_, known)| {
                // The newest that scales decides: it has overridden those before it.
                let mut scaling = known.iter().filter(|activity| activity.scales());
                scaling.next().is_some_and(Activity::is_open)
            });
            let open = open.map(|(id, _)| id);
            let ready = |time: Option<SimTime>| time.is_some_and(|time| time <= now);
            let targets = state.targets.iter();
            let targets = targets.filter(|(_, target)| {
                ready(target.look) || target.actions.values().any(|action| ready(action.next))
            });
            let ids: std::collections::BTreeSet<&String> =
                open.chain(targets.map(|(id, _)| id)).collect();
            let places = ids.into_iter();
            due.extend(places.map(|id| (account.clone(), region.clone(), id.clone())));
        }
    }
    due
}

/// Ends the activity that is under way, if it has come to its end.
fn settle(world: &mut World, at: &At<'_>) {
    let census = ecs::census(world, &at.service());
    let state = &mut world.region(at.account, at.region).autoscaling;
    let known = state.activities.get_mut(at.resource.id);
    let open = known.and_then(|known| known.iter_mut().find(|activity| activity.is_open()));
    if let Some(activity) = open {
        activity.settle(census, at.now);
    }
}

/// Pulls the desired count into bounds; gives what came of it and the cause, if it lay outside.
pub(super) fn clamp(
    world: &mut World,
    at: &At<'_>,
    (min, max): (u32, u32),
) -> Option<(Outcome, String)> {
    let census = ecs::census(world, &at.service())?;
    let wanted = census.desired.clamp(min, max.max(min));
    if wanted == census.desired {
        return None;
    }
    let outcome = set(world, at, wanted);
    let bound = if wanted > census.desired {
        format!("minimum capacity was set to {min}")
    } else {
        format!("maximum capacity was set to {max}")
    };
    Some((outcome, bound))
}

/// Sets the desired count and keeps the activity.
pub(super) fn scale(world: &mut World, at: &At<'_>, wanted: u32, cause: String) {
    let outcome = set(world, at, wanted);
    let activity = Activity::new(world, at, outcome, cause);
    activity.keep(world, at);
}

fn set(world: &mut World, at: &At<'_>, wanted: u32) -> Outcome {
    match ecs::set_desired(world, &at.service(), wanted, at.now) {
        Ok(()) => Outcome::Scaled(wanted),
        Err(problem) => Outcome::Refused(problem),
    }
}
