//! What was suspended is put back exactly as it was, however the rollout ends.

use serde_json::{Value, json};
use shipway_dev::ACCOUNTS;
use shipway_tests::{App, Aws, Scaled, World, id};

const STAGING: &str = ACCOUNTS[1].1;

/// A mixture, so that "all on" and "all off" are both wrong.
fn before() -> Value {
    json!({
        "DynamicScalingInSuspended": true,
        "DynamicScalingOutSuspended": false,
        "ScheduledScalingSuspended": true,
    })
}

async fn register(aws: &Aws) {
    let target = json!({
        "ServiceNamespace": "ecs",
        "ResourceId": "service/main/hello",
        "ScalableDimension": "ecs:service:DesiredCount",
        "MinCapacity": 1,
        "MaxCapacity": 9,
        "SuspendedState": before(),
    });
    drop(aws.scaling("RegisterScalableTarget", target).await);
}

async fn flags(aws: &Aws) -> Value {
    let all = json!({"ServiceNamespace": "ecs"});
    let answer = aws.scaling("DescribeScalableTargets", all).await;
    answer["ScalableTargets"][0]["SuspendedState"].clone()
}

fn all_suspended() -> Value {
    json!({
        "DynamicScalingInSuspended": true,
        "DynamicScalingOutSuspended": true,
        "ScheduledScalingSuspended": true,
    })
}

fn app() -> App {
    App::new("shop").env("staging", STAGING, "autoscaling = \"suspend\"")
}

#[tokio::test]
async fn a_success_puts_back_the_three_flags() {
    let world = World::start(Scaled::Slow).await;
    let aws = world.aws(STAGING);
    register(&aws).await;
    let app = app();
    let ran = world.cli(&app, &["deploy", "staging", "--detach"]).await;
    let release = ran.expect(0).release();
    world.under_way(release).await;
    assert_eq!(flags(&aws).await, all_suspended());
    let id = id(release);
    drop(world.cli(&app, &["watch", &id]).await.expect(0));
    assert_eq!(flags(&aws).await, before());
    world.stop().await;
}

#[tokio::test]
async fn a_rolled_back_release_puts_back_the_three_flags() {
    let world = World::start(Scaled::Fast).await;
    let aws = world.aws(STAGING);
    register(&aws).await;
    let script = json!({"match": "shop", "kind": "exit", "exit_code": 7, "after_seconds": 1});
    let script = serde_json::from_value(script).expect("a script");
    world.stack.sim().add_script(script);
    drop(world.cli(&app(), &["deploy", "staging"]).await.expect(10));
    // Registered by us, suspended, put back.
    assert_eq!(world.calls(STAGING, "RegisterScalableTarget").len(), 3);
    assert_eq!(flags(&aws).await, before());
    world.stop().await;
}

#[tokio::test]
async fn a_cancelled_release_puts_back_the_three_flags() {
    let world = World::start(Scaled::Slow).await;
    let aws = world.aws(STAGING);
    register(&aws).await;
    let app = app();
    let ran = world.cli(&app, &["deploy", "staging", "--detach"]).await;
    let release = ran.expect(0).release();
    world.under_way(release).await;
    let id = id(release);
    drop(world.cli(&app, &["cancel", &id]).await.expect(0));
    drop(world.cli(&app, &["watch", &id]).await.expect(13));
    assert_eq!(flags(&aws).await, before());
    world.stop().await;
}
