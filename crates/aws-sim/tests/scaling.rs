//! Scalable targets and target tracking: what is scaled, when, and when not.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests fail and speak like tests"
)]

mod support;

#[path = "support/hello.rs"]
mod hello;
#[path = "support/scaling.rs"]
mod scaling;

use scaling::{CPU, RESOURCE, Scaling};
use serde_json::{Value, json};
use support::{STAGING, World};

const MINUTE: u64 = 60;

#[tokio::test]
async fn a_target_is_made_with_both_bounds_and_every_update_clamps() {
    let world = World::demo().await;
    let register = "AnyScaleFrontendService.RegisterScalableTarget";
    for more in [
        json!({}),
        json!({"MinCapacity": 1}),
        json!({"MinCapacity": 3, "MaxCapacity": 2}),
        json!({"MinCapacity": -1, "MaxCapacity": 2}),
        json!({"MinCapacity": 1, "MaxCapacity": 2, "ResourceId": "service/main/none"}),
        json!({"SuspendedState": {"DynamicScalingInSuspended": true}}),
    ] {
        let answer = world
            .call(STAGING, register, scaling::about(more.clone()))
            .await;
        assert_eq!(answer.error(), "ValidationException", "{more}");
    }
    let scaling = Scaling::between(3, 5).await;
    assert_eq!(scaling.desired().await, 3);
    scaling.hello.update(json!({"desiredCount": 0})).await;
    scaling.wait(MINUTE);
    assert_eq!(
        scaling.desired().await,
        0,
        "nothing happens below the minimum by itself"
    );
    scaling.suspend(true, true, true).await;
    assert_eq!(scaling.desired().await, 3, "suspending clamps too");
    let targets = scaling.call("DescribeScalableTargets", json!({})).await;
    let target = &targets["ScalableTargets"][0];
    assert_eq!(
        (&target["MinCapacity"], &target["MaxCapacity"]),
        (&json!(3), &json!(5))
    );
    assert_eq!(target["SuspendedState"]["ScheduledScalingSuspended"], true);
    let causes: Vec<Value> = scaling
        .activities()
        .await
        .iter()
        .map(|a| a["Cause"].clone())
        .collect();
    assert_eq!(
        causes,
        [
            "minimum capacity was set to 3",
            "minimum capacity was set to 3"
        ]
    );
}

#[tokio::test]
async fn a_breach_of_three_minutes_scales_out_from_the_running_count() {
    let scaling = Scaling::between(1, 10).await;
    let policy = scaling.track(json!({})).await;
    assert_eq!(policy["Alarms"].as_array().unwrap().len(), 2);
    scaling.metric(CPU, json!(100.0)).await;
    scaling.wait(179);
    assert_eq!(scaling.desired().await, 2);
    scaling.wait(1);
    assert_eq!(scaling.desired().await, 4);
    let activity = scaling.activities().await[0].clone();
    assert_eq!(activity["Description"], "Setting desired count to 4.");
    assert_eq!(activity["StatusCode"], "InProgress");
    let cause = activity["Cause"].as_str().unwrap();
    let alarm = policy["Alarms"][0]["AlarmName"].as_str().unwrap();
    assert_eq!(
        cause,
        format!("monitor alarm {alarm} in state ALARM triggered policy cpu")
    );
    scaling.wait(2 * MINUTE);
    let activity = scaling.activities().await[0].clone();
    assert_eq!(activity["StatusCode"], "Successful");
    assert!(activity["EndTime"].is_number());
    // The cooldown holds the next step back, until it is over.
    assert_eq!(scaling.desired().await, 4);
    scaling.wait(3 * MINUTE);
    assert_eq!(scaling.desired().await, 8);
}

#[tokio::test]
async fn a_worse_breach_scales_out_within_the_cooldown() {
    let scaling = Scaling::between(1, 10).await;
    scaling.track(json!({})).await;
    scaling.metric(CPU, json!(75.0)).await;
    scaling.wait(3 * MINUTE);
    assert_eq!(scaling.desired().await, 3);
    scaling.metric(CPU, json!(100.0)).await;
    scaling.wait(MINUTE);
    assert_eq!(scaling.desired().await, 4);
    scaling.wait(10);
    let overridden = scaling.activities().await[1].clone();
    assert_eq!(overridden["StatusCode"], "Overridden");
}

#[tokio::test]
async fn a_breach_that_ends_before_its_time_scales_nothing() {
    let scaling = Scaling::between(1, 10).await;
    scaling.track(json!({})).await;
    scaling.metric(CPU, json!(90.0)).await;
    scaling.wait(2 * MINUTE);
    scaling.metric(CPU, json!(48.0)).await;
    scaling.wait(MINUTE);
    scaling.metric(CPU, json!(90.0)).await;
    scaling.wait(2 * MINUTE);
    scaling.metric(CPU, Value::Null).await;
    scaling.wait(60 * MINUTE);
    assert_eq!(scaling.desired().await, 2);
    assert_eq!(scaling.activities().await, [] as [Value; 0]);
}

