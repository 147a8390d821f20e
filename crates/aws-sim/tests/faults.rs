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
        (json!({"kind": "latency"}), "ms"),
        (json!({"kind": "throttle", "ms": 5}), "latency"),
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

/// What comes back for a call of ECS on a connection of its own, up to its end.
async fn raw(world: &World, action: &str, input: Value) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let body = input.to_string();
    let request = format!(
        "POST / HTTP/1.1\r\nHost: sim\r\nConnection: close\r\nContent-Type: \
         application/x-amz-json-1.1\r\nX-Amz-Target: AmazonEC2ContainerServiceV20141113.{action}\r\n\
         Authorization: AWS4-HMAC-SHA256 Credential={STAGING}/20260101/eu-west-1/ecs/aws4_request, \
         SignedHeaders=host, Signature=0\r\nContent-Length: {}\r\n\r\n{body}",
        body.len(),
    );
    let stream = tokio::net::TcpStream::connect(world.host()).await;
    let mut stream = stream.expect("it listens");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = Vec::new();
    // The end may be a reset.
    drop(stream.read_to_end(&mut answer).await);
    String::from_utf8_lossy(&answer).into_owned()
}

async fn desired(world: &World) -> Value {
    let input = json!({"cluster": "main", "services": ["hello"]});
    let seen = world.ecs(STAGING, "DescribeServices", input).await.ok();
    seen["services"][0]["desiredCount"].clone()
}

#[tokio::test]
async fn a_dropped_connection_gives_no_answer_and_only_the_later_kind_has_done_something() {
    let world = World::demo().await;
    let before = desired(&world).await;
    for (kind, wanted, left) in [("drop-before", 5, before), ("drop-after", 6, json!(6))] {
        let rule = json!({"action": "UpdateService", "kind": kind, "count": 1});
        world.control(Method::POST, "/_sim/faults", rule).await.ok();
        let update = json!({"cluster": "main", "service": "hello", "desiredCount": wanted});
        assert_eq!(raw(&world, "UpdateService", update).await, "", "{kind}");
        assert_eq!(desired(&world).await, left, "{kind}");
    }
    let update = json!({"cluster": "main", "service": "hello", "desiredCount": 7});
    let answer = raw(&world, "UpdateService", update).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let calls = world.sim.calls(0.0);
    let updates = calls.iter().filter(|call| call.action == "UpdateService");
    let errors: Vec<_> = updates.map(|call| call.error.as_deref()).collect();
    assert_eq!(errors, [Some("ConnectionDropped"), None, None]);
}

#[tokio::test]
async fn a_late_answer_is_the_right_one_and_holds_nobody_else_up() {
    let world = World::demo().await;
    let rule = json!({"action": "ListClusters", "kind": "latency", "ms": 300, "count": 1});
    world.control(Method::POST, "/_sim/faults", rule).await.ok();
    let late = world.ecs(STAGING, "ListClusters", json!({}));
    let others = async {
        let mut count = 0;
        loop {
            desired(&world).await;
            count += 1;
            tokio::task::yield_now().await;
            if count == 3 {
                break;
            }
        }
    };
    tokio::pin!(late);
    tokio::select! {
        biased;
        early = &mut late => panic!("{early:?} came before the others"),
        () = others => {}
    }
    let answer = late.await.ok();
    assert_eq!(answer["clusterArns"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn an_empty_bucket_throttles_until_simulated_time_fills_it() {
    let world = World::demo().await;
    let on = json!({"enabled": true});
    world.control(Method::PUT, "/_sim/limits", on).await.ok();
    let list = async || world.ecs(STAGING, "ListClusters", json!({})).await;
    world.sim.clock().set_scale(0.0);
    for _ in 0..50 {
        list().await.ok();
    }
    let refused = list().await;
    assert_eq!(refused.error(), "ThrottlingException");
    assert_eq!(refused.json()["message"], "Rate exceeded");
    world.sim.clock().advance(std::time::Duration::from_secs(1));
    for _ in 0..20 {
        list().await.ok();
    }
    assert_eq!(list().await.error(), "ThrottlingException");
}
