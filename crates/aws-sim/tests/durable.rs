//! With `--durable` a kill loses nothing that was answered.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

/// How often it is killed.
const KILLS: usize = 5;

struct Process(Child, String);

impl Drop for Process {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

impl Process {
    fn start(data: &Path) -> Self {
        let ready = data.join("ready");
        std::fs::remove_file(&ready).ok();
        let child = Command::new(env!("CARGO_BIN_EXE_aws-sim"))
            .args(["--listen", "127.0.0.1:0", "--durable", "--data"])
            .arg(data.join("world"))
            .arg("--ready-file")
            .arg(&ready)
            .stdout(Stdio::null())
            .spawn()
            .expect("it starts");
        let mut process = Self(child, String::new());
        let start = Instant::now();
        while !ready.exists() {
            assert!(
                start.elapsed() < Duration::from_secs(60),
                "it never answered"
            );
            std::thread::sleep(Duration::from_millis(5));
        }
        let text = std::fs::read_to_string(&ready).expect("the ready file");
        let said: Value = serde_json::from_str(&text).expect("JSON");
        let url = said["aws"].as_str().expect("an address");
        url.trim_start_matches("http://").clone_into(&mut process.1);
        process
    }

    fn ecs(&self, action: &str, input: &Value) -> Value {
        let body = input.to_string();
        let mut stream = TcpStream::connect(&self.1).expect("it answers");
        write!(
            stream,
            "POST / HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: \
             application/x-amz-json-1.1\r\nX-Amz-Target: \
             AmazonEC2ContainerServiceV20141113.{action}\r\nAuthorization: AWS4-HMAC-SHA256 \
             Credential=111111111111/20260101/eu-west-1/ecs/aws4_request, SignedHeaders=host, \
             Signature=0\r\nContent-Length: {}\r\n\r\n{body}",
            self.1,
            body.len(),
        )
        .expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("answered");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        assert!(head.starts_with("HTTP/1.1 200"), "{answer}");
        serde_json::from_str(body).expect("JSON")
    }
}

#[test]
fn what_was_answered_is_there_after_a_kill() {
    let data = TempDir::new().expect("a folder");
    for kill in 0..=KILLS {
        let process = Process::start(data.path());
        let listed = process.ecs("ListClusters", &json!({}));
        let there = listed["clusterArns"].as_array().expect("a list").len();
        assert_eq!(there, kill, "{listed}");
        process.ecs("CreateCluster", &json!({"clusterName": format!("c{kill}")}));
        // Dropped, and so killed, in the moment of the answer.
    }
}
