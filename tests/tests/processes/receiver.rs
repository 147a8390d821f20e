//! A receiver of OTLP that is not ours: OpenTelemetry's Python packages, as a process.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use shipway_tests::python;

use super::process::{ready, text};

/// The receiver, and where it writes what it gets.
pub(crate) struct Receiver {
    child: Child,
    folder: tempfile::TempDir,
    /// Its address for gRPC.
    pub(crate) grpc: String,
    /// Its address for HTTP.
    pub(crate) http: String,
}

impl Receiver {
    /// Starts one; `None` where there is no Python to speak of.
    pub(crate) fn start() -> Option<Self> {
        Self::start_at(0)
    }

    /// The same with this port for gRPC.
    pub(crate) fn start_at(port: u16) -> Option<Self> {
        let bin = python::environment(
            env!("CARGO_TARGET_TMPDIR"),
            "otlp-requirements.txt",
            "grpc, opentelemetry.proto.trace.v1.trace_pb2",
            "traces with a receiver of OTLP in Python",
        )?;
        let folder = tempfile::tempdir().unwrap();
        let (ready_file, received) = (folder.path().join("ready"), folder.path().join("received"));
        let child = Command::new(bin.join("python3"))
            .arg(python::clients().join("otlp.py"))
            .args([text(&ready_file), text(&received), &port.to_string()])
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let grpc = ready(&ready_file, "grpc");
        let http = ready(&ready_file, "http");
        Some(Self {
            child,
            folder,
            grpc,
            http,
        })
    }

    /// What it has received of a signal (`span`, `log`, `metric`).
    pub(crate) fn received(&self, signal: &str) -> Vec<Value> {
        let text = std::fs::read_to_string(self.file()).unwrap_or_default();
        // The last line may not be written whole yet.
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        let all = whole
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        all.filter(|one: &Value| one["signal"] == signal).collect()
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("received")
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
