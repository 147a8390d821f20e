//! Everything that there is in the modelled world.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use shipway_domain::observe::ScalingSeen;
use shipway_domain::time::Timestamp;
use shipway_plugin::{ErrorKind, Place, PlatformError, UpdateService};
use tokio::sync::Semaphore;

use crate::call::{Call, Landed};
use crate::definition::Definitions;
use crate::fault::Faults;
use crate::ids::Ids;
use crate::images::Images;
use crate::names::{self, ServiceKey};
use crate::one_off::OneOff;
use crate::polls::Polls;
use crate::repository::{Repository, refused};
use crate::service::{Around, Service, time_of};
use crate::settings::Settings;

/// A change that happens later.
pub(crate) type Landing = Box<dyn FnOnce(&mut World, Timestamp) + Send>;

/// The world.
pub(crate) struct World {
    pub(crate) settings: Settings,
    pub(crate) ids: Ids,
    pub(crate) images: Images,
    pub(crate) definitions: Definitions,
    services: BTreeMap<ServiceKey, Service>,
    clusters: BTreeSet<(Place, String)>,
    pub(crate) scaling: BTreeMap<ServiceKey, ScalingSeen>,
    /// By place, store (`secretsmanager`, `ssm`) and name.
    pub(crate) secrets: BTreeMap<(Place, &'static str, String), String>,
    pub(crate) polls: HashMap<Place, Polls>,
    pub(crate) places: BTreeSet<Place>,
    /// The account that AWS names, where it is not the one that was asked for.
    pub(crate) foreign: Option<String>,
    pub(crate) calls: Vec<Call>,
    /// Calls that changed something, in the order in which they did.
    pub(crate) landed: Vec<Landed>,
    pub(crate) faults: Faults,
    pub(crate) gates: HashMap<String, Arc<Semaphore>>,
    /// Tasks beside services.
    pub(crate) one_offs: Vec<OneOff>,
    /// In order of their time.
    late: Vec<(Timestamp, Landing)>,
}

impl World {
    pub(crate) fn new(settings: Settings, seed: u64) -> Self {
        Self {
            settings,
            ids: Ids::new(seed),
            images: Images::default(),
            definitions: Definitions::default(),
            services: BTreeMap::new(),
            clusters: BTreeSet::new(),
            scaling: BTreeMap::new(),
            secrets: BTreeMap::new(),
            polls: HashMap::new(),
            places: BTreeSet::new(),
            foreign: None,
            calls: Vec::new(),
            landed: Vec::new(),
            faults: Faults::default(),
            gates: HashMap::new(),
            one_offs: Vec::new(),
            late: Vec::new(),
        }
    }

    /// Calls that were still on their way arrive.
    pub(crate) fn catch_up(&mut self, now: Timestamp) {
        while self.late.first().is_some_and(|(due, _)| *due <= now) {
            let (due, landing) = self.late.remove(0);
            landing(self, due);
        }
    }

    pub(crate) fn land_later(&mut self, due: Timestamp, landing: Landing) {
        let after = self.late.partition_point(|(other, _)| *other <= due);
        self.late.insert(after, (due, landing));
    }

    /// When something next happens by itself.
    pub(crate) fn next_event(&self) -> Option<Timestamp> {
        let services = self.services.values();
        let services = services.filter_map(|service| service.model.next_wakeup().map(time_of));
        services.chain(self.late.first().map(|(due, _)| *due)).min()
    }

    pub(crate) fn polls(&mut self, place: &Place) -> &mut Polls {
        let polling = self.settings.polling;
        self.polls
            .entry(place.clone())
            .or_insert_with(|| Polls::new(polling))
    }

    pub(crate) fn add_cluster(&mut self, place: &Place, cluster: &str) {
        self.places.insert(place.clone());
        self.clusters.insert((place.clone(), cluster.to_owned()));
    }

