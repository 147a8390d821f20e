//! Pruning that is cut off after any write leaves nothing dangling, and is taken up again.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use shipway_domain::change::Change;
use shipway_domain::ids::{Attempt, ReleaseId};
use shipway_domain::verdict::Verdict;

use super::failing::Failing;
use super::support::*;
use crate::engine::Engine as _;
use crate::engine::memory::Memory;
use crate::key::{Table, release_of};
use crate::records::Records;
use crate::{Blobs, DataDir, History as _, Logs, MemoryStore, Pruner, Store};

const RELEASES: u64 = 40;

/// Ended releases with events and logs, one record of events each but the first, which has many.
async fn filled(logs: &Logs) -> Memory {
    let memory = Memory::default();
    let store = MemoryStore::over(memory.clone()).expect("a new store");
    for number in 0..RELEASES {
        store.commit(&submission(number)).expect("kept");
        for seq in 2..if number == 0 { 300 } else { 3 } {
            store.commit(&[happened(number, seq)]).expect("kept");
        }
        let end = ended(number, 9_000, Verdict::Live);
        store.commit(&[Change::Release(end.into())]).expect("kept");
        let text = Bytes::from_static(b"built\n");
        let written = logs.append(job_id(number, 0), Attempt(1), text).await;
        written.expect("written");
    }
    memory
}

/// The releases that records of a table belong to.
fn of(memory: &Memory, table: Table) -> BTreeSet<ReleaseId> {
    let (from, to) = table.bounds();
    let entries = memory.range(&from, &to);
    entries
        .map(|entry| release_of(&entry.expect("readable").0).expect("a release"))
        .collect()
}

/// Whatever belongs to a release has the release, or its mark.
fn nothing_dangles(memory: &Memory) {
    let whole = of(memory, Table::Releases);
    for table in [
        Table::Births,
        Table::OfPlace,
        Table::OfTarget,
        Table::Jobs,
        Table::Specs,
    ] {
        let parts = of(memory, table);
        assert!(parts.is_subset(&whole), "{table:?}");
    }
    assert_eq!(of(memory, Table::Births), whole);
    assert_eq!(of(memory, Table::OfPlace), whole);
    assert_eq!(of(memory, Table::OfTarget), whole);
    let marked = of(memory, Table::Pruning);
    assert!(marked.is_disjoint(&whole));
    let events = of(memory, Table::Events);
    assert!(events.is_subset(&whole.union(&marked).copied().collect()));
    assert!(whole.is_subset(&events));
}

fn logs_of(folder: &Path) -> usize {
    std::fs::read_dir(folder.join("logs"))
        .expect("a folder")
        .count()
}

#[tokio::test]
async fn pruning_that_is_cut_off_after_any_write_leaves_nothing_dangling_and_is_taken_up_again() {
    let all: Vec<ReleaseId> = (0..RELEASES).map(id).collect();
    let mut cuts = 0;
    loop {
        let folder = tempfile::TempDir::new().expect("a folder");
        let dir = DataDir::open(folder.path()).expect("free");
        let logs = Logs::open(&dir, 1 << 20).expect("a folder");
        let blobs = Blobs::open(&dir, 1 << 20).expect("a folder");
        let memory = filled(&logs).await;
        let pruner =
            |store: Arc<dyn Store>| Pruner::new(store, logs.clone(), blobs.clone(), Duration::ZERO);
        let ending = Failing::after(memory.clone(), cuts);
        let store = Records::over(ending).expect("a known format");
        let ended = pruner(Arc::new(store)).prune(&all).await.is_ok();
        nothing_dangles(&memory);
        let store = Arc::new(MemoryStore::over(memory.clone()).expect("a known format"));
        assert_eq!(store.load().expect("it loads").quarantined, []);
        let again = pruner(store.clone());
        again.resume().await.expect("resumed");
        nothing_dangles(&memory);
        assert_eq!(store.being_pruned(9).expect("readable"), []);
        let left = of(&memory, Table::Events);
        assert_eq!(left, of(&memory, Table::Releases));
        assert_eq!(logs_of(folder.path()), left.len());
        again.prune(&all).await.expect("pruned");
        for table in [Table::Releases, Table::Events, Table::Pruning] {
            assert_eq!(of(&memory, table), BTreeSet::new(), "{table:?}");
        }
        assert_eq!(logs_of(folder.path()), 0);
        assert_eq!(store.load().expect("it loads").next_release, RELEASES);
        if ended {
            break;
        }
        cuts += 1;
    }
    assert!(cuts > 10, "only {cuts} writes");
}
