//! Reading logs: pages in both directions, filters, groups and streams.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests fail and speak like tests"
)]

mod support;

#[path = "support/hello.rs"]
mod hello;

use hello::{CLUSTER, Hello, definition, network, text};
use serde_json::{Value, json};
use support::{Answer, REGION, STAGING};

/// A task that has logged five lines; its stream.
async fn logged(hello: &Hello) -> String {
    let lines = ["one", "two", "ERROR three", "four", "ERROR five timeout"];
    hello.script(json!({"match": "app:log", "kind": "exit", "after_seconds": 5, "log": lines}));
    let mut logging = definition("app:log");
    logging["containerDefinitions"][0]["logConfiguration"] = json!({"logDriver": "awslogs",
        "options": {"awslogs-group": "/ecs/hello", "awslogs-region": REGION,
            "awslogs-stream-prefix": "ecs"}});
    hello.ecs("RegisterTaskDefinition", logging).await;
    let run =
        json!({"cluster": CLUSTER, "taskDefinition": "hello", "networkConfiguration": network()});
    let task = text(&hello.ecs("RunTask", run).await["tasks"][0]["taskArn"]);
    hello.advance(120);
    // A call that changes something lets happen what is due.
    hello.update(json!({})).await;
    format!("ecs/app/{}", task.rsplit('/').next().unwrap())
}

async fn logs(hello: &Hello, action: &str, input: Value) -> Answer {
    let target = format!("Logs_20140328.{action}");
    hello.world.call(STAGING, &target, input).await
}

fn messages(answer: &Value) -> Vec<&str> {
    let events = answer["events"].as_array().unwrap().iter();
    events
        .map(|event| event["message"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn a_stream_is_read_from_its_end_and_from_its_head() {
    let hello = Hello::new().await;
    let stream = logged(&hello).await;
    let get = async |more: Value| {
        let mut input = json!({"logGroupName": "/ecs/hello", "logStreamName": stream, "limit": 2});
        for (name, value) in more.as_object().unwrap() {
            input[name] = value.clone();
        }
        logs(&hello, "GetLogEvents", input).await.ok()
    };
    let last = get(json!({})).await;
    assert_eq!(messages(&last), ["four", "ERROR five timeout"]);
    assert!(last["events"][0]["timestamp"].is_u64());
    let before = get(json!({"nextToken": last["nextBackwardToken"]})).await;
    assert_eq!(messages(&before), ["two", "ERROR three"]);
    let again = get(json!({"nextToken": before["nextForwardToken"]})).await;
    assert_eq!(messages(&again), ["four", "ERROR five timeout"]);
    let end = get(json!({"nextToken": last["nextForwardToken"]})).await;
    assert_eq!(messages(&end), [] as [&str; 0]);
    assert_eq!(end["nextForwardToken"], last["nextForwardToken"]);
    let head = get(json!({"startFromHead": true})).await;
    assert_eq!(messages(&head), ["one", "two"]);
    let at = head["events"][0]["timestamp"].as_u64().unwrap();
    let later = get(json!({"startTime": at + 1})).await;
    assert_eq!(messages(&later), [] as [&str; 0]);
    let arn = format!("arn:aws:logs:{REGION}:{STAGING}:log-group:/ecs/hello:*");
    let input = json!({"logGroupIdentifier": arn, "logStreamName": stream});
    assert_eq!(
        messages(&logs(&hello, "GetLogEvents", input).await.ok()).len(),
        5
    );
}

#[tokio::test]
async fn events_are_filtered_over_all_streams_of_a_group() {
    let hello = Hello::new().await;
    let stream = logged(&hello).await;
    let filter = async |more: Value| {
        let mut input = json!({"logGroupName": "/ecs/hello"});
        for (name, value) in more.as_object().unwrap() {
            input[name] = value.clone();
        }
        logs(&hello, "FilterLogEvents", input).await.ok()
    };
    let errors = filter(json!({"filterPattern": "ERROR -timeout"})).await;
    assert_eq!(messages(&errors), ["ERROR three"]);
    assert_eq!(errors["events"][0]["logStreamName"], stream);
    let first = filter(json!({"limit": 3, "logStreamNamePrefix": "ecs/"})).await;
    assert_eq!(messages(&first).len(), 3);
    let rest = filter(json!({"limit": 3, "nextToken": first["nextToken"]})).await;
    assert_eq!(messages(&rest), ["four", "ERROR five timeout"]);
    assert!(rest.get("nextToken").is_none());
    let none = filter(json!({"logStreamNames": ["other"]})).await;
    assert_eq!(none["events"], json!([]));
}

#[tokio::test]
async fn groups_and_streams_are_described() {
    let hello = Hello::new().await;
    let stream = logged(&hello).await;
    let groups = logs(
        &hello,
        "DescribeLogGroups",
        json!({"logGroupNamePrefix": "/ecs"}),
    )
    .await
    .ok();
    assert_eq!(groups["logGroups"][0]["logGroupName"], "/ecs/hello");
    let other = logs(
        &hello,
        "DescribeLogGroups",
        json!({"logGroupNamePattern": "other"}),
    )
    .await
    .ok();
    assert_eq!(other["logGroups"], json!([]));
    let input =
        json!({"logGroupName": "/ecs/hello", "orderBy": "LastEventTime", "descending": true});
    let streams = logs(&hello, "DescribeLogStreams", input).await.ok();
    assert_eq!(streams["logStreams"][0]["logStreamName"], stream);
}

#[tokio::test]
async fn what_is_not_there_or_makes_no_sense_is_refused() {
    let hello = Hello::new().await;
    let stream = logged(&hello).await;
    let group = "/ecs/hello";
    for (action, input, code) in [
        (
            "GetLogEvents",
            json!({"logGroupName": "x", "logStreamName": "x"}),
            "ResourceNotFoundException",
        ),
        (
            "GetLogEvents",
            json!({"logGroupName": group, "logStreamName": "x"}),
            "ResourceNotFoundException",
        ),
        (
            "GetLogEvents",
            json!({"logStreamName": "x"}),
            "InvalidParameterException",
        ),
        (
            "GetLogEvents",
            json!({"logGroupName": group, "logStreamName": stream, "limit": 0}),
            "InvalidParameterException",
        ),
        (
            "GetLogEvents",
            json!({"logGroupName": group, "logStreamName": stream, "nextToken": "f/1"}),
            "InvalidParameterException",
        ),
        (
            "GetLogEvents",
            json!({"logGroupName": group, "logStreamName": stream, "startTime": -1}),
            "InvalidParameterException",
        ),
        (
            "FilterLogEvents",
            json!({"logGroupName": "x"}),
            "ResourceNotFoundException",
        ),
        (
            "FilterLogEvents",
            json!({"logGroupName": group, "filterPattern": "{$.a = 1}"}),
            "InvalidParameterException",
        ),
        (
            "DescribeLogStreams",
            json!({"logGroupName": "x"}),
            "ResourceNotFoundException",
        ),
        (
            "DescribeLogStreams",
            json!({"logGroupName": group, "orderBy": "Size"}),
            "InvalidParameterException",
        ),
        (
            "DescribeLogGroups",
            json!({"limit": 51}),
            "InvalidParameterException",
        ),
        ("PutLogEvents", json!({}), "UnknownOperationException"),
    ] {
        let answer = logs(&hello, action, input.clone()).await;
        assert_eq!(answer.error(), code, "{action} {input}");
    }
}
