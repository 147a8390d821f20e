//! The coordinator's disk: what was written but not synced is seen by readers, and gone after a crash.

use std::sync::{Arc, Mutex};

use object_store::memory::InMemory;
use shipway_domain::change::Change;
use shipway_domain::event::Event;
use shipway_domain::ids::ReleaseId;
use shipway_domain::job::Job;
use shipway_domain::promise::Fact;
use shipway_domain::release::Release;
use shipway_domain::spec::ReleaseSpec;
use shipway_store::{Batches, Filter, Loaded, LowDisk, MemoryStore, Receipt, Store, StoreError};

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
        let all = records.releases(&Filter::default(), None, usize::MAX);
        let all = all.expect("memory gives it back").into_iter();
        let mut found: Vec<Change> = all
            .map(|release| Change::Release(Arc::new(release)))
            .collect();
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

/// Records whose reads see what is not synced yet.
pub(crate) struct Records(MemoryStore);

impl Store for Records {
    fn commit(&self, changes: &[Change]) -> Result<Receipt, StoreError> {
        self.0.commit(changes)
    }

    fn load(&self) -> Result<Loaded, StoreError> {
        self.0.load()
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

    fn releases(
        &self,
        filter: &Filter,
        before: Option<ReleaseId>,
        limit: usize,
    ) -> Result<Vec<Release>, StoreError> {
        self.0.releases(filter, before, limit)
    }

    fn waits(&self) -> bool {
        false
    }

    fn accepts_new_work(&self) -> Result<(), LowDisk> {
        Ok(())
    }
}
