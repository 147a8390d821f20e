//! What simulations do with a platform that no caller of the port can.

use std::sync::Arc;
use std::time::Duration;

use ecs_model::Outcome;
use shipway_domain::document::Document;
use shipway_domain::ids::Digest;
use shipway_domain::observe::{ScalingSeen, ServiceSeen};
use shipway_domain::scan::ScanSeen;
use shipway_domain::spec::{SecretSource, TagMutability};
use shipway_plugin::{ErrorKind, ImageFacts, Place, PlatformError, UpdateService};
use tokio::sync::Semaphore;

use crate::call::Call;
use crate::fault::Fault;
use crate::platform::{ModelPlatform, key, store_of};
use crate::repository::Repository;
use crate::service::model_time;
use crate::settings::Settings;

/// What exists.
impl ModelPlatform {
    /// Adds a place that may be acted in. Whatever is added somewhere adds its place.
    pub fn add_place(&self, place: &Place) {
        self.lock().places.insert(place.clone());
    }

    /// Adds a cluster without services.
    pub fn add_cluster(&self, place: &Place, cluster: &str) {
        self.lock().add_cluster(place, cluster);
    }

    /// Adds a service that has been steady for a while: bounds 100 and 200, the breaker on, with rollback.
    /// `definition` is an input of RegisterTaskDefinition, as JSON.
    ///
    /// # Panics
    /// When ECS would refuse the definition.
    pub fn add_service(&self, place: &Place, name: &str, desired: u32, definition: &str) {
        let key = key(place, name);
        let added = self.with(|world, now| {
            let call = "ecs:CreateService";
            let arn = world.definitions.register(place, call, definition)?;
            world.add_service(key, desired, &arn, now)
        });
        #[expect(clippy::expect_used, reason = "a mistake of the simulation")]
        added.expect("a service that ECS would take");
    }

    /// Somebody changes members of the `deploymentConfiguration` of a service: that starts no deployment.
    ///
    /// # Panics
    /// When there is no such service, or this is no JSON object.
    pub fn configure(&self, place: &Place, name: &str, members: &str) {
        let key = key(place, name);
        #[expect(clippy::expect_used, reason = "a mistake of the simulation")]
        let members = Document::parse(members).expect("a JSON object");
        self.with(|world, now| {
            let found = world.service("ecs:UpdateService", &key, now);
            #[expect(clippy::expect_used, reason = "a mistake of the simulation")]
            let (service, mut around) = found.ok().flatten().expect("a service");
            service.configure(&members, now, &mut around);
        });
    }

    /// Makes a service scalable.
    pub fn make_scalable(&self, place: &Place, service: &str, as_seen: ScalingSeen) {
        self.lock().scaling.insert(key(place, service), as_seen);
    }

    /// Adds an empty repository; one of this name is gone with its images.
    pub fn add_repository(&self, place: &Place, name: &str, mutability: TagMutability) {
        let repository = Repository::new(place, name, mutability);
        let mut world = self.lock();
        world.places.insert(place.clone());
        let key = (place.clone(), name.to_owned());
        world.images.repositories.insert(key, repository);
    }

    /// Pushes an image to a repository, as a builder would, and answers with what it has become.
    ///
    /// # Errors
    /// When there is no such repository, or a tag may not move.
    pub fn push(
        &self,
        place: &Place,
        repository: &str,
        tags: &[&str],
        image: ImageFacts,
    ) -> Result<Digest, PlatformError> {
        let call = "ecr:PutImage";
        self.with(|world, now| {
            let repository = world.repository(place, call, repository)?;
            let digest = image.digest.clone();
            repository.add(image, now);
            for tag in tags {
                repository.tag(call, tag, &digest)?;
            }
            Ok(digest)
        })
    }

    /// The same, to a repository named by its registry as well.
    pub(crate) fn push_to(
        &self,
        uri: &str,
        tags: &[&str],
        image: ImageFacts,
    ) -> Result<Digest, PlatformError> {
        let key = self.with(|world, _| {
            let mut all = world.images.repositories.iter();
            let found = all.find(|(_, known)| known.seen.uri == uri);
            found.map(|(key, _)| key.clone())
        });
        let (place, name) = key.ok_or_else(|| {
            let message = format!("there is no repository {uri}");
            PlatformError::new("ecr:PutImage", ErrorKind::NotFound, message)
        })?;
        self.push(&place, &name, tags, image)
    }

