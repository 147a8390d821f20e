//! What a coordinator takes up: memory, file handles, threads, and its folder on disk.

use std::path::Path;

use serde_json::{Value, json};

use crate::herd::Herd;

/// One look.
#[derive(Clone, Copy, Debug)]
struct Look {
    resident: f64,
    handles: usize,
    threads: usize,
    disk: f64,
    /// Mean resident memory of an agent.
    agent: f64,
}

/// All looks of a run.
#[derive(Debug, Default)]
pub struct Vitals(Vec<Look>);

impl Vitals {
    /// Looks at the coordinator that runs now, and gives a line of it; none while it is being restarted.
    pub fn look(&mut self, herd: &Herd) -> Option<String> {
        let (process, data) = herd.coordinator();
        let look = Look {
            resident: resident(process)? / 1024.0,
            handles: entries(&format!("/proc/{process}/fd"))?,
            threads: entries(&format!("/proc/{process}/task"))?,
            disk: size(&data) / 1024.0 / 1024.0,
            agent: herd.agents_resident() / 1024.0,
        };
        self.0.push(look);
        Some(format!(
            "{:>8.0} {:>7} {:>8} {:>9.0} {:>7.0}",
            look.resident, look.handles, look.threads, look.disk, look.agent
        ))
    }

    /// Means of the middle and of the last third.
    fn thirds(&self, of: impl Fn(&Look) -> f64) -> (f64, f64) {
        let third = self.0.len() / 3;
        #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
        let mean = |part: &[Look]| part.iter().map(&of).sum::<f64>() / part.len() as f64;
        (mean(&self.0[third..2 * third]), mean(&self.0[2 * third..]))
    }

    /// Whether they are flat, in words.
    pub fn verdict(&self) -> String {
        let table = self.table();
        let lines = table.iter().map(|(what, (then, now))| {
            format!("{what}: {then:.1} in the second third, {now:.1} in the last")
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
    fn table(&self) -> [(&'static str, (f64, f64)); 5] {
        [
            ("memory, MiB", self.thirds(|look| look.resident)),
            ("file handles", self.thirds(|look| look.handles as f64)),
            ("threads", self.thirds(|look| look.threads as f64)),
            ("disk, MiB", self.thirds(|look| look.disk)),
            ("memory of an agent, MiB", self.thirds(|look| look.agent)),
        ]
    }

    /// The same as JSON.
    pub fn figures(&self) -> Value {
        let table = self.table().into_iter();
        let members = table.map(|(what, (then, now))| (what.to_owned(), json!([then, now])));
        Value::Object(members.collect())
    }
}

/// Memory of a process in KiB.
pub fn resident(process: u32) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}

fn entries(folder: &str) -> Option<usize> {
    Some(std::fs::read_dir(folder).ok()?.count())
}

/// Bytes that a folder takes up on disk.
fn size(folder: &Path) -> f64 {
    use std::os::unix::fs::MetadataExt as _;
    let Ok(entries) = std::fs::read_dir(folder) else {
        return 0.0;
    };
    let sizes = entries.flatten().map(|entry| match entry.metadata() {
        Ok(meta) if meta.is_dir() => size(&entry.path()),
        #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
        Ok(meta) => (meta.blocks() * 512) as f64,
        Err(_) => 0.0,
    });
    sizes.sum()
}
