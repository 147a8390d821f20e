//! Metrics and logs leave coordinator, agents and command lines by OTLP, to a receiver that is not ours.

use std::net::TcpListener;
use std::time::Instant;

use serde_json::Value;

use super::deploy::{LAYERS, app};
use super::process::{World, text};
use super::receiver::Receiver;

#[test]
fn metrics_and_logs_of_coordinator_and_agents_leave_by_otlp_while_they_run() {
    let Some(receiver) = Receiver::start() else {
        return;
    };
    let world = World::start(
        "off",
        &[
            ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", &receiver.grpc),
            ("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", &receiver.grpc),
            ("OTEL_METRIC_EXPORT_INTERVAL", "300"),
            ("OTEL_BLRP_SCHEDULE_DELAY", "200"),
        ],
    );
    let app = app(&world, LAYERS);
    let deployed = world.json(&["-C", text(&app), "deploy", "prod", "--json"]);
    assert_eq!(deployed["verdict"], "live", "{deployed}\n{}", world.logs());
    // Of the board, of what became durable, of the store, of the agents.
    for (name, unit) in [
        ("shipway.agents", "{agent}"),
        ("shipway.changes", "{change}"),
        ("shipway.commit.duration", "s"),
        ("shipway.aws.calls", "{call}"),
        ("shipway.build.pushed", "By"),
    ] {
        world.wait_for(name, |_| {
            let received = receiver.received("metric");
            let mut metrics = received.iter().map(|one| &one["metric"]);
            metrics.any(|metric| metric["name"] == name && metric["unit"] == unit)
        });
    }
    // What an agent says of a job is in the trace of its release.
    let trace = deployed["trace"].as_str().unwrap();
    world.wait_for("a line of a job in its trace", |_| {
        let received = receiver.received("log");
        let of_agent = |log: &serde_json::Value| log["resource"]["service.name"] == "shipway-agent";
        let mut logs = received.iter().filter(|log| of_agent(log));
        logs.any(|log| log["body"] == "job taken" && log["trace"] == trace)
    });
    let logs = receiver.received("log");
    let agent = logs
        .iter()
        .find(|log| log["resource"]["service.name"] == "shipway-agent");
    assert!(agent.unwrap()["resource"]["service.instance.id"].is_string());
    world.end();
}

/// The commands that were told of, each as the one point that its process sent.
fn commands(receiver: &Receiver) -> Vec<Value> {
    let all = receiver.received("metric").into_iter();
    let ours = all.filter(|one| one["metric"]["name"] == "shipway.cli.command.duration");
    ours.map(|one| {
        assert_eq!(one["resource"]["service.name"], "shipway");
        let metric = &one["metric"];
        assert_eq!(metric["unit"], "s");
        let histogram = &metric["histogram"];
        assert_eq!(
            histogram["aggregationTemporality"],
            "AGGREGATION_TEMPORALITY_DELTA"
        );
        let points = histogram["dataPoints"].as_array().unwrap();
        assert_eq!(points.len(), 1, "{metric}");
        points[0].clone()
    })
    .collect()
}

#[test]
fn each_command_tells_by_grpc_and_http_how_long_it_took_and_how_it_ended() {
    let Some(receiver) = Receiver::start() else {
        return;
    };
    let world = World::start("off", &[]);
    let whole = |vars: &[(&str, &str)], args: &[&str]| {
        let began = Instant::now();
        let output = world.cli_with_all(args, vars);
        (output, began.elapsed().as_secs_f64())
    };
    let grpc = ("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.grpc.as_str());
    let http = ("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.http.as_str());
    let spoken = ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf");
    // Sums of one process would be of no use to anybody.
    let sums = (
        "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
        "cumulative",
    );
    for (vars, args, code) in [
        ([grpc].as_slice(), ["agents", "--json"], 0),
        (&[http, spoken, sums], ["watch", "4040"], 1),
    ] {
        // It was received when the command has ended, unless that would have taken too long.
        let before = commands(&receiver).len();
        let (mut took, mut tries) = (0.0, 0);
        while commands(&receiver).len() == before {
            let output;
            (output, took) = whole(vars, &args);
            assert_eq!(output.status.code(), Some(code), "{output:?}");
            tries += 1;
            assert!(tries < 20, "nothing was received");
        }
        let told = commands(&receiver);
        assert_eq!(told.len(), before + 1, "{told:?}");
        let point = &told[before];
        let labels = point["attributes"].to_string();
        for word in [args[0], &code.to_string()] {
            assert!(labels.contains(&format!("\"{word}\"")), "{labels}");
        }
        assert_eq!(point["count"], "1");
        let sum = point["sum"].as_f64().unwrap();
        assert!(sum > 0.0 && sum <= took, "{sum} s of {took} s");
    }
    // Whoever wants traces alone has them alone.
    let none = ("OTEL_METRICS_EXPORTER", "none");
    let (output, _) = whole(&[grpc, none], &["agents"]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(commands(&receiver).len(), 2);
    world.end();
}

#[test]
fn a_collector_that_hangs_or_is_away_changes_nothing_of_a_command_and_holds_it_up_no_hour() {
    let world = World::start("off", &[]);
    let plain = world.cli(&["agents", "--json"]);
    // It takes connections, and never says a word.
    let hangs = TcpListener::bind("127.0.0.1:0").unwrap();
    let away = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = |it: &TcpListener| format!("http://{}", it.local_addr().unwrap());
    let addresses = [address(&hangs), address(&away)];
    drop(away);
    for address in &addresses {
        for protocol in ["grpc", "http/protobuf"] {
            let vars = [
                ("OTEL_EXPORTER_OTLP_ENDPOINT", address.as_str()),
                ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
                // In milliseconds: what a command is held up by is its own patience.
                ("OTEL_EXPORTER_OTLP_TIMEOUT", "3600000"),
            ];
            let output = world.cli_with_all(&["agents", "--json"], &vars);
            assert_eq!(output.status, plain.status);
            assert_eq!(output.stderr, plain.stderr);
            assert!(plain.stderr.is_empty(), "{plain:?}");
            let heads = |out: &[u8]| String::from_utf8_lossy(out).matches("\"id\"").count();
            assert_eq!(heads(&output.stdout), heads(&plain.stdout));
        }
    }
    // Whoever asks is told why nothing arrives.
    let away = ("OTEL_EXPORTER_OTLP_ENDPOINT", addresses[1].as_str());
    let output = world.cli_with_all(&["agents"], &[away, ("OTEL_LOG_LEVEL", "warn")]);
    let told = String::from_utf8_lossy(&output.stderr);
    for what in ["spans", "metric"] {
        let line = format!("the {what} of the command");
        assert!(told.contains(&line), "{told}");
    }
    assert!(output.status.success());
    world.end();
}
