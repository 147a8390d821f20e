//! A plan tells what a deploy would do, and changes nothing.

use serde_json::{Value, json};
use shipway_dev::ACCOUNTS;
use shipway_tests::{App, Scaled, World};

const STAGING: &str = ACCOUNTS[1].1;

/// Calls that change something in the account.
fn writes(world: &World) -> Vec<&'static str> {
    let mutations = [
        "RegisterTaskDefinition",
        "UpdateService",
        "StopServiceDeployment",
        "RegisterScalableTarget",
    ];
    let made = |action: &&str| !world.calls(STAGING, action).is_empty();
    mutations.into_iter().filter(made).collect()
}

fn paths(target: &Value, list: &str) -> Vec<String> {
    let changes = target[list].as_array().cloned().unwrap_or_default();
    let path = |change: &Value| change["path"].as_str().unwrap_or_default().to_owned();
    changes.iter().map(path).collect()
}

#[tokio::test]
async fn a_plan_before_and_after_a_deploy_says_what_would_change_and_changes_nothing() {
    let world = World::start(Scaled::Fast).await;
    let app = App::new("shop").env("staging", STAGING, "");
    let plan = world.cli(&app, &["plan", "staging"]).await.expect(3);
    assert_eq!(plan.json()["changes"], true);
    let target = plan.target();
    assert_eq!(target["image_known"], false, "it is built from the folder");
    let course = &target["course"];
    assert_eq!(course["end"], "completed", "{course:#}");
    assert_eq!(
        (&course["desired"], &course["lower"], &course["upper"]),
        (&json!(2), &json!(2), &json!(4))
    );
    let last = course["points"].as_array().and_then(|points| points.last());
    assert_eq!(
        last.map(|p| (&p["old"], &p["new"])),
        Some((&json!(0), &json!(2)))
    );
    assert_eq!(course["extra"]["tasks"], 2, "{course:#}");
    assert_eq!(writes(&world), [""; 0]);

    let live = world.cli(&app, &["deploy", "staging"]).await.expect(0);
    let image = live.json()["image"]["reference"].clone();
    let image = image.as_str().expect("a reference");
    let plan = ["plan", "staging", "--image", image];
    let same = world.cli(&app, &plan).await.expect(0);
    assert_eq!(same.json()["changes"], false, "{:#}", same.json());

    let definition = app.folder().join("task-definition.json");
    let text = std::fs::read_to_string(&definition).expect("a task definition");
    let mut edited: Value = serde_json::from_str(&text).expect("JSON");
    edited["containerDefinitions"][0]["environment"] =
        json!([{"name": "CACHE_TTL", "value": "60"}, {"name": "API_TOKEN", "value": "hunter2"}]);
    std::fs::write(&definition, edited.to_string()).expect("written");
    let other = world.cli(&app, &plan).await.expect(3);
    let paths = paths(&other.target(), "definition");
    assert!(
        paths
            .iter()
            .any(|path| path.ends_with("environment.CACHE_TTL")),
        "{paths:?}"
    );
    assert!(!other.json().to_string().contains("hunter2"));
    assert_eq!(world.calls(STAGING, "UpdateService").len(), 1);
    world.stop().await;
}

#[tokio::test]
async fn a_plan_for_a_service_that_is_not_there_says_so() {
    let world = World::start(Scaled::Fast).await;
    let app = App::new("shop").env_on("staging", STAGING, "nothing", "");
    let ran = world.cli(&app, &["plan", "staging"]).await.expect(1);
    assert!(ran.err.contains("there is no service"), "{}", ran.err);
    world.stop().await;
}
