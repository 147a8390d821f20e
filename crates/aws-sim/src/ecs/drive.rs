//! Brings the model and the world together: time, ids, images.

use std::time::Instant;

use ecs_model::{Fresh, Outside, Plan, Time};

use super::log::Unsaid;
use super::names::{self, DEPLOYMENT, Place};
use super::plan::foresee;
use super::service::{self, Records, Service};
use super::task::{OwnTask, TaskRecord};
use crate::clock::SimTime;
use crate::cow::CopyOnWrite;
use crate::wire::ApiError;
use crate::world::World;

/// Simulated time as the model counts it: milliseconds.
pub(super) const fn model_time(instant: SimTime) -> Time {
    Time::from_millis(instant.micros() / 1000)
}

/// A moment of the model as simulated time.
pub(super) const fn sim_time(moment: Time) -> SimTime {
    SimTime::from_micros(moment.as_millis().saturating_mul(1000))
}

/// The world as the model of one service sees it.
pub(super) struct Hands<'a> {
    pub(super) world: &'a mut World,
    pub(super) place: &'a Place,
    pub(super) records: &'a mut Records,
}

impl Outside for Hands<'_> {
    fn fresh(&mut self, kind: Fresh) -> String {
        let ids = &mut self.world.ids;
        match kind {
            Fresh::Task => ids.hex(32),
            Fresh::Deployment => format!("{DEPLOYMENT}{}", ids.digits(19)),
            Fresh::ServiceDeployment => ids.letters(21),
            Fresh::Event | Fresh::Hook => ids.uuid(),
        }
    }

    fn plan(&mut self, deployment: &str, task: &str, _at: Time) -> Plan {
        let Some(revision) = self.records.revisions.get_mut(deployment) else {
            return Plan::default();
        };
        let behind_target = revision.is_behind_target();
        let mut foreseen = foresee(
            self.world,
            self.place,
            &revision.spec,
            &revision.digests,
            behind_target,
            None,
        );
        let region = self
            .world
            .existing_region(&self.place.account, &self.place.region);
        let delay = super::targets::groups(&revision.members)
            .filter_map(|(group, _)| region?.elb.delay(group))
            .max();
        if let Some(delay) = delay {
            foreseen.plan.phases.draining = delay;
        }
        revision.bind(&foreseen.digests);
        let record = TaskRecord::new(&mut self.world.ids, &revision.spec, &foreseen);
        let unsaid = Unsaid::new(&revision.spec, task, foreseen.log);
        if !unsaid.is_empty() {
            self.records.unsaid.insert(task.to_owned(), unsaid);
        }
        self.records.tasks.insert(task.to_owned(), record);
        foreseen.plan
    }

    fn in_alarm(&self, name: &str) -> bool {
        let region = self
            .world
            .existing_region(&self.place.account, &self.place.region);
        region.is_some_and(|region| region.cloudwatch.in_alarm(name))
    }
}

/// Lets the model of a service do something; `None` when there is no such service.
///
/// The service is taken out of the world meanwhile, so that the model can look at all the rest of it.
pub(super) fn with<R>(
    world: &mut World,
    place: &Place,
    cluster: &str,
    name: &str,
    work: impl FnOnce(&mut ecs_model::Service, &mut Hands<'_>) -> R,
) -> Result<R, ApiError> {
    let mut service = services(world, place, cluster)?
        .remove(name)
        .ok_or_else(names::no_service)?;
    let Service { model, records, .. } = &mut *service;
    let mut hands = Hands {
        world,
        place,
        records,
    };
    let result = work(model, &mut hands);
    service.settle();
    for (at, said) in service.take_log() {
        said.say(world, place, at);
    }
    services(world, place, cluster)?.insert(name.to_owned(), service);
    Ok(result)
}

pub(super) fn services<'w>(
    world: &'w mut World,
    place: &Place,
    cluster: &str,
) -> Result<&'w mut std::collections::BTreeMap<String, CopyOnWrite<Service>>, ApiError> {
    let state = &mut world.region(&place.account, &place.region).ecs;
    Ok(&mut state.cluster_mut(cluster)?.services)
}

