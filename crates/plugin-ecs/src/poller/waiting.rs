//! Who waits for the next poll, what was seen before, and when the next poll is due.

use std::collections::HashMap;
use std::time::Duration;

use shipway_domain::observe::{ServiceDeploymentSeen, ServiceSeen};
use shipway_plugin::{Observation, Pace, PlatformError, Watch};
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::config::Polling;
use crate::service::ServiceKey;

/// Polls after which a value that nobody asks for any more is forgotten.
const REMEMBERED: u64 = 20;

/// Services are looked at as well once so many polls and so much time have gone by since they last
/// were: what a service deployment does not tell, such as events, does not need every poll, and a
/// slow poll is rare enough as it is.
const SERVICES_POLLS: u64 = 5;
const SERVICES_REST: Duration = Duration::from_secs(10);

/// The first of many who come at once gives the others time to join.
const JOIN: Duration = Duration::from_millis(20);

/// Somebody who waits for the next poll.
pub(super) struct Waiter {
    pub(super) watch: Watch,
    pub(super) since: Instant,
    pub(super) answer: oneshot::Sender<Result<Observation, PlatformError>>,
}

impl Waiter {
    pub(super) fn service(&self) -> ServiceKey {
        (self.watch.cluster.clone(), self.watch.service.clone())
    }
}

/// What is kept from poll to poll.
pub(super) struct State {
    waiting: Vec<Waiter>,
    running: bool,
    pub(super) pace: Pace,
    polls: u64,
    last: Option<Instant>,
    /// The poll that last looked at all services, and when it was.
    services_seen: (u64, Option<Instant>),
    deployments: Seen<String, ServiceDeploymentSeen>,
    services: Seen<ServiceKey, ServiceSeen>,
}

type Seen<K, V> = HashMap<K, (u64, Option<V>)>;

impl State {
    pub(super) fn new(polling: Polling) -> Self {
        Self {
            waiting: Vec::new(),
            running: false,
            pace: Pace::new(polling.min, polling.max),
            polls: 0,
            last: None,
            services_seen: (0, None),
            deployments: Seen::new(),
            services: Seen::new(),
        }
    }

    /// Adds one who waits; true when a run must be started for it.
    pub(super) fn add(&mut self, waiter: Waiter) -> bool {
        let known = match &waiter.watch.service_deployment {
            Some(arn) => self.deployments.contains_key(arn),
            None => self.services.contains_key(&waiter.service()),
        };
        if !known {
            self.pace.hurry();
        }
        self.waiting.push(waiter);
        !std::mem::replace(&mut self.running, true)
    }

    pub(super) fn hurry(&mut self) {
        self.pace.hurry();
    }

    /// When the next poll is due; `None` ends the run, for nobody waits.
    pub(super) fn due(&mut self) -> Option<Instant> {
        self.waiting.retain(|waiter| !waiter.answer.is_closed());
        let Some(first) = self.waiting.iter().map(|waiter| waiter.since).min() else {
            self.running = false;
            return None;
        };
        let paced = self.last.map(|last| last + self.pace.current());
        Some(paced.map_or(first + JOIN, |paced| paced.max(first + JOIN)))
    }

    /// Takes those who wait; with them, whether all their services are looked at too. `None` when
    /// all have left.
    pub(super) fn begin(&mut self) -> Option<(bool, Vec<Waiter>)> {
        self.waiting.retain(|waiter| !waiter.answer.is_closed());
        if self.waiting.is_empty() {
            return None;
        }
        self.polls += 1;
        let (poll, at) = self.services_seen;
        let services_too = self.polls >= poll + SERVICES_POLLS
            && at.is_none_or(|at| at.elapsed() >= SERVICES_REST);
        if services_too {
            self.services_seen = (self.polls, Some(Instant::now()));
        }
        Some((services_too, std::mem::take(&mut self.waiting)))
    }

    /// Ends a poll: those who were not answered wait for the next.
    pub(super) fn end(&mut self, waiting: Vec<Waiter>, changed: bool, throttled: bool) {
        self.waiting.extend(waiting);
        self.pace.polled(changed, throttled);
        self.last = Some(Instant::now());
        let polls = self.polls;
        self.deployments
            .retain(|_, (poll, _)| *poll + REMEMBERED > polls);
        self.services
            .retain(|_, (poll, _)| *poll + REMEMBERED > polls);
    }

    /// Notes a service deployment as seen in this poll; true when it is not as it was before.
    pub(super) fn saw_deployment(
        &mut self,
        arn: &str,
        seen: Option<&ServiceDeploymentSeen>,
    ) -> bool {
        note(&mut self.deployments, arn.to_owned(), seen, self.polls)
    }

    /// Notes a service as seen in this poll; true when it is not as it was before.
    pub(super) fn saw_service(&mut self, key: &ServiceKey, seen: Option<&ServiceSeen>) -> bool {
        note(&mut self.services, key.clone(), seen, self.polls)
    }

    /// After a run that broke off: nobody is left waiting for it.
    pub(super) fn abandon(&mut self) {
        self.running = false;
        self.waiting.clear();
    }
}

fn note<K: Eq + std::hash::Hash, V: Clone + PartialEq>(
    all: &mut Seen<K, V>,
    key: K,
    seen: Option<&V>,
    poll: u64,
) -> bool {
    let before = all.insert(key, (poll, seen.cloned()));
    before.is_some_and(|(_, before)| before.as_ref() != seen)
}
