//! What the tests share: a platform with one service, and the calls of a rollout.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::sync::Arc;

use shipway_domain::ids::{
    AccountId, Attempt, ClusterName, JobId, Region, ReleaseId, RepositoryName, ServiceName,
};
use shipway_domain::observe::{BreakerSeen, ServiceDeploymentSeen};
use shipway_domain::time::Timestamp;
use shipway_plugin::contract::definition;
use shipway_plugin::{
    NewTaskDefinition, Place, Platform, RegionApi, Session, UpdateService, Watch,
};
use shipway_plugin_model::{Clock, ModelPlatform, Settings};

pub(crate) const BEGIN: Timestamp = Timestamp::from_millis(1_795_000_000_000);
pub(crate) const SERVICE: &str = "main/hello";
pub(crate) const BEFORE: &str = "images.example/hello:before";
pub(crate) const AFTER: &str = "images.example/hello:after";

pub(crate) fn place() -> Place {
    Place {
        account: AccountId::new("111111111111").expect("an account"),
        region: Region::new("eu-west-1").expect("a region"),
    }
}

pub(crate) fn cluster() -> ClusterName {
    ClusterName::new("main").expect("a cluster")
}

pub(crate) fn hello() -> ServiceName {
    ServiceName::new("hello").expect("a service")
}

pub(crate) fn repository() -> RepositoryName {
    RepositoryName::new("team/hello").expect("a repository")
}

pub(crate) fn job() -> Session {
    Session::Job {
        job: JobId {
            release: ReleaseId::from_number(0),
            index: 2,
        },
        attempt: Attempt(1),
    }
}

/// A platform on tokio's clock with the service, steady, of two tasks.
pub(crate) fn platform(settings: Settings) -> ModelPlatform {
    with_service(Clock::of_tokio(BEGIN), settings)
}

pub(crate) fn with_service(clock: Clock, settings: Settings) -> ModelPlatform {
    let platform = ModelPlatform::new(clock, settings, 7);
    platform.add_service(&place(), SERVICE, 2, &definition("hello", BEFORE));
    platform
}

pub(crate) async fn open(platform: &ModelPlatform) -> Arc<dyn RegionApi> {
    platform.open(&place(), &job()).await.expect("opened")
}

pub(crate) async fn register(region: &dyn RegionApi, image: &str) -> String {
    let new = NewTaskDefinition {
        json: definition("hello", image),
    };
    let registered = region.register_task_definition(&new).await;
    registered.expect("registered")
}

pub(crate) fn update(task_definition: &str) -> UpdateService {
    UpdateService {
        cluster: cluster(),
        service: hello(),
        task_definition: task_definition.to_owned(),
        base_configuration: String::new(),
        keeps_configuration: false,
        minimum_healthy_percent: 100,
        maximum_percent: 200,
        breaker: BreakerSeen {
            enable: true,
            rollback: true,
        },
        health_check_grace_period: None,
        force: false,
    }
}

pub(crate) fn watch(deployment: Option<&str>) -> Watch {
    Watch {
        cluster: cluster(),
        service: hello(),
        service_deployment: deployment.map(str::to_owned),
        with_service: false,
    }
}

/// Rolls an image out to its end.
pub(crate) async fn roll_out(
    platform: &ModelPlatform,
    region: &dyn RegionApi,
    image: &str,
) -> ServiceDeploymentSeen {
    let definition = register(region, image).await;
    let update = update(&definition);
    region.update_service(&update).await.expect("updated");
    let newest = platform.deployments(&place(), SERVICE)[0].arn.clone();
    loop {
        let seen = region.observe(&watch(Some(&newest))).await;
        let seen = seen.expect("observed").service_deployment;
        let seen = seen.expect("it is known");
        if seen.status.is_terminal() {
            return seen;
        }
    }
}
