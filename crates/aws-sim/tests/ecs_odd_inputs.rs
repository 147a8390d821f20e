//! Odd inputs to ECS: every operation answers every kind of value with a valid answer or an AWS-shaped error.

#[path = "support/hello.rs"]
mod hello;
mod support;

use hello::{CLUSTER, Hello, SERVICE};
use serde_json::{Value, json};
use support::STAGING;

/// Operations and the members they read.
const OPERATIONS: [(&str, &[&str]); 26] = [
    ("CreateCluster", &["clusterName", "tags", "settings"]),
    ("DescribeClusters", &["clusters", "include"]),
    ("ListClusters", &["maxResults", "nextToken"]),
    (
        "RegisterTaskDefinition",
        &[
            "family",
            "containerDefinitions",
            "cpu",
            "memory",
            "networkMode",
            "requiresCompatibilities",
            "tags",
            "volumes",
            "runtimePlatform",
            "ephemeralStorage",
            "executionRoleArn",
            "placementConstraints",
        ],
    ),
    ("DescribeTaskDefinition", &["taskDefinition", "include"]),
    ("DeregisterTaskDefinition", &["taskDefinition"]),
    ("DeleteTaskDefinitions", &["taskDefinitions"]),
    (
        "ListTaskDefinitions",
        &["familyPrefix", "status", "sort", "maxResults", "nextToken"],
    ),
    (
        "ListTaskDefinitionFamilies",
        &["familyPrefix", "status", "maxResults"],
    ),
    (
        "CreateService",
        &[
            "cluster",
            "serviceName",
            "taskDefinition",
            "desiredCount",
            "launchType",
            "loadBalancers",
            "tags",
            "networkConfiguration",
            "deploymentConfiguration",
            "schedulingStrategy",
            "deploymentController",
            "capacityProviderStrategy",
            "healthCheckGracePeriodSeconds",
            "propagateTags",
            "platformVersion",
        ],
    ),
    (
        "UpdateService",
        &[
            "cluster",
            "service",
            "taskDefinition",
            "desiredCount",
            "loadBalancers",
            "forceNewDeployment",
            "networkConfiguration",
            "deploymentConfiguration",
            "healthCheckGracePeriodSeconds",
            "serviceRegistries",
            "volumeConfigurations",
            "enableExecuteCommand",
            "platformVersion",
        ],
    ),
    ("DescribeServices", &["cluster", "services", "include"]),
    (
        "ListServices",
        &["cluster", "launchType", "maxResults", "nextToken"],
    ),
    (
        "ListServiceDeployments",
        &["service", "cluster", "status", "createdAt", "maxResults"],
    ),
    ("DescribeServiceDeployments", &["serviceDeploymentArns"]),
    ("DescribeServiceRevisions", &["serviceRevisionArns"]),
    (
        "StopServiceDeployment",
        &["serviceDeploymentArn", "stopType"],
    ),
    (
        "RunTask",
        &[
            "cluster",
            "taskDefinition",
            "count",
            "launchType",
            "networkConfiguration",
            "overrides",
            "tags",
            "startedBy",
            "group",
            "propagateTags",
        ],
    ),
    ("StopTask", &["cluster", "task", "reason"]),
    (
        "ListTasks",
        &[
            "cluster",
            "serviceName",
            "family",
            "startedBy",
            "desiredStatus",
            "maxResults",
        ],
    ),
    ("DescribeTasks", &["cluster", "tasks", "include"]),
    ("TagResource", &["resourceArn", "tags"]),
    ("UntagResource", &["resourceArn", "tagKeys"]),
    ("ListTagsForResource", &["resourceArn"]),
    ("DeleteCluster", &["cluster"]),
    ("DeleteService", &["cluster", "service", "force"]),
];

fn odd_values() -> Vec<Value> {
    vec![
        json!(null),
        json!(true),
        json!(-1),
        json!(1.5),
        json!(7),
        json!(u64::MAX),
        json!(""),
        json!("arn:aws:ecs:eu-west-1:111111111111:"),
        json!("arn:aws:ecs:eu-west-1:111111111111:service-deployment/a/b/c/d"),
        json!("hello:4294967296"),
        json!("..%2f\u{0}\u{e9}*:/@"),
        json!("a".repeat(70_000)),
        json!([]),
        json!([null]),
        json!(["x", 1]),
        json!(["", "/", "hello"]),
        json!([{}]),
        json!([{"name": "app", "image": "x", "cpu": -1, "stopTimeout": "x", "healthCheck": []}]),
        json!([{"name": "app", "image": "@", "memory": i64::MAX, "portMappings": [1, {}]}]),
        json!([{"name": "a", "image": "x", "memory": i64::MAX, "cpu": i64::MAX},
            {"name": "b", "image": "x", "memory": i64::MAX, "cpu": i64::MAX, "stopTimeout": i64::MAX,
                "healthCheck": {"command": ["x"], "interval": u64::MAX, "retries": u64::MAX}}]),
        json!([{"key": "k"}, {"key": "k"}]),
        json!({}),
        json!({"awsvpcConfiguration": 1, "containerOverrides": [{}]}),
        json!({"minimumHealthyPercent": -1}),
        json!({"maximumPercent": u64::MAX, "bakeTimeInMinutes": i64::MAX}),
        json!({"bakeTimeInMinutes": i64::MAX}),
        json!({"deploymentCircuitBreaker": {"enable": true}}),
        json!({"deploymentCircuitBreaker": {"enable": true, "rollback": true,
            "thresholdConfiguration": {"type": "COUNT", "value": 0}}}),
        json!({"after": "yesterday", "before": 1e300}),
    ]
}

/// An input that would do, so that one odd member at a time is looked at.
fn plain() -> Value {
    json!({
        "cluster": CLUSTER, "service": SERVICE, "services": [SERVICE], "serviceName": SERVICE,
        "taskDefinition": "hello", "family": "odd", "desiredCount": 2,
        "containerDefinitions": [{"name": "app", "image": "x", "memory": 64}],
        "networkConfiguration": hello::network(),
        "resourceArn": format!("arn:aws:ecs:eu-west-1:{STAGING}:service/{CLUSTER}/{SERVICE}"),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn no_value_breaks_an_operation() {
    let hello = Hello::new().await;
    for (action, members) in OPERATIONS {
        for member in members {
            for value in odd_values() {
                let mut input = plain();
                input[*member] = value;
                let answer = hello.world.ecs(STAGING, action, input.clone()).await;
                if !answer.status.is_success() {
                    let error = answer.error();
                    assert!(!error.is_empty(), "{action} {input}: {answer:?}");
                }
            }
        }
        hello.advance(30);
    }
    for odd in odd_values() {
        let answer = hello.world.ecs(STAGING, "DescribeServices", odd).await;
        assert!(!answer.error().is_empty());
    }
}
