//! The planner's actions as calls of the platform.

use std::sync::Arc;
use std::time::Duration;

use shipway_domain::diagnose;
use shipway_domain::ids::Target;
use shipway_domain::rollout::{Action, CallFailed, FailureKind, RunTask, Saw};
use shipway_domain::spec::ImageSettings;
use shipway_plugin::{
    NewTaskDefinition, ObserveTasks, PlatformError, RegionApi, UpdateService, Watch,
};

use crate::failure;
use crate::revisions::of_family;

/// Newest revisions of a family among which one of ours is searched.
const SEARCHED: u32 = 20;
/// A call that changes something is given up after this (design.md section 6); the plugin has the
/// same limit per call, this one also covers what it does around it.
pub(super) const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// A look at tasks that nothing depends on is given up after this.
const LOOK_TIMEOUT: Duration = Duration::from_secs(5);

/// Carries out actions on one target.
pub(super) struct Hands {
    pub(super) target: Target,
    pub(super) region: Arc<dyn RegionApi>,
    /// The account of the image, for tags; `None` when this agent does not act there.
    pub(super) registry: Option<Arc<dyn RegionApi>>,
    pub(super) image: ImageSettings,
    pub(super) digest: shipway_domain::ids::Digest,
}

impl Hands {
    pub(super) async fn perform(&self, action: &Action) -> Saw {
        let changes = action.changes_aws();
        let call = self.call(action);
        let result = if changes {
            tokio::time::timeout(CALL_TIMEOUT, call)
                .await
                .unwrap_or_else(|_| {
                    Ok(Saw::Failed(CallFailed {
                        call: action.step().as_str().to_owned(),
                        kind: FailureKind::Uncertain,
                        message: format!("no answer within {} s", CALL_TIMEOUT.as_secs()),
                    }))
                })
        } else {
            call.await
        };
        result.unwrap_or_else(|error| Saw::Failed(failure::failed(&error, changes)))
    }

