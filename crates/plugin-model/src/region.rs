//! The port [`RegionApi`]: an account and region of the model, in one session.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use ecs_model::{ContinueRefused, StopRefused};
use shipway_domain::checkpoint::ScalingFlags;
use shipway_domain::hook::HookAction;
use shipway_domain::ids::{ClusterName, ServiceName};
use shipway_domain::observe::{
    CallerSeen, LogStream, RevisionSeen, ScalingSeen, ServiceDeploymentSeen, ServiceSeen, TaskSeen,
};
use shipway_domain::spec::SecretSource;
use shipway_domain::time::Timestamp;
use shipway_plugin::{
    AroundApi, ErrorKind, LogPage, NewTaskDefinition, Observation, ObserveTasks, PlatformError,
    RegionApi, RegistryApi, RunTask, Secret, Session, TaskDefinitionSeen, TaskStarted,
    UpdateService, Watch,
};

use crate::around::Nothing;
use crate::call::Asks;
use crate::handle::Region;
use crate::names::ServiceKey;
use crate::platform::store_of;
use crate::registry::Registry;
use crate::repository::refused;
use crate::service::model_time;
use crate::world::World;

/// The first of many who come at once gives the others time to join.
const JOIN: Duration = Duration::from_millis(1);

impl Region {
    fn key(&self, cluster: &ClusterName, service: &ServiceName) -> ServiceKey {
        ServiceKey::new(&self.place, cluster.as_str(), service.as_str())
    }

    fn look(
        &self,
        world: &mut World,
        watch: &Watch,
        now: Timestamp,
    ) -> Result<Observation, PlatformError> {
        let looked = world.polls(&self.place).take_part(watch, now);
        let mut seen = Observation::default();
        if let Some(arn) = &watch.service_deployment {
            let found = world.by_arn(&self.place, "service-deployment", arn, now);
            seen.service_deployment = found.and_then(|(service, _, id)| service.deployment(id));
        }
        if looked {
            let key = self.key(&watch.cluster, &watch.service);
            let found = world.service("observe", &key, now)?;
            seen.service = found.map(|(service, _)| service.seen());
            seen.service_missing = seen.service.is_none();
        }
        world.polls(&self.place).note(watch, &mut seen, looked);
        Ok(seen)
    }
}

#[async_trait]
impl RegionApi for Region {
    async fn caller(&self) -> Result<CallerSeen, PlatformError> {
        let name = match &self.session {
            Session::Agent => "shipway-agent".to_owned(),
            Session::Job { job, attempt } => format!("shipway-{job}-{attempt}"),
        };
        self.read("sts:GetCallerIdentity", "", |world, _| {
            let foreign = world.foreign.clone();
            let account = foreign.unwrap_or_else(|| self.place.account.to_string());
            let arn = format!("arn:aws:sts::{account}:assumed-role/shipway-deploy/{name}");
            Ok(CallerSeen { account, arn })
        })
        .await
    }

    async fn service(
        &self,
        cluster: &ClusterName,
        service: &ServiceName,
    ) -> Result<Option<ServiceSeen>, PlatformError> {
        let call = "ecs:DescribeServices";
        let key = self.key(cluster, service);
        self.read(call, service.as_str(), |world, now| {
            let found = world.service(call, &key, now)?;
            Ok(found.map(|(service, _)| service.seen()))
        })
        .await
    }

    async fn observe(&self, watch: &Watch) -> Result<Observation, PlatformError> {
        let about = watch.service.as_str();
        self.platform.clock.sleep(JOIN).await;
        loop {
            let ahead = self
                .platform
                .with(|world, now| world.polls(&self.place).ahead(watch, now));
            self.platform.clock.sleep(ahead).await;
            let polled = self
                .read("observe", about, |world, now| self.look(world, watch, now))
                .await;
            match polled {
                // That slows the poll, and fails nothing.
                Err(error) if error.kind == ErrorKind::Throttled => self
                    .platform
                    .with(|world, now| world.polls(&self.place).throttled(now)),
                polled => return polled,
            }
        }
    }

    async fn service_deployments_since(
        &self,
        cluster: &ClusterName,
        service: &ServiceName,
        since: Timestamp,
    ) -> Result<Vec<ServiceDeploymentSeen>, PlatformError> {
        let call = "ecs:ListServiceDeployments";
        let key = self.key(cluster, service);
        self.read(call, service.as_str(), |world, now| {
            let (service, _) = world.need_service(call, &key, now)?;
            let all = service.briefs();
            Ok(all.filter(|known| known.created_at >= since).collect())
        })
        .await
    }

