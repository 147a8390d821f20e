//! Metrics and logs leave coordinator and agents by OTLP, to a receiver that is not ours.

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
