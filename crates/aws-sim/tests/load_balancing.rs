//! Target groups and the health of the tasks in them.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests fail and speak like tests"
)]

mod support;

#[path = "support/hello.rs"]
mod hello;

use hello::{CLUSTER, Hello, definition, network};
use http::Method;
use serde_json::{Value, json};
use support::{Answer, REGION, STAGING};

const GROUP: &str =
    "arn:aws:elasticloadbalancing:eu-west-1:111111111111:targetgroup/web/0a1b2c3d4e5f6071";

async fn elb(hello: &Hello, form: &str) -> Answer {
    hello
        .world
        .sts(STAGING, &format!("Version=2015-12-01&{form}"))
        .await
}

async fn health(hello: &Hello) -> Answer {
    elb(
        hello,
        &format!("Action=DescribeTargetHealth&TargetGroupArn={GROUP}"),
    )
    .await
}

/// How many targets are in each state, by the words of the answer.
fn states(answer: &Answer) -> Vec<String> {
    let text = answer.text();
    let parts = text.split("<State>").skip(1);
    parts
        .map(|part| part.split_once("</State>").unwrap().0.to_owned())
        .collect()
}

/// A service `web` of two tasks behind the target group.
async fn web(hello: &Hello, image: &str, more: Value) {
    let mut web = definition(image);
    web["family"] = "web".into();
    hello.ecs("RegisterTaskDefinition", web).await;
    let mut input = json!({"cluster": CLUSTER, "serviceName": "web", "taskDefinition": "web",
        "desiredCount": 2, "networkConfiguration": network(),
        "loadBalancers": [{"targetGroupArn": GROUP, "containerName": "app", "containerPort": 8080}]});
    for (name, value) in more.as_object().unwrap() {
        input[name] = value.clone();
    }
    hello.ecs("CreateService", input).await;
}

#[tokio::test]
async fn targets_follow_the_life_of_their_tasks() {
    let hello = Hello::new().await;
    let missing = health(&hello).await;
    assert_eq!(missing.xml("Code"), "TargetGroupNotFound");
    web(&hello, "app:1", json!({})).await;
    assert_eq!(states(&health(&hello).await), [] as [&str; 0]);
    hello.advance(40);
    let initial = health(&hello).await;
    assert_eq!(states(&initial), ["initial", "initial"]);
    assert_eq!(initial.xml("Reason"), "Elb.InitialHealthChecking");
    assert_eq!(initial.xml("HealthCheckPort"), "8080");
    hello.advance(60);
    let healthy = health(&hello).await;
    assert_eq!(states(&healthy), ["healthy", "healthy"]);
    assert!(!healthy.text().contains("<Reason>"));

    let id = healthy.xml("Id");
    let named = format!(
        "Action=DescribeTargetHealth&TargetGroupArn={GROUP}&Targets.member.1.Id={id}&\
         Targets.member.1.Port=8080&Targets.member.2.Id=10.9.9.9&Targets.member.2.Port=1"
    );
    let named = elb(&hello, &named).await;
    assert_eq!(states(&named), ["healthy", "unused"]);
    assert_eq!(named.xml("Reason"), "Target.NotRegistered");

    let input = json!({"cluster": CLUSTER, "service": "web", "desiredCount": 1});
    hello.ecs("UpdateService", input).await;
    let mut draining = states(&health(&hello).await);
    draining.sort();
    assert_eq!(draining, ["draining", "healthy"]);
    hello.advance(301);
    assert_eq!(states(&health(&hello).await), ["healthy"]);
}

#[tokio::test]
async fn what_a_check_says_gives_the_reason() {
    for (reason, expected) in [
        (Value::Null, "Target.ResponseCodeMismatch"),
        (json!("Request timed out"), "Target.Timeout"),
        (json!("Health checks failed"), "Target.FailedHealthChecks"),
    ] {
        let hello = Hello::new().await;
        let mut script = json!({"match": "app:bad", "kind": "target-unhealthy"});
        if !reason.is_null() {
            script["reason"] = reason.clone();
        }
        hello.script(script);
        // A grace period keeps ECS from acting, not the balancer from knowing.
        web(
            &hello,
            "app:bad",
            json!({"healthCheckGracePeriodSeconds": 3600}),
        )
        .await;
        hello.advance(60);
        assert_eq!(states(&health(&hello).await), ["initial", "initial"]);
        hello.advance(60);
        let answer = health(&hello).await;
        assert_eq!(states(&answer), ["unhealthy", "unhealthy"]);
        assert_eq!(answer.xml("Reason"), expected);
        if let Some(text) = reason.as_str() {
            assert_eq!(answer.xml("Description"), text);
        }
    }
}