    async fn revision(&self, arn: &str) -> Result<Option<RevisionSeen>, PlatformError> {
        self.read("ecs:DescribeServiceRevisions", arn, |world, now| {
            let found = world.by_arn(&self.place, "service-revision", arn, now);
            Ok(found.and_then(|(service, _, digits)| service.revision(digits)))
        })
        .await
    }

    async fn tasks(
        &self,
        cluster: &ClusterName,
        service: &ServiceName,
        which: ObserveTasks,
    ) -> Result<Vec<TaskSeen>, PlatformError> {
        let call = "ecs:ListTasks";
        let key = self.key(cluster, service);
        self.read(call, service.as_str(), |world, now| {
            let (service, _) = world.need_service(call, &key, now)?;
            Ok(service.tasks(which == ObserveTasks::Running))
        })
        .await
    }

    async fn task_definition(
        &self,
        reference: &str,
    ) -> Result<Option<TaskDefinitionSeen>, PlatformError> {
        self.read("ecs:DescribeTaskDefinition", reference, |world, _| {
            let found = world.definitions.find(&self.place, reference);
            Ok(found.map(crate::definition::Definition::seen))
        })
        .await
    }

    async fn newest_revisions(
        &self,
        family: &str,
        limit: u32,
    ) -> Result<Vec<String>, PlatformError> {
        self.read("ecs:ListTaskDefinitions", family, |world, _| {
            Ok(world.definitions.newest(&self.place, family, limit))
        })
        .await
    }

    async fn register_task_definition(
        &self,
        new: &NewTaskDefinition,
    ) -> Result<String, PlatformError> {
        let call = "ecs:RegisterTaskDefinition";
        let (place, json) = (self.place.clone(), new.json.clone());
        self.change(call, "", move |world, _| {
            world.definitions.register(&place, call, &json)
        })
        .await
    }

    async fn deregister_task_definition(&self, arn: &str) -> Result<(), PlatformError> {
        let call = "ecs:DeregisterTaskDefinition";
        let (place, asked) = (self.place.clone(), arn.to_owned());
        self.change(call, arn, move |world, _| {
            world.definitions.deregister(&place, call, &asked)
        })
        .await
    }

    async fn update_service(&self, update: &UpdateService) -> Result<ServiceSeen, PlatformError> {
        let (place, sent) = (self.place.clone(), update.clone());
        self.change_to(
            "ecs:UpdateService",
            update.service.as_str(),
            Asks::TaskDefinition(update.task_definition.clone()),
            move |world, now| world.update(&place, &sent, now),
        )
        .await
    }

    async fn stop_service_deployment(&self, arn: &str) -> Result<(), PlatformError> {
        let call = "ecs:StopServiceDeployment";
        let (place, asked) = (self.place.clone(), arn.to_owned());
        self.change(call, arn, move |world, now| {
            let found = world.by_arn(&place, "service-deployment", &asked, now);
            let stopped = match found {
                Some((service, mut around, id)) => service.stop(id, now, &mut around),
                None => Err(StopRefused::Unknown),
            };
            world.polls(&place).hurry();
            stopped.map_err(|refusal| match refusal {
                StopRefused::Unknown => refused(
                    call,
                    ErrorKind::NotFound,
                    "ServiceDeploymentNotFoundException",
                    "The service deployment cannot be found.",
                ),
                StopRefused::Over => refused(
                    call,
                    ErrorKind::Conflict,
                    "ConflictException",
                    "The service deployment is in a terminal state and cannot be stopped.",
                ),
            })
        })
        .await
    }

    async fn continue_service_deployment(
        &self,
        arn: &str,
        hook: &str,
        action: HookAction,
    ) -> Result<(), PlatformError> {
        let call = "ecs:ContinueServiceDeployment";
        let (place, asked, hook) = (self.place.clone(), arn.to_owned(), hook.to_owned());
        self.change(call, arn, move |world, now| {
            let found = world.by_arn(&place, "service-deployment", &asked, now);
            let answered = match found {
                Some((service, mut around, id)) => {
                    service.answer(id, &hook, action, now, &mut around)
                }
                None => Err(ContinueRefused::Unknown),
            };
            world.polls(&place).hurry();
            answered.map_err(|refusal| match refusal {
                ContinueRefused::Unknown => refused(
                    call,
                    ErrorKind::NotFound,
                    "ServiceDeploymentNotFoundException",
                    "The service deployment cannot be found.",
                ),
                ContinueRefused::NothingWaits => refused(
                    call,
                    ErrorKind::Invalid,
                    "InvalidParameterException",
                    "The service deployment has no lifecycle hook with this hookId that awaits an action.",
                ),
            })
        })
        .await
    }