    pub(crate) fn add_service(
        &mut self,
        key: ServiceKey,
        desired: u32,
        definition: &str,
        now: Timestamp,
    ) -> Result<(), PlatformError> {
        self.add_cluster(&key.place, &key.cluster);
        let found = self.definitions.find(&key.place, definition);
        let definition = found.ok_or_else(|| no_definition("add_service"))?.clone();
        let mut around = Around {
            ids: &mut self.ids,
            images: &self.images,
            settings: &self.settings,
        };
        let service = Service::steady(key.clone(), desired, &definition, now, &mut around);
        self.services.insert(key, service);
        Ok(())
    }

    /// The service as it is now; `None` when there is none.
    pub(crate) fn service(
        &mut self,
        call: &str,
        key: &ServiceKey,
        now: Timestamp,
    ) -> Result<Option<(&mut Service, Around<'_>)>, PlatformError> {
        let cluster = (key.place.clone(), key.cluster.clone());
        if !self.clusters.contains(&cluster) {
            let code = "ClusterNotFoundException";
            let message = "Cluster not found.";
            return Err(refused(call, ErrorKind::NotFound, code, message));
        }
        Ok(self.known(key, now))
    }

    /// The same, for what cannot do without it.
    pub(crate) fn need_service(
        &mut self,
        call: &str,
        key: &ServiceKey,
        now: Timestamp,
    ) -> Result<(&mut Service, Around<'_>), PlatformError> {
        let found = self.service(call, key, now)?;
        found.ok_or_else(|| {
            let code = "ServiceNotFoundException";
            refused(call, ErrorKind::NotFound, code, "Service not found.")
        })
    }

    /// The same, wherever it is.
    pub(crate) fn known(
        &mut self,
        key: &ServiceKey,
        now: Timestamp,
    ) -> Option<(&mut Service, Around<'_>)> {
        let service = self.services.get_mut(key)?;
        let mut around = Around {
            ids: &mut self.ids,
            images: &self.images,
            settings: &self.settings,
        };
        service.advance(now, &mut around);
        Some((service, around))
    }

    /// The service that an ARN of this kind belongs to, and the last part of it.
    pub(crate) fn by_arn<'a>(
        &mut self,
        place: &Place,
        kind: &str,
        arn: &'a str,
        now: Timestamp,
    ) -> Option<(&mut Service, Around<'_>, &'a str)> {
        let (key, id) = names::parse(place, kind, arn)?;
        let (service, around) = self.known(&key, now)?;
        Some((service, around, id))
    }

    /// UpdateService.
    pub(crate) fn update(
        &mut self,
        place: &Place,
        update: &UpdateService,
        now: Timestamp,
    ) -> Result<shipway_domain::observe::ServiceSeen, PlatformError> {
        let call = "ecs:UpdateService";
        let key = ServiceKey::new(place, update.cluster.as_str(), update.service.as_str());
        self.need_service(call, &key, now)?;
        let found = self.definitions.find(place, &update.task_definition);
        let wanted = found.ok_or_else(|| no_definition(call))?.clone();
        if !wanted.is_active() {
            let message = "TaskDefinition is inactive";
            return Err(refused(
                call,
                ErrorKind::Invalid,
                "ClientException",
                message,
            ));
        }
        let (service, mut around) = self.need_service(call, &key, now)?;
        service.update(update, &wanted, now, &mut around)?;
        let seen = service.seen();
        self.polls(place).hurry();
        Ok(seen)
    }

    /// The repository, which must be there.
    pub(crate) fn repository(
        &mut self,
        place: &Place,
        call: &str,
        name: &str,
    ) -> Result<&mut Repository, PlatformError> {
        let key = (place.clone(), name.to_owned());
        self.images.repositories.get_mut(&key).ok_or_else(|| {
            let code = "RepositoryNotFoundException";
            let message = format!("there is no repository {name}");
            refused(call, ErrorKind::NotFound, code, message)
        })
    }
}

fn no_definition(call: &str) -> PlatformError {
    let message = "TaskDefinition not found.";
    refused(call, ErrorKind::Invalid, "ClientException", message)
}
