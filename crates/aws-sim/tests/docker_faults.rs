//! What docker does when a registry fails once: it tries again where it moves layers, and tells where it does not.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests fail and speak like tests"
)]

#[path = "support/docker_client.rs"]
mod docker_client;
mod support;

use docker_client::Docker;
use http::Method;
use serde_json::{Value, json};
use support::World;

/// Content that no other image has.
fn content(name: &str) -> Vec<u8> {
    name.repeat(10_000).into_bytes()
}

/// Lets requests of this operation fail once; gives whether one did, when asked later.
async fn fail_once(world: &World, operation: &str, kind: &str) {
    let path = "/_sim/faults";
    world.control(Method::DELETE, path, Value::Null).await.ok();
    let rule = json!({"service": "registry", "action": operation, "kind": kind, "count": 1});
    world.control(Method::POST, path, rule).await.ok();
}

async fn struck(world: &World) -> bool {
    let rules = world
        .control(Method::GET, "/_sim/faults", Value::Null)
        .await;
    rules.ok()[0]["hits"] == 1
}

#[tokio::test(flavor = "multi_thread")]
async fn docker_survives_one_fault_while_it_moves_layers() {
    let Some(docker) = Docker::with_repository("app").await else {
        return;
    };
    for (operation, kind) in [
        ("start-upload", "http-503"),
        ("upload-chunk", "http-503"),
        ("upload-chunk", "drop-before"),
        ("finish-upload", "http-503"),
    ] {
        let tag = format!("{operation}-{kind}");
        let image = docker.image(&format!("app:{tag}"));
        docker.import(&image, &content(&tag));
        fail_once(&docker.world, operation, kind).await;
        docker.run(&["push", &image]);
        assert!(struck(&docker.world).await, "{tag}");
        docker.run(&["rmi", &image]);
        // Docker tries again where it is sent, too.
        let downloads: &[_] = match operation {
            "finish-upload" => &["get-layer"],
            "start-upload" => &["get-blob"],
            _ => &["get-blob", "get-layer"],
        };
        for download in downloads {
            fail_once(&docker.world, download, kind).await;
            docker.run(&["pull", &image]);
            assert!(struck(&docker.world).await, "{tag} {download}");
            docker.run(&["rmi", &image]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn docker_tells_of_a_fault_with_a_manifest_and_succeeds_at_the_next_try() {
    let Some(docker) = Docker::with_repository("app").await else {
        return;
    };
    let image = docker.image("app:v1");
    docker.import(&image, &content("manifest"));
    fail_once(&docker.world, "put-manifest", "http-503").await;
    let told = docker.command(&["push", &image]).output().unwrap();
    assert!(!told.status.success(), "{told:?}");
    assert!(struck(&docker.world).await);
    docker.run(&["push", &image]);
    docker.run(&["rmi", &image]);
}