    /// Layers of all images of a repository are lost.
    pub fn lose_layers(&self, place: &Place, repository: &str) {
        self.with(|world, _| {
            let key = (place.clone(), repository.to_owned());
            if let Some(repository) = world.images.repositories.get_mut(&key) {
                repository.lose_layers();
            }
        });
    }

    /// What is seen of the scan of an image once one has begun; by itself a scan takes 20 s and finds nothing.
    pub fn show_scan(&self, place: &Place, repository: &str, digest: &Digest, seen: ScanSeen) {
        self.with(|world, _| {
            let key = (place.clone(), repository.to_owned());
            if let Some(repository) = world.images.repositories.get_mut(&key) {
                repository.show_scan(digest, seen);
            }
        });
    }

    /// Keeps a secret.
    ///
    /// # Panics
    /// When the source is the agent's own.
    pub fn keep_secret(&self, place: &Place, at: &SecretSource, value: &str) {
        #[expect(clippy::expect_used, reason = "a mistake of the simulation")]
        let (store, name) = store_of(at).expect("a secret of AWS");
        let key = (place.clone(), store, name.to_owned());
        self.lock().secrets.insert(key, value.to_owned());
    }
}

/// What happens.
impl ModelPlatform {
    /// Decides what becomes of tasks with this image (its reference, or its digest) from now on.
    pub fn decide(&self, image: &str, outcome: Outcome) {
        self.lock().images.decide(image, outcome);
    }

    /// Somebody changes the desired count of a service.
    pub fn set_desired(&self, place: &Place, service: &str, desired: u32) {
        self.with_service(place, service, |service, now, around| {
            service.with(around, |model, hands| {
                model.set_desired(desired, model_time(now), hands);
            });
        });
    }

    /// Somebody stops a task, by its ARN.
    pub fn stop_task(&self, place: &Place, service: &str, task: &str, reason: &str) {
        let id = task.rsplit('/').next().unwrap_or(task);
        self.with_service(place, service, |service, now, around| {
            service.with(around, |model, hands| {
                model.stop_task(id, reason, model_time(now), hands)
            });
        });
    }

    /// An update lands behind the back of whoever sent it, or somebody else sends one.
    ///
    /// # Errors
    /// As UpdateService.
    pub fn land(
        &self,
        place: &Place,
        update: &UpdateService,
    ) -> Result<ServiceSeen, PlatformError> {
        self.with(|world, now| world.update(place, update, now))
    }

    /// From now on AWS says that we are in this account, whoever we ask for.
    pub fn act_as(&self, account: &str) {
        self.lock().foreign = Some(account.to_owned());
    }

    /// The next call of this name fails so, without having happened; several are kept in their order.
    pub fn fail_next(&self, call: &str, kind: ErrorKind) {
        self.fault_next(call, Fault::Refused(kind));
    }

    /// The same with any fault.
    pub fn fault_next(&self, call: &str, fault: Fault) {
        let mut world = self.lock();
        let next = world.faults.next.entry(call.to_owned()).or_default();
        next.push_back(fault);
    }

    /// From now on each call for which nothing else is ordered asks `weather` what goes wrong with it. A
    /// simulation that draws lots brings its own seed.
    pub fn set_weather(&self, weather: impl FnMut(&Call) -> Option<Fault> + Send + 'static) {
        self.lock().faults.weather = Some(Box::new(weather));
    }

    /// Nothing goes wrong any more but what is ordered.
    pub fn clear_weather(&self) {
        self.lock().faults.weather = None;
    }

    /// From now on calls take time: `journeys` says how long each is on its way there, and its answer on the
    /// way back. A caller that goes away meanwhile leaves a call that arrives, or not, as it was then.
    pub fn set_journeys(
        &self,
        journeys: impl FnMut(&Call) -> (Duration, Duration) + Send + 'static,
    ) {
        self.lock().faults.journeys = Some(Box::new(journeys));
    }

    /// Calls of this name wait from now on. The gate opens for as many as permits are added.
    #[must_use]
    pub fn hold(&self, call: &str) -> Arc<Semaphore> {
        let gate = Arc::new(Semaphore::new(0));
        self.lock().gates.insert(call.to_owned(), Arc::clone(&gate));
        gate
    }

    /// Other settings, for what begins from now on.
    pub fn set_settings(&self, settings: Settings) {
        let mut world = self.lock();
        world.settings = settings;
        world.polls.clear();
    }
}
