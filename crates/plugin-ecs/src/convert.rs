//! From the SDK's types to the domain's observations; what is absent becomes what ECS means by it.

use std::time::Duration;

use aws_sdk_ecs::types as ecs;
use aws_smithy_types::DateTime;
use serde_json::Value;
use shipway_domain::hook::{HookAction, Weight};
use shipway_domain::ids::Digest;
use shipway_domain::observe::{
    BreakerCount, BreakerSeen, ContainerSeen, DeploymentSeen, HookSeen, RevisionCounts,
    RevisionSeen, RollbackSeen, ServiceDeploymentSeen, ServiceDeploymentStatus, ServiceEventSeen,
    ServiceSeen, TaskSeen,
};
use shipway_domain::time::Timestamp;

use crate::one_off;
use crate::raw::member;

/// A service; `raw` is the same as it came.
pub(crate) fn service(seen: &ecs::Service, raw: &Value) -> ServiceSeen {
    let settings = seen.deployment_configuration();
    let breaker = settings.and_then(ecs::DeploymentConfiguration::deployment_circuit_breaker);
    ServiceSeen {
        arn: text(seen.service_arn()),
        status: text(seen.status()),
        task_definition: text(seen.task_definition()),
        desired: count(seen.desired_count()),
        running: count(seen.running_count()),
        pending: count(seen.pending_count()),
        controller: seen
            .deployment_controller()
            .map_or("ECS", |controller| controller.r#type().as_str())
            .to_owned(),
        strategy: settings
            .and_then(ecs::DeploymentConfiguration::strategy)
            .map_or("ROLLING", ecs::DeploymentStrategy::as_str)
            .to_owned(),
        managed_by: seen
            .resource_management_type()
            .map_or("CUSTOMER", ecs::ResourceManagementType::as_str)
            .to_owned(),
        minimum_healthy_percent: settings
            .and_then(|s| s.minimum_healthy_percent())
            .map(count),
        maximum_percent: settings.and_then(|s| s.maximum_percent()).map(count),
        breaker: breaker.map(|breaker| BreakerSeen {
            enable: breaker.enable(),
            rollback: breaker.rollback(),
        }),
        health_check_grace_period: seen
            .health_check_grace_period_seconds()
            .map(|seconds| Duration::from_secs(count(seconds).into())),
        target_groups: seen
            .load_balancers()
            .iter()
            .filter_map(|balancer| balancer.target_group_arn().map(str::to_owned))
            .collect(),
        subnets: seen
            .network_configuration()
            .and_then(ecs::NetworkConfiguration::awsvpc_configuration)
            .map(|network| network.subnets().to_vec())
            .unwrap_or_default(),
        fargate: is_on_fargate(seen),
        deployments: seen.deployments().iter().map(deployment).collect(),
        current_service_deployment: seen.current_service_deployment().map(str::to_owned),
        events: seen.events().iter().map(event).collect(),
        deployment_configuration: member(raw, "deploymentConfiguration"),
        launch: one_off::launch(raw),
    }
}

/// By its launch type or by the capacity providers of its strategy.
fn is_on_fargate(seen: &ecs::Service) -> bool {
    let providers = seen.capacity_provider_strategy().iter();
    let mut providers = providers.map(|item| item.capacity_provider());
    seen.launch_type() == Some(&ecs::LaunchType::Fargate)
        || providers.any(|name| name.starts_with("FARGATE"))
}

fn deployment(seen: &ecs::Deployment) -> DeploymentSeen {
    DeploymentSeen {
        id: text(seen.id()),
        status: text(seen.status()),
        task_definition: text(seen.task_definition()),
        desired: count(seen.desired_count()),
        running: count(seen.running_count()),
        pending: count(seen.pending_count()),
        failed: count(seen.failed_tasks()),
        rollout_state: seen.rollout_state().map(|state| state.as_str().to_owned()),
        rollout_state_reason: seen.rollout_state_reason().map(str::to_owned),
        created_at: time(seen.created_at()),
    }
}

fn event(seen: &ecs::ServiceEvent) -> ServiceEventSeen {
    ServiceEventSeen {
        id: text(seen.id()),
        at: time(seen.created_at()).unwrap_or_default(),
        message: text(seen.message()),
    }
}

/// A service deployment.
pub(crate) fn service_deployment(seen: &ecs::ServiceDeployment) -> ServiceDeploymentSeen {
    let breaker = seen.deployment_circuit_breaker();
    ServiceDeploymentSeen {
        arn: text(seen.service_deployment_arn()),
        created_at: time(seen.created_at()).unwrap_or_default(),
        status: status(seen.status()),
        status_reason: seen.status_reason().map(str::to_owned),
        target_revision: seen
            .target_service_revision()
            .map(revision_counts)
            .unwrap_or_default(),
        source_revisions: seen
            .source_service_revisions()
            .iter()
            .map(revision_counts)
            .collect(),
        rollback: seen.rollback().map(|rollback| RollbackSeen {
            reason: text(rollback.reason()),
            revision: rollback.service_revision_arn().map(str::to_owned),
        }),
        breaker: breaker.map(|breaker| BreakerCount {
            status: text(breaker.status().map(|status| status.as_str())),
            failures: count(breaker.failure_count()),
            threshold: count(breaker.threshold()),
        }),
        lifecycle_stage: seen
            .lifecycle_stage()
            .map(|stage| stage.as_str().to_owned()),
        triggered_alarms: seen
            .alarms()
            .map(|alarms| alarms.triggered_alarm_names().to_vec())
            .unwrap_or_default(),
        hooks: seen.lifecycle_hook_details().iter().map(hook).collect(),
    }
}

/// A run of a hook. What this version of the SDK does not know is a word all the same.
fn hook(seen: &ecs::DeploymentLifecycleHookDetail) -> HookSeen {
    HookSeen {
        id: text(seen.hook_id()),
        target_type: text(seen.target_type().map(|kind| kind.as_str())),
        status: text(seen.status().map(|status| status.as_str())),
        expires_at: time(seen.expires_at()),
        on_timeout: seen
            .timeout_action()
            .and_then(|action| HookAction::parse(action.as_str())),
    }
}

/// What ListServiceDeployments tells: no counts.
pub(crate) fn service_deployment_brief(
    seen: &ecs::ServiceDeploymentBrief,
) -> ServiceDeploymentSeen {
    ServiceDeploymentSeen {
        arn: text(seen.service_deployment_arn()),
        created_at: time(seen.created_at()).unwrap_or_default(),
        status: status(seen.status()),
        status_reason: seen.status_reason().map(str::to_owned),
        target_revision: RevisionCounts {
            arn: text(seen.target_service_revision_arn()),
            ..RevisionCounts::default()
        },
        source_revisions: Vec::new(),
        rollback: None,
        breaker: None,
        lifecycle_stage: None,
        triggered_alarms: Vec::new(),
        hooks: Vec::new(),
    }
}

fn status(seen: Option<&ecs::ServiceDeploymentStatus>) -> ServiceDeploymentStatus {
    use ServiceDeploymentStatus as Status;
    match seen.map_or("", ecs::ServiceDeploymentStatus::as_str) {
        "PENDING" => Status::Pending,
        "IN_PROGRESS" => Status::InProgress,
        "STOP_REQUESTED" => Status::StopRequested,
        "ROLLBACK_REQUESTED" => Status::RollbackRequested,
        "ROLLBACK_IN_PROGRESS" => Status::RollbackInProgress,
        "SUCCESSFUL" => Status::Successful,
        "STOPPED" => Status::Stopped,
        "ROLLBACK_SUCCESSFUL" => Status::RollbackSuccessful,
        "ROLLBACK_FAILED" => Status::RollbackFailed,
        other => Status::Other(other.to_owned()),
    }
}

fn revision_counts(seen: &ecs::ServiceRevisionSummary) -> RevisionCounts {
    RevisionCounts {
        arn: text(seen.arn()),
        requested: count(seen.requested_task_count()),
        running: count(seen.running_task_count()),
        pending: count(seen.pending_task_count()),
        production: seen
            .requested_production_traffic_weight()
            .map(Weight::of_percent),
        test: seen.requested_test_traffic_weight().map(Weight::of_percent),
    }
}

/// A service revision.
pub(crate) fn revision(seen: &ecs::ServiceRevision) -> RevisionSeen {
    RevisionSeen {
        arn: text(seen.service_revision_arn()),
        task_definition: text(seen.task_definition()),
        images: seen
            .container_images()
            .iter()
            .map(|image| {
                let digest = image.image_digest().map(str::to_owned);
                (text(image.container_name()), text(image.image()), digest)
            })
            .collect(),
    }
}

/// A task.
pub(crate) fn task(seen: &ecs::Task) -> TaskSeen {
    TaskSeen {
        arn: text(seen.task_arn()),
        task_definition: text(seen.task_definition_arn()),
        started_by: text(seen.started_by()),
        last_status: text(seen.last_status()),
        desired_status: text(seen.desired_status()),
        health: seen
            .health_status()
            .map_or("UNKNOWN", ecs::HealthStatus::as_str)
            .to_owned(),
        stop_code: seen.stop_code().map(|code| code.as_str().to_owned()),
        stopped_reason: seen.stopped_reason().map(str::to_owned),
        created_at: time(seen.created_at()),
        pull_started_at: time(seen.pull_started_at()),
        pull_stopped_at: time(seen.pull_stopped_at()),
        started_at: time(seen.started_at()),
        stopping_at: time(seen.stopping_at()),
        execution_stopped_at: time(seen.execution_stopped_at()),
        stopped_at: time(seen.stopped_at()),
        containers: seen.containers().iter().map(container).collect(),
    }
}

fn container(seen: &ecs::Container) -> ContainerSeen {
    ContainerSeen {
        name: text(seen.name()),
        image: text(seen.image()),
        image_digest: seen
            .image_digest()
            .and_then(|digest| Digest::new(digest).ok()),
        exit_code: seen.exit_code(),
        reason: seen.reason().map(str::to_owned),
    }
}

/// A count of tasks or seconds; ECS has no negative ones.
pub(crate) fn count(number: i32) -> u32 {
    u32::try_from(number).unwrap_or_default()
}

pub(crate) fn text(text: Option<&str>) -> String {
    text.unwrap_or_default().to_owned()
}

/// A point in time. It came as seconds with a fraction, whose last digits a double does not hold:
/// the nearest millisecond is meant.
pub(crate) fn time(at: Option<&DateTime>) -> Option<Timestamp> {
    let millis = at?.as_nanos().saturating_add(500_000).div_euclid(1_000_000);
    Some(Timestamp::from_millis(u64::try_from(millis).ok()?))
}

/// A point in time for a request.
pub(crate) fn date_time(at: Timestamp) -> DateTime {
    DateTime::from_millis(i64::try_from(at.millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_millisecond_is_lost_between_json_and_us() {
        for millis in 1_795_641_132_000..1_795_641_133_000_u64 {
            let text = format!("{}.{:03}", millis / 1000, millis % 1000);
            let seconds: f64 = text.parse().expect("a number");
            let seen = time(Some(&DateTime::from_secs_f64(seconds)));
            assert_eq!(seen, Some(Timestamp::from_millis(millis)), "{text}");
        }
    }
}
