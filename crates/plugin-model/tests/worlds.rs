//! Time and chance come from outside; what is logged is what was done.

mod common;

use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use common::{
    AFTER, BEFORE, BEGIN, SERVICE, open, place, platform, roll_out, update, with_service,
};
use shipway_domain::hook::HookAction;
use shipway_domain::observe::ServiceDeploymentStatus;
use shipway_domain::time::Timestamp;
use shipway_plugin::{ErrorKind, ObserveTasks};
use shipway_plugin_model::{Answered, Clock, Outcome, Settings};

#[tokio::test(start_paused = true)]
async fn the_same_seed_and_calls_give_the_same_world() {
    async fn run() -> String {
        let platform = platform(Settings::default());
        let region = open(&platform).await;
        let mut told = String::new();
        for image in [AFTER, BEFORE] {
            told += &format!("{:?}", roll_out(&platform, &*region, image).await);
        }
        told + &format!(
            "{:?}{:?}",
            platform.service(&place(), SERVICE),
            platform.calls()
        )
    }
    assert_eq!(run().await, run().await);
}

#[test]
fn a_clock_in_hand_needs_no_runtime() {
    let (clock, hand) = Clock::by_hand(BEGIN);
    let platform = with_service(clock.clone(), Settings::default());
    let rollout = async {
        let region = open(&platform).await;
        roll_out(&platform, &*region, AFTER).await
    };
    let mut rollout = pin!(rollout);
    let mut context = Context::from_waker(Waker::noop());
    let ended = loop {
        match rollout.as_mut().poll(&mut context) {
            Poll::Ready(ended) => break ended,
            Poll::Pending => hand.advance(Duration::from_millis(500)),
        }
    };
    assert_eq!(ended.status, ServiceDeploymentStatus::Successful);
    let took = clock.now().since(BEGIN);
    assert!((75..90).contains(&took.as_secs()), "{took:?}");
}

#[test]
fn a_clock_is_never_moved_back() {
    let (clock, hand) = Clock::by_hand(BEGIN);
    hand.advance_to(BEGIN.plus(Duration::from_secs(5)));
    hand.advance_to(BEGIN);
    assert_eq!(clock.now(), BEGIN.plus(Duration::from_secs(5)));
}

#[tokio::test]
async fn a_simulation_can_go_from_event_to_event() {
    let (clock, hand) = Clock::by_hand(BEGIN);
    let platform = with_service(clock, Settings::default());
    let region = open(&platform).await;
    let definition = common::register(&*region, AFTER).await;
    region
        .update_service(&update(&definition))
        .await
        .expect("updated");
    let mut steps = 0;
    while !platform.deployments(&place(), SERVICE)[0]
        .status
        .is_terminal()
    {
        hand.advance_to(platform.next_event().expect("something is to come"));
        steps += 1;
    }
    assert!((5..40).contains(&steps), "{steps}");
}

#[tokio::test]
async fn a_quick_world_rolls_out_in_real_time() {
    let platform = platform(Settings::quick());
    let region = open(&platform).await;
    let ended = roll_out(&platform, &*region, AFTER).await;
    assert_eq!(ended.status, ServiceDeploymentStatus::Successful);
    let crash = Outcome::Exits {
        code: 1,
        after: Duration::ZERO,
    };
    platform.decide("images.example/hello:broken", crash);
    let ended = roll_out(&platform, &*region, "images.example/hello:broken").await;
    assert_eq!(ended.status, ServiceDeploymentStatus::RollbackSuccessful);
}

#[tokio::test(start_paused = true)]
async fn calls_are_logged_with_who_where_what_and_how_they_ended() {
    let platform = platform(Settings::default());
    let region = open(&platform).await;
    platform.fail_next("ecs:RegisterTaskDefinition", ErrorKind::Denied);
    let new = shipway_plugin::NewTaskDefinition {
        json: String::new(),
    };
    let refused = region.register_task_definition(&new).await;
    refused.expect_err("denied");
    tokio::time::advance(Duration::from_secs(3)).await;
    region.caller().await.expect("asked");
    let calls = platform.take_calls();
    let told: Vec<_> = calls
        .iter()
        .map(|call| (call.at, call.name.as_str(), call.answered))
        .collect();
    assert_eq!(
        told,
        [
            (
                BEGIN,
                "ecs:RegisterTaskDefinition",
                Answered::Failed(ErrorKind::Denied)
            ),
            (
                BEGIN.plus(Duration::from_secs(3)),
                "sts:GetCallerIdentity",
                Answered::Done
            ),
        ]
    );
    assert!(
        calls
            .iter()
            .all(|call| call.session == common::job() && call.place == place())
    );
    assert_eq!(platform.calls(), []);
}

