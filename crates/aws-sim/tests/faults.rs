//! Injected faults: which calls they strike, what the caller sees, and what stays undone.

mod support;

use http::{Method, StatusCode};
use serde_json::{Value, json};
use support::{PROD, STAGING, World};

const CREATE: &str = "AmazonEC2ContainerRegistry_V20150921.CreateRepository";
const DESCRIBE: &str = "AmazonEC2ContainerRegistry_V20150921.DescribeRepositories";

#[tokio::test]
async fn a_struck_call_does_nothing_and_the_count_ends_the_rule() {
    let world = World::demo().await;
    let rule = json!({"service": "ecr", "action": "CreateRepository", "account": STAGING,
        "kind": "throttle", "count": 2});
    world.control(Method::POST, "/_sim/faults", rule).await.ok();
    let create = json!({"repositoryName": "app"});
    for _ in 0..2 {
        let answer = world.call(STAGING, CREATE, create.clone()).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert_eq!(answer.error(), "ThrottlingException");
        assert_eq!(answer.json()["message"], "Rate exceeded");
        let listed = world.call(STAGING, DESCRIBE, json!({})).await.ok();
        assert_eq!(listed["repositories"], json!([]));
    }
    world.call(PROD, CREATE, create.clone()).await.ok();
    world.call(STAGING, CREATE, create).await.ok();
    let path = "/_sim/faults";
    let rules = world.control(Method::GET, path, Value::Null).await.ok();
    assert_eq!(rules[0]["hits"], 2);
}

#[tokio::test]
async fn each_kind_is_answered_in_the_words_of_its_protocol_until_it_is_deleted() {
    let world = World::demo().await;
    for (kind, status, json_code, query_code) in [
        ("http-500", 500, "InternalFailure", "InternalFailure"),
        ("http-503", 503, "ServiceUnavailable", "ServiceUnavailable"),
        ("throttle", 400, "ThrottlingException", "Throttling"),
        (
            "expired-token",
            400,
            "ExpiredTokenException",
            "ExpiredToken",
        ),
    ] {
        let rule = json!({"kind": kind});
        world.control(Method::POST, "/_sim/faults", rule).await.ok();
        let answer = world.call(STAGING, DESCRIBE, json!({})).await;
        assert_eq!(answer.status.as_u16(), status, "{kind}");
        assert_eq!(answer.json()["__type"], json_code, "{kind}");
        let answer = world.sts(STAGING, "Action=GetCallerIdentity").await;
        assert_eq!(answer.xml("Code"), query_code, "{kind}");
        let path = "/_sim/faults";
        world.control(Method::DELETE, path, Value::Null).await.ok();
        world.call(STAGING, DESCRIBE, json!({})).await.ok();
    }
}

#[tokio::test]
async fn a_rule_that_says_nothing_known_is_refused_with_what_would_be_right() {
    let world = World::demo().await;
    let path = "/_sim/faults";
    for (rule, named) in [
        (json!({"kind": "http-418"}), "http-500"),
        (json!({"kind": "throttle", "acton": "ListTasks"}), "action"),
        (json!({"service": "ecs"}), "kind"),
    ] {
        let answer = world.control(Method::POST, path, rule).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert!(answer.text().contains(named), "{}", answer.text());
    }
    let rules = world.control(Method::GET, path, Value::Null).await.ok();
    assert_eq!(rules, json!([]));
}
