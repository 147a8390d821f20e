//! The power fails: every write that was not synced is lost, and nothing that was acknowledged is.
//!
//! A child writes under `strace`; its trace is cut behind every step, and the store is opened on what a
//! disk then holds at least (all writes since the last sync dropped) and at most (none dropped).

mod disk;
mod trace;

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use shipway_domain::change::Change;
use tempfile::TempDir;

use super::support::*;
use crate::data_dir::DataDir;
use crate::records::SledStore;
use crate::store::Store as _;
use disk::Disk;
use trace::Step;

/// Set for the child: the data directory to write into.
const CHILD: &str = "SHIPWAY_POWER_LOSS_TEST_DIR";
/// Set for a child whose store relies on sled's flush, and does not sync by itself.
const FLUSH_ALONE: &str = "SHIPWAY_POWER_LOSS_FLUSH_ALONE";
/// Commits of the child.
const COMMITS: u64 = 24;
const CALLS: &str = "trace=openat,pwrite64,write,ftruncate,fsync,fdatasync,rename,unlink";

/// Whether this process leaves the sync away that makes sled durable: a planted bug.
pub(crate) fn flush_alone() -> bool {
    std::env::var_os(FLUSH_ALONE).is_some()
}

#[test]
fn nothing_acknowledged_is_lost_wherever_the_power_fails() {
    let test = "nothing_acknowledged_is_lost_wherever_the_power_fails";
    let Some((folder, trace)) = traced(test, false) else {
        return;
    };
    let cuts = losses(folder.path(), &trace);
    let lost: Vec<_> = cuts.iter().filter(|cut| !cut.lost.is_empty()).collect();
    assert!(lost.is_empty(), "{lost:?}");
    let told = cuts.iter().map(|cut| cut.told).max();
    assert_eq!(told, Some(COMMITS as usize), "all of it was cut");
    assert!(cuts.len() as u64 > 2 * COMMITS, "{} cuts", cuts.len());
    eprintln!("{} states of the disk, {COMMITS} commits", cuts.len());
}

#[test]
fn the_flush_of_sled_alone_loses_what_was_acknowledged() {
    let test = "the_flush_of_sled_alone_loses_what_was_acknowledged";
    let Some((folder, trace)) = traced(test, true) else {
        return;
    };
    let cuts = losses(folder.path(), &trace);
    let lost = cuts.iter().filter(|cut| !cut.lost.is_empty()).count();
    assert!(lost > 0, "sled alone is durable: is the sync still needed?");
    eprintln!(
        "{lost} of {} states of the disk have lost something",
        cuts.len()
    );
}

/// What was found behind a cut.
#[derive(Debug)]
#[expect(dead_code, reason = "told when something is lost")]
struct Cut {
    /// Number of the step.
    step: usize,
    /// Releases that were acknowledged before it.
    told: usize,
    /// Those of them that are gone; all of them when the store does not open.
    lost: BTreeSet<u64>,
    why: String,
}

/// Runs this test again as a child under `strace`; the folder it wrote into, and its trace. `None`,
/// loudly, without `strace`; with `SHIPWAY_REQUIRE_DOCKER=1` it must be there.
fn traced(test: &str, flush_alone: bool) -> Option<(TempDir, String)> {
    if let Some(dir) = std::env::var_os(CHILD) {
        write_and_tell(Path::new(&dir));
    }
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("trace");
    let mut command = Command::new("strace");
    // Writes of a segment are not cut short; all strings in hexadecimal; descriptors with their paths.
    command.args(["-f", "-y", "-xx", "-s", "33554432", "-e", CALLS, "-o"]);
    command
        .arg(&file)
        .arg(std::env::current_exe().expect("this test"));
    command
        .args([
            &format!("tests::power_loss::{test}"),
            "--exact",
            "--nocapture",
        ])
        .env(CHILD, folder.path().join("data"))
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if flush_alone {
        command.env(FLUSH_ALONE, "1");
    }
    match command.status() {
        Ok(status) => assert!(status.success(), "the child: {status}"),
        Err(error) => {
            let required = std::env::var_os("SHIPWAY_REQUIRE_DOCKER").is_some_and(|v| v == "1");
            assert!(
                !required,
                "SHIPWAY_REQUIRE_DOCKER=1, and strace does not run: {error}"
            );
            // Past the harness, which keeps to itself what a test that passes prints.
            let said = format!("SKIPPED: strace does not run here: {error}\n");
            drop(std::io::Write::write_all(
                &mut std::io::stderr(),
                said.as_bytes(),
            ));
            return None;
        }
    }
    let trace = std::fs::read_to_string(file).expect("a trace");
    Some((folder, trace))
}

