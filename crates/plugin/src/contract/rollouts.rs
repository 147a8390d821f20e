//! Claims: what an update does, and how its deployment goes to a good end.

use std::time::Duration;

use shipway_domain::document::Document;
use shipway_domain::observe::{BreakerSeen, ServiceDeploymentStatus, ServiceSeen};
use shipway_domain::time::Timestamp;

use super::World;
use super::scene::{AFTER, BEFORE, SERVICE, Scene, cluster, named};
use crate::{ErrorKind, ObserveTasks};

fn primary(seen: &ServiceSeen) -> String {
    seen.primary().expect("a deployment").id.clone()
}

/// The answer shows the new PRIMARY deployment, by which a rollout knows its own.
pub async fn an_update_starts_a_deployment_with_a_new_id(world: &dyn World) {
    let scene = Scene::with_service(world, 2).await;
    let before = scene.service().await;
    let begun = scene.roll_out(AFTER).await;
    assert_ne!(primary(&begun.answer), primary(&before));
    let entry = begun.answer.primary().expect("a deployment");
    assert_eq!(entry.task_definition, begun.definition);
    assert_eq!(entry.rollout_state.as_deref(), Some("IN_PROGRESS"));
    assert_eq!(begun.answer.task_definition, begun.definition);
    assert_eq!(primary(&scene.service().await), primary(&begun.answer));
}

/// The same definition once more changes nothing.
pub async fn an_update_without_a_difference_starts_none(world: &dyn World) {
    let scene = Scene::with_service(world, 2).await;
    let before = scene.service().await;
    let update = scene.change_to(&before.task_definition).await;
    let answer = scene.region.update_service(&update).await.expect("updated");
    assert_eq!(primary(&answer), primary(&before));
    assert_eq!(scene.deployments(Timestamp::ZERO).await.len(), 1);
}

/// The same definition once more, by force, is a restart.
pub async fn a_forced_update_starts_one(world: &dyn World) {
    let scene = Scene::with_service(world, 1).await;
    let before = scene.service().await;
    let mut update = scene.change_to(&before.task_definition).await;
    update.force = true;
    let answer = scene.region.update_service(&update).await.expect("updated");
    assert_ne!(primary(&answer), primary(&before));
    assert_eq!(answer.task_definition, before.task_definition);
    let newest = scene.deployments(Timestamp::ZERO).await[0].arn.clone();
    let ended = scene.end_of(&newest).await;
    assert_eq!(ended.status, ServiceDeploymentStatus::Successful);
}

/// Whatever scaled the service is not undone by a rollout.
pub async fn the_desired_count_is_left_alone(world: &dyn World) {
    let scene = Scene::with_service(world, 3).await;
    let begun = scene.roll_out(AFTER).await;
    assert_eq!(begun.answer.desired, 3);
    scene.end_of(&begun.deployment).await;
    let after = scene.service().await;
    assert_eq!((after.desired, after.running), (3, 3));
}

/// Bounds, breaker and grace period are as sent; other members of the configuration are as they were.
pub async fn bounds_and_breaker_are_set_and_the_rest_is_kept(world: &dyn World) {
    let scene = Scene::with_service(world, 2).await;
    let definition = scene.register(SERVICE, AFTER).await;
    let mut update = scene.change_to(&definition).await;
    let mut base = Document::parse(&update.base_configuration).expect("JSON");
    base.set("bakeTimeInMinutes", 2);
    update.base_configuration = base.to_string();
    (update.minimum_healthy_percent, update.maximum_percent) = (50, 150);
    let breaker = BreakerSeen {
        enable: true,
        rollback: false,
    };
    update.breaker = breaker;
    update.health_check_grace_period = Some(Duration::from_secs(30));
    let answer = scene.region.update_service(&update).await.expect("updated");
    for seen in [answer, scene.service().await] {
        assert_eq!(seen.minimum_healthy_percent, Some(50));
        assert_eq!(seen.maximum_percent, Some(150));
        assert_eq!(seen.breaker, Some(breaker));
        assert_eq!(
            seen.health_check_grace_period,
            Some(Duration::from_secs(30))
        );
        let kept = Document::parse(&seen.deployment_configuration).expect("JSON");
        let bake = kept.get("bakeTimeInMinutes").and_then(Document::as_i64);
        assert_eq!(bake, Some(2), "{kept}");
    }
    let mut again = scene.change_to(&definition).await;
    again.health_check_grace_period = None;
    let answer = scene.region.update_service(&again).await.expect("updated");
    assert_eq!(
        answer.health_check_grace_period,
        Some(Duration::from_secs(30))
    );
}

