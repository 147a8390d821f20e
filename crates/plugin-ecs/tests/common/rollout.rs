//! The steps of a rollout, and the world it happens in.

use aws_sim::seed::demo;
use aws_sim::{Sim, SimConfig};
use shipway_domain::ids::ServiceName;
use shipway_domain::observe::{BreakerSeen, ServiceDeploymentSeen, ServiceSeen};
use shipway_domain::time::Timestamp;
use shipway_plugin::{RegionApi, UpdateService, Watch};

use super::cluster;

/// The demo world, so much quicker than AWS.
pub(crate) async fn simulator(time_scale: f64) -> Sim {
    let config = SimConfig {
        time_scale,
        ..SimConfig::default()
    };
    let sim = aws_sim::start(config).await.expect("a simulator");
    sim.seed(&demo()).expect("seeded");
    sim
}

/// Sends UpdateService; the id of the PRIMARY deployment is another afterwards.
pub(crate) async fn update(region: &dyn RegionApi, service: &ServiceName, task_definition: &str) {
    let seen = region
        .service(&cluster(), service)
        .await
        .expect("asked")
        .expect("it exists");
    let update = UpdateService {
        cluster: cluster(),
        service: service.clone(),
        task_definition: task_definition.to_owned(),
        base_configuration: seen.deployment_configuration.clone(),
        keeps_configuration: false,
        minimum_healthy_percent: 100,
        maximum_percent: 200,
        breaker: BreakerSeen {
            enable: true,
            rollback: true,
        },
        health_check_grace_period: None,
        force: true,
    };
    let answer = region.update_service(&update).await.expect("updated");
    let id = |seen: &ServiceSeen| seen.primary().map(|d| d.id.clone());
    assert_ne!(id(&answer), id(&seen));
    assert_eq!(answer.desired, seen.desired);
}

/// The newest deployment of the service, once ECS lists one made after `since`.
pub(crate) async fn newest(
    region: &dyn RegionApi,
    service: &ServiceName,
    since: Timestamp,
) -> String {
    loop {
        let listed = region
            .service_deployments_since(&cluster(), service, since)
            .await;
        if let Some(first) = listed.expect("listed").first() {
            return first.arn.clone();
        }
        tokio::task::yield_now().await;
    }
}

pub(crate) async fn follow(
    region: &dyn RegionApi,
    service: &ServiceName,
    arn: &str,
) -> ServiceDeploymentSeen {
    let watch = Watch {
        cluster: cluster(),
        service: service.clone(),
        service_deployment: Some(arn.to_owned()),
        with_service: false,
    };
    loop {
        let seen = region.observe(&watch).await.expect("observed");
        let deployment = seen.service_deployment.expect("ECS knows it");
        if deployment.status.is_terminal() {
            return deployment;
        }
    }
}
