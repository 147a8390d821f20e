//! One trace from the command line to the last task, as a receiver gets it that is not ours.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use shipway_tests::missing::has_engine;

use super::deploy::{DOCKER, LAYERS, app};
use super::process::{Clock, World, text};
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

/// Sends all to the receiver, and soon.
fn by_grpc(receiver: &Receiver) -> [(&str, &str); 2] {
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &receiver.grpc),
        ("OTEL_BSP_SCHEDULE_DELAY", "200"),
    ]
}

/// Deploys an app as a part of the caller's trace; it goes well.
fn deploys(world: &World) {
    let app = app(world, LAYERS);
    let given = format!("00-{TRACE}-{CALLER}-01");
    let deploy = ["-C", text(&app), "deploy", "prod"];
    let output = world.cli_with(&deploy, ("TRACEPARENT", &given));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}\n{}", world.logs());
}

/// What OpenTelemetry's conventions ask for.
fn keeps_conventions(spans: &[Value]) {
    for span in spans {
        let resource = &span["resource"];
        assert_eq!(resource["service.namespace"], "shipway", "{span}");
        assert!(resource["service.name"].is_string() && resource["telemetry.sdk.name"].is_string());
        let service = word(span, "name")
            .split_once(':')
            .map(|(service, _)| service);
        if service.is_some() {
            assert_eq!(span["kind"], 3, "a client's: {span}");
            assert_eq!(resource["service.name"], "shipway-agent");
        }
        if service.is_some_and(|service| !matches!(service, "registry" | "docker")) {
            let attributes = &span["attributes"];
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
    let world = World::start("off", &by_grpc(&receiver));
    deploys(&world);
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
        "registry:put-blob",
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
    let mut spans = spans(&receiver);
    // What was sent right before the kill may be sent again after it: the same to the letter, and else it is told as twice.
    spans.sort_by_key(|span| word(span, "id").to_owned());
    spans.dedup();
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

#[test]
fn a_trace_is_one_tree_also_where_the_clocks_of_its_processes_are_wrong() {
    let clocks = [
        ("agent-tools", "-600s"),
        ("agent-deploy", "+600s"),
        ("shipway", "+3600s"),
    ];
    let (Some(clocks), Some(receiver)) = (Clock::off(&clocks), Receiver::start()) else {
        return;
    };
    let begin = nanos_now();
    let world = World::start_off(&by_grpc(&receiver), clocks);
    deploys(&world);
    world.wait_for("all spans", |_| is_whole(&receiver));
    world.end();
    let end = nanos_now();
    let logs = receiver.received("log");
    let at = |agent: &str| {
        let mut of = logs
            .iter()
            .filter(|log| log["resource"]["service.instance.id"] == agent);
        of.next().unwrap()["at"].as_u64().unwrap()
    };
    assert!(
        at("agent-tools") < begin && at("agent-deploy") > end,
        "their logs show it"
    );
    let spans = spans(&receiver);
    is_a_tree(&spans);
    keeps_conventions(&spans);
    // Not because what agents tell is pressed to an edge of what it is a part of, as ten minutes would be.
    let calls = spans.iter().filter(|span| word(span, "name").contains(':'));
    let calls: Vec<&Value> = calls.collect();
    let is_pressed = |call: &&&Value| {
        let parent = spans.iter().find(|span| span["id"] == call["parent"]);
        let edges = parent.map(|parent| [&parent["from"], &parent["until"]]);
        call["from"] == call["until"] && edges.is_some_and(|edges| edges.contains(&&call["from"]))
    };
    let pressed = calls.iter().filter(is_pressed).count();
    assert!(calls.len() > 5 && pressed * 2 < calls.len(), "{calls:#?}");
}

fn nanos_now() -> u64 {
    shipway_runtime::Clock::system().millis() * 1_000_000
}

#[test]
fn times_of_tasks_are_those_that_the_simulator_knows_to_the_second() {
    let world = World::start_at("1", "off", &[]);
    world.sim(
        "PUT",
        "/_sim/ecs/phases",
        r#"{"provisioning": 3, "pulling": 4, "activating": 2, "settling": 3, "terminating": 2,
            "deprovisioning": 2, "pending": 0, "requested": 0.2}"#,
    );
    let app = app(&world, LAYERS);
    let deployed = world.json(&["-C", text(&app), "deploy", "prod", "--json"]);
    assert_eq!(deployed["verdict"], "live", "{deployed}\n{}", world.logs());
    let release = deployed["release"].as_str().unwrap();
    let trace = world.json(&["trace", release, "--json"]);
    let state = world.sim("GET", "/_sim/state", "");
    let spans: Vec<&Value> = trace["resourceSpans"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|resource| resource["scopeSpans"][0]["spans"].as_array().unwrap())
        .collect();
    let attribute = |span: &Value, key: &str| -> String {
        let mut all = span["attributes"].as_array().unwrap().iter();
        let found = all.find(|attribute| attribute["key"] == key);
        let value = found.map(|found| found["value"]["stringValue"].as_str().unwrap());
        value.unwrap_or_default().to_owned()
    };
    let tasks: Vec<&&Value> = spans
        .iter()
        .filter(|span| !attribute(span, "shipway.task.revision").is_empty())
        .collect();
    let new = tasks
        .iter()
        .filter(|span| attribute(span, "shipway.task.revision") == "new");
    let old = tasks
        .iter()
        .filter(|span| attribute(span, "shipway.task.revision") == "old");
    assert!(new.count() >= 1 && old.count() >= 1, "{tasks:?}");
    let mut compared = 0;
    for task in &tasks {
        let arn = attribute(task, "aws.ecs.task.arn");
        let known = times_of(&state, &arn);
        let parts = spans
            .iter()
            .filter(|span| span["parentSpanId"] == task["spanId"]);
        for part in parts {
            let ends = match part["name"].as_str().unwrap() {
                "provisioning" => "pull_started_at",
                "pull" => "pull_stopped_at",
                "start" => "started_at",
                "serving" => "stopping_at",
                "stopping" => "execution_stopped_at",
                "deprovisioning" => "stopped_at",
                _ => continue,
            };
            let Some(wanted) = known.get(ends) else {
                continue;
            };
            let until: u64 = part["endTimeUnixNano"].as_str().unwrap().parse().unwrap();
            let off = (until / 1_000_000).abs_diff(*wanted);
            assert!(off <= 1_000, "{arn} {ends}: off by {off} ms");
            compared += 1;
        }
    }
    assert!(compared >= 6, "{compared} times were compared");
}

/// Times of a task as the simulator keeps them, in milliseconds since the epoch.
fn times_of(state: &Value, arn: &str) -> BTreeMap<String, u64> {
    let id = arn.rsplit('/').next().unwrap();
    let task = find(state, &|value| {
        value.get("times").is_some() && value.to_string().contains(id)
    });
    let task = task.unwrap_or_else(|| panic!("{arn} is not in the simulator's state"));
    let times = task["times"].as_object().unwrap().iter();
    times
        .filter_map(|(key, value)| Some((key.clone(), value.as_u64()?)))
        .collect()
}

/// The innermost object that is so.
fn find<'a>(value: &'a Value, is_so: &dyn Fn(&Value) -> bool) -> Option<&'a Value> {
    let below = match value {
        Value::Array(all) => all.iter().find_map(|one| find(one, is_so)),
        Value::Object(all) => all.values().find_map(|one| find(one, is_so)),
        _ => None,
    };
    below.or_else(|| (value.is_object() && is_so(value)).then_some(value))
}

