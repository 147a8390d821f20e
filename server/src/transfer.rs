//! `export` and `import`: everything that is kept, as one file.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde::Serialize;
use shipway_store::{Contents, DataDir, SledStore, copy_checked, export, import};

use crate::admin;

/// How often progress is told.
const TELL: Duration = Duration::from_millis(500);

/// What came of it, as JSON.
#[derive(Serialize)]
struct Report {
    version: u32,
    file: PathBuf,
    records: u64,
    blobs: u64,
    logs: u64,
    bytes: u64,
    left_out: Vec<LeftOut>,
}

#[derive(Serialize)]
struct LeftOut {
    what: String,
    why: String,
}

/// Writes everything in the data folder into a new file: asks the coordinator that runs there, or reads
/// the folder when none does.
pub(crate) fn write(data: &Path, file: &Path, json: bool) -> anyhow::Result<()> {
    if !data.is_dir() {
        bail!(
            "there is no data folder {}: give it with --data",
            data.display()
        );
    }
    if file.exists() {
        bail!("{} exists already: choose another file", file.display());
    }
    let mut name = file.as_os_str().to_owned();
    name.push(".part");
    let part = PathBuf::from(name);
    let open = File::create(&part).with_context(|| format!("cannot write {}", part.display()))?;
    let mut out = BufWriter::with_capacity(1 << 20, open);
    let told = progress("exported");
    let written = match UnixStream::connect(admin::socket(data)) {
        Ok(mut coordinator) => {
            coordinator.write_all(admin::EXPORT.as_bytes())?;
            let coordinator = BufReader::with_capacity(1 << 20, coordinator);
            copy_checked(coordinator, &mut out, told)
        }
        Err(_) => {
            let data = DataDir::open(data)?;
            let store = SledStore::open(&data)?;
            export(&store, Some(&data), &mut out, told)
        }
    };
    let done = written.map_err(anyhow::Error::from).and_then(|contents| {
        out.into_inner()?.sync_all()?;
        std::fs::rename(&part, file)?;
        Ok(contents)
    });
    match done {
        Ok(contents) => tell(file, contents, "exported to", json),
        Err(error) => {
            // What is there is worth nothing.
            drop(std::fs::remove_file(&part));
            Err(error.context("nothing was exported"))
        }
    }
}

/// Takes such a file into a new data folder.
pub(crate) fn read(data: &Path, file: &Path, json: bool) -> anyhow::Result<()> {
    let data = DataDir::open(data)?;
    let contents = import(&data, file, progress("read"))
        .with_context(|| format!("{} was not imported", file.display()))?;
    tell(file, contents, "imported from", json)
}

#[expect(clippy::print_stderr, reason = "progress for a person")]
fn progress(verb: &str) -> impl FnMut(&Contents) {
    let mut last = Instant::now();
    move |contents| {
        if last.elapsed() >= TELL {
            last = Instant::now();
            let Contents {
                records,
                blobs,
                logs,
                bytes,
                ..
            } = contents;
            let mib = bytes >> 20;
            eprintln!("{verb}: {records} records, {blobs} blobs, {logs} logs, {mib} MiB");
        }
    }
}

#[expect(clippy::print_stderr, reason = "what a person should know")]
#[expect(clippy::print_stdout, reason = "what was asked for is data")]
fn tell(file: &Path, contents: Contents, verb: &str, json: bool) -> anyhow::Result<()> {
    for (what, why) in &contents.left_out {
        eprintln!("left out: {what}: {why}");
    }
    let report = Report {
        version: 1,
        file: file.to_owned(),
        records: contents.records,
        blobs: contents.blobs,
        logs: contents.logs,
        bytes: contents.bytes,
        left_out: contents
            .left_out
            .into_iter()
            .map(|(what, why)| LeftOut { what, why })
            .collect(),
    };
    if json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        println!(
            "{} records, {} blobs and {} logs {verb} {}",
            report.records,
            report.blobs,
            report.logs,
            file.display()
        );
    }
    Ok(())
}
