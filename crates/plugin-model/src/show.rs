//! A service, its deployments and its tasks, as the port shows them.

use ecs_model::{
    BreakerStatus, Counts, Deployment, Health, HookStatus, Pause, ServiceDeployment, Status,
    StopCode, Task, TaskStatus,
};
use shipway_domain::document::Document;
use shipway_domain::hook::{HookAction, Weight};
use shipway_domain::observe::{
    BreakerCount, BreakerSeen, ContainerSeen, DeploymentSeen, HookSeen, RevisionCounts,
    RevisionSeen, RollbackSeen, ServiceDeploymentSeen, ServiceDeploymentStatus, ServiceEventSeen,
    ServiceSeen, TaskSeen,
};

use crate::names::DEPLOYMENT;
use crate::outside::TaskRecord;
use crate::service::{Service, time_of};

impl Service {
    /// As DescribeServices shows it.
    pub(crate) fn seen(&self) -> ServiceSeen {
        let model = &self.model;
        let number = |name: &str| {
            let value = self.configuration.get(name).and_then(Document::as_i64);
            value.and_then(|value| u32::try_from(value).ok())
        };
        let breaker = self.configuration.get("deploymentCircuitBreaker");
        let count = |wanted: fn(&Task) -> bool| {
            let tasks = model.tasks().iter().filter(|task| wanted(task));
            u32::try_from(tasks.count()).unwrap_or(u32::MAX)
        };
        ServiceSeen {
            arn: self.key.arn(),
            status: "ACTIVE".to_owned(),
            task_definition: self.definition_of(&model.primary().id),
            desired: model.desired(),
            running: count(|task| task.status() == TaskStatus::Running),
            pending: count(Task::is_starting),
            controller: "ECS".to_owned(),
            strategy: self
                .configuration
                .get("strategy")
                .and_then(Document::as_str)
                .unwrap_or("ROLLING")
                .to_owned(),
            managed_by: "CUSTOMER".to_owned(),
            deployment_configuration: self.configuration.to_string(),
            minimum_healthy_percent: number("minimumHealthyPercent"),
            maximum_percent: number("maximumPercent"),
            breaker: breaker.map(|breaker| {
                let flag = |name: &str| breaker.get(name).and_then(Document::as_bool);
                BreakerSeen {
                    enable: flag("enable").unwrap_or_default(),
                    rollback: flag("rollback").unwrap_or_default(),
                }
            }),
            health_check_grace_period: self.grace,
            target_groups: Vec::new(),
            subnets: Vec::new(),
            launch: "{}".to_owned(),
            fargate: false,
            deployments: model
                .deployments()
                .iter()
                .enumerate()
                .map(|(index, entry)| self.entry(index, entry))
                .collect(),
            current_service_deployment: model
                .current()
                .map(|current| self.key.deployment(&current.id)),
            events: model
                .events()
                .map(|event| ServiceEventSeen {
                    id: event.id.clone(),
                    at: time_of(event.created_at),
                    message: event.message.clone(),
                })
                .collect(),
        }
    }

    fn definition_of(&self, deployment: &str) -> String {
        let revision = self.records.revisions.get(deployment);
        revision.map_or_else(String::new, |revision| revision.spec.definition.clone())
    }

    fn entry(&self, index: usize, entry: &Deployment) -> DeploymentSeen {
        let counts = self.model.counts(&entry.id);
        DeploymentSeen {
            id: entry.id.clone(),
            status: if index == 0 { "PRIMARY" } else { "ACTIVE" }.to_owned(),
            task_definition: self.definition_of(&entry.id),
            desired: entry.wanted,
            running: counts.running,
            pending: counts.pending,
            failed: entry.failed_tasks,
            rollout_state: Some(entry.rollout.as_str().to_owned()),
            rollout_state_reason: Some(entry.reason.clone()),
            created_at: Some(time_of(entry.created_at)),
        }
    }

