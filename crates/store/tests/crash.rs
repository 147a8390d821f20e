//! A process that is killed while it writes loses nothing that it acknowledged, and leaves nothing
//! half written.

mod support;

use std::collections::BTreeSet;
use std::hash::{BuildHasher as _, RandomState};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use shipway_domain::change::Change;
use shipway_store::{Committer, DataDir, SledStore, Store as _};
use support::*;
use tempfile::TempDir;

/// Set for the child: the data directory to write into.
const CHILD: &str = "SHIPWAY_CRASH_TEST_DIR";
const KILLS: u32 = 20;
/// Submissions that are on their way at once in the child.
const IN_FLIGHT: usize = 16;

#[test]
fn every_acknowledged_release_survives_a_kill() {
    if let Some(dir) = std::env::var_os(CHILD) {
        write_until_killed(Path::new(&dir));
    }
    let dir = TempDir::new().expect("a temporary folder");
    let mut acknowledged = BTreeSet::new();
    for kill in 0..KILLS {
        let acks = RandomState::new().hash_one(kill) % 150;
        acknowledged.extend(kill_after(acks, dir.path()));
        let found = loaded_releases(dir.path());
        let lost: Vec<_> = acknowledged.difference(&found).collect();
        assert!(
            lost.is_empty(),
            "kill {kill} after {acks}: {lost:?} of {} lost",
            acknowledged.len()
        );
    }
    assert!(!acknowledged.is_empty(), "nothing was ever written");
}

/// Starts the child, kills it after that many acknowledgements, and says which releases it has
/// acknowledged.
fn kill_after(acks: u64, dir: &Path) -> BTreeSet<u64> {
    let mut child = Command::new(std::env::current_exe().expect("this test"))
        .args(["every_acknowledged_release_survives_a_kill", "--exact"])
        .args(["--nocapture", "--test-threads=1"])
        .env(CHILD, dir)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the child starts");
    let pipe = BufReader::new(child.stdout.take().expect("piped"));
    let mut lines = pipe.lines();
    let mut acknowledged = BTreeSet::new();
    let mut seen = 0;
    let mut killed = false;
    // After the kill the pipe still holds what was acknowledged before it.
    while let Some(Ok(line)) = lines.next() {
        if let Some(number) = line.strip_prefix("kept ") {
            acknowledged.insert(number.parse().expect("a number"));
            seen += 1;
        }
        if seen > acks && !killed {
            child.kill().expect("it was running");
            killed = true;
        }
    }
    let status = child.wait().expect("it has ended");
    assert!(killed, "the child ended by itself: {status}");
    acknowledged
}

/// Releases on disk, every one of them whole. Of those that came in together and were not acknowledged,
/// older ones may be missing: then their numbers have gaps.
fn loaded_releases(dir: &Path) -> BTreeSet<u64> {
    let dir = DataDir::open(dir).expect("the child is dead");
    let store = SledStore::open(&dir).expect("it opens after a kill");
    let found = store.load().expect("it loads");
    assert_eq!(found.quarantined, []);
    let releases = found.changes.iter().filter_map(|change| match change {
        Change::Release(release) => Some(release.id.number()),
        _ => None,
    });
    let numbers: BTreeSet<u64> = releases.collect();
    let wanted: Vec<Change> = numbers.iter().copied().flat_map(loaded).collect();
    assert_eq!(found.changes, wanted);
    for number in &numbers {
        let events = store.events(id(*number), 0, 9).expect("readable");
        assert_eq!(events, [event(1)], "release {number}");
    }
    let last = numbers.last().map_or(0, |last| last + 1);
    assert_eq!(found.next_release, last);
    numbers
}

/// Submits releases as fast as the disk takes them, and says which are durable.
fn write_until_killed(dir: &Path) -> ! {
    let dir = DataDir::open(dir).expect("the parent has closed it");
    let store = Arc::new(SledStore::open(&dir).expect("it opens after a kill"));
    let mut next = store.load().expect("it loads").next_release;
    let committer = Committer::start(store, IN_FLIGHT).expect("a thread");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let mut tickets = std::collections::VecDeque::new();
        loop {
            let ticket = committer.submit(submission(next)).await;
            tickets.push_back((next, ticket.expect("it runs")));
            next += 1;
            if tickets.len() >= IN_FLIGHT
                && let Some((number, ticket)) = tickets.pop_front()
            {
                ticket.await.expect("kept");
                // Past the test harness's capture, line by line.
                let mut out = std::io::stdout().lock();
                writeln!(out, "kept {number}").expect("the parent reads");
                out.flush().expect("the parent reads");
            }
        }
    })
}
