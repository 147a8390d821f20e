//! What docker does when a registry fails once: it tries again where it moves layers, and tells where it does not.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "helpers of tests fail and speak like tests"
)]

mod support;

use std::path::Path;
use std::process::{Command, Output, Stdio};

use http::Method;
use serde_json::{Value, json};
use support::{Registry, World};

/// Whether docker works here; its absence is loud, and a failure where it must be there.
fn have_docker() -> bool {
    let found = Command::new("docker").arg("version").output();
    if found.is_ok_and(|output| output.status.success()) {
        return true;
    }
    let demanded = std::env::var_os("SHIPWAY_REQUIRE_DOCKER").is_some_and(|value| value == "1");
    assert!(
        !demanded,
        "docker does not work here, and SHIPWAY_REQUIRE_DOCKER=1"
    );
    eprintln!("SKIPPED: docker does not work here");
    false
}

fn docker(config: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new("docker");
    command.arg("--config").arg(config).args(arguments);
    command.output().unwrap()
}

#[track_caller]
fn succeeds(output: &Output, what: &str) {
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{what}: {error}");
}

fn login(config: &Path, registry: &Registry) {
    let mut child = Command::new("docker")
        .arg("--config")
        .arg(config)
        .args(["login", "-u", "AWS", "--password-stdin", &registry.host])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    std::io::Write::write_all(&mut input, registry.password().as_bytes()).unwrap();
    drop(input);
    assert!(child.wait().unwrap().success());
}

/// Makes an image without a builder and without a base image; no other has its layer.
fn import(config: &Path, image: &str, content: &str) {
    let (tar, file) = (config.join("root.tar"), config.join("hello"));
    std::fs::write(&file, content.repeat(10_000)).unwrap();
    let mut packed = Command::new("tar");
    packed
        .arg("-cf")
        .arg(&tar)
        .arg("-C")
        .arg(config)
        .arg("hello");
    succeeds(&packed.output().unwrap(), "tar");
    let tar = tar.display().to_string();
    succeeds(&docker(config, &["import", &tar, image]), "import");
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
    if !have_docker() {
        return;
    }
    let world = World::demo().await;
    let registry = world.repository("app", json!({})).await;
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path();
    login(config, &registry);
    for (operation, kind) in [
        ("start-upload", "http-503"),
        ("upload-chunk", "http-503"),
        ("upload-chunk", "drop-before"),
        ("finish-upload", "http-503"),
    ] {
        let tag = format!("{operation}-{kind}");
        let image = format!("{}/app:{tag}", registry.host);
        import(config, &image, &tag);
        fail_once(&world, operation, kind).await;
        succeeds(&docker(config, &["push", &image]), &tag);
        assert!(struck(&world).await, "{tag}");
        succeeds(&docker(config, &["rmi", &image]), &tag);
        // Docker tries again where it is sent, too.
        let downloads: &[_] = match operation {
            "finish-upload" => &["get-layer"],
            "start-upload" => &["get-blob"],
            _ => &["get-blob", "get-layer"],
        };
        for download in downloads {
            fail_once(&world, download, kind).await;
            succeeds(&docker(config, &["pull", &image]), &tag);
            assert!(struck(&world).await, "{tag} {download}");
            succeeds(&docker(config, &["rmi", &image]), &tag);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn docker_tells_of_a_fault_with_a_manifest_and_succeeds_at_the_next_try() {
    if !have_docker() {
        return;
    }
    let world = World::demo().await;
    let registry = world.repository("app", json!({})).await;
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path();
    login(config, &registry);
    let image = format!("{}/app:v1", registry.host);
    import(config, &image, "manifest");
    fail_once(&world, "put-manifest", "http-503").await;
    let told = docker(config, &["push", &image]);
    assert!(!told.status.success(), "{told:?}");
    assert!(struck(&world).await);
    succeeds(&docker(config, &["push", &image]), "the next try");
    succeeds(&docker(config, &["rmi", &image]), "the end");
}
