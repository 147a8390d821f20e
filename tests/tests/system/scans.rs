//! Scan gates, from the manifest to the exit code.

use serde_json::{Value, json};
use shipway_dev::{ACCOUNTS, REGION};
use shipway_tests::{App, Ran, Scaled, World};

const TOOLS: &str = ACCOUNTS[0].1;
const STAGING: &str = ACCOUNTS[1].1;

/// An app with a gate.
fn app(scan: &str) -> App {
    let app = App::new("shop").env("staging", STAGING, "");
    gate(&app, scan);
    app
}

fn gate(app: &App, scan: &str) {
    app.change_manifest(
        "[task_definition]",
        &format!("[scan]\n{scan}\n[task_definition]"),
    );
}

fn finding(id: &str, severity: &str, fixed_in: Option<&str>) -> Value {
    json!({
        "name": id, "severity": severity, "uri": format!("https://example.com/{id}"),
        "package": "openssl", "version": "3.0.1", "fixed_in": fixed_in,
    })
}

/// What scans of the app's images find from now on.
fn scans_find(world: &World, findings: &Value) {
    let found = json!({"match": "*", "findings": findings});
    world.stack.sim().add_findings(&found).expect("findings");
}

/// Nothing was changed where the app runs.
fn nothing_was_deployed(world: &World) {
    for call in ["RegisterTaskDefinition", "UpdateService"] {
        assert_eq!(world.calls(STAGING, call).len(), 0, "{call}");
    }
}

/// What the step gave.
fn step(ran: &Ran) -> Value {
    let events = ran.out.lines().map(|line| {
        let event: Value = serde_json::from_str(line).expect("JSON");
        event
    });
    events
        .into_iter()
        .find(|event| event["type"] == "step-ended" && event["step"] == "scan")
        .expect("the step")
}

#[tokio::test]
async fn an_image_without_findings_passes_and_the_release_says_so() {
    let world = World::start(Scaled::Fast).await;
    let ran = world
        .cli(&app("fail_on = \"low\""), &["deploy", "staging"])
        .await;
    let ran = ran.expect(0);
    let text = "0 critical, 0 high, 0 medium, 0 low";
    assert_eq!(ran.json()["image"]["scan"], text);
    assert_eq!(step(&ran)["detail"], text);
    assert_eq!(ran.json()["verdict"], "live");
    world.stop().await;
}

#[tokio::test]
async fn a_finding_ends_the_release_before_anything_is_changed() {
    let world = World::start(Scaled::Fast).await;
    scans_find(
        &world,
        &json!([
            finding("CVE-2026-1", "CRITICAL", None),
            finding("CVE-2026-2", "MEDIUM", None),
        ]),
    );
    let ran = world
        .cli(&app("fail_on = \"high\""), &["deploy", "staging"])
        .await;
    let ran = ran.expect(12);
    assert_eq!(ran.json()["verdict"], "failed");
    assert_eq!(step(&ran)["result"], "failed");
    let finding = ran.json()["findings"][0].clone();
    assert_eq!(finding["code"], "scan-gate", "{finding:#}");
    let evidence = finding["evidence"].clone();
    assert_eq!(
        evidence,
        json!([
            "CVE-2026-1 critical: openssl 3.0.1, whether a fix exists is not said https://example.com/CVE-2026-1"
        ])
    );
    nothing_was_deployed(&world);
    world.stop().await;
}

#[tokio::test]
async fn an_exception_lets_a_finding_pass_until_its_last_day() {
    let world = World::start(Scaled::Fast).await;
    scans_find(&world, &json!([finding("CVE-2026-1", "HIGH", None)]));
    let excepted = |until: &str| {
        format!(
            "fail_on = \"high\"\n[[scan.exceptions]]\nid = \"CVE-2026-1\"\nuntil = \"{until}\"\n\
             reason = \"no way in\""
        )
    };
    let over = world
        .cli(&app(&excepted("2020-01-31")), &["deploy", "staging"])
        .await;
    let over = over.expect(12);
    let evidence = over.json()["findings"][0]["evidence"][0].to_string();
    assert!(
        evidence.contains("its exception ended on 2020-01-31 (no way in)"),
        "{evidence}"
    );
    assert!(over.out.contains("counts no more"), "{}", over.out);
    nothing_was_deployed(&world);
    let holds = world
        .cli(&app(&excepted("9999-12-31")), &["deploy", "staging"])
        .await;
    let text = "0 critical, 1 high (allowed until 9999-12-31)";
    assert_eq!(step(&holds.expect(0))["detail"], text);
    world.stop().await;
}

#[tokio::test]
async fn a_scan_that_never_ends_does_not_pass() {
    let world = World::start(Scaled::Fast).await;
    let endless = json!({"match": "*", "status": "IN_PROGRESS"});
    world.stack.sim().add_findings(&endless).expect("findings");
    let gated = app("fail_on = \"critical\"\ntimeout = \"10s\"");
    let ran = world.cli(&gated, &["deploy", "staging"]).await.expect(12);
    let finding = ran.json()["findings"][0].clone();
    assert_eq!(finding["code"], "scan-unknown", "{finding:#}");
    assert_eq!(finding["evidence"], json!(["IN_PROGRESS"]));
    assert!(ran.out.contains("waiting for ECR to scan"), "{}", ran.out);
    nothing_was_deployed(&world);
    world.stop().await;
}

