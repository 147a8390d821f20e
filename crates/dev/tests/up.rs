//! `shipway-dev up` as a process: it says when all answers, keeps its state, and ends in good order.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use shipway_cli::Io;
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// Longest time that anything may take.
const PATIENCE: Duration = Duration::from_secs(60);

const MANIFEST: &str = r#"
app = "hello"
[build]
builder = "layers"
[build.layers]
files = [{ from = "program", to = "/program" }]
entrypoint = ["/program"]
[image]
account = "000000000000"
region = "eu-west-1"
[image.create]
mutability = "immutable"
[env.staging]
[[env.staging.targets]]
account = "111111111111"
region = "eu-west-1"
cluster = "main"
service = "hello"
"#;

const DEFINITION: &str = r#"{
    "family": "hello", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"],
    "cpu": "256", "memory": "512",
    "executionRoleArn": "arn:aws:iam::111111111111:role/execution",
    "containerDefinitions": [{ "name": "app", "image": "hello", "essential": true }]
}"#;

fn app() -> TempDir {
    let folder = TempDir::new().expect("a folder");
    for (file, text) in [
        ("shipway.toml", MANIFEST),
        ("task-definition.json", DEFINITION),
        ("program", "a program\n"),
    ] {
        fs::write(folder.path().join(file), text).expect("written");
    }
    folder
}

fn command(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shipway-dev"));
    command
        .args(["up", "--grpc", "127.0.0.1:0", "--aws", "127.0.0.1:0"])
        .args(["--time-scale", "400", "--docker", "off", "--data"])
        .arg(data)
        // A proxy of the user's cannot reach this machine: nothing may need it.
        .env("HTTP_PROXY", "http://127.0.0.1:9")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .kill_on_drop(true);
    command
}

/// A running `up` and the address of its coordinator.
struct Up {
    child: Child,
    grpc: String,
}

impl Up {
    async fn start(data: &Path) -> Self {
        let folder = TempDir::new().expect("a folder");
        let file = folder.path().join("ready");
        let mut child = command(data)
            .arg("--ready-file")
            .arg(&file)
            .spawn()
            .expect("it starts");
        let ready = async {
            loop {
                if let Ok(text) = fs::read_to_string(&file) {
                    return text;
                }
                assert_eq!(child.try_wait().expect("asked"), None, "it ended");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let text = tokio::time::timeout(PATIENCE, ready).await;
        let ready: Value = serde_json::from_str(&text.expect("ready in time")).expect("JSON");
        assert!(
            ready["aws"]
                .as_str()
                .is_some_and(|url| url.starts_with("http://"))
        );
        let grpc = ready["grpc"].as_str().expect("an address").to_owned();
        Self { child, grpc }
    }

    /// Runs the CLI, and gives the last object that it prints.
    async fn shipway(&self, folder: &Path, words: &[&str]) -> Value {
        let (io, captured) = Io::captured(folder);
        let mut io = io.var("SHIPWAY_SERVER", self.grpc.as_str());
        let args = ["shipway", "--json"].iter().chain(words).map(Into::into);
        let code = tokio::time::timeout(PATIENCE, shipway_cli::run(args, &mut io)).await;
        let (out, err) = (captured.out.text(), captured.err.text());
        assert_eq!(code.expect("in time"), 0, "{out}\n{err}");
        serde_json::from_str(out.lines().last().expect("output")).expect("JSON")
    }

    async fn stop(mut self) {
        let id = self.child.id().expect("it runs").to_string();
        let kill = Command::new("kill").args(["-TERM", &id]).status().await;
        assert!(kill.expect("kill runs").success());
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        let status = ended.expect("it ends in time").expect("it ended");
        assert_eq!(status.code(), Some(0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn coordinator_and_aws_are_as_they_were_after_a_restart() {
    let (app, data) = (app(), TempDir::new().expect("a folder"));
    let up = Up::start(data.path()).await;
    let first = up.shipway(app.path(), &["deploy", "staging"]).await;
    assert_eq!(first["verdict"], "live");
    assert_eq!(first["targets"][0]["unchanged"], false);
    up.stop().await;

    let up = Up::start(data.path()).await;
    let status = up.shipway(app.path(), &["status"]).await;
    assert_eq!(status["targets"][0]["release"], first["release"]);
    let second = up.shipway(app.path(), &["deploy", "staging"]).await;
    assert_eq!(second["image"]["reused"], true);
    assert_eq!(second["targets"][0]["unchanged"], true);
    up.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_one_on_the_same_folder_is_refused() {
    let data = TempDir::new().expect("a folder");
    let up = Up::start(data.path()).await;
    let second = command(data.path()).stderr(Stdio::piped()).output();
    let second = tokio::time::timeout(PATIENCE, second).await;
    let second = second.expect("it ends in time").expect("it ran");
    assert_eq!(second.status.code(), Some(1));
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(said.contains("in use by another process"), "{said}");
    up.stop().await;
}
