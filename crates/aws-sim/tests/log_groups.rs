//! Which log groups there are, and what becomes of tasks whose group is missing.

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
use support::{Answer, PROD, REGION, STAGING};

async fn logs(hello: &Hello, account: &str, action: &str, input: Value) -> Answer {
    let target = format!("Logs_20140328.{action}");
    hello.world.call(account, &target, input).await
}

/// Names of all log groups.
async fn groups(hello: &Hello, account: &str) -> Vec<String> {
    let answer = logs(hello, account, "DescribeLogGroups", json!({}))
        .await
        .ok();
    let groups = answer["logGroups"].as_array().unwrap().iter();
    groups
        .map(|group| hello::text(&group["logGroupName"]))
        .collect()
}

async fn seed(hello: &Hello, mut region: Value) {
    region["name"] = REGION.into();
    let seed = json!({"accounts": [{"id": STAGING, "regions": [region]}]});
    hello
        .world
        .control(Method::POST, "/_sim/seed", seed)
        .await
        .ok();
}

/// A revision of `hello` that logs to this group.
async fn register(hello: &Hello, options: Value) {
    let mut all = json!({"awslogs-region": REGION, "awslogs-stream-prefix": "ecs"});
    for (name, value) in options.as_object().unwrap() {
        all[name] = value.clone();
    }
    let mut logging = definition("app:1");
    logging["containerDefinitions"][0]["logConfiguration"] =
        json!({"logDriver": "awslogs", "options": all});
    hello.ecs("RegisterTaskDefinition", logging).await;
}

/// How the newest task of `hello` goes: why it stopped, if it did.
async fn ran(hello: &Hello) -> String {
    hello.script(json!({"match": "app:1", "kind": "exit", "after_seconds": 600, "log": ["hi"]}));
    let run =
        json!({"cluster": CLUSTER, "taskDefinition": "hello", "networkConfiguration": network()});
    let task = hello.ecs("RunTask", run).await["tasks"][0]["taskArn"].clone();
    hello.advance(60);
    let input = json!({"cluster": CLUSTER, "tasks": [task]});
    let task = hello.ecs("DescribeTasks", input).await["tasks"][0].clone();
    let reason = task["stoppedReason"].as_str().unwrap_or_default();
    if !reason.is_empty() {
        assert_eq!(task["stopCode"], "TaskFailedToStart");
    }
    reason.to_owned()
}

#[tokio::test]
async fn groups_are_there_once_a_task_definition_or_a_seed_names_them() {
    let hello = Hello::new().await;
    assert_eq!(groups(&hello, STAGING).await, [] as [&str; 0]);
    register(&hello, json!({"awslogs-group": "/ecs/hello"})).await;
    register(
        &hello,
        json!({"awslogs-group": "/ecs/away", "awslogs-region": "us-east-1"}),
    )
    .await;
    seed(&hello, json!({"log_groups": ["/ecs/b", "/ecs/a"]})).await;
    assert_eq!(
        groups(&hello, STAGING).await,
        ["/ecs/a", "/ecs/b", "/ecs/hello"]
    );
    assert_eq!(groups(&hello, PROD).await, [] as [&str; 0]);
    // They are empty, not missing.
    let group = json!({"logGroupName": "/ecs/hello"});
    let events = logs(&hello, STAGING, "FilterLogEvents", group.clone()).await;
    assert_eq!(events.ok()["events"], json!([]));
    let streams = logs(&hello, STAGING, "DescribeLogStreams", group).await;
    assert_eq!(streams.ok()["logStreams"], json!([]));
    let missing = json!({"logGroupName": "/ecs/away"});
    let missing = logs(&hello, STAGING, "FilterLogEvents", missing).await;
    assert_eq!(missing.error(), "ResourceNotFoundException");
    assert_eq!(ran(&hello).await, "");
}

#[tokio::test]
async fn where_the_seed_has_all_groups_a_task_with_another_cannot_start() {
    let hello = Hello::new().await;
    let all = json!({"log_groups": ["/ecs/a"], "log_groups_are_complete": true});
    seed(&hello, all).await;
    register(&hello, json!({"awslogs-group": "/ecs/hello"})).await;
    assert_eq!(groups(&hello, STAGING).await, ["/ecs/a"]);
    let reason = ran(&hello).await;
    assert!(
        reason.starts_with("ResourceInitializationError: failed to validate logger args")
            && reason.contains("The specified log group does not exist."),
        "{reason}"
    );
    assert_eq!(groups(&hello, STAGING).await, ["/ecs/a"]);

    register(&hello, json!({"awslogs-group": "/ecs/a"})).await;
    assert_eq!(ran(&hello).await, "");
    let making = json!({"awslogs-group": "/ecs/made", "awslogs-create-group": "true"});
    register(&hello, making).await;
    assert_eq!(ran(&hello).await, "");
    assert_eq!(groups(&hello, STAGING).await, ["/ecs/a", "/ecs/made"]);

    seed(&hello, json!({"log_groups_are_complete": false})).await;
    register(&hello, json!({"awslogs-group": "/ecs/hello"})).await;
    assert_eq!(ran(&hello).await, "");
    assert!(
        groups(&hello, STAGING)
            .await
            .contains(&"/ecs/hello".to_owned())
    );
}
