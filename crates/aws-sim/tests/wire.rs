//! The wire itself: what identifies, what is refused, and how answers look.

mod support;

use http::{Method, StatusCode};
use serde_json::{Value, json};
use support::{Keys, STAGING, World, call, request, send};

const LIST: &str = "AmazonEC2ContainerRegistry_V20150921.DescribeRepositories";

#[tokio::test]
async fn twelve_digits_act_as_the_root_of_that_account() {
    let world = World::demo().await;
    let answer = world
        .sts(STAGING, "Action=GetCallerIdentity&Version=2011-06-15")
        .await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("content-type"), "text/xml");
    assert_eq!(answer.xml("Account"), STAGING);
    assert_eq!(answer.xml("Arn"), format!("arn:aws:iam::{STAGING}:root"));
    assert_eq!(answer.xml("RequestId"), answer.header("x-amzn-requestid"));
    let unheard_of = world.sts("987654321098", "Action=GetCallerIdentity").await;
    assert_eq!(unheard_of.xml("Account"), "987654321098");
}

#[tokio::test]
async fn keys_that_nobody_issued_are_refused_in_the_words_of_each_protocol() {
    let world = World::demo().await;
    for key in [
        "AKIAIOSFODNN7EXAMPLE",
        "11111111111",
        "1111111111111",
        "11111111111a",
    ] {
        let answer = world.call(key, LIST, json!({})).await;
        assert_eq!(answer.error(), "UnrecognizedClientException", "{key}");
        let answer = world.sts(key, "Action=GetCallerIdentity").await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        assert_eq!(answer.xml("Code"), "InvalidClientTokenId", "{key}");
    }
    let host = world.host();
    let unsigned = request(Method::POST, &host, "/", &[("x-amz-target", LIST)], "{}");
    let answer = send(&host, unsigned).await;
    assert_eq!(answer.error(), "MissingAuthenticationTokenException");
}

#[tokio::test]
async fn what_is_no_operation_gets_an_aws_shaped_refusal() {
    let world = World::demo().await;
    let host = world.host();
    for target in [
        "AmazonEC2ContainerServiceV20141113.DescribeTheMoon",
        "AmazonEC2ContainerRegistry_V20150921.describerepositories",
        "AnyScaleFrontendService.",
        "DynamoDB_20120810.ListTables",
        "nonsense",
    ] {
        let answer = world.call(STAGING, target, json!({})).await;
        assert_eq!(answer.error(), "UnknownOperationException", "{target}");
        assert_eq!(answer.header("content-type"), "application/x-amz-json-1.1");
        assert!(!answer.header("x-amzn-requestid").is_empty());
    }
    let cbor = [("smithy-protocol", "rpc-v2-cbor")];
    let path = "/service/DynamoDB_20120810/operation/ListTables";
    let answer = send(&host, request(Method::POST, &host, path, &cbor, "")).await;
    assert_eq!(answer.error(), "UnknownOperationException");
    for (method, path) in [(Method::GET, "/"), (Method::POST, "/elsewhere")] {
        let answer = send(&host, request(method, &host, path, &[], "")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
        assert_eq!(answer.error(), "UnknownOperationException");
    }
    let answer = world.sts(STAGING, "Action=DecodeTheWorld").await;
    assert_eq!(answer.xml("Code"), "InvalidAction");
}

#[tokio::test]
async fn bad_bodies_are_serialization_errors() {
    let world = World::demo().await;
    for body in ["{", "[]", "7", "\"x\"", "{\"maxResults\": \"many\"}"] {
        let answer = call(&world.host(), &Keys::from(STAGING), LIST, body).await;
        assert_eq!(answer.error(), "SerializationException", "{body}");
    }
    let empty = call(&world.host(), &Keys::from(STAGING), LIST, "").await;
    assert_eq!(empty.ok()["repositories"], json!([]));
}

#[tokio::test]
async fn every_call_is_logged_with_caller_resource_and_outcome() {
    let world = World::demo().await;
    let since = world.sim.clock().now().epoch_seconds();
    let missing = json!({"repositoryNames": ["nope"]});
    world.call(STAGING, LIST, missing).await;
    world.call("nobody", LIST, json!({})).await;
    let path = format!("/_sim/calls?since={since}");
    let calls = world.control(Method::GET, &path, Value::Null).await.ok();
    assert_eq!(calls.as_array().unwrap().len(), 2, "{calls}");
    assert_eq!(calls[0]["service"], "ecr");
    assert_eq!(calls[0]["action"], "DescribeRepositories");
    assert_eq!(calls[0]["account"], STAGING);
    assert_eq!(
        calls[0]["principal"],
        format!("arn:aws:iam::{STAGING}:root")
    );
    assert_eq!(
        calls[0]["resource"],
        format!("arn:aws:ecr:eu-west-1:{STAGING}:repository/nope")
    );
    assert_eq!(calls[0]["error"], "RepositoryNotFoundException");
    assert!(calls[0]["time"].as_f64().unwrap() >= since);
    assert_eq!(calls[1]["account"], Value::Null);
    assert_eq!(calls[1]["error"], "UnrecognizedClientException");
    let later = format!("/_sim/calls?since={}", since + 1.0);
    let none = world.control(Method::GET, &later, Value::Null).await.ok();
    assert_eq!(none, json!([]));
}
