//! The simulator as a process that keeps to one core, and what it costs there.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::Value;

/// The core of the client; on a machine with one core both share it.
pub(crate) const CLIENT_CORE: usize = 1;
const SIMULATOR_CORE: usize = 0;
/// Unit of `/proc/PID/stat`, per second; Linux reports in this one on all machines that Rust runs on.
const TICKS: f64 = 100.0;

/// A simulator; it ends with its handle.
pub(crate) struct Simulator {
    child: Child,
    /// `host:port`.
    pub(crate) host: String,
    _folder: tempfile::TempDir,
}

/// Resident memory in MiB.
pub(crate) struct Memory {
    pub(crate) now: f64,
    pub(crate) most: f64,
}

/// Keeps a process and its threads to one core, if there are several.
pub(crate) fn keep_to(process: u32, core: usize) -> anyhow::Result<()> {
    let cores = std::thread::available_parallelism()?.get();
    if cores > core {
        let status = Command::new("taskset")
            .args(["-a", "-c", "-p", &core.to_string(), &process.to_string()])
            .stdout(Stdio::null())
            .status()
            .context("taskset (util-linux) cannot be run")?;
        ensure!(status.success(), "taskset: {status}");
    }
    Ok(())
}

impl Simulator {
    /// Starts one with an empty world.
    pub(crate) fn start(scale: u32) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let ready = folder.path().join("ready.json");
        let child = Command::new("taskset")
            .args(["-c", &SIMULATOR_CORE.to_string()])
            .arg(env!("CARGO_BIN_EXE_aws-sim"))
            .args(["--listen", "127.0.0.1:0", "--time-scale"])
            .args([&scale.to_string(), "--ready-file"])
            .arg(&ready)
            .stdout(Stdio::null())
            .spawn()
            .context("taskset (util-linux) cannot be run")?;
        let mut simulator = Self {
            child,
            host: String::new(),
            _folder: folder,
        };
        let begin = Instant::now();
        while !ready.exists() {
            let ended = simulator.child.try_wait()?;
            ensure!(ended.is_none(), "it ended early: {ended:?}");
            ensure!(begin.elapsed() < Duration::from_secs(30), "it is not ready");
            std::thread::sleep(Duration::from_millis(5));
        }
        let told: Value = serde_json::from_slice(&std::fs::read(&ready)?)?;
        let url = told["aws"].as_str().context("no address")?;
        url.trim_start_matches("http://")
            .clone_into(&mut simulator.host);
        Ok(simulator)
    }

    /// Processor time so far, in seconds.
    pub(crate) fn cpu(&self) -> anyhow::Result<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let (_, after) = stat.rsplit_once(')').context("no stat")?;
        let fields: Vec<&str> = after.split_whitespace().collect();
        let ticks = |at: usize| -> anyhow::Result<f64> {
            Ok(fields.get(at).context("a short stat")?.parse()?)
        };
        Ok((ticks(11)? + ticks(12)?) / TICKS)
    }

    /// Resident memory.
    pub(crate) fn memory(&self) -> anyhow::Result<Memory> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let mib = |name: &str| -> anyhow::Result<f64> {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let kib = line.context("no such line")?.trim().trim_end_matches(" kB");
            Ok(kib.parse::<f64>()? / 1024.0)
        };
        Ok(Memory {
            now: mib("VmRSS:")?,
            most: mib("VmHWM:")?,
        })
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _killed = self.child.kill();
        let _waited = self.child.wait();
    }
}
