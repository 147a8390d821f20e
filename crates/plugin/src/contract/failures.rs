//! Claims: what becomes of a rollout whose tasks fail.

use std::time::Duration;

use shipway_domain::observe::{ServiceDeploymentSeen, ServiceDeploymentStatus, TaskSeen};
use shipway_domain::time::Timestamp;

use super::scene::{AFTER, Begun, SERVICE, Scene, cluster, named};
use super::{Fate, World};
use crate::ObserveTasks;

const CRASH: Fate = Fate::Exits {
    code: 3,
    after: Duration::from_secs(5),
};

/// Rolls out an image with this fate, to the end.
async fn fail<'w>(
    world: &'w dyn World,
    fate: Fate,
) -> (Scene<'w>, Begun, Vec<ServiceDeploymentSeen>) {
    let scene = Scene::with_service(world, 2).await;
    world.decide(AFTER, fate).await;
    let begun = scene.roll_out(AFTER).await;
    let path = scene.follow(&begun.deployment).await;
    (scene, begun, path)
}

/// Those of the new definition that have stopped.
async fn stopped(scene: &Scene<'_>, begun: &Begun) -> Vec<TaskSeen> {
    let listed = scene
        .region
        .tasks(&cluster(), &named(SERVICE), ObserveTasks::Stopped)
        .await;
    let mut listed = listed.expect("listed");
    listed.retain(|task| task.task_definition == begun.definition);
    assert!(!listed.is_empty());
    listed
}

/// There is no second deployment: the one that failed goes back, and says why and where to.
pub async fn the_breaker_rolls_back_inside_the_same_deployment(world: &dyn World) {
    use ServiceDeploymentStatus as Status;
    let (scene, begun, path) = fail(world, CRASH).await;
    let mut statuses: Vec<_> = path.iter().map(|seen| seen.status.clone()).collect();
    statuses.retain(|status| *status != Status::Pending);
    // Going back may take less time than lies between two looks.
    let way = [
        Status::InProgress,
        Status::RollbackInProgress,
        Status::RollbackSuccessful,
    ];
    assert!(
        statuses == way || statuses == [way[0].clone(), way[2].clone()],
        "an unknown way: {statuses:?}"
    );
    let ended = path.last().expect("it was looked at");
    assert_eq!(ended.arn, begun.deployment);
    let target = scene.region.revision(&ended.target_revision.arn).await;
    let target = target.expect("asked").expect("it exists");
    assert_eq!(target.task_definition, begun.definition, "it stays named");
    let rollback = ended.rollback.clone().expect("it went back");
    assert!(!rollback.reason.is_empty());
    let back = rollback.revision.expect("it went somewhere");
    let back = scene.region.revision(&back).await;
    let back = back.expect("asked").expect("it exists");
    assert!(back.task_definition.ends_with("/hello:1"), "{back:?}");
    assert_eq!(scene.deployments(Timestamp::ZERO).await.len(), 2);
}

/// A rollback is stable, too: the service shows the old definition again, with all its tasks.
pub async fn the_service_is_as_it_was_after_a_rollback(world: &dyn World) {
    let (scene, begun, _) = fail(world, CRASH).await;
    let after = scene.service().await;
    assert_ne!(after.task_definition, begun.definition);
    assert_eq!((after.desired, after.running), (2, 2));
    let [entry] = &after.deployments[..] else {
        panic!("{:?}", after.deployments);
    };
    assert_eq!(entry.task_definition, after.task_definition);
    assert_eq!(entry.rollout_state.as_deref(), Some("COMPLETED"));
    let tasks = scene
        .region
        .tasks(&cluster(), &named(SERVICE), ObserveTasks::Running)
        .await;
    let old = |task: &TaskSeen| task.task_definition == after.task_definition;
    assert!(tasks.expect("listed").iter().all(old));
}

/// Stop code, reason, exit code, and when it was.
pub async fn a_container_that_exits_leaves_its_code(world: &dyn World) {
    let (scene, begun, _) = fail(world, CRASH).await;
    let stopped = stopped(&scene, &begun).await;
    let of_itself =
        |task: &&TaskSeen| task.stop_code.as_deref() == Some("EssentialContainerExited");
    let crashed: Vec<_> = stopped.iter().filter(of_itself).collect();
    assert!(crashed.len() >= 3, "the breaker counts three: {stopped:#?}");
    for task in crashed {
        assert_eq!(task.desired_status, "STOPPED");
        assert!(task.stopped_reason.is_some());
        assert_eq!(task.containers[0].exit_code, Some(3));
        let ran = task.started_at.zip(task.execution_stopped_at);
        let (started, ended) = ran.expect("it ran");
        assert!(
            ended.since(started) >= Duration::from_secs(5),
            "{started:?} to {ended:?}"
        );
    }
}

/// It was made, and stopped, but never came to RUNNING; the reason says why.
pub async fn a_task_that_cannot_pull_never_starts(world: &dyn World) {
    let (scene, begun, path) = fail(world, Fate::CannotPull).await;
    let ended = path.last().expect("it was looked at");
    assert_eq!(ended.status, ServiceDeploymentStatus::RollbackSuccessful);
    for task in stopped(&scene, &begun).await {
        assert_eq!(task.started_at, None);
        assert!(task.created_at.is_some());
        let code = task.stop_code.as_deref();
        if code == Some("ServiceSchedulerInitiated") {
            continue;
        }
        assert_eq!(code, Some("TaskFailedToStart"));
        let reason = task.stopped_reason.unwrap_or_default();
        assert!(reason.contains("CannotPullContainerError"), "{reason}");
        assert_eq!(task.containers[0].exit_code, None);
    }
}

/// Under way, the deployment tells how many tasks have failed and how many are too many.
pub async fn failures_are_counted(world: &dyn World) {
    let scene = Scene::with_service(world, 2).await;
    world.decide(AFTER, CRASH).await;
    let begun = scene.roll_out(AFTER).await;
    let (mut most, mut threshold) = (0, 0);
    let mut last = String::new();
    scene
        .until(&begun.deployment, |seen| {
            let breaker = seen.breaker.clone().expect("it is on");
            assert!(breaker.failures >= most, "{breaker:?} after {most}");
            most = breaker.failures;
            threshold = breaker.threshold;
            last = breaker.status;
            seen.status.is_terminal().then_some(())
        })
        .await;
    assert_eq!(threshold, 3, "half of two, but not under three");
    assert!(most >= 2, "two tasks at a time failed");
    assert_eq!(last, "TRIGGERED");
}
