//! Figures of a bench: percentiles, medians, the machine they were measured on.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

/// How a bench was asked to run.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// Fewer and shorter rounds.
    pub quick: bool,
    /// The one part that is run, of all.
    pub only: Option<String>,
    /// Where the figures go as JSON.
    pub json: Option<PathBuf>,
}

impl Wish {
    /// What the command line says; what cargo adds (`--bench`) means nothing.
    pub fn from_args(args: impl Iterator<Item = String>) -> anyhow::Result<Self> {
        let mut wish = Self::default();
        let mut args = args;
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--quick" => wish.quick = true,
                "--only" => {
                    let part = args.next();
                    wish.only = Some(part.ok_or_else(|| anyhow::anyhow!("--only needs a name"))?);
                }
                "--json" => {
                    let file = args.next();
                    let file = file.ok_or_else(|| anyhow::anyhow!("--json needs a file"))?;
                    // Cargo runs benches in the folder of the package; people stand in the root.
                    wish.json = Some(root().join(file));
                }
                "--bench" => {}
                other => anyhow::bail!("{other:?} is not known: --quick, --only NAME, --json FILE"),
            }
        }
        Ok(wish)
    }

    /// Whether a part is to be run.
    pub fn wants(&self, part: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only == part)
    }

    /// Writes the figures if that was asked for.
    pub fn write(&self, figures: &Value) -> anyhow::Result<()> {
        if let Some(file) = &self.json {
            std::fs::write(file, format!("{figures:#}\n"))?;
        }
        Ok(())
    }
}

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map_or_else(PathBuf::new, Path::to_owned)
}

/// A folder on the real disk that goes with its handle.
pub fn folder() -> anyhow::Result<tempfile::TempDir> {
    let target = root().join("target/tmp");
    std::fs::create_dir_all(&target)?;
    Ok(tempfile::Builder::new()
        .prefix("bench-")
        .tempdir_in(target)?)
}

/// The value below which `share` (0 to 1) of the spans lie, in milliseconds.
pub fn percentile(spans: &mut [Duration], share: f64) -> f64 {
    if spans.is_empty() {
        return f64::NAN;
    }
    spans.sort_unstable();
    let last = spans.len() - 1;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index into a list of spans"
    )]
    let index = (share * last as f64).round() as usize;
    spans[index.min(last)].as_secs_f64() * 1e3
}

/// The middle one.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Facts of this machine that the figures depend on.
pub fn machine() -> Value {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let after = |text: String, key: &str| {
        let line = text.lines().find(|line| line.starts_with(key));
        let value = line.and_then(|line| line.split_once(':'));
        value.map_or_else(String::new, |(_, value)| value.trim().to_owned())
    };
    json!({
        "cpus": std::thread::available_parallelism().map_or(0, usize::from),
        "cpu": after(read("/proc/cpuinfo"), "model name"),
        "memory": after(read("/proc/meminfo"), "MemTotal"),
        "kernel": read("/proc/sys/kernel/osrelease").trim(),
        "profile": if cfg!(debug_assertions) { "debug" } else { "release" },
    })
}
