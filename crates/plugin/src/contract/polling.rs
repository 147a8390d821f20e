//! Claims: the common poll.

use std::time::Duration;

use super::World;
use super::scene::{AFTER, SERVICE, Scene, cluster, named};
use crate::{Observation, Watch};

async fn poll(scene: &Scene<'_>, deployment: Option<&str>) -> Observation {
    scene.observe(deployment).await.expect("observed")
}

/// Without a deployment to follow, or when asked to, a poll looks at the service.
pub async fn a_poll_without_a_deployment_shows_the_service(world: &dyn World) {
    let scene = Scene::with_service(world, 2).await;
    let seen = poll(&scene, None).await;
    assert_eq!(seen.service.map(|service| service.running), Some(2));
    assert!(!seen.service_missing && seen.service_deployment.is_none());
    let begun = scene.roll_out(AFTER).await;
    let watch = Watch {
        cluster: cluster(),
        service: named(SERVICE),
        service_deployment: Some(begun.deployment.clone()),
        with_service: true,
    };
    let seen = scene.region.observe(&watch).await.expect("observed");
    let service = seen.service.expect("it was asked for");
    assert_eq!(service.task_definition, begun.definition);
    let followed = seen.service_deployment.map(|seen| seen.arn);
    assert_eq!(followed, Some(begun.deployment));
}

/// A service that is gone is told as gone; that is no error.
pub async fn a_poll_of_a_missing_service_says_so(world: &dyn World) {
    let scene = Scene::of(world).await;
    let seen = poll(&scene, None).await;
    assert!(seen.service_missing && seen.service.is_none());
}

/// Nor is a deployment that ECS has forgotten.
pub async fn a_deployment_that_ecs_does_not_know_is_none(world: &dyn World) {
    let scene = Scene::with_service(world, 1).await;
    let begun = scene.roll_out(AFTER).await;
    let seen = poll(&scene, Some(&format!("{}0", begun.deployment))).await;
    assert!(seen.service_deployment.is_none());
}

/// Each is answered with what it asked for.
pub async fn many_polls_are_answered_at_once(world: &dyn World) {
    const MANY: u32 = 25;
    let scene = Scene::of(world).await;
    let name = |index: u32| format!("service-{index}");
    for index in 0..MANY {
        world
            .make_service(&name(index), index, "images.example/one")
            .await;
    }
    let mut polls = tokio::task::JoinSet::new();
    for index in 0..MANY {
        let region = scene.region.clone();
        let watch = Watch {
            cluster: cluster(),
            service: named(&name(index)),
            service_deployment: None,
            with_service: true,
        };
        polls.spawn(async move { (index, region.observe(&watch).await.expect("observed")) });
    }
    let mut answered = 0;
    while let Some(poll) = polls.join_next().await {
        let (index, seen) = poll.expect("answered");
        assert_eq!(seen.service.map(|service| service.desired), Some(index));
        answered += 1;
    }
    assert_eq!(answered, MANY);
}

/// Between the limits, and slower from poll to poll.
pub async fn the_pace_slows_down_while_nothing_moves(world: &dyn World) {
    let (shortest, longest) = world.polling();
    let scene = Scene::with_service(world, 1).await;
    let mut before = Duration::ZERO;
    for round in 0..6 {
        let pace = poll(&scene, None).await.pace;
        assert!(
            (shortest..=longest).contains(&pace),
            "{pace:?} is not in {shortest:?}..={longest:?}"
        );
        assert!(
            pace > before || pace == longest,
            "round {round}: {pace:?} after {before:?}"
        );
        before = pace;
    }
}

/// Whoever has changed something is shown soon what came of it.
pub async fn a_change_brings_the_pace_back(world: &dyn World) {
    let (shortest, _) = world.polling();
    let scene = Scene::with_service(world, 1).await;
    for _ in 0..6 {
        poll(&scene, None).await;
    }
    let slow = poll(&scene, None).await.pace;
    assert!(slow > shortest);
    let begun = scene.roll_out(AFTER).await;
    let seen = poll(&scene, Some(&begun.deployment)).await;
    assert!(seen.pace < slow, "{:?} after {slow:?}", seen.pace);
    assert!(!seen.throttled);
}

/// What moves is looked at often, whoever moved it.
pub async fn what_is_seen_to_move_brings_the_pace_back(world: &dyn World) {
    let (shortest, _) = world.polling();
    let scene = Scene::with_service(world, 1).await;
    let begun = scene.roll_out(AFTER).await;
    let mut before = poll(&scene, Some(&begun.deployment)).await;
    for _ in 0..400 {
        world.pass(Duration::from_millis(250)).await;
        let seen = poll(&scene, Some(&begun.deployment)).await;
        let moved = seen.service_deployment != before.service_deployment;
        if moved && before.pace > shortest {
            assert!(seen.pace < before.pace, "{seen:?} after {before:?}");
            return;
        }
        before = seen;
    }
    panic!("nothing moved after a quiet time");
}
