//! A platform and a builder in memory, for tests of those that walk through the ports. It does not
//! judge and has no rules of ECS: deployments go the way that the test says. What ECS itself would
//! do is `aws-sim`'s.

mod builder;
mod region;
mod registry;
mod service;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use shipway_domain::time::Timestamp;
use tokio::sync::Semaphore;

pub use builder::FakeBuilder;
pub use registry::FakeRepository;
pub use service::{Ending, FakeService};

use crate::{
    ErrorKind, Place, Platform, PlatformError, RegionApi, Session, TaskDefinitionSeen,
    UpdateService,
};

/// A call that was made: under whose name, where, and what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FakeCall {
    /// Under whose name.
    pub session: Session,
    /// Where.
    pub place: Place,
    /// Service and operation, as `ecs:UpdateService`.
    pub call: String,
}

/// A platform in memory; clones share it.
#[derive(Clone, Debug)]
pub struct FakePlatform(Arc<Mutex<World>>);

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) calls: Vec<FakeCall>,
    failures: HashMap<String, VecDeque<PlatformError>>,
    gates: HashMap<String, Arc<Semaphore>>,
    /// The account that AWS names, where it is not the one that was asked for.
    pub(crate) foreign: Option<String>,
    pub(crate) services: BTreeMap<(Place, String), FakeService>,
    pub(crate) definitions: BTreeMap<String, TaskDefinitionSeen>,
    pub(crate) repositories: BTreeMap<String, FakeRepository>,
    clock: u64,
}

impl World {
    /// A time that was not given out before.
    pub(crate) const fn tick(&mut self) -> Timestamp {
        self.clock += 1;
        Timestamp::from_millis(self.clock)
    }
}

impl FakePlatform {
    /// A platform without anything, whose clock stands at `now`.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(World {
            calls: Vec::new(),
            failures: HashMap::new(),
            gates: HashMap::new(),
            foreign: None,
            services: BTreeMap::new(),
            definitions: BTreeMap::new(),
            repositories: BTreeMap::new(),
            clock: now.millis(),
        })))
    }

    /// Adds a service (`cluster/service`) that serves an image at this digest reference.
    pub fn add_service(&self, place: &Place, name: &str, desired: u32, image: &str) {
        let mut world = self.lock();
        let service = FakeService::new(&mut world, place, name, desired, image);
        world
            .services
            .insert((place.clone(), name.to_owned()), service);
    }

    /// Looks at a service, or changes it.
    ///
    /// # Panics
    /// When there is none of this name.
    pub fn service<T>(
        &self,
        place: &Place,
        name: &str,
        with: impl FnOnce(&mut FakeService) -> T,
    ) -> T {
        let mut world = self.lock();
        let found = world.services.get_mut(&(place.clone(), name.to_owned()));
        #[expect(clippy::expect_used, reason = "a test names a service of its own")]
        with(found.expect("a service that was added"))
    }

    /// An update lands behind the back of whoever sent it.
    pub fn land(&self, place: &Place, name: &str, update: &UpdateService) {
        let mut world = self.lock();
        let key = (place.clone(), name.to_owned());
        if let Some(mut service) = world.services.remove(&key) {
            service.update(&mut world, update);
            world.services.insert(key, service);
        }
    }

    /// Adds a repository by name.
    pub fn add_repository(&self, name: &str, repository: FakeRepository) {
        self.lock().repositories.insert(name.to_owned(), repository);
    }

    /// A repository as it is.
    #[must_use]
    pub fn repository(&self, name: &str) -> Option<FakeRepository> {
        self.lock().repositories.get(name).cloned()
    }

    /// From now on AWS says that we are in this account, whoever we ask for.
    pub fn act_as(&self, account: &str) {
        self.lock().foreign = Some(account.to_owned());
    }

    /// The next call of this name fails; several are kept in their order.
    pub fn fail_next(&self, call: &str, kind: ErrorKind) {
        let error = PlatformError::new(call, kind, "as the test wishes");
        let mut world = self.lock();
        world
            .failures
            .entry(call.to_owned())
            .or_default()
            .push_back(error);
    }

    /// Calls of this name wait from now on. The gate opens for as many as permits are added.
    #[must_use]
    pub fn hold(&self, call: &str) -> Arc<Semaphore> {
        let gate = Arc::new(Semaphore::new(0));
        self.lock().gates.insert(call.to_owned(), Arc::clone(&gate));
        gate
    }

    /// Calls so far, those that failed or still wait too.
    #[must_use]
    pub fn calls(&self) -> Vec<FakeCall> {
        self.lock().calls.clone()
    }

    /// How often a call was made.
    #[must_use]
    pub fn count(&self, call: &str) -> usize {
        self.lock()
            .calls
            .iter()
            .filter(|made| made.call == call)
            .count()
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records a call, waits at its gate, and fails when the test wants that.
    pub(crate) async fn enter(
        &self,
        session: &Session,
        place: &Place,
        call: &str,
    ) -> Result<(), PlatformError> {
        let gate = {
            let mut world = self.lock();
            world.calls.push(FakeCall {
                session: session.clone(),
                place: place.clone(),
                call: call.to_owned(),
            });
            world.gates.get(call).cloned()
        };
        if let Some(gate) = gate
            && let Ok(permit) = gate.acquire().await
        {
            permit.forget();
        }
        let mut world = self.lock();
        match world.failures.get_mut(call).and_then(VecDeque::pop_front) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}

#[async_trait]
impl Platform for FakePlatform {
    async fn open(
        &self,
        place: &Place,
        session: &Session,
    ) -> Result<Arc<dyn RegionApi>, PlatformError> {
        Ok(Arc::new(region::FakeRegion {
            platform: self.clone(),
            place: place.clone(),
            session: session.clone(),
        }))
    }
}
