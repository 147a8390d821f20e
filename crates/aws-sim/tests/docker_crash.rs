//! A simulator with containers that is killed, and one that has no engine.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests fail and speak like tests"
)]

#[path = "support/containers.rs"]
mod containers;
mod support;

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use containers::{Yard, container, containers, engine};
use serde_json::{Value, json};
use support::{Keys, TOOLS, call};

/// A simulator in a process of its own; killed when it goes.
struct Process(Child);

impl Process {
    /// Gives it with `host:port`.
    fn start(data: &Path) -> (Self, String) {
        let ready = data.join("ready.json");
        drop(std::fs::remove_file(&ready));
        let child = Command::new(env!("CARGO_BIN_EXE_aws-sim"))
            .args(["--listen", "127.0.0.1:0", "--time-scale", "60"])
            .args(["--tasks", "docker", "--ready-file"])
            .arg(&ready)
            .arg("--data")
            .arg(data)
            .stdout(Stdio::null())
            .spawn();
        let mut process = Self(child.unwrap());
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_secs(60) {
            if let Ok(bytes) = std::fs::read(&ready) {
                let said: Value = serde_json::from_slice(&bytes).unwrap();
                let url = said["aws"].as_str().unwrap();
                return (process, url.trim_start_matches("http://").to_owned());
            }
            let ended = process.0.try_wait().unwrap();
            assert!(ended.is_none(), "it ended early: {ended:?}");
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("it is not ready");
    }

    fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    fn end(mut self) {
        let id = self.0.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status();
        assert!(asked.unwrap().success());
        assert!(self.0.wait().unwrap().success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_kill_the_next_start_removes_the_containers_and_their_tasks_have_ended() {
    if !engine() {
        return;
    }
    let data = tempfile::tempdir().unwrap();
    let (process, host) = Process::start(data.path());
    let yard = Yard::at(&host).await;
    let (image, _) = yard.push("v1", json!({})).await;
    let app = container("app", &image, &["wait"], json!({}));
    let task = yard.run("app", json!([app])).await;
    yard.running(&task).await;
    // What is not on disk at the kill is not known to the next one.
    let saved = Instant::now();
    while !std::fs::read_to_string(data.path().join("world.json"))
        .is_ok_and(|world| world.contains(task.rsplit('/').next().unwrap()))
    {
        assert!(saved.elapsed() < Duration::from_secs(60), "it is not saved");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // The container that runs the program, and the one that holds its network.
    assert_eq!(containers(&task, "").len(), 2);
    process.kill();
    assert_eq!(
        containers(&task, "").len(),
        2,
        "nobody was there to remove it"
    );

    let (process, host) = Process::start(data.path());
    assert_eq!(containers(&task, ""), Vec::<String>::new());
    let target = "AmazonEC2ContainerServiceV20141113.DescribeTasks";
    let input = json!({"cluster": "c", "tasks": [task]}).to_string();
    let begin = Instant::now();
    let shown = loop {
        let shown = call(&host, &Keys::from(TOOLS), target, &input).await.ok();
        if shown["tasks"][0]["lastStatus"] == "STOPPED" {
            break shown;
        }
        assert!(begin.elapsed() < Duration::from_secs(60), "{shown}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!(
        shown["tasks"][0]["containers"][0]["exitCode"], 137,
        "{shown}"
    );
    process.end();
}

#[test]
fn without_an_engine_it_does_not_start_and_says_so() {
    let output = Command::new(env!("CARGO_BIN_EXE_aws-sim"))
        .args(["--listen", "127.0.0.1:0", "--tasks", "docker"])
        .env("DOCKER_HOST", "unix:///nowhere/docker.sock")
        .output()
        .unwrap();
    assert!(!output.status.success());
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("/nowhere/docker.sock"), "{error}");
}
