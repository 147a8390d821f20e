//! Going back: to what was proven, by digest, once it is known to be there, as a revision of its own.

use serde_json::{Value, json};
use shipway_dev::{ACCOUNTS, TOOLS};
use shipway_tests::{App, Scaled, World, id};

const STAGING: &str = ACCOUNTS[1].1;

fn app() -> App {
    App::new("shop").env("staging", STAGING, "")
}

/// What goes wrong with tasks of the app, unless a later script says otherwise.
fn script(world: &World, of: &str, kind: &str) {
    let script = json!({"match": of, "kind": kind, "after_seconds": 1e9});
    let script = serde_json::from_value(script).expect("a script");
    world.stack.sim().add_script(script);
}

/// Tags of the revision that the service names.
async fn tags(world: &World) -> Value {
    let aws = world.aws(STAGING);
    let named = json!({"taskDefinition": aws.hello().await["taskDefinition"], "include": ["TAGS"]});
    aws.ecs("DescribeTaskDefinition", named).await["tags"].clone()
}

#[tokio::test]
async fn it_goes_to_what_was_proven_last_and_not_to_the_number_before() {
    let world = World::start(Scaled::Fast).await;
    let app = app();
    let first = world.cli(&app, &["deploy", "staging"]).await.expect(0);
    let digest = first.target()["image_digest"].as_str().map(str::to_owned);
    let digest = digest.expect("a digest");
    // The second never serves; the third does.
    script(&world, "shop", "cannot-pull");
    script(&world, &digest, "exit");
    app.release("2");
    drop(world.cli(&app, &["deploy", "staging"]).await.expect(10));
    world
        .aws(STAGING)
        .control("DELETE", "/_sim/scripts", &json!({}))
        .await;
    app.release("3");
    let third = world.cli(&app, &["deploy", "staging"]).await.expect(0);

    let back = world.cli(&app, &["rollback", "staging"]).await.expect(0);
    assert_eq!(back.json()["undoes"], third.json()["release"]);
    assert_eq!(back.json()["to"], first.json()["release"]);
    assert_eq!(back.target()["image_digest"], digest.as_str());
    assert_eq!(back.target()["verdict"], "live");
    let revision = back.target()["task_definition"].clone();
    assert_ne!(
        revision,
        first.target()["task_definition"],
        "one of its own"
    );
    assert_eq!(world.aws(STAGING).hello().await["taskDefinition"], revision);
    let tags = tags(&world).await;
    let release = json!({"key": "shipway:release", "value": back.json()["release"]});
    let all = tags.as_array().expect("tags");
    assert!(all.contains(&release), "{tags:#}");
    world.stop().await;
}

#[tokio::test]
async fn nothing_is_changed_when_the_image_to_go_back_to_is_gone() {
    let world = World::start(Scaled::Fast).await;
    let app = app();
    let first = world.cli(&app, &["deploy", "staging"]).await.expect(0);
    app.release("2");
    let second = world.cli(&app, &["deploy", "staging"]).await.expect(0);
    let gone = json!({"repositoryName": "shop",
        "imageIds": [{"imageDigest": first.target()["image_digest"]}]});
    let deleted = world.aws(TOOLS).ecr("BatchDeleteImage", gone).await;
    assert_eq!(deleted["failures"], json!([]));
    let calls = |action: &str| world.calls(STAGING, action).len();
    let before = (calls("UpdateService"), calls("RegisterTaskDefinition"));

    let back = world.cli(&app, &["rollback", "staging"]).await.expect(12);
    assert_eq!(back.json()["verdict"], "failed");
    assert_eq!(back.json()["findings"][0]["code"], "image-missing");
    assert_eq!(
        (calls("UpdateService"), calls("RegisterTaskDefinition")),
        before
    );
    let serving = world.aws(STAGING).hello().await["taskDefinition"].clone();
    assert_eq!(serving, second.target()["task_definition"]);
    world.stop().await;
}

#[tokio::test]
async fn a_rollout_that_still_runs_is_stopped_with_rollback_first() {
    let world = World::start(Scaled::Slow).await;
    let app = app();
    let first = world.cli(&app, &["deploy", "staging"]).await.expect(0);
    let first_id = first.json()["release"].as_str().map(str::to_owned);
    let first_id = first_id.expect("an id");
    app.release("2");
    drop(world.cli(&app, &["deploy", "staging"]).await.expect(0));
    // Slowly, so that it still runs however busy the machine is.
    let aws = world.aws(STAGING);
    let slow = json!({"pulling": 400});
    aws.control("PUT", "/_sim/ecs/phases", &slow).await;
    app.release("3");
    let ran = world.cli(&app, &["deploy", "staging", "--detach"]).await;
    let third = ran.expect(0).release();
    world.under_way(third).await;
    aws.control("PUT", "/_sim/ecs/phases", &json!({})).await;

    let rollback = ["rollback", "staging", "--to", &first_id];
    let back = world.cli(&app, &rollback).await.expect(0);
    assert_eq!(back.json()["undoes"], id(third));
    assert_eq!(back.json()["to"], first_id);
    assert_eq!(back.target()["verdict"], "live");
    assert_eq!(
        back.target()["image_digest"],
        first.target()["image_digest"]
    );
    let undone = world.cli(&app, &["watch", &id(third)]).await.expect(13);
    assert_eq!(undone.target()["verdict"], "cancelled");

    // Stopped, and back at the second, before the way to the first was taken.
    let of = |action: &str| world.calls(STAGING, action);
    let (stops, updates) = (of("StopServiceDeployment"), of("UpdateService"));
    assert_eq!((stops.len(), updates.len()), (1, 4));
    assert!(stops[0].time > updates[2].time && stops[0].time < updates[3].time);
    world.stop().await;
}