/// Brings the services that are due at `now` up to it, in their order, until the real instant `until`; true
/// when none is left. What is left is due still.
pub(crate) fn tick_until(world: &mut World, now: SimTime, until: Instant) -> bool {
    loop {
        let due = due_services(world, now, FEW);
        if due.is_empty() {
            return true;
        }
        for (place, cluster, service) in due {
            if Instant::now() >= until {
                return false;
            }
            advance(world, &place, &cluster, &service, now);
        }
    }
}

/// Brings one service up to `now`, if it exists and something was due.
pub(super) fn bring_up(world: &mut World, place: &Place, cluster: &str, name: &str, now: SimTime) {
    let wake = services(world, place, cluster).ok();
    let wake = wake.and_then(|services| services.get(name)?.wake);
    if wake.is_some_and(|wake| wake <= now) {
        advance(world, place, cluster, name, now);
    }
}

fn advance(world: &mut World, place: &Place, cluster: &str, name: &str, now: SimTime) {
    let moment = model_time(now);
    // A service that is due exists, and its cluster does.
    let _answer = with(world, place, cluster, name, |model, hands| {
        model.advance(moment, hands);
    });
}

/// Brings all accounts and regions up to `now`; gives the next instant at which something happens.
pub(crate) fn tick(world: &mut World, now: SimTime) -> Option<SimTime> {
    for (place, cluster, service) in due_services(world, now, usize::MAX) {
        advance(world, &place, &cluster, &service, now);
    }
    let (mut next, mut said) = (None, Vec::new());
    for (account, state) in &mut world.accounts {
        for (region, state) in &mut state.regions {
            for cluster in state.ecs.clusters.values_mut() {
                cluster
                    .tasks
                    .retain(|_, task| task.advance(model_time(now)));
                let spoken = cluster.tasks.values_mut().filter_map(OwnTask::take_log);
                said.extend(spoken.map(|spoken| (Place::new(account, region), spoken)));
            }
            next = [next, state.ecs.wake()].into_iter().flatten().min();
        }
    }
    for (place, (at, lines)) in said {
        lines.say(world, &place, at);
    }
    next
}

/// Asks all services when they move next, whatever was noted of it; the first of those moments.
pub(crate) fn rewake(world: &mut World) -> Option<SimTime> {
    let regions = world
        .accounts
        .values_mut()
        .flat_map(|account| account.regions.values_mut());
    let clusters = regions.flat_map(|region| region.ecs.clusters.values_mut());
    let services = clusters.flat_map(|cluster| cluster.services.values_mut());
    let wakes = services.filter_map(|service| {
        service.settle();
        service.wake
    });
    wakes.min()
}

/// Lets all services go by the choices of the world from now on.
pub(crate) fn choose(world: &mut World, now: SimTime) {
    for (place, cluster, name) in services_where(world, usize::MAX, |_| true) {
        let known = services(world, &place, &cluster).ok();
        let Some(service) = known.and_then(|services| services.get(&name)) else {
            continue;
        };
        let members = service.members.clone();
        let config = service::config(&members, &world.ecs_settings, &world.choices);
        // It was there a moment ago.
        let _answer = with(world, &place, &cluster, &name, |model, hands| {
            model.set_config(config, model_time(now), hands);
        });
    }
}

/// Services that are brought up between two looks at what is due.
const FEW: usize = 16;

/// The first `most` services that are due at `now`, in their order.
fn due_services(world: &World, now: SimTime, most: usize) -> Vec<(Place, String, String)> {
    services_where(world, most, |service| {
        service.wake.is_some_and(|wake| wake <= now)
    })
}

/// The first `most` services that are so, in their order.
fn services_where(
    world: &World,
    most: usize,
    is_so: impl Fn(&Service) -> bool,
) -> Vec<(Place, String, String)> {
    let mut due = Vec::new();
    for (account, state) in &world.accounts {
        for (region, state) in &state.regions {
            for (cluster, state) in &state.ecs.clusters {
                for (name, service) in &state.services {
                    if is_so(service) {
                        let place = Place::new(account, region);
                        due.push((place, cluster.clone(), name.clone()));
                        if due.len() == most {
                            return due;
                        }
                    }
                }
            }
        }
    }
    due
}