/// 100 and 100 leave no room for anything.
pub async fn bounds_that_would_block_every_deployment_are_refused(world: &dyn World) {
    let scene = Scene::with_service(world, 2).await;
    let before = scene.service().await;
    let definition = scene.register(SERVICE, AFTER).await;
    let mut update = scene.change_to(&definition).await;
    (update.minimum_healthy_percent, update.maximum_percent) = (100, 100);
    let error = scene.region.update_service(&update).await;
    let error = error.expect_err("it would block");
    assert_eq!(error.kind, ErrorKind::Invalid, "{error}");
    assert_eq!(primary(&scene.service().await), primary(&before));
}

/// A service that is not there is not found; a definition that is not there is a wrong request.
pub async fn what_does_not_exist_is_not_updated(world: &dyn World) {
    let scene = Scene::with_service(world, 1).await;
    let mut update = scene
        .change_to(&scene.service().await.task_definition)
        .await;
    update.service = named("nothing");
    let error = scene.region.update_service(&update).await;
    assert_eq!(error.expect_err("no service").kind, ErrorKind::NotFound);
    let update = scene.change_to("hello:77").await;
    let error = scene.region.update_service(&update).await;
    assert_eq!(error.expect_err("no definition").kind, ErrorKind::Invalid);
}

/// A moment is part of what follows it.
pub async fn deployments_are_listed_from_a_moment_on_newest_first(world: &dyn World) {
    let scene = Scene::with_service(world, 1).await;
    world.pass(Duration::from_secs(5)).await;
    let started = world.now();
    let first = scene.put_in_place(AFTER).await;
    world.pass(Duration::from_secs(5)).await;
    let second = scene.put_in_place(BEFORE).await;
    let listed = scene.deployments(started).await;
    let arns: Vec<&str> = listed.iter().map(|seen| seen.arn.as_str()).collect();
    assert_eq!(arns, [&second.deployment, &first.deployment]);
    let [newer, older] = [&listed[0], &listed[1]];
    assert!(newer.created_at > older.created_at && older.created_at >= started);
    assert_eq!(scene.deployments(newer.created_at).await.len(), 1);
    let later = Timestamp::from_millis(newer.created_at.millis() + 1);
    assert_eq!(scene.deployments(later).await, []);
}

/// By it a rollout proves which definition a deployment is about.
pub async fn a_revision_names_definition_and_images(world: &dyn World) {
    let scene = Scene::with_service(world, 1).await;
    let begun = scene.put_in_place(AFTER).await;
    let ended = scene.poll(&begun.deployment).await;
    let revision = scene.region.revision(&ended.target_revision.arn).await;
    let revision = revision.expect("asked").expect("it exists");
    assert_eq!(revision.arn, ended.target_revision.arn);
    assert_eq!(revision.task_definition, begun.definition);
    let [(name, image, digest)] = &revision.images[..] else {
        panic!("{revision:?}");
    };
    assert_eq!((name.as_str(), image.as_str()), ("app", AFTER));
    assert!(digest.is_some(), "{revision:?}");
    let unknown = format!("{}0", revision.arn);
    assert_eq!(scene.region.revision(&unknown).await.expect("asked"), None);
}

/// PENDING, IN_PROGRESS, SUCCESSFUL: never back, and nothing after the end.
pub async fn a_rollout_goes_on_to_its_success(world: &dyn World) {
    use ServiceDeploymentStatus as Status;
    let scene = Scene::with_service(world, 2).await;
    let begun = scene.roll_out(AFTER).await;
    let path = scene.follow(&begun.deployment).await;
    let statuses: Vec<_> = path.iter().map(|seen| seen.status.clone()).collect();
    let whole = [Status::Pending, Status::InProgress, Status::Successful];
    assert!(
        statuses == whole || statuses == whole[1..],
        "an unknown way: {statuses:?}"
    );
    let [.., during, ended] = &path[..] else {
        panic!("{path:?}");
    };
    assert_eq!(during.target_revision.arn, ended.target_revision.arn);
    assert_eq!(during.source_revisions.len(), 1, "{during:?}");
    let target = &ended.target_revision;
    assert_eq!(
        (target.requested, target.running, target.pending),
        (2, 2, 0)
    );
    assert_eq!(ended.rollback, None);
    world.pass(Duration::from_secs(600)).await;
    assert_eq!(
        scene.poll(&begun.deployment).await.status,
        Status::Successful
    );
}

