//! What the fuzz test has found, one by one.

mod support;

use std::time::{Duration, Instant};

use http::{Method, StatusCode};
use serde_json::{Value, json};
use support::{Keys, STAGING, World, call, request, send};

const ALARMS: &str = "/service/GraniteServiceVersion20100801/operation/DescribeAlarms";
const SCOPE: &str = "AWS4-HMAC-SHA256 Credential=111111111111/20261101/eu-west-1/monitoring/\
                     aws4_request, SignedHeaders=host, Signature=00";

#[tokio::test]
async fn a_body_that_is_no_cbor_is_refused_in_cbor() {
    let world = World::demo().await;
    let headers = [("smithy-protocol", "rpc-v2-cbor"), ("authorization", SCOPE)];
    let host = world.host();
    for body in [
        &b"{\"a\":"[..],
        b"\xff",
        b"\xa1aa\x1b\xff\xff\xff\xff\xff\xff\xff\xff",
    ] {
        let request = request(Method::POST, &host, ALARMS, &headers, body.to_vec());
        let answer = send(&host, request).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert_eq!(answer.header("content-type"), "application/cbor");
        let error: Value = ciborium::from_reader(&answer.body[..]).unwrap();
        assert_eq!(error["__type"], "SerializationException");
    }
}

#[tokio::test]
async fn a_body_that_is_no_json_is_refused_in_the_version_of_json_of_its_service() {
    let world = World::demo().await;
    let keys = Keys::from(STAGING);
    for (target, kind) in [
        (
            "GraniteServiceVersion20100801.DescribeAlarms",
            "application/x-amz-json-1.0",
        ),
        (
            "AmazonEC2ContainerServiceV20141113.ListClusters",
            "application/x-amz-json-1.1",
        ),
    ] {
        let answer = call(&world.host(), &keys, target, "{").await;
        assert_eq!(answer.error(), "SerializationException");
        assert_eq!(answer.header("content-type"), kind);
    }
}

#[tokio::test]
async fn xml_has_no_character_that_xml_forbids() {
    let world = World::demo().await;
    for action in ["a%00b", "%07", "%1F", "%EF%BF%BF", "%EF%BF%BE"] {
        let form = format!("Version=2015-12-01&Action={action}");
        let message = world.sts(STAGING, &form).await.xml("Message");
        let forbidden = |c: char| c < ' ' || c == '\u{ffff}' || c == '\u{fffe}';
        assert!(!message.contains(forbidden), "{message:?}");
        assert!(message.contains('\u{fffd}'), "{message:?}");
    }
}

#[tokio::test]
async fn the_control_api_refuses_methods_and_long_bodies_in_its_own_form() {
    let world = World::demo().await;
    let wrong = world.control(Method::PATCH, "/_sim/clock", json!({})).await;
    assert_eq!(wrong.status, StatusCode::METHOD_NOT_ALLOWED);
    assert!(wrong.json()["error"].is_string(), "{}", wrong.text());
    let long = json!({"match": "x".repeat(3 << 20)});
    let long = world.control(Method::POST, "/_sim/scripts", long).await;
    assert_eq!(long.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(long.json()["error"].is_string(), "{}", long.text());
}

#[tokio::test]
async fn the_clock_does_not_jump_further_than_a_year_nor_beyond_what_can_be_written() {
    let world = World::demo().await;
    let before = world
        .control(Method::GET, "/_sim/clock", Value::Null)
        .await
        .ok();
    for seconds in [1e300, 1e18, 367.0 * 86_400.0, -1.0] {
        let body = json!({"advance_seconds": seconds});
        let answer = world.control(Method::POST, "/_sim/clock", body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{seconds}");
    }
    let after = world
        .control(Method::GET, "/_sim/clock", Value::Null)
        .await
        .ok();
    assert_eq!(before, after);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_year_of_failing_tasks_holds_up_neither_its_caller_nor_others() {
    let world = World::demo().await;
    let script = json!({"match": "*", "kind": "exit", "exit_code": 1, "after_seconds": 0});
    world
        .control(Method::POST, "/_sim/scripts", script)
        .await
        .ok();
    // Nothing takes any time: a task that fails is followed by the next at once.
    let phases = json!({"provisioning": 0, "pulling": 0, "activating": 0, "terminating": 0,
        "deprovisioning": 0, "draining": 0, "pending": 0, "requested": 0});
    world
        .control(Method::PUT, "/_sim/ecs/phases", phases)
        .await
        .ok();
    let input = json!({"cluster": "main", "service": "hello", "forceNewDeployment": true,
        "deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": false, "rollback": false}}});
    world.ecs(STAGING, "UpdateService", input).await.ok();
    let began = Instant::now();
    let year = json!({"advance_seconds": 366 * 86_400});
    let jump = world.control(Method::POST, "/_sim/clock", year);
    let others = async {
        let mut slowest = Duration::ZERO;
        for _ in 0..20 {
            let asked = Instant::now();
            world.ecs(STAGING, "ListClusters", json!({})).await.ok();
            slowest = slowest.max(asked.elapsed());
        }
        slowest
    };
    let (jump, slowest) = tokio::join!(jump, others);
    assert_eq!(jump.status, StatusCode::BAD_REQUEST, "{}", jump.text());
    let problem = jump.json()["error"].as_str().unwrap().to_owned();
    assert!(problem.contains("ask again for the rest"), "{problem}");
    assert!(
        began.elapsed() < Duration::from_secs(30),
        "{:?}",
        began.elapsed()
    );
    assert!(slowest < Duration::from_secs(20), "{slowest:?}");
}
