//! The common poll of a place: its pace, and what it saw before.

use std::collections::HashMap;
use std::time::Duration;

use shipway_domain::observe::{ServiceDeploymentSeen, ServiceSeen};
use shipway_domain::time::Timestamp;
use shipway_plugin::{Observation, Pace, Watch};

/// Every so many polls the services are looked at as well, as the ECS plugin does it.
const SERVICES_EVERY: u64 = 5;
/// Polls after which a value that nobody asks for any more is forgotten.
const REMEMBERED: u64 = 20;

/// The polls of a place.
#[derive(Debug)]
pub(crate) struct Polls {
    pace: Pace,
    shortest: Duration,
    last: Option<Timestamp>,
    number: u64,
    deployments: Seen<ServiceDeploymentSeen>,
    services: Seen<ServiceSeen>,
}

type Seen<V> = HashMap<String, (u64, Option<V>)>;

impl Polls {
    pub(crate) fn new((shortest, longest): (Duration, Duration)) -> Self {
        Self {
            pace: Pace::new(shortest, longest),
            shortest,
            last: None,
            number: 0,
            deployments: HashMap::new(),
            services: HashMap::new(),
        }
    }

    /// Something was changed just now: look soon.
    pub(crate) fn hurry(&mut self) {
        self.pace.hurry();
    }

    /// How long the next poll lies ahead of somebody who begins to watch now.
    pub(crate) fn ahead(&mut self, watch: &Watch, now: Timestamp) -> Duration {
        let known = match &watch.service_deployment {
            Some(arn) => self.deployments.contains_key(arn),
            None => self.services.contains_key(&name(watch)),
        };
        if !known {
            self.pace.hurry();
        }
        let due = self.last.map(|last| last.plus(self.pace.current()));
        due.map_or(Duration::ZERO, |due| due.since(now))
    }

    /// Takes part in the poll of now; true when the service is to be looked at.
    pub(crate) fn take_part(&mut self, watch: &Watch, now: Timestamp) -> bool {
        // No poll follows another sooner than that: whoever comes a little later is of the same one.
        let same = self
            .last
            .is_some_and(|last| now.since(last) < self.shortest);
        if !same {
            self.last = Some(now);
            self.number += 1;
            let number = self.number;
            let fresh = |poll: u64| poll + REMEMBERED > number;
            self.deployments.retain(|_, (poll, _)| fresh(*poll));
            self.services.retain(|_, (poll, _)| fresh(*poll));
            // Quiet, unless somebody sees something new.
            self.pace.polled(false, false);
        }
        watch.with_service
            || watch.service_deployment.is_none()
            || self.number.is_multiple_of(SERVICES_EVERY)
    }

    /// A poll was throttled: it is made again, later.
    pub(crate) fn throttled(&mut self, now: Timestamp) {
        self.last = Some(now);
        self.pace.polled(false, true);
    }

    /// Notes what was seen, and how fast polls follow each other after it.
    pub(crate) fn note(&mut self, watch: &Watch, observation: &mut Observation, looked: bool) {
        let mut changed = false;
        if let Some(arn) = &watch.service_deployment {
            let seen = &observation.service_deployment;
            changed |= note(&mut self.deployments, arn.clone(), seen, self.number);
        }
        if looked {
            let seen = &observation.service;
            changed |= note(&mut self.services, name(watch), seen, self.number);
        }
        if changed {
            self.pace.hurry();
        }
        observation.pace = self.pace.current();
        observation.throttled = self.pace.is_throttled();
    }
}

fn name(watch: &Watch) -> String {
    format!("{}/{}", watch.cluster, watch.service)
}

fn note<V: Clone + PartialEq>(
    all: &mut Seen<V>,
    key: String,
    seen: &Option<V>,
    number: u64,
) -> bool {
    let before = all.insert(key, (number, seen.clone()));
    before.is_some_and(|(_, before)| before != *seen)
}
