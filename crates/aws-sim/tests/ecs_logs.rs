//! Log lines of modelled tasks, by stream.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

#[path = "support/hello.rs"]
mod hello;
mod support;

use hello::{CLUSTER, Hello, definition, network, text};
use http::Method;
use serde_json::{Value, json};
use support::{REGION, STAGING};

/// All log streams of the account `staging`.
async fn logs(hello: &Hello) -> Value {
    let state = hello
        .world
        .control(Method::GET, "/_sim/state", Value::Null)
        .await;
    state.json()["accounts"][STAGING]["regions"][REGION]["logs"]["groups"].clone()
}

fn logging(image: &str) -> Value {
    let mut definition = definition(image);
    definition["containerDefinitions"][0]["logConfiguration"] = json!({
        "logDriver": "awslogs",
        "options": {
            "awslogs-group": "/ecs/hello",
            "awslogs-region": REGION,
            "awslogs-stream-prefix": "ecs",
        },
    });
    definition
}

#[tokio::test]
async fn a_script_writes_its_lines_when_its_task_runs() {
    let hello = Hello::new().await;
    let log = ["DATABASE_URL is not set", "giving up"];
    hello.script(json!({"match": "app:bad", "kind": "exit", "after_seconds": 1, "log": log}));
    let answer = hello
        .ecs("RegisterTaskDefinition", logging("app:bad"))
        .await;
    let definition = text(&answer["taskDefinition"]["taskDefinitionArn"]);
    let run = json!({"cluster": CLUSTER, "taskDefinition": definition, "networkConfiguration": network()});
    let task = text(&hello.ecs("RunTask", run).await["tasks"][0]["taskArn"]);
    assert_eq!(logs(&hello).await, json!({}));

    hello.advance(60);
    hello.update(json!({"taskDefinition": definition})).await;
    let id = task.rsplit('/').next().unwrap();
    let all = logs(&hello).await;
    let lines = all["/ecs/hello"][format!("ecs/app/{id}")]
        .as_array()
        .unwrap();
    let texts: Vec<&Value> = lines.iter().map(|line| &line["text"]).collect();
    assert_eq!(texts, log);
    assert_eq!(all["/ecs/hello"].as_object().unwrap().len(), 1);

    hello.advance(60);
    hello.service().await;
    let all = logs(&hello).await;
    assert!(all["/ecs/hello"].as_object().unwrap().len() > 1, "{all}");
}