/// The child: commits of new releases, and of changes to old ones, each told once it is kept.
fn write_and_tell(dir: &Path) -> ! {
    let dir = DataDir::open(dir).expect("new");
    let store = SledStore::open(&dir).expect("it opens");
    for number in 0..COMMITS {
        let mut changes = submission(number);
        if number % 3 == 2 {
            // Not by itself: all of it is kept or nothing.
            changes.push(happened(number - 1, 2));
            changes.push(Change::Target(slot("web", Some(job_id(number, 1)))));
        }
        store.commit(&changes).expect("kept");
        // Past the test harness's capture, in one write.
        let mut out = std::io::stdout().lock();
        let line = format!("kept {number}\n");
        out.write_all(line.as_bytes()).expect("somebody listens");
        out.flush().expect("somebody listens");
    }
    // Not one step more: sled syncs when it is closed.
    #[expect(clippy::exit, reason = "a process that dies closes nothing")]
    std::process::exit(0)
}

/// Opens the store behind every step.
fn losses(folder: &Path, trace: &str) -> Vec<Cut> {
    let data = folder.join("data");
    let mut disk = Disk::default();
    let mut told = BTreeSet::new();
    let mut cuts = Vec::new();
    let steps = trace::steps(trace, &data.join("records"));
    for (number, step) in steps.iter().enumerate() {
        if let Step::Told { release } = step {
            told.insert(*release);
        }
        let changes = disk.take(step);
        let written = matches!(step, Step::Wrote { .. } | Step::Cut { .. });
        // What was told must be there although nothing of what follows is.
        if changes || matches!(step, Step::Told { .. }) {
            let left = TempDir::new().expect("a folder");
            disk.leave_synced(&data, left.path());
            cuts.push(cut(number, &told, left.path()));
        }
        if written && !told.is_empty() {
            let left = TempDir::new().expect("a folder");
            disk.leave_written(&data, left.path());
            cuts.push(cut(number, &told, left.path()));
        }
    }
    cuts
}

fn cut(step: usize, told: &BTreeSet<u64>, left: &Path) -> Cut {
    let found = found(left);
    let why = found.as_ref().err().cloned().unwrap_or_default();
    let found = found.unwrap_or_default();
    Cut {
        step,
        told: told.len(),
        lost: told.difference(&found).copied().collect(),
        why,
    }
}

/// The releases that are there, each whole and with what was committed with it.
fn found(dir: &Path) -> Result<BTreeSet<u64>, String> {
    let dir = DataDir::open(dir).map_err(|error| error.to_string())?;
    let store = SledStore::open(&dir).map_err(|error| format!("{error}: {error:?}"))?;
    let loaded = store.load().map_err(|error| error.to_string())?;
    if !loaded.quarantined.is_empty() {
        return Err(format!("{:?}", loaded.quarantined));
    }
    let mut found = BTreeSet::new();
    for number in 0..COMMITS {
        let known = store
            .release(id(number))
            .map_err(|error| error.to_string())?;
        if known.is_none() {
            continue;
        }
        let events = store
            .events(id(number), 0, 9)
            .map_err(|error| error.to_string())?;
        let later = number % 3 == 1 && loaded.next_release > number + 1;
        let wanted = if later {
            vec![event(1), event(2)]
        } else {
            vec![event(1)]
        };
        if events != wanted {
            return Err(format!("release {number} has the events {events:?}"));
        }
        found.insert(number);
    }
    Ok(found)
}
