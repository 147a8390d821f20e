//! The coordinator's disk: what was written but not synced is seen by readers, and gone after a crash.

use std::sync::{Arc, Mutex};

use object_store::memory::InMemory;
use shipway_domain::change::Change;
use shipway_domain::event::Event;
use shipway_domain::history::{Page, Query};
use shipway_domain::ids::{AppName, Digest, EnvName, ReleaseId};
use shipway_domain::job::Job;
use shipway_domain::promise::Fact;
use shipway_domain::release::Release;
use shipway_domain::spec::ReleaseSpec;
use shipway_store::{
    Batches, Bounds, Cursor, History, Loaded, LowDisk, MemoryStore, Receipt, Store, StoreError,
};

use crate::diary::Diary;
use crate::facts::Facts;
use crate::lots::Lots;

/// What survives the coordinator.
#[derive(Clone, Default)]
pub(crate) struct Disk {
    /// Everything that was synced, in order.
    synced: Arc<Mutex<Vec<Change>>>,
    pub(crate) blobs: Arc<InMemory>,
}

impl Disk {
    /// The records as a process finds them that starts now.
    pub(crate) fn open(&self, facts: &Facts) -> Arc<Records> {
        let records = MemoryStore::new();
        let synced = self.synced.lock().expect("no panic");
        records.commit(&synced).expect("memory keeps it");
        let mut found = ended(&records);
        found.extend(records.load().expect("memory gives it back").changes);
        facts.tell(Fact::Reopened(found));
        Arc::new(Records(records))
    }

    /// Commits batch after batch, each with its sync.
    pub(crate) async fn commit(
        self,
        records: Arc<Records>,
        mut batches: Batches,
        lots: Lots,
        diary: Diary,
        facts: Facts,
    ) {
        while let Some(batch) = batches.next().await {
            let written = records.0.commit(batch.changes());
            written.expect("memory keeps it");
            let slow = if lots.chance(3) { 2000 } else { 40 };
            tokio::time::sleep(lots.millis(1, slow)).await;
            let changes = batch.changes().to_vec();
            self.synced
                .lock()
                .expect("no panic")
                .extend_from_slice(&changes);
            facts.committed(&diary, changes);
            batch.is_durable();
        }
    }
}

/// All ended releases.
fn ended(records: &MemoryStore) -> Vec<Change> {
    let (mut found, mut before) = (Vec::new(), None);
    loop {
        let page = records.find(&Query::default(), before, 1000);
        let page = page.expect("memory gives it back");
        for id in page.releases {
            let release = records.release(id).expect("memory gives it back");
            found.extend(release.map(|(release, _)| Change::Release(Arc::new(release))));
        }
        before = page.next;
        if before.is_none() {
            return found;
        }
    }
}

/// Records whose reads see what is not synced yet.
pub(crate) struct Records(MemoryStore);

impl History for Records {
    fn find(
        &self,
        query: &Query,
        before: Option<ReleaseId>,
        limit: usize,
    ) -> Result<Page, StoreError> {
        self.0.find(query, before, limit)
    }

    fn place_after(
        &self,
        after: Option<&(AppName, EnvName)>,
    ) -> Result<Option<(AppName, EnvName)>, StoreError> {
        self.0.place_after(after)
    }

    fn oldest(
        &self,
        place: &(AppName, EnvName),
        after: Option<ReleaseId>,
        limit: usize,
    ) -> Result<Vec<Release>, StoreError> {
        self.0.oldest(place, after, limit)
    }

    fn begin_prune(&self, releases: &[ReleaseId]) -> Result<Vec<ReleaseId>, StoreError> {
        self.0.begin_prune(releases)
    }

    fn being_pruned(&self, limit: usize) -> Result<Vec<ReleaseId>, StoreError> {
        self.0.being_pruned(limit)
    }

    fn prune_events(&self, release: ReleaseId, limit: usize) -> Result<bool, StoreError> {
        self.0.prune_events(release, limit)
    }

    fn end_prune(&self, releases: &[ReleaseId]) -> Result<(), StoreError> {
        self.0.end_prune(releases)
    }

    fn blobs_named(
        &self,
        from: Option<&Cursor>,
        limit: usize,
    ) -> Result<(Vec<Digest>, Option<Cursor>), StoreError> {
        self.0.blobs_named(from, limit)
    }
}

impl Store for Records {
    fn commit(&self, changes: &[Change]) -> Result<Receipt, StoreError> {
        self.0.commit(changes)
    }

    fn load_within(&self, bounds: &Bounds) -> Result<Loaded, StoreError> {
        self.0.load_within(bounds)
    }

    fn spec(&self, release: ReleaseId) -> Result<Option<ReleaseSpec>, StoreError> {
        self.0.spec(release)
    }

    fn release(&self, release: ReleaseId) -> Result<Option<(Release, Vec<Job>)>, StoreError> {
        self.0.release(release)
    }

    fn events(
        &self,
        release: ReleaseId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Event>, StoreError> {
        self.0.events(release, after, limit)
    }

    fn snapshot(&self, give: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<(), StoreError> {
        self.0.snapshot(give)
    }

    fn restore(&self, records: &[(Vec<u8>, Vec<u8>)]) -> Result<(), StoreError> {
        self.0.restore(records)
    }

    fn is_empty(&self) -> Result<bool, StoreError> {
        self.0.is_empty()
    }

    fn waits(&self) -> bool {
        false
    }

    fn accepts_new_work(&self) -> Result<(), LowDisk> {
        Ok(())
    }
}
