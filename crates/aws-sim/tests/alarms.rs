//! DescribeAlarms in the three protocols of CloudWatch.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests fail and speak like tests"
)]

mod support;

#[path = "support/hello.rs"]
mod hello;
#[path = "support/scaling.rs"]
mod scaling;

use ciborium::Value as Cbor;
use http::{Method, StatusCode};
use scaling::{CPU, Scaling};
use serde_json::{Value, json};
use support::{Answer, REGION, STAGING, request, send};

const CBOR_PATH: &str = "/service/GraniteServiceVersion20100801/operation/";

async fn cbor(scaling: &Scaling, action: &str, input: &Cbor) -> Answer {
    let host = scaling.hello.world.host();
    let mut body = Vec::new();
    ciborium::into_writer(input, &mut body).unwrap();
    let scope = format!(
        "AWS4-HMAC-SHA256 Credential={STAGING}/20261101/eu-west-1/monitoring/aws4_request, \
         SignedHeaders=host, Signature=00"
    );
    let headers = [
        ("content-type", "application/cbor"),
        ("smithy-protocol", "rpc-v2-cbor"),
        ("authorization", scope.as_str()),
    ];
    let path = format!("{CBOR_PATH}{action}");
    send(&host, request(Method::POST, &host, &path, &headers, body)).await
}

async fn json_call(scaling: &Scaling, input: Value) -> Answer {
    let target = "GraniteServiceVersion20100801.DescribeAlarms";
    scaling.hello.world.call(STAGING, target, input).await
}

fn member<'a>(value: &'a Cbor, name: &str) -> &'a Cbor {
    let members = value.as_map().unwrap().iter();
    let mut found = members.filter(|(key, _)| key.as_text() == Some(name));
    &found
        .next()
        .unwrap_or_else(|| panic!("{name}: {value:?}"))
        .1
}

#[tokio::test]
async fn alarms_of_policies_are_the_same_in_all_three_protocols() {
    let scaling = Scaling::between(1, 4).await;
    scaling.track(json!({})).await;
    let unknown = json_call(&scaling, json!({})).await.ok();
    assert_eq!(
        unknown["MetricAlarms"][0]["StateValue"],
        "INSUFFICIENT_DATA"
    );
    scaling.metric(CPU, json!(90.5)).await;
    scaling.wait(180);

    let answer = json_call(&scaling, json!({"StateValue": "ALARM"})).await;
    assert_eq!(answer.header("content-type"), "application/x-amz-json-1.0");
    let alarms = answer.ok()["MetricAlarms"].clone();
    assert_eq!(alarms.as_array().unwrap().len(), 1);
    let name = alarms[0]["AlarmName"].as_str().unwrap();
    assert!(
        name.starts_with("TargetTracking-service/main/hello-AlarmHigh-"),
        "{name}"
    );
    let since = alarms[0]["StateUpdatedTimestamp"].as_f64().unwrap();

    let input = Cbor::Map(vec![(
        Cbor::Text("AlarmNames".to_owned()),
        Cbor::Array(vec![Cbor::Text(name.to_owned())]),
    )]);
    let answer = cbor(&scaling, "DescribeAlarms", &input).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("smithy-protocol"), "rpc-v2-cbor");
    let output: Cbor = ciborium::from_reader(&answer.body[..]).unwrap();
    let alarm = &member(&output, "MetricAlarms").as_array().unwrap()[0];
    assert_eq!(member(alarm, "StateValue").as_text(), Some("ALARM"));
    let (tag, instant) = member(alarm, "StateUpdatedTimestamp").as_tag().unwrap();
    assert_eq!((tag, instant.as_float()), (1, Some(since)));

    let form = format!("Action=DescribeAlarms&Version=2010-08-01&AlarmNames.member.1={name}");
    let answer = scaling.hello.world.sts(STAGING, &form).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    assert_eq!(answer.xml("AlarmName"), name);
    assert!(answer.xml("StateUpdatedTimestamp").ends_with('Z'));
    assert!(
        answer
            .text()
            .contains("xmlns=\"http://monitoring.amazonaws.com/doc/2010-08-01/\"")
    );
}

#[tokio::test]
async fn refusals_have_the_form_of_their_protocol() {
    let scaling = Scaling::between(1, 4).await;
    let input = Cbor::Map(vec![(
        Cbor::Text("StateValue".to_owned()),
        Cbor::Text("Loud".to_owned()),
    )]);
    let answer = cbor(&scaling, "DescribeAlarms", &input).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(
        answer.header("x-amzn-query-error"),
        "ValidationError;Sender"
    );
    let output: Cbor = ciborium::from_reader(&answer.body[..]).unwrap();
    assert_eq!(member(&output, "__type").as_text(), Some("ValidationError"));
    let broken = cbor(&scaling, "DescribeAlarms", &Cbor::Integer(3.into())).await;
    assert_eq!(broken.status, StatusCode::BAD_REQUEST);
    let unknown = cbor(&scaling, "PutMetricAlarm", &Cbor::Map(vec![])).await;
    assert_eq!(unknown.header("x-amzn-query-error"), "InvalidAction;Sender");
    for input in [
        json!({"MaxRecords": 101}),
        json!({"AlarmNames": ["a"], "AlarmNamePrefix": "a"}),
        json!({"AlarmTypes": ["Loud"]}),
    ] {
        let answer = json_call(&scaling, input.clone()).await;
        assert_eq!(answer.error(), "ValidationError", "{input}");
    }
    let token = json_call(&scaling, json!({"NextToken": "x"})).await;
    assert_eq!(token.error(), "InvalidNextToken");
}

#[tokio::test]
async fn the_control_api_makes_alarms_and_sets_their_states() {
    let scaling = Scaling::between(1, 4).await;
    let world = &scaling.hello.world;
    let alarm = |state: &str| json!({"account": STAGING, "region": REGION, "name": "errors", "state": state});
    let set = async |state: &str| {
        world
            .control(Method::PUT, "/_sim/alarms", alarm(state))
            .await
    };
    set("OK").await.ok();
    scaling.wait(60);
    set("OK").await.ok();
    let shown = async || {
        let input = json!({"AlarmNames": ["errors"], "AlarmTypes": ["MetricAlarm"]});
        json_call(&scaling, input).await.ok()["MetricAlarms"][0].clone()
    };
    let calm = shown().await;
    assert_eq!(calm["StateValue"], "OK");
    scaling.wait(60);
    set("ALARM").await.ok();
    let loud = shown().await;
    assert_eq!(loud["StateValue"], "ALARM");
    let since = |alarm: &Value| alarm["StateUpdatedTimestamp"].as_f64().unwrap();
    let between = since(&loud) - since(&calm);
    assert!((between - 120.0).abs() < 1.0, "{between}");
    assert_eq!(set("LOUD").await.status, StatusCode::BAD_REQUEST);

    let listed = world
        .control(Method::GET, "/_sim/alarms", Value::Null)
        .await
        .ok();
    assert_eq!(listed[0]["name"], "errors");
    let name = json!({"account": STAGING, "region": REGION, "name": "errors"});
    world
        .control(Method::DELETE, "/_sim/alarms", name.clone())
        .await
        .ok();
    assert!(shown().await.is_null());
    let again = world.control(Method::DELETE, "/_sim/alarms", name).await;
    assert_eq!(again.status, StatusCode::BAD_REQUEST);
}
