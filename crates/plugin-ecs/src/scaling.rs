//! The scalable target of a service (ecs-facts section 8).

use aws_sdk_applicationautoscaling::types::{ScalableDimension, ServiceNamespace, SuspendedState};
use shipway_domain::checkpoint::ScalingFlags;
use shipway_domain::ids::{ClusterName, ServiceName};
use shipway_domain::observe::ScalingSeen;
use shipway_plugin::{ErrorKind, PlatformError};

use crate::clients::Clients;
use crate::convert::count;
use crate::operation::{DESCRIBE_SCALABLE_TARGETS, REGISTER_SCALABLE_TARGET};

/// Names, never ARNs.
fn resource(cluster: &ClusterName, service: &ServiceName) -> String {
    format!("service/{cluster}/{service}")
}

/// The scalable target; an unknown id is an empty list.
pub(crate) async fn describe(
    clients: &Clients,
    cluster: &ClusterName,
    service: &ServiceName,
) -> Result<Option<ScalingSeen>, PlatformError> {
    let answer = clients
        .call(&DESCRIBE_SCALABLE_TARGETS, |services| {
            services
                .scaling
                .describe_scalable_targets()
                .service_namespace(ServiceNamespace::Ecs)
                .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
                .resource_ids(resource(cluster, service))
                .send()
        })
        .await?;
    Ok(answer.scalable_targets().first().map(|target| {
        let state = target.suspended_state();
        let is = |flag: fn(&SuspendedState) -> Option<bool>| state.and_then(flag).unwrap_or(false);
        ScalingSeen {
            min: count(target.min_capacity()),
            max: count(target.max_capacity()),
            suspended: ScalingFlags {
                scale_in: is(SuspendedState::dynamic_scaling_in_suspended),
                scale_out: is(SuspendedState::dynamic_scaling_out_suspended),
                scheduled: is(SuspendedState::scheduled_scaling_suspended),
            },
        }
    }))
}

/// Sets all three flags, for whether an omitted one keeps its value is not documented; and only of a
/// target that exists, for the call would create one.
pub(crate) async fn set(
    clients: &Clients,
    cluster: &ClusterName,
    service: &ServiceName,
    flags: ScalingFlags,
) -> Result<(), PlatformError> {
    if describe(clients, cluster, service).await?.is_none() {
        return Err(PlatformError::new(
            REGISTER_SCALABLE_TARGET.action(),
            ErrorKind::NotFound,
            format!("{} has no scalable target", resource(cluster, service)),
        ));
    }
    let state = SuspendedState::builder()
        .dynamic_scaling_in_suspended(flags.scale_in)
        .dynamic_scaling_out_suspended(flags.scale_out)
        .scheduled_scaling_suspended(flags.scheduled)
        .build();
    clients
        .call(&REGISTER_SCALABLE_TARGET, |services| {
            services
                .scaling
                .register_scalable_target()
                .service_namespace(ServiceNamespace::Ecs)
                .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
                .resource_id(resource(cluster, service))
                .suspended_state(state)
                .send()
        })
        .await
        .map(drop)
}
