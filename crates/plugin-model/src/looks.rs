//! What can be seen of a platform without a call.

use shipway_domain::ids::Digest;
use shipway_domain::observe::{
    RevisionSeen, ScalingSeen, ServiceDeploymentSeen, ServiceSeen, TaskSeen,
};
use shipway_domain::time::Timestamp;
use shipway_plugin::{Place, RepositorySeen};

use crate::call::{Call, Landed};
use crate::platform::{ModelPlatform, key};
use crate::repository::Repository;

/// What can be seen without a call.
impl ModelPlatform {
    /// When something next happens by itself: a simulation that moves the clock by hand can go there.
    #[must_use]
    pub fn next_event(&self) -> Option<Timestamp> {
        self.lock().next_event()
    }

    /// Calls that changed something, in the order in which they did, without the first `known` of them.
    #[must_use]
    pub fn landed_since(&self, known: usize) -> Vec<Landed> {
        self.with(|world, _| world.landed.get(known..).unwrap_or_default().to_vec())
    }

    /// Under which names tasks beside services were started, each as often as one was.
    #[must_use]
    pub fn tasks_started(&self) -> Vec<String> {
        self.with(|world, _| {
            let all = world.one_offs.iter();
            all.map(|task| task.started_by().to_owned()).collect()
        })
    }

    /// Calls that were made, in their order, without the first `known` of them.
    #[must_use]
    pub fn calls_since(&self, known: usize) -> Vec<Call> {
        self.lock().calls.get(known..).unwrap_or_default().to_vec()
    }

    /// Calls so far, those that failed or still wait too.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.lock().calls.clone()
    }

    /// The same; they are forgotten.
    #[must_use]
    pub fn take_calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.lock().calls)
    }

    /// How often a call was made.
    #[must_use]
    pub fn count(&self, call: &str) -> usize {
        let world = self.lock();
        world.calls.iter().filter(|made| made.name == call).count()
    }

    /// A service as it is.
    #[must_use]
    pub fn service(&self, place: &Place, name: &str) -> Option<ServiceSeen> {
        self.with(|world, now| Some(world.known(&key(place, name), now)?.0.seen()))
    }

    /// All service deployments of a service, newest first.
    #[must_use]
    pub fn deployments(&self, place: &Place, name: &str) -> Vec<ServiceDeploymentSeen> {
        self.with(|world, now| {
            let found = world.known(&key(place, name), now);
            found.map_or_else(Vec::new, |(service, _)| service.briefs().collect())
        })
    }

    /// A service revision, by its ARN.
    #[must_use]
    pub fn revision(&self, place: &Place, arn: &str) -> Option<RevisionSeen> {
        self.with(|world, now| {
            let (service, _, digits) = world.by_arn(place, "service-revision", arn, now)?;
            service.revision(digits)
        })
    }

    /// The tasks of a service that are wanted.
    #[must_use]
    pub fn tasks(&self, place: &Place, name: &str) -> Vec<TaskSeen> {
        self.with(|world, now| {
            let found = world.known(&key(place, name), now);
            found.map_or_else(Vec::new, |(service, _)| service.tasks(true))
        })
    }

    /// The scalable target of a service.
    #[must_use]
    pub fn scaling(&self, place: &Place, name: &str) -> Option<ScalingSeen> {
        self.lock().scaling.get(&key(place, name)).copied()
    }

    /// A repository as it is.
    #[must_use]
    pub fn repository(&self, place: &Place, name: &str) -> Option<RepositorySeen> {
        self.of_repository(place, name, |found| found.seen.clone())
    }

    /// To how many images the lifecycle policy of a repository keeps it.
    #[must_use]
    pub fn keeps_last(&self, place: &Place, name: &str) -> Option<u32> {
        self.of_repository(place, name, |found| found.keep_last)?
    }

    /// The tags of a repository and what they are on, in order.
    #[must_use]
    pub fn tags(&self, place: &Place, name: &str) -> Vec<(String, Digest)> {
        let tags = self.of_repository(place, name, |found| found.tags.clone());
        tags.into_iter().flatten().collect()
    }

    fn of_repository<T>(
        &self,
        place: &Place,
        name: &str,
        look: impl FnOnce(&Repository) -> T,
    ) -> Option<T> {
        self.with(|world, _| {
            let key = (place.clone(), name.to_owned());
            world.images.repositories.get(&key).map(look)
        })
    }
}
