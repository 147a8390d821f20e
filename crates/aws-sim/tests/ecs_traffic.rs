//! Deployments whose traffic moves, as DescribeServiceDeployments tells of them (ecs-facts 3.6).

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

#[path = "support/hello.rs"]
mod hello;
mod support;

use hello::{CLUSTER, Hello, SERVICE, text};
use http::Method;
use serde_json::{Value, json};
use support::{REGION, STAGING};

/// A target group for each colour, and a rule for production; with `tests`, one for test traffic too.
fn balancers(tests: bool) -> Value {
    let arn = |what: &str| format!("arn:aws:elasticloadbalancing:eu-west-1:111111111111:{what}");
    let mut advanced = json!({
        "alternateTargetGroupArn": arn("targetgroup/green/2"),
        "productionListenerRule": arn("listener-rule/app/web/1/2/3"),
        "roleArn": "arn:aws:iam::111111111111:role/elb",
    });
    if tests {
        advanced["testListenerRule"] = arn("listener-rule/app/web/1/2/4").into();
    }
    json!([{
        "targetGroupArn": arn("targetgroup/blue/1"),
        "containerName": "app",
        "containerPort": 80,
        "advancedConfiguration": advanced,
    }])
}

/// The service `hello`, and a deployment with this configuration that has just been asked for.
async fn deploying(tests: bool, configuration: Value) -> (Hello, String) {
    let hello = Hello::new().await;
    let arn = hello
        .update(
            json!({"loadBalancers": balancers(tests), "deploymentConfiguration": configuration}),
        )
        .await;
    (hello, arn)
}

/// Percent of production and of test traffic, of the source and of the target.
fn weights(known: &Value) -> [f64; 4] {
    let of = |revision: &Value, kind: &str| {
        let name = format!("requested{kind}TrafficWeight");
        revision[&name]
            .as_f64()
            .unwrap_or_else(|| panic!("{known}"))
    };
    let (source, target) = (
        &known["sourceServiceRevisions"][0],
        &known["targetServiceRevision"],
    );
    [
        of(source, "Production"),
        of(target, "Production"),
        of(source, "Test"),
        of(target, "Test"),
    ]
}

/// What a poller that looks every five seconds sees until the end: second, stage, traffic of the target.
async fn story(hello: &Hello, arn: &str) -> Vec<(u64, String, f64, f64)> {
    let mut seen: Vec<(u64, String, f64, f64)> = Vec::new();
    for look in 0..20_000 {
        let known = hello.deployment(arn).await;
        let [old, new, old_test, new_test] = weights(&known);
        assert_eq!((old + new).to_bits(), 100.0_f64.to_bits(), "{known}");
        assert_eq!(
            (old_test + new_test).to_bits(),
            100.0_f64.to_bits(),
            "{known}"
        );
        let stage = text(&known["lifecycleStage"]);
        let same = seen.last().is_some_and(|(_, was, production, test)| {
            *was == stage
                && [*production, *test].map(f64::to_bits) == [new, new_test].map(f64::to_bits)
        });
        if !same {
            seen.push((look * 5, stage, new, new_test));
        }
        if known["finishedAt"].is_number() {
            return seen;
        }
        hello.advance(5);
    }
    panic!("it has not ended: {seen:?}")
}

/// How many seconds passed between the lines of a story.
fn spans(story: &[(u64, String, f64, f64)]) -> Vec<u64> {
    story.windows(2).map(|pair| pair[1].0 - pair[0].0).collect()
}

fn stages(story: &[(u64, String, f64, f64)]) -> Vec<(&str, f64, f64)> {
    let each = story.iter();
    each.map(|(_, stage, production, test)| (stage.as_str(), *production, *test))
        .collect()
}

fn pause(stage: &str) -> Value {
    json!([{"targetType": "PAUSE", "lifecycleStages": [stage],
        "timeoutConfiguration": {"timeoutInMinutes": 30, "action": "ROLLBACK"}}])
}

async fn alarm(hello: &Hello, state: &str) {
    let body = json!({"account": STAGING, "region": REGION, "name": "errors", "state": state});
    let answer = hello.world.control(Method::PUT, "/_sim/alarms", body);
    answer.await.ok();
}

/// Lets time pass until the deployment is in a stage.
async fn reach(hello: &Hello, arn: &str, stage: &str) -> Value {
    for _ in 0..1000 {
        let known = hello.deployment(arn).await;
        if known["lifecycleStage"] == stage {
            return known;
        }
        hello.advance(2);
    }
    panic!("it never came to {stage}: {}", hello.deployment(arn).await)
}

