//! A real Prometheus scrapes a running system: what the dashboard and the alerts ask it, it knows.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use shipway_runtime::metrics::names;
use shipway_tests::missing::{Demand, has_program};

use super::deploy::{LAYERS, app, repository};
use super::process::{World, text};

/// What a deploy must have left, besides what is there always.
const AFTER_A_DEPLOY: [&str; 16] = [
    "shipway_dispatch_latency_seconds_count",
    "shipway_commit_duration_seconds_count",
    "shipway_commit_records_count",
    "shipway_store_live_bytes",
    "shipway_store_disk_bytes",
    "shipway_store_free_bytes",
    "shipway_agents",
    "shipway_releases_ended_total",
    "shipway_rollout_duration_seconds_count",
    "shipway_step_duration_seconds_count",
    "shipway_changes_total",
    "shipway_lead_time_seconds_count",
    "shipway_aws_calls_total",
    "shipway_aws_budget",
    "shipway_builds_total",
    "shipway_build_pushed_bytes_total",
];

/// A server that ends with the test.
struct Prometheus {
    child: Child,
    address: String,
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Whether the program is there.
fn has(program: &str) -> bool {
    has_program(program, "--version", Demand::Clients, "metrics")
}

impl Prometheus {
    fn start(world: &World, scraped: &str) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap().to_string();
        drop(free);
        let config = world.path("prometheus.yml");
        let told = format!(
            "global: {{scrape_interval: 1s, evaluation_interval: 1s}}\n\
             rule_files: [{:?}]\n\
             scrape_configs: [{{job_name: shipway, static_configs: [{{targets: [{scraped:?}]}}]}}]\n",
            kept("alerts.yaml")
        );
        std::fs::write(&config, told).unwrap();
        let log = std::fs::File::create(world.path("prometheus.log")).unwrap();
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", text(&config)))
            .arg(format!("--storage.tsdb.path={}", text(&world.path("tsdb"))))
            .arg(format!("--web.listen-address={address}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        Self { child, address }
    }

    /// The answer of its API; `None` while it does not answer.
    fn get(&self, path: &str) -> Option<Value> {
        let mut line = TcpStream::connect(&self.address).ok()?;
        // By HTTP/1.0 the answer comes in one piece.
        let request = format!("GET {path} HTTP/1.0\r\n\r\n");
        line.write_all(request.as_bytes()).ok()?;
        let mut answer = Vec::new();
        line.read_to_end(&mut answer).ok()?;
        let answer = String::from_utf8(answer).ok()?;
        let (_, body) = answer.split_once("\r\n\r\n")?;
        serde_json::from_str(body).ok()
    }

    /// What a query gives now.
    fn query(&self, query: &str) -> Value {
        let asked: String = query.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let answer = self.get(&format!("/api/v1/query?query={asked}"));
        answer.unwrap_or_else(|| panic!("no answer to {query}"))
    }

    /// Whether a query gives anything now.
    fn has(&self, query: &str) -> bool {
        let asked: String = query.bytes().map(|byte| format!("%{byte:02x}")).collect();
        self.get(&format!("/api/v1/query?query={asked}"))
            .is_some_and(|answer| {
                let result = answer["data"]["result"].as_array();
                result.is_some_and(|result| !result.is_empty())
            })
    }
}

fn kept(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../deploy/observability")
        .join(file)
}

/// All queries of the dashboard, with something in place of Grafana's variables.
fn dashboard() -> Vec<String> {
    let text = std::fs::read_to_string(kept("dashboard.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels
        .iter()
        .filter_map(|panel| panel["targets"].as_array())
        .flatten();
    targets
        .map(|target| {
            let query = target["expr"].as_str().unwrap();
            let query = query
                .replace("$__range_s", "3600")
                .replace("$__range", "1h")
                .replace("$__rate_interval", "1m")
                .replace("$app", ".*")
                .replace("$env", ".*");
            assert!(
                !query.contains('$'),
                "a variable that is not known: {query}"
            );
            query
        })
        .collect()
}

/// The queries of the alerts.
fn alerts() -> Vec<String> {
    let text = std::fs::read_to_string(kept("alerts.yaml")).unwrap();
    let lines = text.lines().map(str::trim);
    lines
        .filter_map(|line| line.strip_prefix("expr: "))
        .map(str::to_owned)
        .collect()
}

/// The names of our series in a query.
fn names_in(query: &str) -> BTreeSet<String> {
    let words = query.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words
        .filter(|word| word.starts_with("shipway_"))
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_dashboard_and_the_alerts_name_metrics_that_there_are_and_all_of_them_are_shown() {
    let known: BTreeSet<String> = names::ALL.iter().flat_map(|def| def.series()).collect();
    let (shown, warned) = (dashboard(), alerts());
    assert!(shown.len() > 30 && warned.len() > 5);
    let mut seen = BTreeSet::new();
    for query in shown.iter().chain(&warned) {
        let names = names_in(query);
        assert!(!names.is_empty(), "{query}");
        for name in names {
            assert!(known.contains(&name), "{name} in {query}");
            seen.insert(name);
        }
    }
    for def in names::ALL {
        let series = def.series();
        assert!(series.iter().any(|it| seen.contains(it)), "{}", def.name);
    }
}

#[test]
fn each_alert_fires_when_it_should_and_not_before() {
    // Of each there is a case in which it fires...
    let cases = std::fs::read_to_string(kept("alerts_test.yaml")).unwrap();
    let rules = std::fs::read_to_string(kept("alerts.yaml")).unwrap();
    let alerts = rules
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: "));
    let fires = |alert: &&str| cases.contains(&format!("{{alertname=\"{alert}\"}}"));
    let never: Vec<&str> = alerts.filter(|alert| !fires(alert)).collect();
    assert_eq!(never, Vec::<&str>::new());
    // ...and Prometheus says that it does.
    if !has("promtool") {
        return;
    }
    for (what, file) in [("check", "alerts.yaml"), ("test", "alerts_test.yaml")] {
        let checked = Command::new("promtool")
            .args([what, "rules"])
            .arg(kept(file))
            .output()
            .unwrap();
        assert!(checked.status.success(), "{checked:?}");
    }
}

#[test]
fn prometheus_knows_after_a_deploy_what_the_dashboard_and_the_alerts_ask() {
    if !has("prometheus") {
        return;
    }
    let world = World::start(
        "off",
        &[
            ("SHIPWAY_METRICS__LISTEN", "127.0.0.1:0"),
            ("SHIPWAY_AGENT_AWS__BUDGET_SHARE", "0.9"),
        ],
    );
    let ready = std::fs::read_to_string(world.path("server.json")).unwrap();
    let ready: Value = serde_json::from_str(&ready).unwrap();
    let url = ready["metrics"].as_str().unwrap();
    let scraped = url.strip_prefix("http://").unwrap();
    let prometheus = Prometheus::start(&world, scraped.strip_suffix("/metrics").unwrap());
    // Scraped before the first deploy, so that its counters are seen to grow.
    world.wait_for("a first scrape", |_| prometheus.has("shipway_queue_jobs"));
    let app = app(&world, LAYERS);
    repository(&app, "first");
    let deployed = world.json(&["-C", text(&app), "deploy", "prod", "--json"]);
    assert_eq!(deployed["verdict"], "live", "{deployed}\n{}", world.logs());
    for name in AFTER_A_DEPLOY {
        world.wait_for(name, |_| prometheus.has(name));
    }
    for query in [
        "shipway_changes_total{app=\"hello\", env=\"prod\", result=\"live\"} == 1",
        "shipway_changes_total{app=\"hello\", env=\"prod\", result=\"failed\"} == 0",
        "sum(increase(shipway_changes_total{result=\"live\"}[1m])) > 0",
        "shipway_releases_ended_total{kind=\"deploy\", verdict=\"live\"} == 1",
        "shipway_agents{state=\"connected\"} == 2",
        "shipway_aws_calls_total{agent=~\"agent-.+\"}",
        "shipway_builds_total{builder=\"layers\", outcome=\"built\"} == 1",
        "shipway_rollout_duration_seconds_count{verdict=\"live\"} == 1",
        "shipway_step_duration_seconds_count{step=\"follow\", result=\"done\"} >= 1",
        "shipway_aws_calls_total{service=\"ecs\", bucket=\"service-modify\", outcome=\"ok\"} >= 1",
        "shipway_aws_budget{account=\"222222222222\", region=\"eu-west-1\"} > 0",
    ] {
        world.wait_for(query, |_| prometheus.has(query));
    }
    for query in dashboard().iter().chain(&alerts()) {
        let answer = prometheus.query(query);
        assert_eq!(answer["status"], "success", "{query}: {answer}");
    }
    // Every series that is told is one of the table.
    let known: BTreeSet<String> = names::ALL.iter().flat_map(|def| def.series()).collect();
    let told = prometheus.get("/api/v1/label/__name__/values").unwrap();
    let told = told["data"].as_array().unwrap().iter();
    let ours = told
        .filter_map(Value::as_str)
        .filter(|it| it.starts_with("shipway_"));
    for name in ours {
        assert!(known.contains(name), "{name}");
    }
    let rules = prometheus.get("/api/v1/rules").unwrap();
    let health = rules.to_string();
    assert!(!health.contains("\"health\":\"err\""), "{health}");
    world.end();
}
