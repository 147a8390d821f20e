//! What goes wrong with calls, and what comes of it.

mod common;

use std::time::Duration;

use common::{
    AFTER, SERVICE, cluster, hello, open, place, platform, register, repository, update, watch,
};
use shipway_domain::checkpoint::ScalingFlags;
use shipway_domain::observe::ScalingSeen;
use shipway_domain::spec::{RepositorySettings, TagMutability};
use shipway_plugin::ErrorKind;
use shipway_plugin_model::{Answered, Fault, ModelPlatform, Settings};

fn primary(platform: &ModelPlatform) -> String {
    let seen = platform.service(&place(), SERVICE).expect("it is there");
    seen.primary().expect("a deployment").id.clone()
}

#[tokio::test(start_paused = true)]
async fn a_refused_change_has_not_happened_and_the_next_one_does() {
    let platform = platform(Settings::default());
    let region = open(&platform).await;
    let definition = register(&*region, AFTER).await;
    let before = primary(&platform);
    for kind in [ErrorKind::Throttled, ErrorKind::Credentials] {
        platform.fail_next("ecs:UpdateService", kind);
    }
    for kind in [ErrorKind::Throttled, ErrorKind::Credentials] {
        let error = region.update_service(&update(&definition)).await;
        assert_eq!(error.expect_err("refused").kind, kind);
        assert_eq!(primary(&platform), before);
    }
    let answer = region.update_service(&update(&definition)).await;
    assert_eq!(answer.expect("updated").task_definition, definition);
    assert_ne!(primary(&platform), before);
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_of_a_change_that_has_happened() {
    let platform = platform(Settings::default());
    let region = open(&platform).await;
    let definition = register(&*region, AFTER).await;
    let before = primary(&platform);
    let lost = Fault::AnswerLost(ErrorKind::Unreachable);
    for call in ["ecs:UpdateService", "ecs:RegisterTaskDefinition"] {
        platform.fault_next(call, lost);
    }
    let error = region.update_service(&update(&definition)).await;
    let error = error.expect_err("the answer is lost");
    assert!(error.kind.may_have_happened());
    assert_ne!(primary(&platform), before);
    let new = shipway_plugin::NewTaskDefinition {
        json: shipway_plugin::contract::definition("hello", AFTER),
    };
    let error = region.register_task_definition(&new).await;
    assert_eq!(error.expect_err("lost").kind, ErrorKind::Unreachable);
    let newest = region.newest_revisions("hello", 1).await.expect("listed");
    assert!(newest[0].ends_with("hello:3"), "{newest:?}");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_given_up_lands_later() {
    let platform = platform(Settings::default());
    let region = open(&platform).await;
    let definition = register(&*region, AFTER).await;
    let before = primary(&platform);
    platform.fault_next(
        "ecs:UpdateService",
        Fault::LandsLate(Duration::from_secs(9)),
    );
    let error = region.update_service(&update(&definition)).await;
    assert_eq!(error.expect_err("given up").kind, ErrorKind::TimedOut);
    tokio::time::advance(Duration::from_millis(8_990)).await;
    assert_eq!(primary(&platform), before);
    tokio::time::advance(Duration::from_secs(100)).await;
    assert_ne!(primary(&platform), before);
    let landed = &platform.deployments(&place(), SERVICE)[0];
    let since = landed.created_at.since(common::BEGIN);
    assert!(
        since >= Duration::from_secs(9) && since < Duration::from_secs(10),
        "it happened when it landed, not when somebody looked: {since:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_throttled_poll_slows_down_and_fails_nothing() {
    let platform = platform(Settings::default());
    let region = open(&platform).await;
    let calm = region.observe(&watch(None)).await.expect("observed");
    for _ in 0..3 {
        platform.fail_next("observe", ErrorKind::Throttled);
    }
    let begun = tokio::time::Instant::now();
    let seen = region.observe(&watch(None)).await.expect("observed");
    assert!(seen.service.is_some());
    assert!(seen.pace > calm.pace, "{:?}", seen.pace);
    assert!(begun.elapsed() >= Duration::from_secs(1 + 2 + 4));
    assert_eq!(platform.count("observe"), 5);
}

#[tokio::test(start_paused = true)]
async fn the_weather_decides_call_by_call_until_it_clears() {
    let platform = platform(Settings::default());
    let region = open(&platform).await;
    platform.set_weather(|call| {
        call.name
            .starts_with("ecs:Describe")
            .then_some(Fault::Refused(ErrorKind::Credentials))
    });
    for _ in 0..2 {
        let error = region.service(&cluster(), &hello()).await;
        let error = error.expect_err("credentials are gone");
        assert_eq!(error.kind, ErrorKind::Credentials);
        assert_eq!(error.code, "ExpiredTokenException");
    }
    region.caller().await.expect("no weather for this one");
    platform.clear_weather();
    region.service(&cluster(), &hello()).await.expect("seen");
}

#[tokio::test(start_paused = true)]
async fn every_kind_of_change_can_lose_its_answer() {
    let platform = platform(Settings::default());
    let region = open(&platform).await;
    let target = ScalingSeen {
        min: 1,
        max: 4,
        suspended: ScalingFlags::default(),
    };
    platform.make_scalable(&place(), SERVICE, target);
    let definition = register(&*region, AFTER).await;
    region
        .update_service(&update(&definition))
        .await
        .expect("updated");
    let arn = platform.deployments(&place(), SERVICE)[0].arn.clone();
    platform.set_weather(|_| Some(Fault::AnswerLost(ErrorKind::TimedOut)));
    let registry = region.registry();
    let settings = RepositorySettings {
        scan_on_push: false,
        mutability: TagMutability::Mutable,
        keep_last: Some(3),
    };
    let (cluster, service) = (cluster(), hello());
    let flags = ScalingFlags::ALL;
    let set = region.set_scaling(&cluster, &service, flags).await;
    set.expect_err("lost");
    let stopped = region.stop_service_deployment(&arn).await;
    stopped.expect_err("lost");
    let made = registry.create_repository(&repository(), &settings).await;
    made.expect_err("lost");
    let policy = registry.set_policy(&repository(), "{}").await;
    policy.expect_err("lost");
    platform.clear_weather();
    let scaling = platform.scaling(&place(), SERVICE).expect("a target");
    assert_eq!(scaling.suspended, flags);
    let name = repository();
    let seen = platform.repository(&place(), name.as_str());
    assert_eq!(seen.expect("made").policy.as_deref(), Some("{}"));
    assert_eq!(platform.keeps_last(&place(), name.as_str()), Some(3));
    tokio::time::advance(Duration::from_secs(300)).await;
    let ended = &platform.deployments(&place(), SERVICE)[0];
    assert!(ended.status.is_terminal(), "{ended:?}");
    assert_ne!(
        platform
            .service(&place(), SERVICE)
            .expect("there")
            .task_definition,
        definition
    );
}

#[tokio::test(start_paused = true)]
async fn a_held_call_waits_at_its_gate() {
    let platform = platform(Settings::default());
    let region = open(&platform).await;
    let gate = platform.hold("ecs:DescribeServices");
    let asked = {
        let region = region.clone();
        async move { region.service(&cluster(), &hello()).await }
    };
    let mut asked = Box::pin(asked);
    let waited = tokio::time::timeout(Duration::from_secs(5), &mut asked).await;
    waited.expect_err("nobody opened it");
    assert_eq!(platform.count("ecs:DescribeServices"), 1);
    assert_eq!(platform.calls()[0].answered, Answered::NotYet);
    gate.add_permits(1);
    asked.await.expect("asked").expect("it is there");
    assert_eq!(platform.calls()[0].answered, Answered::Done);
}