    async fn scaling(
        &self,
        cluster: &ClusterName,
        service: &ServiceName,
    ) -> Result<Option<ScalingSeen>, PlatformError> {
        let call = "application-autoscaling:DescribeScalableTargets";
        let key = self.key(cluster, service);
        self.read(call, service.as_str(), |world, _| {
            Ok(world.scaling.get(&key).copied())
        })
        .await
    }

    async fn set_scaling(
        &self,
        cluster: &ClusterName,
        service: &ServiceName,
        flags: ScalingFlags,
    ) -> Result<(), PlatformError> {
        let call = "application-autoscaling:RegisterScalableTarget";
        let key = self.key(cluster, service);
        let asks = Asks::Flags(flags);
        self.change_to(call, service.as_str(), asks, move |world, now| {
            let Some(target) = world.scaling.get_mut(&key) else {
                let code = "ObjectNotFoundException";
                let message = "there is no scalable target";
                return Err(refused(call, ErrorKind::NotFound, code, message));
            };
            target.suspended = flags;
            // Every such call pulls the desired count between the limits (ecs-facts section 8).
            let (min, max) = (target.min, target.max.max(target.min));
            if let Some((service, mut around)) = world.known(&key, now) {
                let desired = service.model.desired();
                let pulled = desired.clamp(min, max);
                if pulled != desired {
                    service.with(&mut around, |model, hands| {
                        model.set_desired(pulled, model_time(now), hands);
                    });
                }
            }
            Ok(())
        })
        .await
    }

    async fn last_lines(&self, of: &LogStream, _: usize) -> Result<Vec<String>, PlatformError> {
        // Modelled tasks say nothing.
        self.read("logs:GetLogEvents", &of.stream, |_, _| Ok(Vec::new()))
            .await
    }

    async fn run_task(&self, run: &RunTask) -> Result<TaskStarted, PlatformError> {
        let (place, asked) = (self.place.clone(), run.clone());
        self.change("ecs:RunTask", &run.token, move |world, now| {
            world.run_task(&place, asked, now)
        })
        .await
    }

    async fn task_started_by(
        &self,
        _: &ClusterName,
        started_by: &str,
        _: &str,
    ) -> Result<Option<TaskSeen>, PlatformError> {
        self.read("ecs:ListTasks", started_by, |world, now| {
            Ok(world.one_off(&self.place, now, |task| task.started_by == started_by))
        })
        .await
    }

    async fn task(&self, _: &ClusterName, arn: &str) -> Result<Option<TaskSeen>, PlatformError> {
        self.read("ecs:DescribeTasks", arn, |world, now| {
            Ok(world.one_off(&self.place, now, |task| task.arn == arn))
        })
        .await
    }

    async fn stop_task(
        &self,
        _: &ClusterName,
        arn: &str,
        reason: &str,
    ) -> Result<(), PlatformError> {
        let (task, reason) = (arn.to_owned(), reason.to_owned());
        self.change("ecs:StopTask", arn, move |world, now| {
            world.stop_one_off(&task, &reason, now);
            Ok(())
        })
        .await
    }

    async fn read_log(&self, of: &LogStream, _: Option<&str>) -> Result<LogPage, PlatformError> {
        // Modelled tasks say nothing.
        self.read("logs:GetLogEvents", &of.stream, |_, _| {
            Ok(LogPage::default())
        })
        .await
    }

    async fn secret(&self, from: &SecretSource) -> Result<Secret, PlatformError> {
        let Some((store, name)) = store_of(from) else {
            let message = "a variable or file of the agent is no secret of AWS";
            return Err(PlatformError::new("secret", ErrorKind::Invalid, message));
        };
        let (call, code) = match store {
            "ssm" => ("ssm:GetParameter", "ParameterNotFound"),
            _ => ("secretsmanager:GetSecretValue", "ResourceNotFoundException"),
        };
        self.read(call, name, |world, _| {
            let key = (self.place.clone(), store, name.to_owned());
            let found = world.secrets.get(&key);
            let found = found.map(|value| Secret::new(value.as_bytes()));
            found.ok_or_else(|| {
                let message = format!("there is no secret {name}");
                refused(call, ErrorKind::NotFound, code, message)
            })
        })
        .await
    }

    fn around(&self) -> Arc<dyn AroundApi> {
        Arc::new(Nothing)
    }

    fn registry(&self) -> Arc<dyn RegistryApi> {
        Arc::new(Registry(self.clone()))
    }
}
