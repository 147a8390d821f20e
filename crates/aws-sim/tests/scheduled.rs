//! Scheduled actions: they run at their time, unless that passes while they are suspended.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests fail and speak like tests"
)]

mod support;

#[path = "support/hello.rs"]
mod hello;
#[path = "support/scaling.rs"]
mod scaling;

use scaling::Scaling;
use serde_json::{Value, json};

const HOUR: u64 = 3600;

async fn put(scaling: &Scaling, more: Value) {
    let mut input = json!({"ScheduledActionName": "evening"});
    for (name, value) in more.as_object().unwrap() {
        input[name] = value.clone();
    }
    scaling.call("PutScheduledAction", input).await;
}

async fn bounds(scaling: &Scaling) -> (u64, u64) {
    let targets = scaling.call("DescribeScalableTargets", json!({})).await;
    let of = |name: &str| targets["ScalableTargets"][0][name].as_u64().unwrap();
    (of("MinCapacity"), of("MaxCapacity"))
}

#[tokio::test]
async fn an_action_sets_the_bounds_and_pulls_the_count_inside() {
    let scaling = Scaling::between(1, 10).await;
    let more = json!({"Schedule": "rate(1 hour)", "ScalableTargetAction": {"MinCapacity": 4}});
    put(&scaling, more).await;
    scaling.wait(HOUR - 1);
    assert_eq!(scaling.desired().await, 2);
    scaling.wait(1);
    assert_eq!(scaling.desired().await, 4);
    assert_eq!(bounds(&scaling).await, (4, 10));
    let activities = scaling.activities().await;
    let causes: Vec<&Value> = activities.iter().map(|a| &a["Cause"]).collect();
    assert_eq!(
        causes,
        [
            "minimum capacity was set to 4",
            "scheduled action name evening was triggered"
        ]
    );
    // It runs again, and may be changed in parts.
    put(
        &scaling,
        json!({"ScalableTargetAction": {"MinCapacity": 1, "MaxCapacity": 1}}),
    )
    .await;
    scaling.wait(HOUR);
    assert_eq!(scaling.desired().await, 1);
}

#[tokio::test]
async fn an_action_at_a_time_runs_once() {
    let scaling = Scaling::between(1, 10).await;
    let more = json!({"Schedule": "at(2100-01-01T00:00:00)",
        "ScalableTargetAction": {"MinCapacity": 3}});
    put(&scaling, more).await;
    let now = scaling.hello.world.sim.clock().now().epoch_seconds();
    let century = 4_102_444_800.0 - now;
    scaling
        .hello
        .world
        .sim
        .clock()
        .advance(std::time::Duration::from_secs_f64(century + 1.0));
    assert_eq!(scaling.desired().await, 3);
    scaling.hello.update(json!({"desiredCount": 5})).await;
    scaling.register(json!({"MinCapacity": 1})).await;
    scaling.wait(24 * HOUR);
    assert_eq!(scaling.desired().await, 5);
}

#[tokio::test]
async fn an_action_by_the_calendar_runs_every_day_until_its_end() {
    let scaling = Scaling::between(1, 10).await;
    let now = scaling.hello.world.sim.clock().now().epoch_seconds();
    let more = json!({"Schedule": "cron(0 8 * * ? *)", "EndTime": now + 36.0 * 3600.0,
        "Timezone": "UTC", "ScalableTargetAction": {"MinCapacity": 3}});
    put(&scaling, more).await;
    scaling.wait(24 * HOUR);
    assert_eq!(scaling.desired().await, 3);
    scaling.register(json!({"MinCapacity": 0})).await;
    scaling.hello.update(json!({"desiredCount": 0})).await;
    scaling.wait(72 * HOUR);
    let runs = scaling.activities().await;
    let runs = runs
        .iter()
        .filter(|a| a["Cause"] == "scheduled action name evening was triggered");
    assert!((1..=2).contains(&runs.count()));
}

#[tokio::test]
async fn what_passes_while_suspended_is_not_run_afterwards() {
    let scaling = Scaling::between(1, 10).await;
    let more = json!({"Schedule": "rate(1 hour)", "ScalableTargetAction": {"MinCapacity": 4}});
    put(&scaling, more).await;
    scaling.suspend(false, false, true).await;
    scaling.wait(HOUR + 60);
    scaling.suspend(false, false, false).await;
    scaling.wait(60);
    assert_eq!(scaling.desired().await, 2);
    assert_eq!(bounds(&scaling).await, (1, 10));
    scaling.wait(HOUR);
    assert_eq!(scaling.desired().await, 4);
}

#[tokio::test]
async fn actions_are_described_and_deleted() {
    let scaling = Scaling::between(1, 10).await;
    let more = json!({"Schedule": "rate(2 days)", "StartTime": 4_102_444_800_u64,
        "ScalableTargetAction": {"MaxCapacity": 4}});
    put(&scaling, more).await;
    let described = scaling.call("DescribeScheduledActions", json!({})).await;
    let action = &described["ScheduledActions"][0];
    assert_eq!(action["Schedule"], "rate(2 days)");
    assert_eq!(action["StartTime"], 4_102_444_800.0);
    assert_eq!(action["ScalableTargetAction"], json!({"MaxCapacity": 4}));
    let name = json!({"ScheduledActionName": "evening"});
    scaling.call("DeleteScheduledAction", name.clone()).await;
    let gone = scaling.refused("DeleteScheduledAction", name).await;
    assert_eq!(gone, "ObjectNotFoundException");
}

#[tokio::test]
async fn actions_that_cannot_be_understood_are_refused() {
    let scaling = Scaling::between(1, 10).await;
    let fine = json!({"MinCapacity": 1});
    for more in [
        json!({"ScheduledActionName": "a", "ScalableTargetAction": fine}),
        json!({"ScheduledActionName": "a", "Schedule": "rate(1 day)"}),
        json!({"ScheduledActionName": "a", "Schedule": "rate(1 day)", "ScalableTargetAction": {}}),
        json!({"ScheduledActionName": "a", "Schedule": "daily", "ScalableTargetAction": fine}),
        json!({"ScheduledActionName": "a/b", "Schedule": "rate(1 day)", "ScalableTargetAction": fine}),
        json!({"ScheduledActionName": "a", "Schedule": "rate(1 day)", "ScalableTargetAction": fine,
            "Timezone": "Europe/Berlin"}),
        json!({"ScheduledActionName": "a", "Schedule": "rate(1 day)", "ScalableTargetAction": fine,
            "StartTime": 2, "EndTime": 1}),
    ] {
        let code = scaling.refused("PutScheduledAction", more.clone()).await;
        assert_eq!(code, "ValidationException", "{more}");
    }
    scaling.call("DeregisterScalableTarget", json!({})).await;
    let more = json!({"ScheduledActionName": "a", "Schedule": "rate(1 day)",
        "ScalableTargetAction": fine});
    let code = scaling.refused("PutScheduledAction", more).await;
    assert_eq!(code, "ObjectNotFoundException");
}
