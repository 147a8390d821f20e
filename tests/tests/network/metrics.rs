//! Agents that report what they measured, and what they did not: what is shown, and that the stream outlives it.

use std::time::Duration;

use serde_json::Value;
use shipway_proto::v1;
use shipway_proto::v1::agent_message::Message as Say;
use shipway_proto::v1::metrics::{Family, Sample, sample};
use shipway_tests::{RawAgent, patiently};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::node::Node;
use crate::submit::submit;

/// Of the account of images: its jobs are builds.
const BUILDER: &str = "000000000000";

fn node() -> Node {
    Node::start_with(&[
        ("SHIPWAY_METRICS__LISTEN", "127.0.0.1:0"),
        ("SHIPWAY_LEASE__SECONDS", "6"),
        ("SHIPWAY_LEASE__RENEW_SECONDS", "2"),
        ("SHIPWAY_LEASE__MARGIN_SECONDS", "3"),
    ])
}

/// What Prometheus is told, line by line.
async fn told(node: &Node) -> Vec<String> {
    let ready = std::fs::read(node.path("ready")).unwrap();
    let ready: Value = serde_json::from_slice(&ready).unwrap();
    let address = ready["metrics"].as_str().unwrap();
    let address = address.strip_prefix("http://").unwrap();
    let mut line = TcpStream::connect(address.strip_suffix("/metrics").unwrap())
        .await
        .unwrap();
    let request = b"GET /metrics HTTP/1.1\r\nHost: here\r\n\r\n";
    line.write_all(request).await.unwrap();
    let mut text = String::new();
    line.read_to_string(&mut text).await.unwrap();
    text.lines().map(str::to_owned).collect()
}

/// Waits until what is told has, or has not, a line.
async fn until(node: &Node, there: bool, wanted: &str) {
    let search = async {
        while told(node).await.iter().any(|line| line == wanted) != there {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    patiently(wanted, search).await;
}

fn family(name: &str, label: (&str, &str), number: f64) -> Family {
    let label = v1::NameValue {
        name: label.0.to_owned(),
        value: label.1.to_owned(),
    };
    Family {
        name: name.to_owned(),
        samples: vec![Sample {
            labels: vec![label],
            value: Some(sample::Value::Number(number)),
        }],
    }
}

fn report(families: Vec<Family>) -> Say {
    Say::Metrics(v1::Metrics {
        families,
        left_out: 0,
    })
}

#[tokio::test]
async fn what_an_agent_measured_is_told_under_its_id_until_it_is_gone() {
    let mut node = node();
    let agent = RawAgent::connect(&node.url, "here", BUILDER, 1).await;
    let throttles = "shipway.aws.throttles";
    // What is too large, unknown, or would end a line and begin one of its own.
    let large = "x".repeat(100 << 10);
    for nonsense in [
        family(throttles, ("bucket", &large), 1.0),
        family("shipway.news", ("bucket", "service-read"), 1.0),
        family("up 1\n", ("bucket", "service-read"), 1.0),
        family(throttles, ("bucket\"} 1\nup", "service-read"), 1.0),
    ] {
        agent.send(report(vec![nonsense])).await;
    }
    let right = family(throttles, ("bucket", "a\"b\n"), 7.0);
    agent.send(report(vec![right])).await;
    let shown = r#"shipway_aws_throttles_total{agent="here",bucket="a\"b\n"} 7.0"#;
    until(&node, true, shown).await;
    let dropped = r#"shipway_metrics_dropped_total{what="agent-samples"} 4.0"#;
    let lines = told(&node).await;
    assert!(lines.iter().any(|line| line == dropped), "{lines:#?}");
    assert!(!lines.iter().any(|line| line.starts_with("up")));
    drop(agent);
    until(&node, false, shown).await;
    until(&node, true, r#"shipway_agents{state="gone"} 1.0"#).await;
    node.is_well();
}

#[tokio::test]
async fn a_lease_that_nobody_renews_is_counted_and_what_waits_is_told_with_its_reason() {
    let mut node = node();
    submit(&node.url, "waiter").await;
    until(&node, true, r#"shipway_queue_jobs{reason="no-agent"} 1.0"#).await;
    until(&node, true, r#"shipway_queue_jobs{reason="needs"} 1.0"#).await;
    let mut agent = RawAgent::connect(&node.url, "away", BUILDER, 1).await;
    let job = patiently("an offer", agent.offer()).await.job;
    agent.send(Say::Accept(v1::Accept { job })).await;
    until(&node, true, r#"shipway_jobs_running{kind="build"} 1.0"#).await;
    drop(agent);
    until(&node, true, "shipway_leases_expired_total 1.0").await;
    let lines = told(&node).await;
    let offered = r#"shipway_dispatch_latency_seconds_count{kind="build"} 1"#;
    assert!(lines.iter().any(|line| line == offered), "{lines:#?}");
    node.is_well();
}