#[tokio::test(start_paused = true)]
async fn others_scale_stop_and_update_behind_our_back() {
    let platform = platform(Settings::default());
    let region = open(&platform).await;
    platform.set_desired(&place(), SERVICE, 3);
    tokio::time::advance(Duration::from_secs(120)).await;
    let seen = platform.service(&place(), SERVICE).expect("there");
    assert_eq!((seen.desired, seen.running), (3, 3));
    let tasks = region
        .tasks(&common::cluster(), &common::hello(), ObserveTasks::Running)
        .await
        .expect("listed");
    platform.stop_task(&place(), SERVICE, &tasks[0].arn, "by hand");
    tokio::time::advance(Duration::from_secs(120)).await;
    let stopped = region
        .tasks(&common::cluster(), &common::hello(), ObserveTasks::Stopped)
        .await
        .expect("listed");
    assert_eq!(stopped[0].stopped_reason.as_deref(), Some("by hand"));
    assert_eq!(
        platform.service(&place(), SERVICE).expect("there").running,
        3
    );
    let definition = common::register(&*region, AFTER).await;
    let landed = platform
        .land(&place(), &update(&definition))
        .expect("landed");
    assert_eq!(landed.task_definition, definition);
    assert_eq!(
        platform.count("ecs:UpdateService"),
        0,
        "it was no call of ours"
    );
    platform.act_as("999999999999");
    assert_eq!(
        region.caller().await.expect("asked").account,
        "999999999999"
    );
}

#[tokio::test(start_paused = true)]
async fn without_capacity_and_breaker_a_rollout_stays_open() {
    let platform = platform(Settings::default());
    let region = open(&platform).await;
    platform.decide(
        AFTER,
        Outcome::NoPlace {
            reason: "Capacity is unavailable at this time.".to_owned(),
        },
    );
    let definition = common::register(&*region, AFTER).await;
    let mut update = update(&definition);
    update.breaker.enable = false;
    region.update_service(&update).await.expect("updated");
    tokio::time::advance(Duration::from_secs(6 * 3600)).await;
    let seen = platform.deployments(&place(), SERVICE)[0].clone();
    assert_eq!(seen.status, ServiceDeploymentStatus::InProgress);
    let seen = platform.service(&place(), SERVICE).expect("there");
    assert_eq!(seen.running, 2, "the old ones serve");
    assert!(
        seen.events
            .iter()
            .any(|event| event.message.contains("Capacity is unavailable"))
    );
    assert!(platform.next_event() > Some(Timestamp::ZERO));
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_set_up_for_it_goes_by_stages_and_waits_for_an_answer() {
    let platform = platform(Settings::default());
    let way = r#"{"strategy":"BLUE_GREEN","bakeTimeInMinutes":1,"lifecycleHooks":[{"targetType":"PAUSE",
        "lifecycleStages":["POST_SCALE_UP"],"timeoutConfiguration":{"timeoutInMinutes":30}}]}"#;
    platform.configure(&place(), SERVICE, way);
    let region = open(&platform).await;
    let definition = common::register(&*region, AFTER).await;
    let mut update = update(&definition);
    update.keeps_configuration = true;
    let seen = region.update_service(&update).await.expect("updated");
    assert_eq!(seen.strategy, "BLUE_GREEN");
    let newest = platform.deployments(&place(), SERVICE)[0].arn.clone();
    let mut stages = Vec::new();
    let ended = loop {
        let seen = region.observe(&common::watch(Some(&newest))).await;
        let seen = seen.expect("observed").service_deployment;
        let seen = seen.expect("it is known");
        if seen.status.is_terminal() {
            break seen;
        }
        let traffic = seen.target_revision.production.map(|weight| weight.0);
        let stage = (seen.lifecycle_stage.clone().unwrap_or_default(), traffic);
        if stages.last() != Some(&stage) {
            stages.push(stage);
        }
        if let Some(hook) = seen.awaiting().next() {
            assert_eq!(hook.on_timeout, Some(HookAction::Rollback));
            let answered =
                region.continue_service_deployment(&newest, &hook.id, HookAction::Continue);
            answered.await.expect("it waits");
        }
    };
    assert_eq!(ended.status, ServiceDeploymentStatus::Successful);
    let bake = ("BAKE_TIME".to_owned(), Some(1000));
    assert!(stages.contains(&bake), "{stages:?}");
    assert!(
        stages.contains(&("POST_SCALE_UP".to_owned(), Some(0))),
        "{stages:?}"
    );
}
