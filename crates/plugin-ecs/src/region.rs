//! The port [`RegionApi`]: one account and region in one session.

use std::sync::Arc;

use async_trait::async_trait;
use shipway_domain::checkpoint::ScalingFlags;
use shipway_domain::hook::HookAction;
use shipway_domain::ids::{ClusterName, ServiceName};
use shipway_domain::observe::{
    CallerSeen, LogStream, RevisionSeen, ScalingSeen, ServiceDeploymentSeen, ServiceSeen, TaskSeen,
};
use shipway_domain::spec::SecretSource;
use shipway_domain::time::Timestamp;
use shipway_plugin::{
    AroundApi, LogPage, NewTaskDefinition, Observation, ObserveTasks, PlatformError, RegionApi,
    RegistryApi, RunTask, Secret, TaskDefinitionSeen, TaskStarted, UpdateService, Watch,
};

use crate::around::Around;
use crate::clients::Clients;
use crate::convert::text;
use crate::operation::GET_CALLER_IDENTITY;
use crate::place::Shared;
use crate::registry::Registry;
use crate::{deployments, logs, one_off, scaling, secret, service, task_definition};

/// A handle; the job's own calls go through `clients`, shared observation through `shared`.
pub(crate) struct Region {
    shared: Arc<Shared>,
    clients: Arc<Clients>,
}

impl Region {
    pub(crate) const fn new(shared: Arc<Shared>, clients: Arc<Clients>) -> Self {
        Self { shared, clients }
    }
}

#[async_trait]
impl RegionApi for Region {
    async fn caller(&self) -> Result<CallerSeen, PlatformError> {
        let answer = self
            .clients
            .call(&GET_CALLER_IDENTITY, |services| {
                services.sts.get_caller_identity().send()
            })
            .await?;
        Ok(CallerSeen {
            account: text(answer.account()),
            arn: text(answer.arn()),
        })
    }

    async fn service(
        &self,
        cluster: &ClusterName,
        service: &ServiceName,
    ) -> Result<Option<ServiceSeen>, PlatformError> {
        let key = (cluster.clone(), service.clone());
        self.shared.services.get(key).await
    }

    async fn observe(&self, watch: &Watch) -> Result<Observation, PlatformError> {
        self.shared.poller.observe(watch).await
    }

    async fn service_deployments_since(
        &self,
        cluster: &ClusterName,
        service: &ServiceName,
        since: Timestamp,
    ) -> Result<Vec<ServiceDeploymentSeen>, PlatformError> {
        deployments::since(&self.clients, cluster, service, since).await
    }

    async fn revision(&self, arn: &str) -> Result<Option<RevisionSeen>, PlatformError> {
        self.shared.revisions.get(arn.to_owned()).await
    }

    async fn tasks(
        &self,
        cluster: &ClusterName,
        service: &ServiceName,
        which: ObserveTasks,
    ) -> Result<Vec<TaskSeen>, PlatformError> {
        let tasks = match which {
            ObserveTasks::Running => &self.shared.running_tasks,
            ObserveTasks::Stopped => &self.shared.stopped_tasks,
        };
        let found = tasks.get((cluster.clone(), service.clone())).await?;
        Ok(found.unwrap_or_default())
    }

    async fn task_definition(
        &self,
        reference: &str,
    ) -> Result<Option<TaskDefinitionSeen>, PlatformError> {
        task_definition::describe(&self.clients, reference).await
    }

    async fn newest_revisions(
        &self,
        family: &str,
        limit: u32,
    ) -> Result<Vec<String>, PlatformError> {
        task_definition::newest(&self.clients, family, limit).await
    }

    async fn register_task_definition(
        &self,
        new: &NewTaskDefinition,
    ) -> Result<String, PlatformError> {
        task_definition::register(&self.clients, new).await
    }

    async fn deregister_task_definition(&self, arn: &str) -> Result<(), PlatformError> {
        task_definition::deregister(&self.clients, arn).await
    }

    async fn update_service(&self, update: &UpdateService) -> Result<ServiceSeen, PlatformError> {
        let seen = service::update(&self.clients, update).await?;
        self.shared.poller.hurry();
        Ok(seen)
    }

    async fn stop_service_deployment(&self, arn: &str) -> Result<(), PlatformError> {
        deployments::stop(&self.clients, arn).await?;
        self.shared.poller.hurry();
        Ok(())
    }

    async fn continue_service_deployment(
        &self,
        arn: &str,
        hook: &str,
        action: HookAction,
    ) -> Result<(), PlatformError> {
        deployments::answer(&self.clients, arn, hook, action).await?;
        self.shared.poller.hurry();
        Ok(())
    }

    async fn scaling(
        &self,
        cluster: &ClusterName,
        service: &ServiceName,
    ) -> Result<Option<ScalingSeen>, PlatformError> {
        scaling::describe(&self.clients, cluster, service).await
    }

    async fn set_scaling(
        &self,
        cluster: &ClusterName,
        service: &ServiceName,
        flags: ScalingFlags,
    ) -> Result<(), PlatformError> {
        scaling::set(&self.clients, cluster, service, flags).await
    }

    async fn last_lines(&self, of: &LogStream, most: usize) -> Result<Vec<String>, PlatformError> {
        logs::last_lines(&self.clients, of, most).await
    }

    async fn run_task(&self, run: &RunTask) -> Result<TaskStarted, PlatformError> {
        one_off::run(&self.clients, run).await
    }

    async fn task_started_by(
        &self,
        cluster: &ClusterName,
        started_by: &str,
        family: &str,
    ) -> Result<Option<TaskSeen>, PlatformError> {
        one_off::started_by(&self.clients, cluster, started_by, family).await
    }

    async fn task(
        &self,
        cluster: &ClusterName,
        arn: &str,
    ) -> Result<Option<TaskSeen>, PlatformError> {
        one_off::describe(&self.clients, cluster, arn).await
    }

    async fn stop_task(
        &self,
        cluster: &ClusterName,
        arn: &str,
        reason: &str,
    ) -> Result<(), PlatformError> {
        one_off::stop(&self.clients, cluster, arn, reason).await
    }

    async fn read_log(
        &self,
        of: &LogStream,
        after: Option<&str>,
    ) -> Result<LogPage, PlatformError> {
        logs::read_on(&self.clients, of, after).await
    }

    async fn secret(&self, from: &SecretSource) -> Result<Secret, PlatformError> {
        secret::read(&self.clients, from).await
    }

    fn around(&self) -> Arc<dyn AroundApi> {
        Arc::new(Around::new(Arc::clone(&self.clients)))
    }

    fn registry(&self) -> Arc<dyn RegistryApi> {
        Arc::new(Registry::new(Arc::clone(&self.clients)))
    }
}