#[test]
fn stages_of_a_build_and_calls_of_the_engine_are_parts_of_their_steps() {
    if !has_engine("the trace of a build with an engine") {
        return;
    }
    let world = World::start("auto", &[]);
    let app = app(&world, DOCKER);
    let deployed = world.json(&["-C", text(&app), "deploy", "prod", "--json"]);
    assert_eq!(deployed["verdict"], "live", "{deployed}\n{}", world.logs());
    let release = deployed["release"].as_str().unwrap();
    let told = world.cli(&["trace", release, "--all"]);
    let told = String::from_utf8(told.stdout).unwrap();
    let below = |step: &str| {
        let from = told
            .lines()
            .position(|line| line.contains(&format!(" {step} ")));
        let from = from.unwrap_or_else(|| panic!("no {step}: {told}"));
        let lines: Vec<&str> = told.lines().skip(from + 1).collect();
        let end = lines
            .iter()
            .position(|line| line.starts_with("│ ├") || line.starts_with("├"));
        lines[..end.unwrap_or(lines.len())].join("\n")
    };
    let build = below("build  ");
    assert!(build.contains("COPY program /program"), "{told}");
    assert!(build.contains("docker:GET"), "{told}");
}

#[test]
fn what_a_collector_that_was_away_has_missed_is_sent_when_it_is_back() {
    let place = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = place.local_addr().unwrap().port();
    drop(place);
    let endpoint = format!("http://127.0.0.1:{port}");
    let mut world = World::start("off", &[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)]);
    // It holds nothing up.
    deploys(&world);
    // Nor is it lost with the process.
    world.kill_coordinator();
    let Some(receiver) = Receiver::start_at(port) else {
        return;
    };
    world.wait_for("all spans of the coordinator", |_| {
        let spans = spans(&receiver);
        !named(&spans, "deploy hello → prod").is_empty()
    });
    world.end();
    let spans = spans(&receiver);
    is_a_tree(&spans);
    assert!(!named(&spans, "ecs:UpdateService").is_empty());
}
