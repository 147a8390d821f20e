//! A running `shipway-dev up`, an app, and the hands of a user.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use shipway_cli::Io;
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// Longest time that anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

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

/// An app whose image is built from one file.
pub(crate) fn app() -> TempDir {
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

/// `shipway-dev up` on this folder.
pub(crate) fn command(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shipway-dev"));
    command
        .args(["up", "--grpc", "127.0.0.1:0", "--aws", "127.0.0.1:0"])
        .args(["--docker", "off", "--data"])
        .arg(data)
        // A proxy of the user's cannot reach this machine: nothing may need it.
        .env("HTTP_PROXY", "http://127.0.0.1:9")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .kill_on_drop(true);
    command
}

/// A running `up` and the address of its coordinator.
pub(crate) struct Up {
    pub(crate) child: Child,
    pub(crate) grpc: String,
    file: PathBuf,
    _folder: TempDir,
}

impl Up {
    pub(crate) async fn start(data: &Path) -> Self {
        Self::start_with(data, &["--time-scale", "400"]).await
    }

    /// The same with more arguments.
    pub(crate) async fn start_with(data: &Path, args: &[&str]) -> Self {
        let folder = TempDir::new().expect("a folder");
        let file = folder.path().join("ready");
        let mut child = command(data)
            .args(args)
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
        Self {
            child,
            grpc,
            file,
            _folder: folder,
        }
    }

    /// What the ready file says now.
    pub(crate) fn ready(&self) -> Value {
        let text = fs::read_to_string(&self.file).expect("the ready file");
        serde_json::from_str(&text).expect("JSON, and whole")
    }

    /// Runs the CLI, and gives the last object that it prints.
    pub(crate) async fn shipway(&self, folder: &Path, words: &[&str]) -> Value {
        let (io, captured) = Io::captured(folder);
        let mut io = io.var("SHIPWAY_SERVER", self.grpc.as_str());
        let args = ["shipway", "--json"].iter().chain(words).map(Into::into);
        let code = tokio::time::timeout(PATIENCE, shipway_cli::run(args, &mut io)).await;
        let (out, err) = (captured.out.text(), captured.err.text());
        assert_eq!(code.expect("in time"), 0, "{out}\n{err}");
        serde_json::from_str(out.lines().last().expect("output")).expect("JSON")
    }

    pub(crate) async fn stop(mut self) {
        let id = self.child.id().expect("it runs").to_string();
        let kill = Command::new("kill").args(["-TERM", &id]).status().await;
        assert!(kill.expect("kill runs").success());
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        let status = ended.expect("it ends in time").expect("it ended");
        assert_eq!(status.code(), Some(0));
    }
}
