//! The platform.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use shipway_domain::spec::SecretSource;
use shipway_domain::time::Timestamp;
use shipway_plugin::{ErrorKind, Place, Platform, PlatformError, RegionApi, Session};

use crate::clock::Clock;
use crate::handle::Region;
use crate::names::ServiceKey;
use crate::service::{Around, Service};
use crate::settings::Settings;
use crate::world::World;

/// A platform made of a model; clones share it.
///
/// Services are named `cluster/service`. What a simulation does to a service that is not there is a mistake of
/// the simulation, and panics.
#[derive(Clone)]
pub struct ModelPlatform {
    pub(crate) clock: Clock,
    world: Arc<Mutex<World>>,
}

impl ModelPlatform {
    /// A platform without anything. All ids come from `seed`.
    #[must_use]
    pub fn new(clock: Clock, settings: Settings, seed: u64) -> Self {
        Self {
            clock,
            world: Arc::new(Mutex::new(World::new(settings, seed))),
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The world as it is now.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut World, Timestamp) -> T) -> T {
        let mut world = self.lock();
        let now = self.clock.now();
        world.catch_up(now);
        work(&mut world, now)
    }

    pub(crate) fn with_service(
        &self,
        place: &Place,
        name: &str,
        work: impl FnOnce(&mut Service, Timestamp, &mut Around<'_>),
    ) {
        self.with(|world, now| {
            let found = world.known(&key(place, name), now);
            #[expect(clippy::expect_used, reason = "a mistake of the simulation")]
            let (service, mut around) = found.expect("a service that was added");
            work(service, now, &mut around);
        });
    }
}

pub(crate) fn key(place: &Place, name: &str) -> ServiceKey {
    let (cluster, service) = name.split_once('/').unwrap_or(("default", name));
    ServiceKey::new(place, cluster, service)
}

/// Store and name of a secret of AWS.
pub(crate) fn store_of(at: &SecretSource) -> Option<(&'static str, &str)> {
    match at {
        SecretSource::SecretsManager(name) => Some(("secretsmanager", name)),
        SecretSource::Ssm(name) => Some(("ssm", name)),
        SecretSource::Env(_) | SecretSource::File(_) => None,
    }
}

#[async_trait]
impl Platform for ModelPlatform {
    async fn open(
        &self,
        place: &Place,
        session: &Session,
    ) -> Result<Arc<dyn RegionApi>, PlatformError> {
        if !self.lock().places.contains(place) {
            let (account, region) = (&place.account, &place.region);
            let message = format!("account {account} in {region} is not configured");
            return Err(PlatformError::new("open", ErrorKind::Credentials, message));
        }
        Ok(Arc::new(Region::new(
            self.clone(),
            place.clone(),
            session.clone(),
        )))
    }
}
