//! Tasks that are real containers, of an image built here without any network.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "helpers of tests fail and speak like tests"
)]

mod support;

use std::process::Command;
use std::time::Duration;

use aws_sim::{SimConfig, Tasks, start};
use serde_json::{Value, json};
use support::{TOOLS, World};

/// Whether an engine answers; its absence is loud, and a failure where it must be there.
fn engine() -> bool {
    let found = Command::new("docker").arg("version").output();
    if found.is_ok_and(|output| output.status.success()) {
        return true;
    }
    let demanded = std::env::var_os("SHIPWAY_REQUIRE_DOCKER").is_some_and(|value| value == "1");
    assert!(!demanded, "no engine answers, and SHIPWAY_REQUIRE_DOCKER=1");
    eprintln!("SKIPPED: no Docker Engine answers here");
    false
}

fn run(program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_is_a_container_with_a_real_exit_code() {
    if !engine() {
        return;
    }
    let sim = start(SimConfig {
        time_scale: 60.0,
        tasks: Tasks::Docker,
        ..SimConfig::default()
    });
    let world = World {
        sim: sim.await.unwrap(),
    };
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).display().to_string();
    std::fs::write(path("main.c"), "int main(){return 3;}").unwrap();
    run("gcc", &["-static", "-o", &path("app"), &path("main.c")]);
    let tar = path("root.tar");
    run("tar", &["-cf", &tar, "-C", &path("."), "app"]);
    let registry = world.repository("app", json!({})).await;
    let image = format!("{}/app:v1", registry.host);
    let config = path("config");
    run(
        "docker",
        &["import", "--change", r#"ENTRYPOINT ["/app"]"#, &tar, &image],
    );
    let password = registry.password();
    let docker = ["--config", &config];
    run(
        "docker",
        &[
            docker[0],
            docker[1],
            "login",
            "-u",
            "AWS",
            "-p",
            &password,
            &registry.host,
        ],
    );
    run("docker", &[docker[0], docker[1], "push", &image]);
    run("docker", &["rmi", &image]);

    world
        .ecs(TOOLS, "CreateCluster", json!({"clusterName": "c"}))
        .await
        .ok();
    let definition = json!({"family": "app", "networkMode": "awsvpc", "containerDefinitions":
        [{"name": "app", "image": image, "memory": 64}]});
    world
        .ecs(TOOLS, "RegisterTaskDefinition", definition)
        .await
        .ok();
    let input = json!({"cluster": "c", "taskDefinition": "app",
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}});
    let task = world.ecs(TOOLS, "RunTask", input).await.ok()["tasks"][0]["taskArn"].clone();
    let look = json!({"cluster": "c", "tasks": [task]});
    let ended = async {
        loop {
            let shown = world.ecs(TOOLS, "DescribeTasks", look.clone()).await.ok();
            let task: Value = shown["tasks"][0].clone();
            if task["lastStatus"] == "STOPPED" {
                return task;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let task = tokio::time::timeout(Duration::from_secs(30), ended)
        .await
        .unwrap();
    assert_eq!(task["stopCode"], "EssentialContainerExited", "{task}");
    assert_eq!(task["containers"][0]["exitCode"], 3, "{task}");
    world.sim.stop().await;
}
