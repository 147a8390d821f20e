//! What claims share: a region, one service in it, and the steps of a rollout.

use std::sync::Arc;
use std::time::Duration;

use shipway_domain::ids::{Attempt, ClusterName, JobId, ReleaseId, ServiceName};
use shipway_domain::observe::{
    BreakerSeen, ServiceDeploymentSeen, ServiceDeploymentStatus, ServiceSeen,
};
use shipway_domain::time::Timestamp;

use super::World;
use crate::{
    NewTaskDefinition, Observation, PlatformError, RegionApi, Session, TaskDefinitionSeen,
    UpdateService, Watch,
};

/// The cluster of every contract.
pub const CLUSTER: &str = "main";

/// The service of most claims, and its family.
pub(super) const SERVICE: &str = "hello";
/// The image that the service has to begin with; it is in no registry that anybody knows.
pub(super) const BEFORE: &str = "images.example/hello:before";
/// Another one.
pub(super) const AFTER: &str = "images.example/hello:after";

/// Time between two looks at something that goes on.
const STEP: Duration = Duration::from_secs(2);
/// More looks than anything takes: an hour and a half.
const LOOKS: u32 = 2_700;

/// Input of RegisterTaskDefinition as JSON: a family with one container, `app`, of this image, on Fargate.
#[must_use]
pub fn definition(family: &str, image: &str) -> String {
    format!(
        r#"{{"family":"{family}","networkMode":"awsvpc","requiresCompatibilities":["FARGATE"],"cpu":"256","memory":"512","executionRoleArn":"arn:aws:iam::111111111111:role/tasks","containerDefinitions":[{{"name":"app","image":"{image}","essential":true}}]}}"#
    )
}

pub(super) fn cluster() -> ClusterName {
    ClusterName::new(CLUSTER).expect("a cluster name")
}

pub(super) fn named(service: &str) -> ServiceName {
    ServiceName::new(service).expect("a service name")
}

/// Session of a job.
pub(super) fn job() -> Session {
    Session::Job {
        job: JobId {
            release: ReleaseId::from_number(7),
            index: 1,
        },
        attempt: Attempt(1),
    }
}

/// A world with the place opened.
pub(super) struct Scene<'w> {
    pub(super) world: &'w dyn World,
    pub(super) region: Arc<dyn RegionApi>,
}

/// A rollout that has begun.
pub(super) struct Begun {
    /// ARN of the task definition.
    pub(super) definition: String,
    /// ARN of the service deployment.
    pub(super) deployment: String,
    /// The answer of UpdateService.
    pub(super) answer: ServiceSeen,
}

impl<'w> Scene<'w> {
    pub(super) async fn of(world: &'w dyn World) -> Self {
        let opened = world.platform().open(&world.place(), &job()).await;
        Self {
            world,
            region: opened.expect("the place is configured"),
        }
    }

    /// With the service, steady, of so many tasks.
    pub(super) async fn with_service(world: &'w dyn World, desired: u32) -> Self {
        let scene = Self::of(world).await;
        world.make_service(SERVICE, desired, BEFORE).await;
        scene
    }

    pub(super) async fn service(&self) -> ServiceSeen {
        let seen = self.region.service(&cluster(), &named(SERVICE)).await;
        seen.expect("described").expect("it exists")
    }

    pub(super) async fn register(&self, family: &str, image: &str) -> String {
        let json = definition(family, image);
        let new = NewTaskDefinition { json };
        let registered = self.region.register_task_definition(&new).await;
        registered.expect("registered")
    }

    pub(super) async fn definition(&self, reference: &str) -> TaskDefinitionSeen {
        let seen = self.region.task_definition(reference).await;
        seen.expect("described").expect("it exists")
    }

    /// An update of the service as it is to this definition.
    pub(super) async fn change_to(&self, definition: &str) -> UpdateService {
        let seen = self.service().await;
        UpdateService {
            cluster: cluster(),
            service: named(SERVICE),
            task_definition: definition.to_owned(),
            base_configuration: seen.deployment_configuration,
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

    /// Deployments of the service since then, newest first.
    pub(super) async fn deployments(&self, since: Timestamp) -> Vec<ServiceDeploymentSeen> {
        let listed = self
            .region
            .service_deployments_since(&cluster(), &named(SERVICE), since)
            .await;
        listed.expect("listed")
    }

    /// Begins to roll this image out.
    pub(super) async fn roll_out(&self, image: &str) -> Begun {
        let definition = self.register(SERVICE, image).await;
        self.roll_out_definition(definition).await
    }

    pub(super) async fn roll_out_definition(&self, definition: String) -> Begun {
        let known = self.deployments(Timestamp::ZERO).await;
        let update = self.change_to(&definition).await;
        let answer = self.region.update_service(&update).await.expect("updated");
        for _ in 0..LOOKS {
            let listed = self.deployments(Timestamp::ZERO).await;
            let new = |seen: &&ServiceDeploymentSeen| known.iter().all(|old| old.arn != seen.arn);
            if let Some(found) = listed.iter().find(new) {
                let deployment = found.arn.clone();
                return Begun {
                    definition,
                    deployment,
                    answer,
                };
            }
            self.world.pass(STEP).await;
        }
        panic!("no deployment was begun");
    }

    pub(super) async fn observe(
        &self,
        deployment: Option<&str>,
    ) -> Result<Observation, PlatformError> {
        self.region
            .observe(&Watch {
                cluster: cluster(),
                service: named(SERVICE),
                service_deployment: deployment.map(str::to_owned),
                with_service: false,
            })
            .await
    }

    pub(super) async fn poll(&self, deployment: &str) -> ServiceDeploymentSeen {
        let seen = self.observe(Some(deployment)).await.expect("observed");
        seen.service_deployment.expect("ECS knows it")
    }

    /// Looks again and again until `wanted` gives something.
    pub(super) async fn until<T>(
        &self,
        deployment: &str,
        mut wanted: impl FnMut(&ServiceDeploymentSeen) -> Option<T>,
    ) -> T {
        for _ in 0..LOOKS {
            if let Some(found) = wanted(&self.poll(deployment).await) {
                return found;
            }
            self.world.pass(STEP).await;
        }
        panic!("{deployment} did not come so far");
    }

    /// Follows a deployment to its end: as it was at the first look at each status.
    pub(super) async fn follow(&self, deployment: &str) -> Vec<ServiceDeploymentSeen> {
        let mut path: Vec<ServiceDeploymentSeen> = Vec::new();
        self.until(deployment, |seen| {
            if path.last().is_none_or(|last| last.status != seen.status) {
                path.push(seen.clone());
            }
            seen.status.is_terminal().then_some(())
        })
        .await;
        path
    }

    /// Follows a deployment to its end.
    pub(super) async fn end_of(&self, deployment: &str) -> ServiceDeploymentSeen {
        let mut path = self.follow(deployment).await;
        path.pop().expect("it was looked at")
    }

    /// Rolls an image out and comes back when it is in place.
    pub(super) async fn put_in_place(&self, image: &str) -> Begun {
        let begun = self.roll_out(image).await;
        let ended = self.end_of(&begun.deployment).await;
        assert_eq!(
            ended.status,
            ServiceDeploymentStatus::Successful,
            "{ended:?}"
        );
        begun
    }
}