    async fn call(&self, action: &Action) -> Result<Saw, PlatformError> {
        let (region, target) = (&*self.region, &self.target);
        let (cluster, service) = (&target.cluster, &target.service);
        Ok(match action {
            Action::CheckIdentity => Saw::Caller(region.caller().await?),
            Action::DescribeService => {
                Saw::Service(region.service(cluster, service).await?.map(Box::new))
            }
            Action::DescribeTaskDefinition { task_definition } => {
                let found = region.task_definition(task_definition).await?;
                let (json, tags) = found.map(|found| (found.json, found.tags)).unzip();
                Saw::TaskDefinition {
                    json,
                    tags: tags.unwrap_or_default(),
                }
            }
            Action::FindRevision { family, tag } => self.find_revision(family, tag).await?,
            Action::Register { json } => {
                let new = NewTaskDefinition { json: json.clone() };
                Saw::Registered(region.register_task_definition(&new).await?)
            }
            Action::DescribeScaling { .. } => Saw::Scaling(region.scaling(cluster, service).await?),
            Action::SetScaling { flags, .. } => {
                region.set_scaling(cluster, service, *flags).await?;
                Saw::ScalingSet(*flags)
            }
            Action::Update(update) => {
                let update = UpdateService {
                    cluster: cluster.clone(),
                    service: service.clone(),
                    task_definition: update.task_definition.clone(),
                    base_configuration: update.base_configuration.clone(),
                    keeps_configuration: update.keeps_configuration,
                    minimum_healthy_percent: update.minimum_healthy_percent,
                    maximum_percent: update.maximum_percent,
                    breaker: update.breaker,
                    health_check_grace_period: update.health_check_grace_period,
                    force: update.force,
                };
                Saw::Updated(Box::new(region.update_service(&update).await?))
            }
            Action::ListDeployments { since } => {
                let found = region
                    .service_deployments_since(cluster, service, *since)
                    .await?;
                Saw::Deployments(found)
            }
            Action::DescribeRevision { revision } => {
                Saw::Revision(region.revision(revision).await?)
            }
            Action::Follow {
                service_deployment,
                with_service,
            } => {
                let watch = Watch {
                    cluster: cluster.clone(),
                    service: service.clone(),
                    service_deployment: service_deployment.clone(),
                    with_service: *with_service,
                };
                let seen = region.observe(&watch).await?;
                Saw::Polled {
                    deployment: seen.service_deployment.map(Box::new),
                    service: seen.service.map(Box::new),
                    service_missing: seen.service_missing,
                }
            }
            Action::WatchTasks { leaving } => {
                let which = if *leaving {
                    ObserveTasks::Stopped
                } else {
                    ObserveTasks::Running
                };
                let look = region.tasks(cluster, service, which);
                // It is for people alone: where calls are short, following comes first.
                match tokio::time::timeout(LOOK_TIMEOUT, look).await {
                    Ok(tasks) => Saw::RunningTasks(tasks?),
                    Err(_) => Saw::Failed(CallFailed {
                        call: "ecs:DescribeTasks".to_owned(),
                        kind: FailureKind::Passing,
                        message: format!("no answer within {} s", LOOK_TIMEOUT.as_secs()),
                    }),
                }
            }
            Action::WatchTargets { groups } => {
                let around = region.around();
                let looks = groups.iter().map(|group| async {
                    let targets = around.target_health(group).await?;
                    Ok::<_, PlatformError>((group.clone(), targets))
                });
                let look = futures::future::try_join_all(looks);
                match tokio::time::timeout(LOOK_TIMEOUT, look).await {
                    Ok(targets) => Saw::Targets(targets?),
                    Err(_) => Saw::Targets(Vec::new()),
                }
            }
            Action::RunningTasks => Saw::RunningTasks(
                region
                    .tasks(cluster, service, ObserveTasks::Running)
                    .await?,
            ),
            Action::StoppedTasks { .. } => Saw::StoppedTasks(
                region
                    .tasks(cluster, service, ObserveTasks::Stopped)
                    .await?,
            ),
            Action::LastWords(stream) => {
                Saw::Lines(region.last_lines(stream, diagnose::LINES).await?)
            }
            Action::StopDeployment { service_deployment } => {
                region.stop_service_deployment(service_deployment).await?;
                Saw::StopAsked
            }
            Action::PutTags { tags } => self.put_tags(tags).await,
            Action::RunTask(run) => {
                let started = region.run_task(&self.one_off(run)).await?;
                Saw::TaskRun {
                    task: started.task,
                    refused: started.refused,
                }
            }
            Action::FindTask { started_by, family } => {
                let found = region.task_started_by(cluster, started_by, family).await?;
                Saw::Task(found.map(Box::new))
            }
            Action::DescribeTask { task } => {
                Saw::Task(region.task(cluster, task).await?.map(Box::new))
            }
            Action::StopTask { task, reason } => {
                region.stop_task(cluster, task, reason).await?;
                Saw::TaskStopAsked
            }
            Action::ReadLog { stream, after } => {
                let page = region.read_log(stream, after.as_deref()).await?;
                Saw::Log {
                    lines: page.lines,
                    after: page.after,
                }
            }
            Action::Continue {
                service_deployment,
                hook,
                action,
            } => {
                region
                    .continue_service_deployment(service_deployment, hook, *action)
                    .await?;
                Saw::Continued
            }
            Action::FamilyRevisions { family, limit } => {
                Saw::FamilyRevisions(of_family(region, family, *limit).await?)
            }
            Action::Deregister { task_definition } => {
                region.deregister_task_definition(task_definition).await?;
                Saw::Deregistered
            }
        })
    }

    fn one_off(&self, run: &RunTask) -> shipway_plugin::RunTask {
        shipway_plugin::RunTask {
            cluster: self.target.cluster.clone(),
            task_definition: run.task_definition.clone(),
            launch: run.launch.clone(),
            token: run.token.clone(),
            container: run.container.clone(),
            command: run.command.clone(),
            environment: run.environment.clone(),
        }
    }

    async fn find_revision(
        &self,
        family: &str,
        (key, value): &(String, String),
    ) -> Result<Saw, PlatformError> {
        for arn in self.region.newest_revisions(family, SEARCHED).await? {
            let found = self.region.task_definition(&arn).await?;
            let ours =
                found.is_some_and(|found| found.tags.iter().any(|(k, v)| k == key && v == value));
            if ours {
                return Ok(Saw::FoundRevision(Some(arn)));
            }
        }
        Ok(Saw::FoundRevision(None))
    }

    /// A tag that cannot be set is told, and does not change the verdict.
    async fn put_tags(&self, tags: &[String]) -> Saw {
        let Some(region) = &self.registry else {
            let account = &self.image.account;
            let why =
                format!("this agent does not act in account {account}, which owns the repository");
            return Saw::Tagged(tags.iter().map(|tag| (tag.clone(), why.clone())).collect());
        };
        let registry = region.registry();
        let mut refused = Vec::new();
        for tag in tags {
            let put = registry
                .put_tag(&self.image.repository, &self.digest, tag)
                .await;
            if let Err(error) = put {
                refused.push((tag.clone(), error.to_string()));
            }
        }
        Saw::Tagged(refused)
    }
}
