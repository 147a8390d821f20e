//! A real coordinator process.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use shipway_proto::v1;
use shipway_proto::v1::put_blob_request::Part;
use shipway_proto::v1::shipway_client::ShipwayClient;
use shipway_tests::App;
use tonic::Status;
use tonic::transport::Channel;

const PATIENCE: Duration = Duration::from_secs(60);
/// The account of everything.
pub(crate) const ACCOUNT: &str = "222222222222";
const IMAGE: &str = "222222222222.dkr.ecr.eu-west-1.amazonaws.com/shop@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// A coordinator process, killed with the test.
pub(crate) struct Coordinator {
    child: Child,
    /// Where it listens.
    pub(crate) grpc: String,
    log: PathBuf,
}

impl Coordinator {
    /// Starts one with its data in this folder; everything else lies elsewhere.
    pub(crate) fn start(data: &Path, elsewhere: &tempfile::TempDir, name: &str) -> Self {
        let ready = elsewhere.path().join(format!("{name}.json"));
        let log = elsewhere.path().join(format!("{name}.log"));
        let config = elsewhere.path().join("server.toml");
        let text = "[disk]\nlow_water_mib = 64\nreserve_mib = 24\n[lease]\nseconds = 60\n";
        std::fs::write(&config, text).expect("a file");
        let child = Command::new(env!("CARGO_BIN_EXE_shipway-multi"))
            .args(["shipway-server", "--listen", "127.0.0.1:0", "--config"])
            .arg(&config)
            .arg("--data")
            .arg(data)
            .arg("--ready-file")
            .arg(&ready)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(&log).expect("a file"))
            .spawn()
            .expect("it starts");
        let mut this = Self {
            child,
            grpc: String::new(),
            log,
        };
        let start = Instant::now();
        while this.grpc.is_empty() {
            if let Ok(text) = std::fs::read_to_string(&ready) {
                let json: Value = serde_json::from_str(&text).expect("JSON");
                json["grpc"]
                    .as_str()
                    .expect("a URL")
                    .clone_into(&mut this.grpc);
            }
            let ended = this.child.try_wait().expect("a child");
            assert!(
                ended.is_none() && start.elapsed() < PATIENCE,
                "it does not answer ({ended:?}): {}",
                this.log()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        this
    }

    /// What it said on stderr.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// How it ended, when it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a child")
    }

    pub(crate) async fn client(&self) -> ShipwayClient<Channel> {
        let client = ShipwayClient::connect(self.grpc.clone()).await;
        client.expect("the coordinator answers")
    }

    /// Uploads the task definition of the app and submits it under this key.
    pub(crate) async fn submit(&self, app: &App, key: &str) -> Result<u64, Status> {
        self.upload(app).await?;
        let request = v1::SubmitRequest {
            spec: Some((&app.resolve("prod", IMAGE).spec).into()),
            key: key.to_owned(),
            title: String::new(),
        };
        let reply = self.client().await.submit(request).await?;
        Ok(reply.into_inner().release)
    }

    /// Uploads the task definition of the app.
    pub(crate) async fn upload(&self, app: &App) -> Result<(), Status> {
        let resolved = app.resolve("prod", IMAGE);
        let parts = [
            Part::Digest(resolved.spec.task_definition.to_string()),
            Part::Data(resolved.task_definition.into_bytes()),
        ]
        .map(|part| v1::PutBlobRequest { part: Some(part) });
        let mut client = self.client().await;
        client.put_blob(tokio_stream::iter(parts)).await.map(drop)
    }

    pub(crate) async fn release(&self, release: u64) -> v1::ReleaseView {
        let request = v1::GetReleaseRequest { release };
        let found = self.client().await.get_release(request).await;
        found.expect("the release is known").into_inner()
    }
}

impl Drop for Coordinator {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Waits until something is so.
pub(crate) async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    let start = Instant::now();
    while !so().await {
        assert!(start.elapsed() < PATIENCE, "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
