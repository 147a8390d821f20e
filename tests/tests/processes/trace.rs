//! One trace from the command line to the last task, as a receiver gets it that is not ours.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::deploy::{LAYERS, app};
use super::process::{World, text};
use super::receiver::Receiver;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const CALLER: &str = "b7ad6b7169203331";
/// What times may be off beyond their whole milliseconds, in nanoseconds: clocks of one machine.
const SLACK: u64 = 1_000_000;

/// Spans of our trace, each once.
fn spans(receiver: &Receiver) -> Vec<Value> {
    let spans = receiver.received("span").into_iter();
    spans.filter(|span| span["trace"] == TRACE).collect()
}

fn word<'a>(span: &'a Value, member: &str) -> &'a str {
    span[member].as_str().unwrap_or_default()
}

fn named<'a>(spans: &'a [Value], name: &str) -> Vec<&'a Value> {
    let all = spans.iter().filter(|span| word(span, "name") == name);
    all.collect()
}

/// Whether all of it is there: the coordinator sends a span of a release once it has ended.
fn is_whole(receiver: &Receiver) -> bool {
    let spans = spans(receiver);
    let has = |name: &str| !named(&spans, name).is_empty();
    has("deploy hello → prod") && has("shipway deploy")
}

/// One tree below the caller: no span without its parent, none twice, none outside of what it is a part of.
fn is_a_tree(spans: &[Value]) {
    let mut known: BTreeMap<&str, &Value> = BTreeMap::new();
    for span in spans {
        let before = known.insert(word(span, "id"), span);
        assert!(before.is_none(), "twice: {span}");
    }
    for span in spans {
        let (from, until) = (span["from"].as_u64(), span["until"].as_u64());
        assert!(from <= until, "{span}");
        if word(span, "parent") == CALLER {
            continue;
        }
        let parent = known.get(word(span, "parent"));
        let parent = parent.unwrap_or_else(|| panic!("an orphan: {span}"));
        let early = parent["from"]
            .as_u64()
            .unwrap()
            .saturating_sub(from.unwrap());
        let late = until
            .unwrap()
            .saturating_sub(parent["until"].as_u64().unwrap());
        assert!(
            early <= SLACK && late <= SLACK,
            "{span}\noutside of {parent}"
        );
    }
    let roots: Vec<&Value> = spans
        .iter()
        .filter(|span| word(span, "parent") == CALLER)
        .collect();
    assert_eq!(roots.len(), 1, "{roots:?}");
    assert_eq!(word(roots[0], "name"), "deploy hello → prod");
}

/// What OpenTelemetry's conventions ask for.
fn keeps_conventions(spans: &[Value]) {
    for span in spans {
        let resource = &span["resource"];
        assert_eq!(resource["service.namespace"], "shipway", "{span}");
        assert!(resource["service.name"].is_string() && resource["telemetry.sdk.name"].is_string());
        let is_call = word(span, "name").contains(':');
        if is_call {
            let attributes = &span["attributes"];
            assert_eq!(span["kind"], 3, "a client's: {span}");
            assert_eq!(resource["service.name"], "shipway-agent");
            assert_eq!(attributes["rpc.system"], "aws-api");
            assert_eq!(attributes["cloud.region"], "eu-west-1");
            for key in [
                "rpc.service",
                "rpc.method",
                "cloud.account.id",
                "aws.request_id",
            ] {
                assert!(attributes[key].is_string(), "{key}: {span}");
            }
        }
    }
    let root = named(spans, "deploy hello → prod")[0];
    let attributes = &root["attributes"];
    assert_eq!(attributes["deployment.environment.name"], "prod");
    assert_eq!(attributes["deployment.name"], "hello");
    assert_eq!(attributes["deployment.status"], "succeeded");
    assert_eq!(root["status"], 1, "{root}");
}

#[test]
fn a_deploy_is_one_connected_trace_through_all_processes() {
    let Some(receiver) = Receiver::start() else {
        return;
    };
    let world = World::start(
        "off",
        &[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &receiver.grpc),
            ("OTEL_BSP_SCHEDULE_DELAY", "200"),
        ],
    );
    let app = app(&world, LAYERS);
    let given = format!("00-{TRACE}-{CALLER}-01");
    let output = world.cli_with(
        &["-C", text(&app), "deploy", "prod"],
        ("TRACEPARENT", &given),
    );
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}\n{}", world.logs());
    world.wait_for("all spans", |_| is_whole(&receiver));
    // What is still on its way when the processes end is sent then.
    world.end();
    let spans = spans(&receiver);
    is_a_tree(&spans);
    keeps_conventions(&spans);
    let names: BTreeSet<&str> = spans.iter().map(|span| word(span, "name")).collect();
    for name in [
        "shipway deploy",
        "pack",
        "upload",
        "submit",
        "queue",
        "build",
        "rollout eu-west-1 main/hello",
        "attempt 1",
        "register",
        "update",
        "follow",
        "ecs:UpdateService",
        "ecr:GetAuthorizationToken",
        "provisioning",
        "pull",
        "start",
        "until healthy",
        "serving",
        "stopping",
    ] {
        assert!(names.contains(name), "{name} is missing: {names:?}");
    }
}

#[test]
fn a_trace_is_whole_also_when_agent_and_coordinator_were_killed_in_mid_rollout() {
    let Some(receiver) = Receiver::start() else {
        return;
    };
    let mut world = World::start(
        "off",
        &[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &receiver.http),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
            ("OTEL_BSP_SCHEDULE_DELAY", "200"),
        ],
    );
    let app = app(&world, LAYERS);
    let given = format!("00-{TRACE}-{CALLER}-01");
    let detached = ["-C", text(&app), "deploy", "prod", "--detach", "--json"];
    let output = world.cli_with(&detached, ("TRACEPARENT", &given));
    assert!(output.status.success(), "{output:?}");
    let taken: Value = serde_json::from_slice(&output.stdout).unwrap();
    let release = taken["release"].as_str().unwrap().to_owned();
    let follows = |world: &World| {
        let trace = world.json(&["trace", &release, "--json"]);
        trace.to_string().contains("\"follow\"")
    };
    world.wait_for("the rollout", follows);
    world.kill_agent("agent-deploy");
    world.kill_coordinator();
    let ended = world.json(&["watch", &release, "--json"]);
    assert_eq!(ended["verdict"], "live", "{ended}\n{}", world.logs());
    world.wait_for("all spans", |_| is_whole(&receiver));
    world.end();
    let spans = spans(&receiver);
    is_a_tree(&spans);
    keeps_conventions(&spans);
    let rollout = named(&spans, "rollout eu-west-1 main/hello")[0];
    let attempts = spans.iter().filter(|span| {
        span["parent"] == rollout["id"] && word(span, "name").starts_with("attempt ")
    });
    let attempts: Vec<&Value> = attempts.collect();
    assert!(
        attempts.len() >= 2,
        "the rollout was taken over: {attempts:?}"
    );
    let second = attempts
        .iter()
        .find(|span| word(span, "name") == "attempt 2");
    let first = attempts
        .iter()
        .find(|span| word(span, "name") == "attempt 1");
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!(
        second["links"][0], first["id"],
        "it says what it goes on from"
    );
    assert_eq!(first["status"], 2, "{first}");
}
