//! An account and region of the platform in memory.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use shipway_domain::checkpoint::ScalingFlags;
use shipway_domain::ids::{ClusterName, ServiceName};
use shipway_domain::observe::{
    CallerSeen, RevisionSeen, ScalingSeen, ServiceDeploymentSeen, ServiceSeen, TaskSeen,
};
use shipway_domain::spec::SecretSource;
use shipway_domain::time::Timestamp;

use super::registry::FakeRegistry;
use super::service::register;
use super::{FakePlatform, FakeService, World};
use crate::{
    ErrorKind, NewTaskDefinition, Observation, ObserveTasks, Place, PlatformError, RegionApi,
    RegistryApi, Secret, Session, TaskDefinitionSeen, UpdateService, Watch,
};

/// Time between two common polls.
const PACE: Duration = Duration::from_millis(5);

pub(super) struct FakeRegion {
    pub(super) platform: FakePlatform,
    pub(super) place: Place,
    pub(super) session: Session,
}

impl FakeRegion {
    async fn enter(&self, call: &str) -> Result<(), PlatformError> {
        self.platform.enter(&self.session, &self.place, call).await
    }

    fn with<T>(
        &self,
        cluster: &ClusterName,
        service: &ServiceName,
        act: impl FnOnce(&mut World, &mut FakeService) -> T,
    ) -> Option<T> {
        let mut world = self.platform.lock();
        let key = (self.place.clone(), format!("{cluster}/{service}"));
        // Taken out for the moment, so that it can look at the rest of the world.
        let mut service = world.services.remove(&key)?;
        let result = act(&mut world, &mut service);
        world.services.insert(key, service);
        Some(result)
    }
}

fn missing(call: &str) -> PlatformError {
    PlatformError::new(call, ErrorKind::NotFound, "there is no such thing")
}

#[async_trait]
impl RegionApi for FakeRegion {
    async fn caller(&self) -> Result<CallerSeen, PlatformError> {
        self.enter("sts:GetCallerIdentity").await?;
        let foreign = self.platform.lock().foreign.clone();
        let account = foreign.unwrap_or_else(|| self.place.account.to_string());
        let arn = format!("arn:aws:sts::{account}:assumed-role/shipway-deploy/test");
        Ok(CallerSeen { account, arn })
    }

    async fn service(
        &self,
        cluster: &ClusterName,
        service: &ServiceName,
    ) -> Result<Option<ServiceSeen>, PlatformError> {
        self.enter("ecs:DescribeServices").await?;
        Ok(self.with(cluster, service, |_, service| service.seen.clone()))
    }

    async fn observe(&self, watch: &Watch) -> Result<Observation, PlatformError> {
        tokio::time::sleep(PACE).await;
        self.enter("observe").await?;
        let found = self.with(&watch.cluster, &watch.service, |world, service| {
            service.advance(world);
            let asked = watch.service_deployment.as_deref();
            let deployments = service.deployments.iter();
            let mut found = deployments.filter(|known| Some(known.arn.as_str()) == asked);
            (service.seen.clone(), found.next().cloned())
        });
        let service_missing = found.is_none();
        let (service, service_deployment) = found.unzip();
        Ok(Observation {
            service,
            service_missing,
            service_deployment: service_deployment.flatten(),
            throttled: false,
            pace: PACE,
        })
    }

    async fn service_deployments_since(
        &self,
        cluster: &ClusterName,
        service: &ServiceName,
        since: Timestamp,
    ) -> Result<Vec<ServiceDeploymentSeen>, PlatformError> {
        self.enter("ecs:ListServiceDeployments").await?;
        let found = self.with(cluster, service, |_, service| service.deployments.clone());
        let all = found.unwrap_or_default().into_iter();
        Ok(all.filter(|known| known.created_at >= since).collect())
    }

    async fn revision(&self, arn: &str) -> Result<Option<RevisionSeen>, PlatformError> {
        self.enter("ecs:DescribeServiceRevisions").await?;
        let world = self.platform.lock();
        let mut revisions = world
            .services
            .values()
            .flat_map(|service| &service.revisions);
        Ok(revisions.find(|revision| revision.arn == arn).cloned())
    }

    async fn tasks(
        &self,
        cluster: &ClusterName,
        service: &ServiceName,
        which: ObserveTasks,
    ) -> Result<Vec<TaskSeen>, PlatformError> {
        self.enter("ecs:ListTasks").await?;
        if which == ObserveTasks::Stopped {
            return Ok(Vec::new());
        }
        let found = self.with(cluster, service, |_, service| service.tasks.clone());
        Ok(found.unwrap_or_default())
    }

    async fn task_definition(
        &self,
        reference: &str,
    ) -> Result<Option<TaskDefinitionSeen>, PlatformError> {
        self.enter("ecs:DescribeTaskDefinition").await?;
        Ok(self.platform.lock().definitions.get(reference).cloned())
    }

    async fn newest_revisions(
        &self,
        family: &str,
        limit: u32,
    ) -> Result<Vec<String>, PlatformError> {
        self.enter("ecs:ListTaskDefinitions").await?;
        let world = self.platform.lock();
        let part = format!("task-definition/{family}:");
        let arns = world.definitions.keys().rev();
        let ours = arns.filter(|arn| arn.contains(&part));
        Ok(ours.take(limit as usize).cloned().collect())
    }

    async fn register_task_definition(
        &self,
        new: &NewTaskDefinition,
    ) -> Result<String, PlatformError> {
        self.enter("ecs:RegisterTaskDefinition").await?;
        Ok(register(&mut self.platform.lock(), &self.place, &new.json))
    }

    async fn update_service(&self, update: &UpdateService) -> Result<ServiceSeen, PlatformError> {
        self.enter("ecs:UpdateService").await?;
        let updated = self.with(&update.cluster, &update.service, |world, service| {
            service.update(world, update);
            service.seen.clone()
        });
        updated.ok_or_else(|| missing("ecs:UpdateService"))
    }

    async fn stop_service_deployment(&self, arn: &str) -> Result<(), PlatformError> {
        self.enter("ecs:StopServiceDeployment").await?;
        let mut world = self.platform.lock();
        let mut services = world.services.values_mut();
        let known = |service: &&mut FakeService| service.deployments.iter().any(|d| d.arn == arn);
        match services.find(known) {
            Some(service) => service.stop(),
            None => return Err(missing("ecs:StopServiceDeployment")),
        }
        Ok(())
    }

    async fn scaling(
        &self,
        cluster: &ClusterName,
        service: &ServiceName,
    ) -> Result<Option<ScalingSeen>, PlatformError> {
        self.enter("application-autoscaling:DescribeScalableTargets")
            .await?;
        Ok(self
            .with(cluster, service, |_, service| service.scaling)
            .flatten())
    }

    async fn set_scaling(
        &self,
        cluster: &ClusterName,
        service: &ServiceName,
        flags: ScalingFlags,
    ) -> Result<(), PlatformError> {
        let call = "application-autoscaling:RegisterScalableTarget";
        self.enter(call).await?;
        let set = self.with(cluster, service, |_, service| {
            service
                .scaling
                .as_mut()
                .map(|scaling| scaling.suspended = flags)
        });
        set.flatten().ok_or_else(|| missing(call))
    }

    async fn secret(&self, from: &SecretSource) -> Result<Secret, PlatformError> {
        self.enter("secret").await?;
        Ok(Secret::new(format!("{from:?}")))
    }

    fn registry(&self) -> Arc<dyn RegistryApi> {
        Arc::new(FakeRegistry {
            platform: self.platform.clone(),
            place: self.place.clone(),
            session: self.session.clone(),
        })
    }
}