#[tokio::test]
async fn the_bounds_hold_and_say_why_nothing_was_scaled() {
    let scaling = Scaling::between(2, 2).await;
    scaling.track(json!({})).await;
    scaling.metric(CPU, json!(90.0)).await;
    scaling.wait(10 * MINUTE);
    scaling.metric(CPU, json!(10.0)).await;
    scaling.wait(30 * MINUTE);
    assert_eq!(scaling.desired().await, 2);
    let activities = scaling.activities().await;
    let reasons: Vec<&Value> = activities.iter().map(|a| &a["NotScaledReasons"]).collect();
    assert_eq!(
        reasons,
        [
            &json!([{"Code": "AlreadyAtMinCapacity", "MinCapacity": 2}]),
            &json!([{"Code": "AlreadyAtMaxCapacity", "MaxCapacity": 2}]),
        ]
    );
    assert_eq!(activities[0]["StatusCode"], "Failed");
    let shown = scaling.call("DescribeScalingActivities", json!({})).await;
    assert_eq!(shown["ScalingActivities"], json!([]));
}

#[tokio::test]
async fn a_quarter_of_an_hour_of_idleness_scales_in_unless_that_is_disabled() {
    let scaling = Scaling::between(1, 10).await;
    scaling.track(json!({"DisableScaleIn": true})).await;
    scaling.metric(CPU, json!(10.0)).await;
    scaling.wait(60 * MINUTE);
    assert_eq!(scaling.desired().await, 2);
    scaling.track(json!({})).await;
    scaling.wait(15 * MINUTE - 1);
    assert_eq!(scaling.desired().await, 2);
    scaling.wait(1);
    assert_eq!(scaling.desired().await, 1);
}

#[tokio::test]
async fn nothing_is_scaled_in_while_a_deployment_is_under_way() {
    let scaling = Scaling::between(1, 10).await;
    scaling
        .hello
        .script(json!({"match": "app:2", "kind": "cannot-start"}));
    let breaker = json!({"deploymentConfiguration":
        {"deploymentCircuitBreaker": {"enable": false, "rollback": false}}});
    scaling.hello.update(breaker).await;
    scaling.track(json!({})).await;
    scaling.deploy().await;
    scaling.metric(CPU, json!(10.0)).await;
    scaling.wait(20 * MINUTE);
    assert_eq!(scaling.desired().await, 2);
    let held = scaling.activities().await[0].clone();
    assert_eq!(
        held["NotScaledReasons"],
        json!([{"Code": "TargetServicePutResourceAsUnscalable"}])
    );
    // Scaling out goes on.
    scaling.metric(CPU, json!(100.0)).await;
    scaling.wait(3 * MINUTE);
    assert_eq!(scaling.desired().await, 4);
}

#[tokio::test]
async fn what_was_suspended_acts_at_once_when_it_is_resumed() {
    let scaling = Scaling::between(1, 10).await;
    scaling.track(json!({})).await;
    scaling.suspend(true, true, false).await;
    scaling.metric(CPU, json!(100.0)).await;
    scaling.wait(30 * MINUTE);
    assert_eq!(scaling.desired().await, 2);
    scaling.suspend(true, false, false).await;
    assert_eq!(scaling.desired().await, 4);
    scaling.metric(CPU, json!(5.0)).await;
    scaling.wait(30 * MINUTE);
    assert_eq!(scaling.desired().await, 4, "scaling in is still suspended");
    scaling.suspend(false, false, false).await;
    assert_eq!(scaling.desired().await, 1);
}

#[tokio::test]
async fn all_policies_must_agree_to_scale_in() {
    let scaling = Scaling::between(1, 10).await;
    scaling.track(json!({})).await;
    let requests = json!({"PolicyName": "requests", "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 100,
            "CustomizedMetricSpecification": {"MetricName": "Requests", "Namespace": "app"}}});
    scaling.call("PutScalingPolicy", requests).await;
    scaling.metric(CPU, json!(10.0)).await;
    scaling.metric("Requests", json!(95.0)).await;
    scaling.wait(30 * MINUTE);
    assert_eq!(scaling.desired().await, 2);
    scaling.metric("Requests", json!(10.0)).await;
    scaling.wait(15 * MINUTE);
    assert_eq!(scaling.desired().await, 1);
}

