//! A process that is killed while it prunes leaves releases whole, or marked, or gone.

mod support;

use std::hash::{BuildHasher as _, RandomState};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use shipway_domain::change::Change;
use shipway_domain::history::Query;
use shipway_domain::ids::Attempt;
use shipway_domain::verdict::Verdict;
use shipway_store::{Blobs, DataDir, History as _, Logs, Pruner, SledStore, Store as _};
use support::*;
use tempfile::TempDir;

/// Set for the child: the data directory to prune.
const CHILD: &str = "SHIPWAY_PRUNE_TEST_DIR";
const RELEASES: u64 = 100;
const EVENTS: u64 = 40;
/// Of these the last is kept.
const GOES: u64 = RELEASES - 1;
/// Rest of the child between two steps, so that a kill comes soon after the line that it answers.
const PAUSE: Duration = Duration::from_millis(1);

#[tokio::test]
async fn what_is_left_after_a_kill_in_the_middle_of_pruning_is_whole_or_on_its_way_out() {
    if let Some(dir) = std::env::var_os(CHILD) {
        prune_until_killed(Path::new(&dir)).await;
    }
    let dir = TempDir::new().expect("a temporary folder");
    fill(dir.path()).await;
    let (mut kills, mut halfway) = (0, 0);
    // Until a child says that it is done: the last release may be half gone when the others are,
    // and the child after that one finishes it.
    let whole = loop {
        // Somewhere among the steps of some releases.
        let steps = RandomState::new().hash_one(kills) % 12;
        let ended = kill_after(steps, dir.path());
        let (whole, marked) = check(dir.path()).await;
        halfway += u64::from(marked > 0);
        if ended {
            break whole;
        }
        kills += 1;
    };
    assert!(kills > 5, "only {kills} kills");
    assert!(
        halfway > 0,
        "none of {kills} kills met a release that was half gone"
    );
    assert_eq!(whole, 1);
    let data = DataDir::open(dir.path()).expect("the child is dead");
    let store = SledStore::open(&data).expect("it opens after a kill");
    assert_eq!(store.being_pruned(9).expect("readable"), []);
}

async fn fill(dir: &Path) {
    let data = DataDir::open(dir).expect("free");
    let store = SledStore::open(&data).expect("it opens");
    let logs = Logs::open(&data, 1 << 20).expect("it opens");
    for number in 0..RELEASES {
        store.commit(&submission(number)).expect("kept");
        let end = ended(number, 9_000, Verdict::Failed);
        let mut changes = vec![Change::Release(end.into())];
        changes.extend((2..=EVENTS).map(|seq| happened(number, seq)));
        store.commit(&changes).expect("kept");
        let text = Bytes::from_static(b"built\n");
        let written = logs.append(job_id(number, 0), Attempt(1), text).await;
        written.expect("written");
    }
}

/// Starts the child and kills it after that many lines; says whether it was done before.
fn kill_after(steps: u64, dir: &Path) -> bool {
    let name = "what_is_left_after_a_kill_in_the_middle_of_pruning_is_whole_or_on_its_way_out";
    let mut child = Command::new(std::env::current_exe().expect("this test"))
        .args([name, "--exact", "--nocapture", "--test-threads=1"])
        .env(CHILD, dir)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the child starts");
    let pipe = BufReader::new(child.stdout.take().expect("piped"));
    let (mut seen, mut done) = (0, false);
    for line in pipe.lines().map_while(Result::ok) {
        // The harness leaves its own words of the test before the first.
        seen += u64::from(line.ends_with("pruned"));
        done |= line.ends_with("done");
        if seen > steps || done {
            // Not at the line itself: somewhere in the next release.
            let micros = RandomState::new().hash_one(seen) % 10_000;
            std::thread::sleep(Duration::from_micros(micros));
            child.kill().expect("it was running");
        }
    }
    child.wait().expect("it has ended");
    done
}

/// What is there is whole, what is not has left nothing or has a mark; says how many are there, and
/// how many have a mark.
async fn check(dir: &Path) -> (u64, usize) {
    let data = DataDir::open(dir).expect("the child is dead");
    let store = SledStore::open(&data).expect("it opens after a kill");
    let logs = Logs::open(&data, 1 << 20).expect("it opens");
    let loaded = store.load().expect("it loads");
    assert_eq!(loaded.quarantined, []);
    assert_eq!(loaded.next_release, RELEASES);
    let marked = store.being_pruned(1000).expect("readable");
    let page = store.find(&Query::default(), None, 1000).expect("readable");
    let place = Query {
        app: "shop".parse().ok(),
        env: "prod".parse().ok(),
        ..Query::default()
    };
    assert_eq!(store.find(&place, None, 1000).expect("readable"), page);
    let mut whole = 0;
    for number in 0..RELEASES {
        let release = store.release(id(number)).expect("readable");
        let events = store.events(id(number), 0, 1000).expect("readable");
        let logs = logs.of_release(id(number)).await.expect("readable");
        assert_eq!(page.releases.contains(&id(number)), release.is_some());
        match release {
            Some((_, jobs)) => {
                assert_eq!(jobs.len(), 2);
                assert_eq!(store.spec(id(number)).expect("readable"), Some(spec()));
                assert_eq!(events.len() as u64, EVENTS);
                assert_eq!(logs.len(), 1);
                assert!(!marked.contains(&id(number)));
                whole += 1;
            }
            None => {
                assert_eq!(store.spec(id(number)).expect("readable"), None);
                let nothing = events.is_empty() && logs.is_empty();
                assert!(nothing || marked.contains(&id(number)), "{number}");
            }
        }
    }
    (whole, marked.len())
}

async fn prune_until_killed(dir: &Path) -> ! {
    let data = DataDir::open(dir).expect("the parent has closed it");
    let store = Arc::new(SledStore::open(&data).expect("it opens after a kill"));
    let logs = Logs::open(&data, 1 << 20).expect("it opens");
    let blobs = Blobs::open(&data, 1 << 20).expect("it opens");
    let pruner = Pruner::new(store, logs, blobs, PAUSE);
    // Past the test harness's capture, line by line.
    let tell = |line: &str| {
        let mut out = std::io::stdout().lock();
        writeln!(out, "{line}").expect("the parent reads");
        out.flush().expect("the parent reads");
    };
    pruner.resume().await.expect("resumed");
    for number in 0..GOES {
        if pruner.prune(&[id(number)]).await.expect("pruned") > 0 {
            tell("pruned");
        }
    }
    tell("done");
    loop {
        std::thread::park();
    }
}
