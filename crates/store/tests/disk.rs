//! What is true only on a disk: one process, room, and nothing outside the file that is synced.

mod support;

use std::sync::Arc;

use shipway_domain::change::Change;
use shipway_domain::spec::{ReleaseSpec, Source};
use shipway_store::{Committer, DataDir, MAX_RECORD, SledStore, Store, StoreError, fits};
use support::*;
use tempfile::TempDir;

fn folder() -> TempDir {
    TempDir::new().expect("a temporary folder")
}

#[test]
fn a_second_process_is_refused_with_the_first_ones_id() {
    let folder = folder();
    let first = DataDir::open(folder.path()).expect("free");
    let error = DataDir::open(folder.path()).expect_err("taken");
    let StoreError::Locked { holder, .. } = &error else {
        panic!("not locked: {error}");
    };
    assert_eq!(*holder, Some(std::process::id().to_string()));
    drop(first);
    DataDir::open(folder.path()).expect("free again");
}

#[test]
fn the_lock_is_held_as_long_as_the_store() {
    let folder = folder();
    let store = {
        let dir = DataDir::open(folder.path()).expect("free");
        SledStore::open(&dir).expect("it opens")
    };
    DataDir::open(folder.path()).expect_err("still taken");
    drop(store);
    DataDir::open(folder.path()).expect("free again");
}

#[test]
fn new_work_is_refused_below_the_low_water_mark() {
    let folder = folder();
    let dir = DataDir::open(folder.path()).expect("free");
    dir.clone()
        .with_low_water(0)
        .accepts_new_work()
        .expect("no mark");
    let dir = dir.with_low_water(u64::MAX);
    let store = SledStore::open(&dir).expect("it opens");
    let low = store.accepts_new_work().expect_err("never so much free");
    assert!(low.free > 0);
    assert!(low.to_string().contains("MiB are free"), "{low}");
    store
        .commit(&submission(0))
        .expect("running work is recorded");
}

#[test]
fn the_reserve_is_given_up_below_the_floor_and_made_again_above_the_mark() {
    let folder = folder();
    let dir = DataDir::open(folder.path()).expect("free");
    let dir = dir.with_low_water(0).with_reserve(8 << 20);
    let files = ["RESERVE", "RESERVE.last"].map(|name| folder.path().join(name));
    let size = |file: &std::path::Path| file.metadata().map(|file| file.len()).ok();
    assert!(dir.has_reserve());
    assert_eq!(
        files.each_ref().map(|file| size(file)),
        [Some(8 << 20), Some(20 << 20)]
    );

    let almost_full = dir.clone().with_low_water(u64::MAX);
    let low = almost_full
        .accepts_reports()
        .expect_err("never so much free");
    assert_eq!(low.low_water, u64::MAX);
    assert!(!dir.has_reserve());
    // The last of it is there to open the records with.
    assert_eq!(
        files.each_ref().map(|file| size(file)),
        [None, Some(20 << 20)]
    );
    let store = SledStore::open(&almost_full).expect("it opens");
    store.commit(&submission(0)).expect("what runs is recorded");

    dir.accepts_reports().expect("no mark");
    assert!(dir.has_reserve());
    assert_eq!(size(&files[0]), Some(8 << 20));
    drop((store, almost_full, dir));
    let dir = DataDir::open(folder.path()).expect("free");
    assert!(!dir.has_reserve(), "nobody asked for one");
    let dir = dir.with_low_water(u64::MAX).with_reserve(8 << 20);
    assert!(
        !dir.has_reserve(),
        "an earlier process's is given up as well"
    );
    assert_eq!(size(&files[0]), None);
}

/// sled spills large log messages into files of their own, which are never synced: the largest
/// records, side by side on one page and rewritten, must not get there.
#[test]
fn the_largest_records_stay_in_the_file_that_is_synced() {
    let folder = folder();
    let dir = DataDir::open(folder.path()).expect("free");
    let store = SledStore::open(&dir).expect("it opens");
    let empty = fitting(0);
    let largest = (0..MAX_RECORD)
        .rev()
        .find(|length| fits(&fitting(*length)).is_ok())
        .expect("small ones fit");
    assert!(largest > MAX_RECORD - 1024, "{largest}");
    for round in 0..12 {
        let all: Vec<Change> = (0..64).map(|number| of_release(number, largest)).collect();
        store.commit(&all[round..]).expect("kept");
    }
    store.commit(&[empty]).expect("kept");
    let spilled = std::fs::read_dir(folder.path().join("records/blobs")).expect("a folder");
    assert_eq!(spilled.count(), 0);
    drop(store);
    let store = SledStore::open(&dir).expect("it opens");
    let read = store.spec(id(63)).expect("readable").expect("kept");
    assert_eq!(read, spec_of_length(largest));
}

fn spec_of_length(length: usize) -> ReleaseSpec {
    let reference = "x".repeat(length);
    ReleaseSpec {
        source: Source::Image { reference },
        ..spec()
    }
}

fn of_release(number: u64, length: usize) -> Change {
    Change::Spec {
        release: id(number),
        spec: Arc::new(spec_of_length(length)),
    }
}

fn fitting(length: usize) -> Change {
    of_release(0, length)
}

#[tokio::test]
async fn batches_that_wait_share_a_commit_and_keep_their_order() {
    let folder = folder();
    let dir = DataDir::open(folder.path()).expect("free");
    let store: Arc<dyn Store> = Arc::new(SledStore::open(&dir).expect("it opens"));
    let committer = Committer::start(Arc::clone(&store), 64).expect("a thread");
    let mut tickets = Vec::new();
    for number in 0..500 {
        // The same job in every batch: the last one counts.
        let mut batch = submission(number);
        let attempt = u32::try_from(number).expect("small");
        batch.push(Change::Job(
            shipway_domain::job::Job {
                attempt: shipway_domain::ids::Attempt(attempt),
                ..job(0, 0)
            }
            .into(),
        ));
        tickets.push(committer.submit(batch).await.expect("it runs"));
    }
    for ticket in tickets {
        ticket.await.expect("kept");
    }
    let counts = committer.counts();
    assert_eq!(counts.batches, 500);
    assert!(counts.commits < 500, "{counts:?}");
    assert!(counts.records >= 500, "{counts:?}");
    assert!(counts.sync <= counts.busy, "{counts:?}");
    let (_, jobs) = store.release(id(0)).expect("readable").expect("kept");
    assert_eq!(jobs[0].attempt.0, 499);
}

#[tokio::test]
async fn what_was_submitted_is_kept_when_the_committer_is_dropped() {
    let folder = folder();
    let dir = DataDir::open(folder.path()).expect("free");
    let store: Arc<dyn Store> = Arc::new(SledStore::open(&dir).expect("it opens"));
    let committer = Committer::start(Arc::clone(&store), 64).expect("a thread");
    let ticket = committer.submit(submission(0)).await.expect("it runs");
    drop(committer);
    ticket.await.expect("kept before the thread ended");
    assert_eq!(store.load().expect("it loads").changes, loaded(0));
}
