//! Wave after wave: a later one begins when all before it are live, and not at all otherwise.

use serde_json::json;
use shipway_dev::ACCOUNTS;
use shipway_tests::{App, Scaled, World};

const STAGING: &str = ACCOUNTS[1].1;
const PROD: &str = ACCOUNTS[2].1;

fn app() -> App {
    App::new("shop").env("all", STAGING, "").then("all", PROD)
}

#[tokio::test]
async fn two_accounts_are_served_one_after_the_other_by_one_release() {
    let world = World::start(Scaled::Fast).await;
    let ran = world.cli(&app(), &["deploy", "all"]).await.expect(0);
    let targets = ran.json()["targets"].clone();
    assert_eq!(targets[0]["account"], STAGING);
    assert_eq!(targets[1]["account"], PROD);
    assert_eq!(targets[0]["image_digest"], targets[1]["image_digest"]);
    let ended = world.calls(STAGING, "UpdateService")[0].time;
    let began = world.calls(PROD, "RegisterTaskDefinition")[0].time;
    assert!(ended < began);
    world.stop().await;
}

#[tokio::test]
async fn a_wave_that_is_rolled_back_leaves_the_next_one_untouched() {
    let world = World::start(Scaled::Fast).await;
    let script = json!({"match": "shop", "kind": "exit", "exit_code": 3, "after_seconds": 1});
    let script = serde_json::from_value(script).expect("a script");
    world.stack.sim().add_script(script);
    let ran = world.cli(&app(), &["deploy", "all"]).await.expect(10);
    let json = ran.json();
    assert_eq!(json["verdict"], "rolled-back");
    assert_eq!(json["targets"][0]["verdict"], "rolled-back");
    assert_ne!(json["targets"][1]["verdict"], "live");
    assert_eq!(json["targets"][1]["phase"], "ended");
    assert!(world.calls(PROD, "RegisterTaskDefinition").is_empty());
    assert!(world.calls(PROD, "UpdateService").is_empty());
    world.stop().await;
}

#[tokio::test]
async fn an_image_that_a_target_may_not_pull_is_found_before_any_is_touched() {
    let world = World::start(Scaled::Fast).await;
    let app = app();
    let path = app.folder().join("shipway.toml");
    let manifest = std::fs::read_to_string(&path).expect("the manifest");
    let closed = manifest.replace("[image.create]", "set_policy = false\n[image.create]");
    std::fs::write(path, closed).expect("written");
    let ran = world.cli(&app, &["deploy", "all"]).await.expect(12);
    let finding = ran.json()["findings"][0].clone();
    assert_eq!(finding["code"], "targets-cannot-pull", "{finding:#}");
    assert!(finding.to_string().contains(PROD));
    for account in [STAGING, PROD] {
        assert!(world.calls(account, "UpdateService").is_empty());
    }
    world.stop().await;
}
