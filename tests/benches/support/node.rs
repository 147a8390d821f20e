//! A coordinator in a process of its own.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::Value;

/// Until when it must answer.
const START: Duration = Duration::from_secs(60);

/// A running coordinator; killed when it goes.
#[derive(Debug)]
pub struct Node {
    child: Child,
    data: PathBuf,
    /// Where it listens.
    pub url: String,
}

impl Node {
    /// Starts one over a data folder and waits until it says that it is ready.
    pub fn start(data: &Path) -> anyhow::Result<Self> {
        Self::start_with(data, &[])
    }

    /// The same with variables of its environment.
    pub fn start_with(data: &Path, env: &[(&str, &str)]) -> anyhow::Result<Self> {
        let ready = data.with_extension("ready");
        if ready.exists() {
            std::fs::remove_file(&ready)?;
        }
        let mut child = Command::new(env!("CARGO_BIN_EXE_shipway-multi"))
            .args(["shipway-server", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .arg("--ready-file")
            .arg(&ready)
            .envs(env.iter().copied())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("the coordinator could not be started")?;
        let begin = Instant::now();
        let url = loop {
            if let Ok(text) = std::fs::read(&ready)
                && let Ok(value) = serde_json::from_slice::<Value>(&text)
                && let Some(url) = value["grpc"].as_str()
            {
                break url.to_owned();
            }
            if let Some(status) = child.try_wait()? {
                anyhow::bail!("the coordinator ended with {status}");
            }
            anyhow::ensure!(begin.elapsed() < START, "the coordinator is not ready");
            std::thread::sleep(Duration::from_millis(1));
        };
        Ok(Self {
            child,
            data: data.to_owned(),
            url,
        })
    }

    /// Kills it without a word and starts it again.
    pub fn crash_and_restart(mut self) -> anyhow::Result<Self> {
        self.kill();
        Self::start(&self.data)
    }

    /// Id of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Memory that it holds, in KiB.
    pub fn resident(&self) -> anyhow::Result<f64> {
        self.memory("VmRSS:")
    }

    /// A line of its `/proc/PID/status`: KiB of memory, such as `VmHWM:` for the most that it ever held.
    pub fn memory(&self, name: &str) -> anyhow::Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let number = line.and_then(|line| line.split_whitespace().next());
        Ok(number.context("no such line")?.parse()?)
    }

    fn kill(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
    }
}