/// Without a rule for test traffic the test stages take no time; shifts take 10 s.
#[tokio::test]
async fn a_blue_green_deployment_reports_its_stages_in_order() {
    let configuration = json!({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 7});
    let (hello, arn) = deploying(false, configuration).await;
    let story = story(&hello, &arn).await;
    assert_eq!(
        stages(&story),
        [
            ("RECONCILE_SERVICE", 0.0, 0.0),
            ("SCALE_UP", 0.0, 0.0),
            ("PRODUCTION_TRAFFIC_SHIFT", 100.0, 0.0),
            ("BAKE_TIME", 100.0, 0.0),
            ("CLEAN_UP", 100.0, 0.0),
        ]
    );
    assert_eq!(spans(&story)[2..], [10, 7 * 60]);
    let ended = hello.deployment(&arn).await;
    assert_eq!(ended["status"], "SUCCESSFUL");
    assert_eq!(ended["targetServiceRevision"]["runningTaskCount"], 2);
    assert_eq!(ended["sourceServiceRevisions"][0]["runningTaskCount"], 0);
}

#[tokio::test]
async fn test_traffic_moves_first_where_there_is_a_rule_for_it() {
    let configuration = json!({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 1});
    let (hello, arn) = deploying(true, configuration).await;
    let story = story(&hello, &arn).await;
    assert_eq!(
        stages(&story),
        [
            ("RECONCILE_SERVICE", 0.0, 0.0),
            ("SCALE_UP", 0.0, 0.0),
            ("TEST_TRAFFIC_SHIFT", 0.0, 100.0),
            ("PRODUCTION_TRAFFIC_SHIFT", 100.0, 100.0),
            ("BAKE_TIME", 100.0, 100.0),
            ("CLEAN_UP", 100.0, 100.0),
        ]
    );
}

#[tokio::test]
async fn a_linear_deployment_reports_each_step_and_bakes_after_all_but_the_last() {
    let linear = json!({"stepPercent": 33.4, "stepBakeTimeInMinutes": 6});
    let configuration =
        json!({"strategy": "LINEAR", "linearConfiguration": linear, "bakeTimeInMinutes": 5});
    let (hello, arn) = deploying(false, configuration).await;
    let story = story(&hello, &arn).await;
    assert_eq!(
        stages(&story)[1..],
        [
            ("SCALE_UP", 0.0, 0.0),
            ("PRODUCTION_TRAFFIC_SHIFT", 33.4, 0.0),
            ("PRODUCTION_TRAFFIC_SHIFT", 66.8, 0.0),
            ("PRODUCTION_TRAFFIC_SHIFT", 100.0, 0.0),
            ("BAKE_TIME", 100.0, 0.0),
            ("CLEAN_UP", 100.0, 0.0),
        ]
    );
    assert_eq!(spans(&story)[2..6], [370, 370, 10, 300]);
}

#[tokio::test]
async fn each_step_of_a_linear_deployment_has_its_own_hook_id() {
    let linear = json!({"stepPercent": 50, "stepBakeTimeInMinutes": 1});
    let configuration = json!({"strategy": "LINEAR", "linearConfiguration": linear,
        "lifecycleHooks": pause("PRE_PRODUCTION_TRAFFIC_SHIFT")});
    let (hello, arn) = deploying(false, configuration).await;
    let mut ids = Vec::new();
    for look in 0..400 {
        let known = hello.deployment(&arn).await;
        if known["finishedAt"].is_number() {
            assert_eq!(known["status"], "SUCCESSFUL", "at look {look}");
            break;
        }
        let hooks = known["lifecycleHookDetails"].as_array().unwrap();
        let waiting = hooks
            .iter()
            .find(|hook| hook["status"] == "AWAITING_ACTION");
        if let Some(hook) = waiting {
            // The API's enum of reported stages lacks the stage of the hook.
            assert_eq!(known["lifecycleStage"], "PRODUCTION_TRAFFIC_SHIFT");
            let id = text(&hook["hookId"]);
            assert!(!ids.contains(&id), "{id} again");
            let answer = json!({"serviceDeploymentArn": arn, "hookId": id});
            hello.ecs("ContinueServiceDeployment", answer).await;
            ids.push(id);
        }
        hello.advance(5);
    }
    assert_eq!(ids.len(), 2);
}