#[tokio::test]
async fn enhanced_scanning_is_waited_for_and_says_what_can_be_fixed() {
    let world = World::start(Scaled::Fast).await;
    let rule = json!({"scanFrequency": "CONTINUOUS_SCAN", "repositoryFilters": [{"filter": "*", "filterType": "WILDCARD"}]});
    let enhanced = json!({"scanType": "ENHANCED", "rules": [rule]});
    let tools = world.aws(TOOLS);
    tools
        .ecr("PutRegistryScanningConfiguration", enhanced)
        .await;
    scans_find(&world, &json!([finding("CVE-2026-1", "HIGH", None)]));
    let app = app("fail_on = \"high\"\nonly_fixable = true");
    let ran = world.cli(&app, &["deploy", "staging"]).await.expect(0);
    assert_eq!(step(&ran)["detail"], "0 critical, 1 high (without a fix)");

    app.release("2");
    scans_find(
        &world,
        &json!([finding("CVE-2026-1", "HIGH", Some("3.0.2"))]),
    );
    let ran = world.cli(&app, &["deploy", "staging"]).await.expect(12);
    let finding = ran.json()["findings"][0].clone();
    assert_eq!(finding["code"], "scan-gate", "{finding:#}");
    let remedy = finding["remedy"].to_string();
    assert!(remedy.contains("rebuild with openssl >= 3.0.2"), "{remedy}");
    world.stop().await;
}

#[tokio::test]
async fn a_repository_that_does_not_scan_on_push_is_asked_to() {
    let world = World::start(Scaled::Fast).await;
    let app = app("fail_on = \"high\"");
    app.change_manifest("[image.create]", "[image.create]\nscan_on_push = false");
    drop(world.cli(&app, &["deploy", "staging"]).await.expect(0));
    assert_eq!(world.calls(TOOLS, "StartImageScan").len(), 1);
    world.stop().await;
}

#[tokio::test]
async fn an_image_by_digest_is_held_up_and_a_rollback_is_not() {
    let world = World::start(Scaled::Fast).await;
    let app = app("fail_on = \"high\"");
    let first = world.cli(&app, &["deploy", "staging"]).await.expect(0);
    app.release("2");
    drop(world.cli(&app, &["deploy", "staging"]).await.expect(0));
    scans_find(&world, &json!([finding("CVE-2026-1", "HIGH", None)]));
    let image = first.json()["image"]["reference"].clone();
    let image = image.as_str().expect("a reference");
    let held_up = world
        .cli(&app, &["deploy", "staging", "--image", image])
        .await;
    let held_up = held_up.expect(12);
    assert_eq!(held_up.json()["findings"][0]["code"], "scan-gate");
    let back = world.cli(&app, &["rollback", "staging"]).await.expect(0);
    assert_eq!(back.json()["image"]["reference"], image);
    assert_eq!(back.json()["image"]["scan"], Value::Null);
    world.stop().await;
}

#[tokio::test]
async fn an_image_of_another_registry_is_refused_at_the_submission() {
    let world = World::start(Scaled::Fast).await;
    let image = format!("docker.io/library/other@sha256:{}", "0".repeat(64));
    let app = app("fail_on = \"high\"");
    let ran = world
        .cli(&app, &["deploy", "staging", "--image", &image])
        .await;
    assert_ne!(ran.code, 0);
    let all = format!("{}{}", ran.out, ran.err);
    assert!(all.contains("is not in the repository shop"), "{all}");
    assert_eq!(
        world.calls(TOOLS, "DescribeRepositories").len(),
        0,
        "in {REGION}"
    );
    world.stop().await;
}

#[tokio::test]
async fn a_plan_says_what_the_gate_would_say_of_an_image_by_digest() {
    let world = World::start(Scaled::Fast).await;
    scans_find(&world, &json!([finding("CVE-2026-1", "MEDIUM", None)]));
    let app = app("fail_on = \"high\"");
    let live = world.cli(&app, &["deploy", "staging"]).await.expect(0);
    let image = live.json()["image"]["reference"].clone();
    let plan = [
        "plan",
        "staging",
        "--image",
        image.as_str().expect("an image"),
    ];
    let codes = |ran: &Ran| -> Vec<Value> {
        let warnings = ran.target()["warnings"].clone();
        let warnings = warnings.as_array().cloned().unwrap_or_default();
        warnings
            .into_iter()
            .map(|one| one["code"].clone())
            .collect()
    };
    let passes = world.cli(&app, &plan).await.expect(0);
    assert!(
        !codes(&passes).contains(&json!("W13")),
        "{:#}",
        passes.json()
    );
    app.change_manifest("fail_on = \"high\"", "fail_on = \"medium\"");
    let ran = world.cli(&app, &plan).await.expect(0);
    assert!(codes(&ran).contains(&json!("W13")), "{:#}", ran.json());
    // The role of the test's task definition is of another account, and cannot be asked; scans can.
    let unread = ran.target()["unread"].to_string();
    assert!(!unread.contains("scan"), "{unread}");
    world.stop().await;
}
