//! Real clients of the registry: docker pushes and pulls, skopeo inspects and copies.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests fail and speak like tests"
)]

#[path = "support/docker_client.rs"]
mod docker_client;
mod support;

use std::process::Command;

use docker_client::{Docker, have, run};
use serde_json::{Value, json};
use support::{TOOLS, World};

#[tokio::test(flavor = "multi_thread")]
async fn docker_pushes_and_pulls_what_ecr_then_describes() {
    let Some(docker) = Docker::with_repository("team/app").await else {
        return;
    };
    let image = docker.image("team/app:v1");
    docker.import(&image, &vec![7_u8; 3 << 20]);
    docker.run(&["push", &image]);
    docker.run(&["rmi", &image]);
    docker.run(&["pull", &image]);
    let format = "{{index .RepoDigests 0}} {{.Config.Labels.team}}";
    let inspected = docker.run(&["inspect", "--format", format, &image]);
    let inspected = String::from_utf8_lossy(&inspected.stdout).trim().to_owned();

    let ids = json!({"repositoryName": "team/app", "imageIds": [{"imageTag": "v1"}]});
    let details = docker.world.ecr(TOOLS, "DescribeImages", ids).await.ok();
    let digest = details["imageDetails"][0]["imageDigest"].as_str().unwrap();
    assert_eq!(
        inspected,
        format!("{} a", docker.image(&format!("team/app@{digest}")))
    );

    let missing = docker.image("missing:v1");
    docker.run(&["tag", &image, &missing]);
    let refused = docker.command(&["push", &missing]).output().unwrap();
    assert!(!refused.status.success());
    let text = String::from_utf8_lossy(&refused.stderr);
    assert!(text.contains("does not exist in the registry"), "{text}");
    docker.run(&["rmi", &image, &missing]);
}

#[tokio::test(flavor = "multi_thread")]
async fn skopeo_inspects_and_copies() {
    if !have("skopeo", &["--version"]) {
        return;
    }
    let world = World::demo().await;
    let registry = world.repository("app", json!({})).await;
    registry.push_image("app", "v1", b"layer").await;
    let reference = |tag: &str| format!("docker://{}/app:{tag}", registry.host);
    let login = format!("AWS:{}", registry.password());
    let mut inspect = Command::new("skopeo");
    inspect.args([
        "inspect",
        "--tls-verify=false",
        "--creds",
        &login,
        &reference("v1"),
    ]);
    let inspected: Value = serde_json::from_slice(&run(&mut inspect).stdout).unwrap();
    assert_eq!(inspected["RepoTags"], json!(["v1"]));
    let mut copy = Command::new("skopeo");
    copy.args(["copy", "--src-tls-verify=false", "--dest-tls-verify=false"]);
    copy.args(["--src-creds", &login, "--dest-creds", &login]);
    copy.args(["--preserve-digests", &reference("v1"), &reference("v2")]);
    run(&mut copy);
    let details = world
        .ecr(TOOLS, "DescribeImages", json!({"repositoryName": "app"}))
        .await
        .ok();
    assert_eq!(details["imageDetails"][0]["imageTags"], json!(["v1", "v2"]));
}
