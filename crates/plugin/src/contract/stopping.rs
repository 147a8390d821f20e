//! Claims: deployments that are stopped, and those that are overtaken.

use std::time::Duration;

use shipway_domain::hook::HookAction;
use shipway_domain::observe::{LogStream, ServiceDeploymentStatus};
use shipway_domain::time::Timestamp;

use super::World;
use super::scene::{AFTER, BEFORE, Scene};
use crate::ErrorKind;

/// It comes back by way of a request and a rollback, in the same object.
pub async fn a_stopped_deployment_goes_back(world: &dyn World) {
    use ServiceDeploymentStatus as Status;
    let scene = Scene::with_service(world, 2).await;
    let before = scene.service().await;
    let begun = scene.roll_out(AFTER).await;
    let started = |status: &Status| (*status == Status::InProgress).then_some(());
    scene
        .until(&begun.deployment, |seen| started(&seen.status))
        .await;
    world.pass(Duration::from_secs(20)).await;
    scene
        .region
        .stop_service_deployment(&begun.deployment)
        .await
        .expect("it is under way");
    let path = scene.follow(&begun.deployment).await;
    let way = [
        Status::RollbackRequested,
        Status::RollbackInProgress,
        Status::RollbackSuccessful,
    ];
    for seen in &path {
        assert!(way.contains(&seen.status), "{seen:?}");
    }
    let ended = path.last().expect("it was looked at");
    assert_eq!(ended.status, Status::RollbackSuccessful);
    assert!(ended.rollback.is_some());
    let after = scene.service().await;
    assert_eq!(after.task_definition, before.task_definition);
    assert_eq!((after.desired, after.running), (2, 2));
}

/// Neither what succeeded nor what was stopped: both are a conflict.
pub async fn what_has_ended_cannot_be_stopped(world: &dyn World) {
    let scene = Scene::with_service(world, 1).await;
    let done = scene.put_in_place(AFTER).await;
    let stopped = scene.roll_out(BEFORE).await;
    let stop = async |arn: &str| scene.region.stop_service_deployment(arn).await;
    stop(&stopped.deployment).await.expect("it is under way");
    scene.end_of(&stopped.deployment).await;
    for arn in [&done.deployment, &stopped.deployment] {
        let error = stop(arn).await.expect_err("it has ended");
        assert_eq!(error.kind, ErrorKind::Conflict, "{error}");
    }
}

/// An ARN that nothing has is not found.
pub async fn what_does_not_exist_cannot_be_stopped(world: &dyn World) {
    let scene = Scene::with_service(world, 1).await;
    let known = scene.deployments(Timestamp::ZERO).await[0].arn.clone();
    let error = scene
        .region
        .stop_service_deployment(&format!("{known}0"))
        .await;
    let error = error.expect_err("nothing has it");
    assert_eq!(error.kind, ErrorKind::NotFound, "{error}");
}

/// An answer to a hook that nobody waits at is refused, and changes nothing.
pub async fn a_hook_that_does_not_wait_takes_no_answer(world: &dyn World) {
    let scene = Scene::with_service(world, 1).await;
    let begun = scene.roll_out(AFTER).await;
    let answer = async |arn: &str| {
        let action = HookAction::Rollback;
        let answered = scene
            .region
            .continue_service_deployment(arn, "none", action);
        answered.await.expect_err("nothing waits").kind
    };
    let refused = answer(&begun.deployment).await;
    assert!(
        matches!(refused, ErrorKind::Invalid | ErrorKind::Conflict),
        "{refused:?}"
    );
    assert_eq!(
        answer(&format!("{}0", begun.deployment)).await,
        ErrorKind::NotFound
    );
    let ended = scene.end_of(&begun.deployment).await;
    assert_eq!(ended.status, ServiceDeploymentStatus::Successful);
}

/// The older one ends as stopped, without a rollback; the newer one goes on to its success.
pub async fn a_newer_update_supersedes_an_older_one(world: &dyn World) {
    use ServiceDeploymentStatus as Status;
    let scene = Scene::with_service(world, 2).await;
    let older = scene.roll_out(AFTER).await;
    world.pass(Duration::from_secs(40)).await;
    let newer = scene.roll_out("images.example/hello:later").await;
    let overtaken = scene.end_of(&older.deployment).await;
    assert_eq!(overtaken.status, Status::Stopped);
    assert_eq!(overtaken.rollback, None);
    let ended = scene.end_of(&newer.deployment).await;
    assert_eq!(ended.status, Status::Successful);
    let after = scene.service().await;
    assert_eq!(after.task_definition, newer.definition);
    assert_eq!((after.deployments.len(), after.running), (1, 2));
}

/// A container may end before it has said anything.
pub async fn a_log_stream_that_does_not_exist_has_no_lines(world: &dyn World) {
    let scene = Scene::of(world).await;
    let nothing = LogStream {
        task: "0123".to_owned(),
        group: "/ecs/nothing".to_owned(),
        region: None,
        stream: "nothing/app/0123".to_owned(),
    };
    let lines = scene.region.last_lines(&nothing, 20).await;
    assert_eq!(lines.expect("asked"), [""; 0]);
}
