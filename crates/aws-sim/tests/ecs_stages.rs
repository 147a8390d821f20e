//! Strategies, hooks, alarms and lagging reads, as a caller meets them.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

#[path = "support/hello.rs"]
mod hello;
mod support;

use hello::{CLUSTER, Hello, SERVICE, text};
use http::Method;
use serde_json::{Value, json};
use support::{REGION, STAGING};

fn balancers() -> Value {
    json!([{
        "targetGroupArn": "arn:aws:elasticloadbalancing:eu-west-1:111111111111:targetgroup/blue/1",
        "containerName": "app",
        "containerPort": 80,
        "advancedConfiguration": {
            "alternateTargetGroupArn":
                "arn:aws:elasticloadbalancing:eu-west-1:111111111111:targetgroup/green/2",
            "productionListenerRule": "arn:aws:elasticloadbalancing:eu-west-1:111111111111:rule/p",
            "roleArn": "arn:aws:iam::111111111111:role/elb",
        },
    }])
}

/// Updates the configuration alone: that starts no deployment.
async fn configure(hello: &Hello, configuration: Value) {
    hello
        .update(json!({"deploymentConfiguration": configuration}))
        .await;
}

async fn alarm(hello: &Hello, state: &str) {
    let body = json!({"account": STAGING, "region": REGION, "name": "errors", "state": state});
    let answer = hello.world.control(Method::PUT, "/_sim/alarms", body);
    answer.await.ok();
}

fn pause(stage: &str) -> Value {
    json!([{"targetType": "PAUSE", "lifecycleStages": [stage],
        "timeoutConfiguration": {"timeoutInMinutes": 30, "action": "CONTINUE"}}])
}

#[tokio::test]
async fn a_canary_reports_its_stage_and_its_traffic() {
    let hello = Hello::new().await;
    let arn = hello
        .update(json!({
            "loadBalancers": balancers(),
            "deploymentConfiguration": {
                "strategy": "CANARY",
                "canaryConfiguration": {"canaryPercent": 12.5, "canaryBakeTimeInMinutes": 10},
                "bakeTimeInMinutes": 5,
            },
        }))
        .await;
    let mut seen = Vec::new();
    for _ in 0..400 {
        let known = hello.deployment(&arn).await;
        let line = (
            text(&known["lifecycleStage"]),
            known["targetServiceRevision"]["requestedProductionTrafficWeight"].clone(),
            known["sourceServiceRevisions"][0]["requestedProductionTrafficWeight"].clone(),
        );
        if seen.last() != Some(&line) {
            seen.push(line);
        }
        if known["finishedAt"].is_number() {
            assert_eq!(known["status"], "SUCCESSFUL");
            assert_eq!(known["deploymentCircuitBreaker"]["status"], "DISABLED");
            break;
        }
        hello.advance(5);
    }
    let line = |stage: &str, new: f64| (stage.to_owned(), json!(new), json!(100.0 - new));
    assert_eq!(
        seen,
        [
            line("RECONCILE_SERVICE", 0.0),
            line("SCALE_UP", 0.0),
            line("PRODUCTION_TRAFFIC_SHIFT", 12.5),
            line("PRODUCTION_TRAFFIC_SHIFT", 100.0),
            line("BAKE_TIME", 100.0),
            line("CLEAN_UP", 100.0),
        ]
    );
    assert_eq!(hello.service().await["runningCount"], 2);
}

#[tokio::test]
async fn a_hook_pauses_until_somebody_answers() {
    for (action, end) in [
        ("CONTINUE", "SUCCESSFUL"),
        ("ROLLBACK", "ROLLBACK_SUCCESSFUL"),
    ] {
        let hello = Hello::new().await;
        configure(&hello, json!({"lifecycleHooks": pause("PRE_SCALE_UP")})).await;
        let arn = hello.deploy("hello:2").await;
        hello.advance(300);
        let paused = hello.deployment(&arn).await;
        assert_eq!(paused["status"], "IN_PROGRESS");
        assert_eq!(paused["lifecycleStage"], "PRE_SCALE_UP");
        let hook = &paused["lifecycleHookDetails"][0];
        assert_eq!(hook["status"], "AWAITING_ACTION");
        assert_eq!(hook["timeoutAction"], "CONTINUE");
        assert!(hook["expiresAt"].as_f64() > paused["startedAt"].as_f64());
        assert_eq!(hello.service().await["pendingCount"], 0);

        let mut answer = json!({"serviceDeploymentArn": arn, "hookId": "no-such-hook"});
        let refused = hello.refused("ContinueServiceDeployment", answer.clone());
        assert!(refused.await.contains("InvalidParameterException"));
        answer["hookId"] = hook["hookId"].clone();
        answer["action"] = action.into();
        hello.ecs("ContinueServiceDeployment", answer.clone()).await;
        let refused = hello.refused("ContinueServiceDeployment", answer.clone());
        assert!(refused.await.contains("InvalidParameterException"));
        answer["serviceDeploymentArn"] = format!("{arn}x").into();
        let refused = hello.refused("ContinueServiceDeployment", answer);
        assert!(refused.await.contains("ServiceDeploymentNotFoundException"));
        assert_eq!(hello.end_of(&arn).await["status"], end);
    }
}