    /// As ListServiceDeployments shows them, newest first: without counts.
    pub(crate) fn briefs(&self) -> impl Iterator<Item = ServiceDeploymentSeen> {
        let newest_first = self.model.service_deployments().iter().rev();
        newest_first.map(|known| ServiceDeploymentSeen {
            arn: self.key.deployment(&known.id),
            created_at: time_of(known.created_at),
            status: status(known.status),
            status_reason: known.reason.clone(),
            target_revision: RevisionCounts {
                arn: self.key.revision(&known.target),
                ..RevisionCounts::default()
            },
            source_revisions: Vec::new(),
            rollback: None,
            breaker: None,
            lifecycle_stage: None,
            triggered_alarms: Vec::new(),
            hooks: Vec::new(),
        })
    }

    /// As DescribeServiceDeployments shows it.
    pub(crate) fn deployment(&self, id: &str) -> Option<ServiceDeploymentSeen> {
        let mut all = self.model.service_deployments().iter().rev();
        let known = all.find(|known| known.id == id)?;
        Some(ServiceDeploymentSeen {
            arn: self.key.deployment(&known.id),
            created_at: time_of(known.created_at),
            status: status(known.status),
            status_reason: known.reason.clone(),
            target_revision: self.counts(known, &known.target),
            source_revisions: known
                .sources
                .iter()
                .map(|source| self.counts(known, source))
                .collect(),
            rollback: known.rollback.as_ref().map(|rollback| RollbackSeen {
                reason: rollback.reason.clone(),
                revision: Some(self.key.revision(&rollback.to)),
            }),
            breaker: Some(BreakerCount {
                status: breaker_status(known.breaker.status).to_owned(),
                failures: known.breaker.failures,
                threshold: known.breaker.threshold,
            }),
            lifecycle_stage: known
                .lifecycle
                .as_ref()
                .map(|lifecycle| lifecycle.stage().reported().to_owned()),
            triggered_alarms: Vec::new(),
            hooks: known
                .lifecycle
                .iter()
                .flat_map(|lifecycle| lifecycle.pauses())
                .map(hook)
                .collect(),
        })
    }

    /// Of one that is over, as they were at its end.
    fn counts(&self, known: &ServiceDeployment, deployment: &str) -> RevisionCounts {
        let ended = known.final_counts.as_ref();
        let ended = ended.and_then(|all| all.iter().find(|(id, _)| id == deployment));
        let Counts {
            requested,
            running,
            pending,
        } = ended.map_or_else(|| self.model.counts(deployment), |(_, counts)| *counts);
        let weights = known
            .lifecycle
            .as_ref()
            .and_then(|lifecycle| lifecycle.weights());
        // What the target does not have is at the other.
        let weights = weights.map(|(production, test)| {
            let of = |percent: f64| match deployment == known.target {
                true => Weight::of_percent(percent),
                false => Weight::of_percent(100.0 - percent),
            };
            (of(production), of(test))
        });
        RevisionCounts {
            arn: self.key.revision(deployment),
            requested,
            running,
            pending,
            production: weights.map(|(production, _)| production),
            test: weights.map(|(_, test)| test),
        }
    }

    /// As DescribeServiceRevisions shows it.
    pub(crate) fn revision(&self, digits: &str) -> Option<RevisionSeen> {
        let id = format!("{DEPLOYMENT}{digits}");
        let revision = self.records.revisions.get(&id)?;
        let containers = revision.spec.containers.iter().enumerate();
        Some(RevisionSeen {
            arn: self.key.revision(&id),
            task_definition: revision.spec.definition.clone(),
            images: containers
                .map(|(index, container)| {
                    let digest = revision.digests.get(index).and_then(Option::as_ref);
                    let (name, image) = (container.name.clone(), container.image.clone());
                    (name, image, digest.map(ToString::to_string))
                })
                .collect(),
        })
    }

    /// Tasks that are wanted, or those that are not any more.
    pub(crate) fn tasks(&self, wanted: bool) -> Vec<TaskSeen> {
        let tasks = self.model.tasks().iter();
        let tasks = tasks.filter(|task| task.is_wanted() == wanted);
        tasks.filter_map(|task| self.task(task)).collect()
    }

