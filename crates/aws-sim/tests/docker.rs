//! Real clients of the registry: docker pushes and pulls, skopeo inspects and copies.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "helpers of tests fail and speak like tests"
)]

mod support;

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use support::{Registry, TOOLS, World};

/// Whether a client works here; its absence is loud, and a failure where it must be there.
fn have(program: &str, arguments: &[&str]) -> bool {
    let found = Command::new(program).args(arguments).output();
    if found.is_ok_and(|output| output.status.success()) {
        return true;
    }
    let demanded = std::env::var_os("SHIPWAY_REQUIRE_DOCKER").is_some_and(|value| value == "1");
    assert!(
        !demanded,
        "{program} does not work here, and SHIPWAY_REQUIRE_DOCKER=1"
    );
    eprintln!(
        "SKIPPED: `{program} {}` does not work here",
        arguments.join(" ")
    );
    false
}

#[track_caller]
fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {error}");
    output
}

/// Docker with a configuration of its own, logged in.
struct Docker<'a> {
    config: &'a Path,
}

impl Docker<'_> {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("docker");
        command.arg("--config").arg(self.config).args(arguments);
        command
    }

    fn login(&self, registry: &Registry) {
        let arguments = ["login", "-u", "AWS", "--password-stdin", &registry.host];
        let mut command = self.command(&arguments);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        std::io::Write::write_all(&mut input, registry.password().as_bytes()).unwrap();
        drop(input);
        assert!(child.wait().unwrap().success());
    }
}

/// Makes an image without a builder and without a base image.
fn import(docker: &Docker<'_>, image: &str, directory: &Path) {
    let tar = directory.join("root.tar");
    std::fs::write(directory.join("hello"), vec![7_u8; 3 << 20]).unwrap();
    run(Command::new("tar")
        .arg("-cf")
        .arg(&tar)
        .arg("-C")
        .arg(directory)
        .arg("hello"));
    let label = "LABEL team=a";
    let tar = tar.display().to_string();
    run(&mut docker.command(&["import", "--change", label, &tar, image]));
}

#[tokio::test(flavor = "multi_thread")]
async fn docker_pushes_and_pulls_what_ecr_then_describes() {
    if !have("docker", &["version"]) {
        return;
    }
    let world = World::demo().await;
    let registry = world.repository("team/app", json!({})).await;
    let directory = tempfile::tempdir().unwrap();
    let docker = Docker {
        config: directory.path(),
    };
    docker.login(&registry);
    let image = format!("{}/team/app:v1", registry.host);
    import(&docker, &image, directory.path());
    run(&mut docker.command(&["push", &image]));
    run(&mut docker.command(&["rmi", &image]));
    run(&mut docker.command(&["pull", &image]));
    let format = "{{index .RepoDigests 0}} {{.Config.Labels.team}}";
    let inspected = run(&mut docker.command(&["inspect", "--format", format, &image]));
    let inspected = String::from_utf8_lossy(&inspected.stdout).trim().to_owned();

    let ids = json!({"repositoryName": "team/app", "imageIds": [{"imageTag": "v1"}]});
    let details = world.ecr(TOOLS, "DescribeImages", ids).await.ok();
    let digest = details["imageDetails"][0]["imageDigest"].as_str().unwrap();
    assert_eq!(inspected, format!("{}/team/app@{digest} a", registry.host));

    let missing = format!("{}/missing:v1", registry.host);
    run(&mut docker.command(&["tag", &image, &missing]));
    let refused = docker.command(&["push", &missing]).output().unwrap();
    assert!(!refused.status.success());
    let text = String::from_utf8_lossy(&refused.stderr);
    assert!(text.contains("does not exist in the registry"), "{text}");
    run(&mut docker.command(&["rmi", &image, &missing]));
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