/// Service, deployment entry and tasks all tell of the new definition, and of it only.
pub async fn what_serves_afterwards_is_what_was_asked_for(world: &dyn World) {
    let scene = Scene::with_service(world, 2).await;
    let begun = scene.put_in_place(AFTER).await;
    let after = scene.service().await;
    assert_eq!(after.task_definition, begun.definition);
    assert_eq!(after.deployments.len(), 1, "{:?}", after.deployments);
    let entry = after.primary().expect("a deployment");
    assert_eq!(entry.id, primary(&begun.answer));
    assert_eq!(entry.rollout_state.as_deref(), Some("COMPLETED"));
    let tasks = scene
        .region
        .tasks(&cluster(), &named(SERVICE), ObserveTasks::Running)
        .await
        .expect("listed");
    assert_eq!(tasks.len(), 2);
    for task in &tasks {
        assert_eq!(task.task_definition, begun.definition);
        assert_eq!(task.started_by, entry.id);
        assert_eq!(task.containers[0].image, AFTER);
    }
    if let Some(current) = after.current_service_deployment {
        assert_eq!(current, begun.deployment);
    }
}

/// While both revisions have tasks, both are listed: PRIMARY and ACTIVE, and never fewer tasks run than wanted.
pub async fn the_replaced_revision_is_listed_while_it_has_tasks(world: &dyn World) {
    let scene = Scene::with_service(world, 2).await;
    let before = scene.service().await;
    let begun = scene.roll_out(AFTER).await;
    let mut both = 0;
    loop {
        let ended = scene.poll(&begun.deployment).await.status.is_terminal();
        let seen = scene.service().await;
        assert!(seen.running >= 2, "{seen:?}");
        if let [new, old] = &seen.deployments[..] {
            both += 1;
            assert_eq!(
                (new.status.as_str(), old.status.as_str()),
                ("PRIMARY", "ACTIVE")
            );
            assert_eq!(old.task_definition, before.task_definition);
        }
        if ended {
            break;
        }
        world.pass(Duration::from_secs(2)).await;
    }
    assert!(both > 0);
}

/// By these times people are told what a rollout waits for, and since when.
pub async fn a_task_tells_when_it_pulled_and_started_and_was_told_to_stop(world: &dyn World) {
    let scene = Scene::with_service(world, 2).await;
    let began = world.now();
    scene.put_in_place(AFTER).await;
    world.pass(Duration::from_secs(60)).await;
    let (cluster, service) = (cluster(), named(SERVICE));
    let of = |which| scene.region.tasks(&cluster, &service, which);
    let new = of(ObserveTasks::Running).await.expect("listed");
    let old = of(ObserveTasks::Stopped).await.expect("listed");
    assert_eq!((new.len(), old.len()), (2, 2));
    for task in &new {
        let times = [
            task.created_at,
            task.pull_started_at,
            task.pull_stopped_at,
            task.started_at,
        ];
        assert!(times.iter().all(Option::is_some), "{task:?}");
        assert!(times.is_sorted(), "{task:?}");
        assert_eq!(task.stopping_at, None);
    }
    for task in &old {
        assert!(task.stopping_at.is_some_and(|at| at >= began), "{task:?}");
        assert!(task.stopping_at <= task.stopped_at, "{task:?}");
    }
}

/// Starts, and at last the steady state; each event has an id and a time of its own.
pub async fn the_scheduler_tells_what_it_does_newest_first(world: &dyn World) {
    let scene = Scene::with_service(world, 2).await;
    let started = world.now();
    scene.put_in_place(AFTER).await;
    world.pass(Duration::from_secs(30)).await;
    let events = scene.service().await.events;
    assert!(events.is_sorted_by(|newer, older| newer.at >= older.at));
    let new: Vec<_> = events.iter().filter(|event| event.at >= started).collect();
    let place = |words: &str| {
        let found = new.iter().position(|event| event.message.contains(words));
        found.unwrap_or_else(|| panic!("nothing of {words:?} in {new:#?}"))
    };
    assert!(place("has reached a steady state") < place("has started 2 tasks"));
    let mut ids: Vec<_> = events.iter().map(|event| &event.id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), events.len(), "ids are given once");
    assert!(
        events
            .iter()
            .all(|event| event.message.contains("(service hello")),
        "{events:#?}"
    );
}