    fn task(&self, task: &Task) -> Option<TaskSeen> {
        let deployment = task.deployment()?;
        let spec = &self.records.revisions.get(deployment)?.spec;
        let record = self.records.tasks.get(task.id())?;
        let times = task.times();
        let at = |moment: Option<ecs_model::Time>| moment.map(time_of);
        let health = match task.health() {
            Health::Healthy if spec.health_check.is_some() => "HEALTHY",
            Health::Unhealthy if spec.health_check.is_some() => "UNHEALTHY",
            _ => "UNKNOWN",
        };
        let stop = task.stop_cause();
        let containers = spec.containers.iter().enumerate();
        Some(TaskSeen {
            arn: self.key.task(task.id()),
            task_definition: spec.definition.clone(),
            started_by: deployment.to_owned(),
            last_status: task.status().as_str().to_owned(),
            desired_status: if stop.is_none() { "RUNNING" } else { "STOPPED" }.to_owned(),
            health: health.to_owned(),
            stop_code: stop.map(|stop| stop.code.as_str().to_owned()),
            stopped_reason: stop.map(|stop| stop.reason.clone()),
            created_at: Some(time_of(times.created_at)),
            pull_started_at: at(times.pull_started_at),
            pull_stopped_at: at(times.pull_stopped_at),
            started_at: at(times.started_at),
            stopping_at: at(times.stopping_at),
            execution_stopped_at: at(times.execution_stopped_at),
            stopped_at: at(times.stopped_at),
            containers: containers
                .map(|(index, container)| ContainerSeen {
                    name: container.name.clone(),
                    image: container.image.clone(),
                    image_digest: times
                        .pull_stopped_at
                        .and_then(|_| record.digests.get(index)?.clone()),
                    ..ending(task, record, index)
                })
                .collect(),
        })
    }
}

/// Exit code and reason of a container.
fn ending(task: &Task, record: &TaskRecord, index: usize) -> ContainerSeen {
    let mut seen = ContainerSeen::default();
    let Some(stop) = task.stop_cause() else {
        return seen;
    };
    let culprit = record.culprit == Some(index);
    if stop.code == StopCode::TaskFailedToStart && culprit {
        seen.reason = Some(stop.reason.clone());
    }
    let ended = task.times().started_at.is_some() && task.status() >= TaskStatus::Deprovisioning;
    if let Some(exit) = task.exit().filter(|_| ended) {
        // The others are stopped when one ends by itself.
        let by_itself = stop.code == StopCode::EssentialContainerExited;
        let mine = !by_itself || culprit || record.culprit.is_none();
        seen.exit_code = Some(if mine { exit.code } else { 0 });
        if mine && by_itself {
            seen.reason.clone_from(&exit.reason);
        }
    }
    seen
}

fn hook(pause: &Pause) -> HookSeen {
    let waits = pause.status == HookStatus::AwaitingAction;
    HookSeen {
        id: pause.id.clone(),
        target_type: "PAUSE".to_owned(),
        status: pause.status.as_str().to_owned(),
        expires_at: waits.then(|| time_of(pause.expires_at)),
        on_timeout: HookAction::parse(pause.on_timeout.as_str()).filter(|_| waits),
    }
}

fn status(status: Status) -> ServiceDeploymentStatus {
    use ServiceDeploymentStatus as Seen;
    match status {
        Status::Pending => Seen::Pending,
        Status::InProgress => Seen::InProgress,
        Status::StopRequested => Seen::StopRequested,
        Status::RollbackRequested => Seen::RollbackRequested,
        Status::RollbackInProgress => Seen::RollbackInProgress,
        Status::Successful => Seen::Successful,
        Status::Stopped => Seen::Stopped,
        Status::RollbackSuccessful => Seen::RollbackSuccessful,
        Status::RollbackFailed => Seen::RollbackFailed,
    }
}

const fn breaker_status(status: BreakerStatus) -> &'static str {
    match status {
        BreakerStatus::Disabled => "DISABLED",
        BreakerStatus::Monitoring => "MONITORING",
        BreakerStatus::Triggered => "TRIGGERED",
        BreakerStatus::MonitoringComplete => "MONITORING_COMPLETE",
    }
}
