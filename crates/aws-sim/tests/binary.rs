//! The program: ready file, greeting, and an orderly end.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests fail and speak like tests"
)]

mod support;

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use support::{Keys, call};

/// Waits until `path` holds JSON.
fn wait_for(path: &Path, child: &mut Child) -> Value {
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(60) {
        if let Ok(bytes) = std::fs::read(path) {
            return serde_json::from_slice(&bytes).unwrap();
        }
        assert!(child.try_wait().unwrap().is_none(), "it ended early");
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("no ready file");
}

#[tokio::test]
async fn it_says_where_it_is_answers_and_ends_on_sigterm() {
    let directory = tempfile::tempdir().unwrap();
    let ready = directory.path().join("ready.json");
    let mut child = Command::new(env!("CARGO_BIN_EXE_aws-sim"))
        .args([
            "--listen",
            "127.0.0.1:0",
            "--time-scale",
            "60",
            "--seed-demo",
            "--ready-file",
        ])
        .arg(&ready)
        .arg("--data")
        .arg(directory.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let url = wait_for(&ready, &mut child)["aws"]
        .as_str()
        .unwrap()
        .to_owned();
    let host = url.strip_prefix("http://").unwrap();
    let target = "AmazonEC2ContainerRegistry_V20150921.DescribeRepositories";
    call(host, &Keys::from("111111111111"), target, "{}")
        .await
        .ok();
    let term = Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status();
    assert!(term.unwrap().success());
    assert!(child.wait().unwrap().success());
    let mut greeting = String::new();
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut greeting)
        .unwrap();
    assert!(
        greeting.contains(&format!("AWS_ENDPOINT_URL={url}")),
        "{greeting}"
    );
    assert!(directory.path().join("world.json").exists());
}

#[test]
fn a_bad_time_scale_is_an_error_in_words() {
    let output = Command::new(env!("CARGO_BIN_EXE_aws-sim"))
        .args(["--listen", "127.0.0.1:0", "--time-scale", "0.1"])
        .output()
        .unwrap();
    assert!(!output.status.success());
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(
        error.contains("time scale 0.1 is not in 1..=1000"),
        "{error}"
    );
}
