//! Each call of AWS is a span with what a reader of traces needs, and is counted by the same rule.

mod common;

use common::{Answer, Server};
use serde_json::json;
use shipway_domain::observe::LogStream;
use shipway_plugin::Platform as _;
use shipway_plugin::contract::calls::{Call, Calls};
use shipway_plugin_ecs::SPAN;

fn error(code: &str, message: &str) -> Answer {
    let body = json!({"__type": code, "message": message});
    (400, body.to_string())
}

fn two(calls: &Calls) -> [Call; 2] {
    let calls = calls.named(SPAN);
    calls
        .try_into()
        .unwrap_or_else(|calls| panic!("two calls: {calls:?}"))
}

#[tokio::test]
async fn a_call_says_what_it_was_and_how_it_went() {
    let server = Server::start(|_, before| match before {
        0 => error("ThrottlingException", "Rate exceeded"),
        1 => (200, json!({"taskDefinitionArns": []}).to_string()),
        _ => error("InvalidParameterException", "no"),
    })
    .await;
    let region = server.open().await;
    let (calls, _guard) = Calls::watch();
    region.newest_revisions("hello", 1).await.expect("listed");
    let refused = region.newest_revisions("hello", 1).await;
    refused.expect_err("refused");

    let [good, bad] = two(&calls);
    for (field, value) in [
        ("otel.name", "ecs:ListTaskDefinitions"),
        ("rpc.system", "aws-api"),
        ("rpc.service", "ecs"),
        ("rpc.method", "ListTaskDefinitions"),
        ("cloud.account.id", "111111111111"),
        ("cloud.region", "eu-west-1"),
    ] {
        assert_eq!(good.text(field), value, "{field}: {good:?}");
    }
    assert_eq!(good.number("http.request.resend_count"), Some(1));
    assert_eq!(good.number("shipway.aws.throttled"), Some(1));
    assert!(!good.is_failed());
    assert_eq!(bad.number("http.request.resend_count"), None);
    assert_eq!(bad.number("shipway.aws.throttled"), Some(0));
    let description = bad.text("otel.status_description");
    assert_eq!(description, "ecs:ListTaskDefinitions: no");
    assert_eq!(bad.text("error.type"), "invalid");
}

#[tokio::test]
async fn a_signed_call_is_told_and_counted_as_others_are() {
    let server = Server::start(|_, before| match before {
        0 | 1 => error("ThrottlingException", "Rate exceeded"),
        2 => (200, json!({"events": [{"message": "hi"}]}).to_string()),
        _ => error("ResourceNotFoundException", "no such stream"),
    })
    .await;
    let (platform, region) = server.open_platform().await;
    let (calls, _guard) = Calls::watch();
    let stream = LogStream {
        task: "1".to_owned(),
        group: "hello".to_owned(),
        stream: "hello/hello/1".to_owned(),
        region: Some("eu-central-1".to_owned()),
    };
    let lines = region.last_lines(&stream, 1).await.expect("read");
    assert_eq!(lines, ["hi"]);
    let lines = region.last_lines(&stream, 1).await.expect("not there");
    assert!(lines.is_empty());

    let [good, absent] = two(&calls);
    assert_eq!(good.text("otel.name"), "logs:GetLogEvents");
    assert_eq!(good.text("cloud.region"), "eu-central-1");
    assert_eq!(good.number("http.request.resend_count"), Some(2));
    assert_eq!(good.number("shipway.aws.throttled"), Some(2));
    assert!(!absent.is_failed(), "{absent:?}");
    assert_eq!(absent.text("error.type"), "", "{absent:?}");

    let usage = platform.usage();
    let logs = usage.calls.iter().filter(|calls| calls.service == "logs");
    let counted: Vec<_> = logs
        .map(|calls| (calls.outcome.as_str(), calls.calls))
        .collect();
    assert_eq!(counted, [("ok", 2)]);
    assert_eq!(usage.throttles, [("none", 2)]);
}