#[tokio::test]
async fn policies_are_described_and_deleted_and_go_with_their_target() {
    let scaling = Scaling::between(1, 10).await;
    let made = scaling.track(json!({"ScaleInCooldown": 60})).await;
    let again = scaling.track(json!({})).await;
    assert_eq!(made["PolicyARN"], again["PolicyARN"]);
    let described = scaling
        .call("DescribeScalingPolicies", json!({"PolicyNames": ["cpu"]}))
        .await;
    let policy = &described["ScalingPolicies"][0];
    assert_eq!(policy["PolicyARN"], made["PolicyARN"]);
    assert_eq!(
        policy["TargetTrackingScalingPolicyConfiguration"]["TargetValue"],
        50.0
    );
    let none = scaling
        .call("DescribeScalingPolicies", json!({"PolicyNames": ["other"]}))
        .await;
    assert_eq!(none["ScalingPolicies"], json!([]));
    let name = json!({"PolicyName": "cpu"});
    scaling.call("DeleteScalingPolicy", name.clone()).await;
    let gone = scaling.refused("DeleteScalingPolicy", name).await;
    assert_eq!(gone, "ObjectNotFoundException");

    scaling.track(json!({})).await;
    scaling.call("DeregisterScalableTarget", json!({})).await;
    let gone = scaling.refused("DeregisterScalableTarget", json!({})).await;
    assert_eq!(gone, "ObjectNotFoundException");
    let described = scaling.call("DescribeScalingPolicies", json!({})).await;
    assert_eq!(described["ScalingPolicies"], json!([]));
}

#[tokio::test]
async fn policies_that_would_do_nothing_are_refused() {
    let scaling = Scaling::between(1, 10).await;
    let cpu = json!({"PredefinedMetricType": CPU});
    let tracking = |config: Value| {
        json!({"PolicyName": "p", "PolicyType": "TargetTrackingScaling",
            "TargetTrackingScalingPolicyConfiguration": config})
    };
    for input in [
        json!({"PolicyName": "p", "PolicyType": "StepScaling",
            "StepScalingPolicyConfiguration": {"AdjustmentType": "ChangeInCapacity"}}),
        json!({"PolicyName": "p", "PolicyType": "Sideways"}),
        json!({"PolicyName": "p", "TargetTrackingScalingPolicyConfiguration":
            {"TargetValue": 50, "PredefinedMetricSpecification": cpu}}),
        json!({"PolicyName": "p", "PolicyType": "TargetTrackingScaling"}),
        tracking(json!({"TargetValue": 0, "PredefinedMetricSpecification": cpu})),
        tracking(json!({"TargetValue": 50})),
        tracking(json!({"TargetValue": 50, "PredefinedMetricSpecification":
            {"PredefinedMetricType": "DynamoDBReadCapacityUtilization"}})),
        tracking(json!({"TargetValue": 50, "CustomizedMetricSpecification": {"Metrics": [{}]}})),
        tracking(
            json!({"TargetValue": 50, "PredefinedMetricSpecification": cpu,
            "ScaleInCooldown": -1}),
        ),
    ] {
        let code = scaling.refused("PutScalingPolicy", input.clone()).await;
        assert_eq!(code, "ValidationException", "{input}");
    }
    scaling.track(json!({})).await;
    let twice = tracking(json!({"TargetValue": 70, "PredefinedMetricSpecification": cpu}));
    let code = scaling.refused("PutScalingPolicy", twice.clone()).await;
    assert_eq!(code, "ValidationException");
    scaling.call("DeregisterScalableTarget", json!({})).await;
    let code = scaling.refused("PutScalingPolicy", twice).await;
    assert_eq!(code, "ObjectNotFoundException");
}

#[tokio::test]
async fn a_target_has_tags() {
    let scaling = Scaling::between(1, 10).await;
    let targets = scaling
        .call(
            "DescribeScalableTargets",
            json!({"ResourceIds": [RESOURCE]}),
        )
        .await;
    let arn = targets["ScalableTargets"][0]["ScalableTargetARN"].clone();
    let tags = json!({"ResourceARN": arn, "Tags": {"team": "web", "cost": "1"}});
    scaling.call("TagResource", tags).await;
    let keys = json!({"ResourceARN": arn, "TagKeys": ["cost"]});
    scaling.call("UntagResource", keys).await;
    let listed = scaling
        .call("ListTagsForResource", json!({"ResourceARN": arn}))
        .await;
    assert_eq!(listed["Tags"], json!({"team": "web"}));
    let none = json!({"ResourceARN": "arn:aws:application-autoscaling:x"});
    let code = scaling.refused("ListTagsForResource", none).await;
    assert_eq!(code, "ResourceNotFoundException");
    let many: Value = (0..51)
        .map(|n| (n.to_string(), json!("v")))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let code = scaling
        .refused("TagResource", json!({"ResourceARN": arn, "Tags": many}))
        .await;
    assert_eq!(code, "ValidationException");
}

#[tokio::test]
async fn more_tasks_than_the_quota_are_not_scaled_to_and_the_activity_says_why() {
    let scaling = Scaling::between(1, 4).await;
    scaling
        .register(json!({"MinCapacity": 6000, "MaxCapacity": 2_000_000_000}))
        .await;
    assert_eq!(scaling.desired().await, 2);
    let activity = &scaling.activities().await[0];
    assert_eq!(activity["StatusCode"], "Failed");
    let text = activity["StatusMessage"].as_str().unwrap();
    assert!(text.contains("between 0 and 5000"), "{activity}");
}