#[tokio::test]
async fn an_alarm_of_the_control_api_rolls_a_deployment_back() {
    let hello = Hello::new().await;
    let alarms = json!({"alarmNames": ["errors"], "enable": true, "rollback": true});
    configure(&hello, json!({"alarms": alarms})).await;
    let arn = hello.deploy("hello:2").await;
    hello.advance(20);
    assert_eq!(
        hello.deployment(&arn).await["alarms"]["status"],
        "MONITORING"
    );
    alarm(&hello, "ALARM").await;
    hello.advance(20);
    let ended = hello.end_of(&arn).await;
    assert_eq!(ended["status"], "ROLLBACK_SUCCESSFUL");
    assert_eq!(
        ended["alarms"],
        json!({"status": "TRIGGERED", "alarmNames": ["errors"], "triggeredAlarmNames": ["errors"]})
    );

    // It still is in ALARM: the next deployment is not watched.
    let arn = hello.deploy("hello:3").await;
    let ended = hello.end_of(&arn).await;
    assert_eq!(ended["status"], "SUCCESSFUL");
    assert_eq!(ended["alarms"]["status"], "DISABLED");
}

#[tokio::test]
async fn what_a_strategy_needs_is_asked_for() {
    let hello = Hello::new().await;
    let mut without_role = balancers();
    without_role[0]["advancedConfiguration"]["roleArn"] = "".into();
    let blue_green = json!({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 5});
    let lambda = json!([{"hookTargetArn": "arn:aws:lambda:eu-west-1:111111111111:function:f",
        "lifecycleStages": ["PRE_SCALE_UP"]}]);
    let early = json!({"enable": true, "healthyPercent": 50});
    for (balancers, configuration, error) in [
        (json!([]), blue_green.clone(), "InvalidParameterException"),
        (without_role, blue_green, "InvalidParameterException"),
        (
            balancers(),
            json!({"strategy": "BLUE_GREEN"}),
            "InvalidParameterException",
        ),
        (
            balancers(),
            json!({"strategy": "LINEAR", "linearConfiguration": {"stepPercent": 2.5}}),
            "InvalidParameterException",
        ),
        (
            balancers(),
            json!({"strategy": "CANARY", "canaryConfiguration": {"canaryPercent": 1.25}}),
            "InvalidParameterException",
        ),
        (
            json!([]),
            json!({"lifecycleHooks": lambda}),
            "UnsupportedFeatureException",
        ),
        (
            json!([]),
            json!({"lifecycleHooks": pause("PRODUCTION_TRAFFIC_SHIFT")}),
            "InvalidParameterException",
        ),
        (
            json!([]),
            json!({"lifecycleHooks": pause("POST_TEST_TRAFFIC_SHIFT")}),
            "InvalidParameterException",
        ),
        (
            json!([]),
            json!({"alarms": {"alarmNames": [], "enable": true, "rollback": true}}),
            "InvalidParameterException",
        ),
        (
            json!([]),
            json!({"earlySuccessCriteria": early}),
            "InvalidParameterException",
        ),
    ] {
        let input = json!({"cluster": CLUSTER, "service": SERVICE, "loadBalancers": balancers,
            "deploymentConfiguration": configuration});
        let refused = hello.refused("UpdateService", input.clone()).await;
        assert!(refused.contains(error), "{input}: {refused}");
    }
}

#[tokio::test]
async fn early_success_does_not_wait_for_all_tasks() {
    let hello = Hello::new().await;
    let early = json!({"enable": true, "healthyPercent": 50,
        "sourceServiceRevisionCleanup": "DEFERRED"});
    configure(
        &hello,
        json!({"minimumHealthyPercent": 50, "maximumPercent": 100, "earlySuccessCriteria": early}),
    )
    .await;
    let arn = hello.deploy("hello:2").await;
    let ended = hello.end_of(&arn).await;
    assert_eq!(ended["status"], "SUCCESSFUL");
    assert_eq!(ended["targetServiceRevision"]["runningTaskCount"], 1);
    hello.advance(600);
    let service = hello.service().await;
    assert_eq!(service["runningCount"], 2);
    assert_eq!(service["deployments"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn reads_lag_behind_as_long_as_they_are_told_to() {
    let hello = Hello::new().await;
    // The service itself has to be older than the lags.
    hello.advance(10);
    let lags = json!({"stale_reads": 3, "current_deployment": 8});
    let answer = hello.world.control(Method::PUT, "/_sim/ecs/phases", lags);
    answer.await.ok();
    let before = hello.service().await;
    let definition = hello.register("hello:2").await;
    let first = hello.update(json!({"taskDefinition": definition})).await;
    assert_eq!(before["currentServiceDeployment"], first.as_str());
    hello.advance(2);
    let stale = hello.service().await;
    assert_eq!(stale["taskDefinition"], before["taskDefinition"]);
    assert_eq!(stale["deployments"], before["deployments"]);
    hello.advance(2);
    let fresh = hello.service().await;
    assert_eq!(fresh["taskDefinition"], definition.as_str());
    assert_eq!(
        fresh["currentServiceDeployment"],
        before["currentServiceDeployment"]
    );
    hello.advance(5);
    let settled = hello.service().await;
    assert_ne!(
        settled["currentServiceDeployment"],
        before["currentServiceDeployment"]
    );
}

#[tokio::test]
async fn a_deleted_service_still_looks_active_to_readers_that_lag() {
    let hello = Hello::new().await;
    let lags = json!({"stale_reads": 3});
    let answer = hello.world.control(Method::PUT, "/_sim/ecs/phases", lags);
    answer.await.ok();
    let input = json!({"cluster": CLUSTER, "service": SERVICE, "force": true});
    let deleted = hello.ecs("DeleteService", input).await;
    assert_eq!(deleted["service"]["status"], "DRAINING");
    hello.advance(2);
    assert_eq!(hello.service().await["status"], "ACTIVE");
    hello.advance(2);
    assert_eq!(hello.service().await["status"], "DRAINING");
}
