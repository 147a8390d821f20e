//! One trace from the command line to the calls of AWS, through all processes.

use std::collections::BTreeSet;
use std::time::Duration;

use super::collector::{Collector, Span};
use super::deploy::{LAYERS, app};
use super::process::{World, text};

#[test]
fn a_deploy_is_one_connected_trace_through_all_processes() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let collector = Collector::default();
    let listener = runtime
        .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
        .unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let incoming = tokio_stream::wrappers::TcpListenerStream::new(listener);
    let service = collector.clone();
    let mut serving = tokio::task::JoinSet::new();
    serving.spawn_on(
        async move {
            tonic::transport::Server::builder()
                .add_service(service)
                .serve_with_incoming(incoming)
                .await
        },
        runtime.handle(),
    );
    let world = World::start(
        "off",
        &[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint),
            ("OTEL_BSP_SCHEDULE_DELAY", "200"),
        ],
    );
    let app = app(&world, LAYERS);
    let given = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let output = world.cli_with(
        &["-C", text(&app), "deploy", "prod"],
        ("TRACEPARENT", given),
    );
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let wanted = [
        "shipway deploy",
        "submit",
        "queue",
        "job build",
        "job rollout",
        "register",
        "update",
        "follow",
        "ecs:UpdateService",
        "ecr:GetAuthorizationToken",
    ];
    let ours = |span: &Span| hex(&span.trace) == "0af7651916cd43dd8448eb211c80319c";
    world.wait_for("all spans", |_| {
        let spans = collector.spans();
        let names: BTreeSet<&str> = spans
            .iter()
            .filter(|span| ours(span))
            .map(|span| span.name.as_str())
            .collect();
        wanted.iter().all(|name| names.contains(name))
    });
    // What is still on its way when the processes end is sent then.
    world.end();
    let spans: Vec<Span> = collector.spans().into_iter().filter(ours).collect();
    let ids: BTreeSet<String> = spans.iter().map(|span| hex(&span.id)).collect();
    let orphans: Vec<&str> = spans
        .iter()
        .filter(|span| !ids.contains(&hex(&span.parent)) && hex(&span.parent) != "b7ad6b7169203331")
        .map(|span| span.name.as_str())
        .collect();
    assert!(
        orphans.is_empty(),
        "spans without their parents: {orphans:?}"
    );
    runtime.shutdown_timeout(Duration::from_secs(1));
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