#[tokio::test]
async fn target_groups_come_from_services_and_from_the_seed() {
    let hello = Hello::new().await;
    let other = GROUP.replace("/web/", "/other/");
    let seed = json!({"accounts": [{"id": STAGING, "regions": [{"name": REGION, "target_groups": [
        {"arn": other, "load_balancer": "arn:lb", "deregistration_delay_seconds": 15}]}]}]});
    hello
        .world
        .control(Method::POST, "/_sim/seed", seed)
        .await
        .ok();
    web(&hello, "app:1", json!({})).await;
    let all = elb(&hello, "Action=DescribeTargetGroups").await.text();
    assert!(
        all.contains("<TargetGroupName>web</TargetGroupName>"),
        "{all}"
    );
    assert!(
        all.contains("<LoadBalancerArns><member>arn:lb</member></LoadBalancerArns>"),
        "{all}"
    );
    for filter in [
        "Names.member.1=other",
        "LoadBalancerArn=arn:lb",
        "PageSize=1",
    ] {
        let answer = elb(&hello, &format!("Action=DescribeTargetGroups&{filter}")).await;
        assert_eq!(answer.xml("TargetGroupName"), "other", "{filter}");
        assert_eq!(answer.text().contains("NextMarker"), filter == "PageSize=1");
    }
    for (filter, code) in [
        ("Names.member.1=none", "TargetGroupNotFound"),
        ("TargetGroupArns.member.1=none", "TargetGroupNotFound"),
        ("LoadBalancerArn=none", "LoadBalancerNotFound"),
        ("PageSize=401", "ValidationError"),
        ("PageSize=many", "SerializationException"),
        (
            "Names.member.1=web&LoadBalancerArn=arn:lb",
            "ValidationError",
        ),
    ] {
        let answer = elb(&hello, &format!("Action=DescribeTargetGroups&{filter}")).await;
        assert_eq!(answer.xml("Code"), code, "{filter}");
    }
    for (arn, delay) in [(GROUP, "300"), (other.as_str(), "15")] {
        let form = format!("Action=DescribeTargetGroupAttributes&TargetGroupArn={arn}");
        assert_eq!(elb(&hello, &form).await.xml("Value"), delay);
    }
    let unknown = elb(&hello, "Action=DescribeLoadBalancers").await;
    assert_eq!(unknown.xml("Code"), "InvalidAction");
}

#[tokio::test]
async fn health_checks_are_shown_as_seeded() {
    let hello = Hello::new().await;
    let seed = async |more: Value| {
        let mut group = json!({"arn": GROUP});
        for (name, value) in more.as_object().unwrap() {
            group[name] = value.clone();
        }
        let seed = json!({"accounts": [{"id": STAGING, "regions": [{"name": REGION,
            "target_groups": [group]}]}]});
        hello.world.control(Method::POST, "/_sim/seed", seed).await
    };
    let fast = json!({"health_check_interval_seconds": 10, "healthy_threshold_count": 2});
    for (more, interval, threshold) in [(json!({}), "30", "5"), (fast, "10", "2")] {
        seed(more).await.ok();
        let shown = elb(&hello, "Action=DescribeTargetGroups").await;
        assert_eq!(shown.xml("HealthCheckIntervalSeconds"), interval);
        assert_eq!(shown.xml("HealthyThresholdCount"), threshold);
    }
    for bad in [
        json!({"health_check_interval_seconds": 4}),
        json!({"healthy_threshold_count": 11}),
        json!({"arn": "arn:aws:elasticloadbalancing:other"}),
    ] {
        assert_eq!(seed(bad.clone()).await.status, 400, "{bad}");
    }
}

#[tokio::test]
async fn a_seeded_deregistration_delay_is_how_long_tasks_drain() {
    let hello = Hello::new().await;
    let seed = json!({"accounts": [{"id": STAGING, "regions": [{"name": REGION, "target_groups": [
        {"arn": GROUP, "deregistration_delay_seconds": 15}]}]}]});
    hello
        .world
        .control(Method::POST, "/_sim/seed", seed)
        .await
        .ok();
    web(&hello, "app:1", json!({})).await;
    hello.advance(120);
    let input = json!({"cluster": CLUSTER, "service": "web", "desiredCount": 1});
    hello.ecs("UpdateService", input).await;
    hello.advance(14);
    let mut before = states(&health(&hello).await);
    before.sort();
    assert_eq!(before, ["draining", "healthy"]);
    hello.advance(2);
    assert_eq!(states(&health(&hello).await), ["healthy"]);
}