#[tokio::test]
async fn a_hook_after_the_test_traffic_decides_about_a_blue_green_deployment() {
    for (action, end, new) in [
        ("CONTINUE", "SUCCESSFUL", 100.0),
        ("ROLLBACK", "ROLLBACK_SUCCESSFUL", 0.0),
    ] {
        let configuration = json!({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 1,
            "lifecycleHooks": pause("POST_TEST_TRAFFIC_SHIFT")});
        let (hello, arn) = deploying(true, configuration).await;
        let paused = reach(&hello, &arn, "POST_TEST_TRAFFIC_SHIFT").await;
        assert_eq!(
            weights(&paused).map(f64::to_bits),
            [100.0, 0.0, 0.0, 100.0].map(f64::to_bits)
        );
        let hook = paused["lifecycleHookDetails"][0]["hookId"].clone();
        let answer = json!({"serviceDeploymentArn": arn, "hookId": hook, "action": action});
        hello.ecs("ContinueServiceDeployment", answer).await;
        let ended = hello.end_of(&arn).await;
        assert_eq!(ended["status"], end);
        let expected = [100.0 - new, new, 100.0 - new, new];
        assert_eq!(
            weights(&ended).map(f64::to_bits),
            expected.map(f64::to_bits)
        );
    }
}

#[tokio::test]
async fn an_alarm_in_the_bake_time_takes_all_traffic_back() {
    for (strategy, more) in [
        ("BLUE_GREEN", json!({})),
        (
            "LINEAR",
            json!({"linearConfiguration": {"stepPercent": 50, "stepBakeTimeInMinutes": 1}}),
        ),
    ] {
        let mut configuration = json!({"strategy": strategy, "bakeTimeInMinutes": 20,
            "alarms": {"alarmNames": ["errors"], "enable": true, "rollback": true}});
        for (name, value) in more.as_object().unwrap() {
            configuration[name] = value.clone();
        }
        let (hello, arn) = deploying(false, configuration).await;
        let before = hello.service().await["taskDefinition"].clone();
        reach(&hello, &arn, "BAKE_TIME").await;
        alarm(&hello, "ALARM").await;
        let ended = hello.end_of(&arn).await;
        assert_eq!(ended["status"], "ROLLBACK_SUCCESSFUL");
        assert_eq!(ended["alarms"]["triggeredAlarmNames"], json!(["errors"]));
        assert_eq!(
            weights(&ended)[..2]
                .iter()
                .map(|w| w.to_bits())
                .collect::<Vec<_>>(),
            [100.0_f64.to_bits(), 0.0_f64.to_bits()]
        );
        assert_eq!(
            ended["rollback"]["serviceRevisionArn"],
            ended["sourceServiceRevisions"][0]["arn"]
        );
        let service = hello.service().await;
        assert_eq!(service["taskDefinition"], before);
        assert_eq!(service["runningCount"], 2);
    }
}

/// 34 steps of 3 percent, each looked at for a day.
#[tokio::test]
async fn a_deployment_ends_after_thirty_days_at_the_latest() {
    let linear = json!({"stepPercent": 3.0, "stepBakeTimeInMinutes": 1440});
    let configuration = json!({"strategy": "LINEAR", "linearConfiguration": linear});
    let (hello, arn) = deploying(false, configuration).await;
    hello.advance(30 * 24 * 3600);
    let late = hello.deployment(&arn).await;
    assert_eq!(late["status"], "IN_PROGRESS");
    // 30 steps were begun: the first minutes went to new tasks.
    assert_eq!(weights(&late)[1].to_bits(), 90.0_f64.to_bits());
    hello.advance(900);
    let ended = hello.deployment(&arn).await;
    assert_eq!(ended["status"], "ROLLBACK_SUCCESSFUL");
    assert!(text(&ended["rollback"]["reason"]).contains("30 days"));
}

#[tokio::test]
async fn service_deployments_are_listed_for_ninety_days() {
    let hello = Hello::new().await;
    let first = hello.deploy("hello:2").await;
    hello.end_of(&first).await;
    hello.advance(60 * 24 * 3600);
    let second = hello.deploy("hello:3").await;
    hello.end_of(&second).await;
    let listed = async || {
        let input = json!({"cluster": CLUSTER, "service": SERVICE});
        let answer = hello.ecs("ListServiceDeployments", input).await;
        let all = answer["serviceDeployments"].as_array().unwrap().clone();
        let arns = all.iter().map(|known| text(&known["serviceDeploymentArn"]));
        arns.collect::<Vec<_>>()
    };
    assert_eq!(listed().await[..2], [second.clone(), first.clone()]);
    hello.advance(31 * 24 * 3600);
    let third = hello.deploy("hello:4").await;
    hello.end_of(&third).await;
    assert_eq!(listed().await, [third, second]);
    let input = json!({"serviceDeploymentArns": [first]});
    let answer = hello.ecs("DescribeServiceDeployments", input).await;
    assert_eq!(
        answer["failures"],
        json!([{"arn": first, "reason": "MISSING"}])
    );
}
