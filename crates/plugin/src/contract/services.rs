//! Claims: how services and their tasks are seen.

use shipway_domain::ids::ClusterName;
use shipway_domain::observe::BreakerSeen;
use shipway_domain::time::Timestamp;

use super::World;
use super::scene::{BEFORE, SERVICE, Scene, cluster, named};
use crate::{ErrorKind, ObserveTasks};

/// A steady service shows its settings, and one deployment that is complete.
pub async fn a_steady_service_is_described(world: &dyn World) {
    let scene = Scene::with_service(world, 2).await;
    let seen = scene.service().await;
    assert_eq!(seen.status, "ACTIVE");
    assert_eq!((seen.desired, seen.running, seen.pending), (2, 2, 0));
    assert_eq!(seen.controller, "ECS");
    assert_eq!(seen.strategy, "ROLLING");
    assert_eq!(seen.managed_by, "CUSTOMER");
    assert_eq!(seen.minimum_healthy_percent, Some(100));
    assert_eq!(seen.maximum_percent, Some(200));
    let breaker = BreakerSeen {
        enable: true,
        rollback: true,
    };
    assert_eq!(seen.breaker, Some(breaker));
    assert!(
        seen.task_definition
            .ends_with(&format!(":task-definition/{SERVICE}:1")),
        "{}",
        seen.task_definition
    );
    let primary = seen.primary().expect("a deployment");
    assert_eq!(seen.deployments.len(), 1);
    assert!(primary.id.starts_with("ecs-svc/"), "{primary:?}");
    assert_eq!(primary.task_definition, seen.task_definition);
    assert_eq!(primary.rollout_state.as_deref(), Some("COMPLETED"));
    assert_eq!((primary.desired, primary.running), (2, 2));
    assert!(!seen.events.is_empty());
}

/// Each task shows its definition, the deployment that started it, and the digest that it runs.
pub async fn the_tasks_of_a_steady_service_run(world: &dyn World) {
    let scene = Scene::with_service(world, 3).await;
    let seen = scene.service().await;
    let running = scene
        .region
        .tasks(&cluster(), &named(SERVICE), ObserveTasks::Running)
        .await
        .expect("listed");
    assert_eq!(running.len(), 3);
    let digest = running[0].containers[0].image_digest.clone();
    assert!(digest.is_some(), "{running:?}");
    for task in &running {
        assert_eq!(task.task_definition, seen.task_definition);
        assert_eq!(task.started_by, seen.primary().expect("a deployment").id);
        assert_eq!(task.last_status, "RUNNING");
        assert_eq!(task.desired_status, "RUNNING");
        assert!(task.created_at.is_some() && task.started_at.is_some());
        assert!(task.stopped_at.is_none() && task.stop_code.is_none());
        assert_eq!(task.containers.len(), 1);
        assert_eq!(task.containers[0].name, "app");
        assert_eq!(task.containers[0].image, BEFORE);
        assert_eq!(task.containers[0].image_digest, digest);
    }
    let stopped = scene
        .region
        .tasks(&cluster(), &named(SERVICE), ObserveTasks::Stopped)
        .await;
    assert_eq!(stopped.expect("listed"), []);
}

/// A name that no service has is an answer, no error.
pub async fn a_service_that_does_not_exist_is_none(world: &dyn World) {
    let scene = Scene::with_service(world, 1).await;
    let seen = scene.region.service(&cluster(), &named("nothing")).await;
    assert_eq!(seen.expect("asked"), None);
}

/// A name that no cluster has is an error.
pub async fn a_missing_cluster_is_an_error(world: &dyn World) {
    let scene = Scene::with_service(world, 1).await;
    let nowhere = ClusterName::new("nowhere").expect("a name");
    let seen = scene.region.service(&nowhere, &named(SERVICE)).await;
    let error = seen.expect_err("there is no such cluster");
    assert_eq!(error.kind, ErrorKind::NotFound, "{error}");
}

/// What belongs to a service cannot be listed without it.
pub async fn a_missing_service_has_neither_tasks_nor_deployments(world: &dyn World) {
    let scene = Scene::of(world).await;
    let nothing = named("nothing");
    let tasks = scene
        .region
        .tasks(&cluster(), &nothing, ObserveTasks::Running)
        .await;
    assert_eq!(tasks.expect_err("none").kind, ErrorKind::NotFound);
    let deployments = scene
        .region
        .service_deployments_since(&cluster(), &nothing, Timestamp::ZERO)
        .await;
    assert_eq!(deployments.expect_err("none").kind, ErrorKind::NotFound);
}
