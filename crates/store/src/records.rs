//! Records over any engine: framed, checked, and closed for good after a failed write.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use prost::Message;
use shipway_domain::change::Change;
use shipway_domain::event::Event;
use shipway_domain::ids::ReleaseId;
use shipway_domain::job::Job;
use shipway_domain::release::Release;
use shipway_domain::spec::ReleaseSpec;
use shipway_proto::store::v1::{BirthRecord, EventRun, JobRecord, ReleaseRecord};
use shipway_proto::v1;

use crate::birth::Birth;
use crate::data_dir::{DataDir, LowDisk};
use crate::encode::{encode, put};
use crate::engine::memory::Memory;
use crate::engine::sled::Sled;
use crate::engine::{Engine, Writes};
use crate::error::{Damage, StoreError};
use crate::frame;
use crate::history::index;
use crate::key::{Key, Table};
use crate::load;
use crate::loaded::{Bounds, Loaded};
use crate::snapshot::Snapshot;
use crate::store::{Receipt, Store};

/// A key and its value.
type Pair = (Vec<u8>, Vec<u8>);

/// Records on disk, in sled.
pub type SledStore = Records<Sled>;
/// Records in memory, for tests.
pub type MemoryStore = Records<Memory>;

/// Records over an engine.
#[derive(Debug)]
pub struct Records<E> {
    engine: E,
    /// Reused by every commit; its lock makes one writer at a time.
    writes: Mutex<Writes>,
    /// One reading of all records at a time.
    reads: Mutex<()>,
    /// That reading, while there is one. Locked only by who holds `writes`.
    snapshot: Mutex<Option<Snapshot>>,
    /// The failure after which nothing is answered any more.
    failure: OnceLock<Arc<StoreError>>,
}

impl SledStore {
    /// Opens or creates the records in a data directory.
    ///
    /// # Errors
    /// When the database cannot be opened, or is of a newer format.
    pub fn open(dir: &DataDir) -> Result<Self, StoreError> {
        let marker = dir.half_imported();
        if marker.exists() {
            return Err(StoreError::HalfImported(dir.path().to_owned()));
        }
        Self::open_unfinished(dir)
    }

    /// The same, also while an import is not complete.
    pub(crate) fn open_unfinished(dir: &DataDir) -> Result<Self, StoreError> {
        Self::over(Sled::open(dir)?)
    }
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::around(Memory::default())
    }

    /// What a process would find that opened this store after a crash of this one.
    #[must_use]
    pub fn reopen(&self) -> Self {
        Self::around(self.engine.clone())
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl<E: Engine> Records<E> {
    const fn around(engine: E) -> Self {
        Self {
            engine,
            writes: Mutex::new(Writes::new()),
            reads: Mutex::new(()),
            snapshot: Mutex::new(None),
            failure: OnceLock::new(),
        }
    }

    /// Records over an engine, whose format is checked, or written when it is new.
    pub(crate) fn over(engine: E) -> Result<Self, StoreError> {
        let records = Self::around(engine);
        let key = Key::format();
        match records.engine.get(key.as_ref())? {
            Some(value) => {
                frame::decode::<()>(key.as_ref(), value.as_ref())
                    .map_err(|unreadable| unreadable.about(key.as_ref()))?;
                index::build_if_missing(&records)?;
            }
            None => {
                records.write(|writes| {
                    put(writes, key, &())?;
                    index::mark_built(writes)
                })?;
            }
        }
        Ok(records)
    }

    /// Writes durably what `fill` puts together, or nothing.
    pub(crate) fn write(
        &self,
        fill: impl FnOnce(&mut Writes) -> Result<(), StoreError>,
    ) -> Result<Receipt, StoreError> {
        let mut writes = locked(&self.writes);
        self.engine()?;
        writes.clear();
        fill(&mut writes)?;
        if let Some(snapshot) = locked(&self.snapshot).as_mut() {
            snapshot.keep(&self.engine, &writes)?;
        }
        let sync = self.engine.write(&writes).map_err(|error| {
            let failure = self.failure.get_or_init(|| Arc::new(error));
            StoreError::Poisoned(Arc::clone(failure))
        })?;
        Ok(Receipt {
            records: writes.len(),
            bytes: writes.bytes(),
            sync,
        })
    }

    /// The engine, unless it failed.
    pub(crate) fn engine(&self) -> Result<&E, StoreError> {
        match self.failure.get() {
            Some(failure) => Err(StoreError::Poisoned(Arc::clone(failure))),
            None => Ok(&self.engine),
        }
    }

    fn next_of_snapshot(&self) -> Result<Vec<Pair>, StoreError> {
        /// Records that are read while commits wait.
        const AT_ONCE: usize = 256;
        let _writes = locked(&self.writes);
        let engine = self.engine()?;
        match locked(&self.snapshot).as_mut() {
            Some(snapshot) => snapshot.next(engine, AT_ONCE),
            None => Ok(Vec::new()),
        }
    }

    /// Reads one record.
    pub(crate) fn read<M, T>(&self, key: &Key) -> Result<Option<T>, StoreError>
    where
        M: Message + Default,
        T: TryFrom<M>,
        T::Error: Into<Damage>,
    {
        let key = key.as_ref();
        let engine = self.engine()?;
        // A record in quarantine is damaged, not absent.
        let value = match engine.get(key)? {
            Some(value) => value,
            None => match engine.get(Key::quarantined(key).as_ref())? {
                Some(value) => value,
                None => return Ok(None),
            },
        };
        frame::read(key, value.as_ref())
            .map(Some)
            .map_err(|unreadable| unreadable.about(key))
    }

    /// What a release came with; releases of older versions came in pieces.
    pub(crate) fn birth(&self, release: ReleaseId) -> Result<Option<Birth>, StoreError> {
        self.read::<BirthRecord, _>(&Key::birth(release))
    }

    /// The jobs that a release came with, as they are now, in order.
    fn jobs(&self, release: ReleaseId, born: Vec<Job>) -> Result<Vec<Job>, StoreError> {
        let mut jobs: BTreeMap<u32, Job> =
            born.into_iter().map(|job| (job.id.index, job)).collect();
        let (from, to) = Key::jobs(release);
        let aside = [&from, &to].map(|key| Key::quarantined(key.as_ref()));
        for entry in self.engine()?.range(aside[0].as_ref(), aside[1].as_ref()) {
            let (key, value) = entry?;
            let key = &key.as_ref()[1..];
            // What the job came with is of the past: damaged it is, and not as it was.
            let job = frame::read::<JobRecord, Job>(key, value.as_ref())
                .map_err(|unreadable| unreadable.about(key))?;
            jobs.insert(job.id.index, job);
        }
        for entry in self.engine()?.range(from.as_ref(), to.as_ref()) {
            let (key, value) = entry?;
            let job = frame::read::<JobRecord, Job>(key.as_ref(), value.as_ref())
                .map_err(|unreadable| unreadable.about(key.as_ref()))?;
            jobs.insert(job.id.index, job);
        }
        Ok(jobs.into_values().collect())
    }
}

impl<E: Engine> Store for Records<E> {
    fn commit(&self, changes: &[Change]) -> Result<Receipt, StoreError> {
        self.write(|writes| {
            encode(changes, writes)?;
            index::add(self, changes, writes)
        })
    }

    fn load_within(&self, bounds: &Bounds) -> Result<Loaded, StoreError> {
        load::load(self, bounds)
    }

    fn spec(&self, release: ReleaseId) -> Result<Option<ReleaseSpec>, StoreError> {
        match self.birth(release)? {
            Some(birth) => Ok(Some(birth.spec)),
            None => self.read::<v1::ReleaseSpec, _>(&Key::spec(release)),
        }
    }

    fn release(&self, release: ReleaseId) -> Result<Option<(Release, Vec<Job>)>, StoreError> {
        let changed = self.read::<ReleaseRecord, Release>(&Key::release(release))?;
        let (born, jobs) = match self.birth(release)? {
            Some(birth) => (Some(birth.release), birth.jobs),
            None => (None, Vec::new()),
        };
        let Some(found) = changed.or(born) else {
            return Ok(None);
        };
        Ok(Some((found, self.jobs(release, jobs)?)))
    }

    fn events(
        &self,
        release: ReleaseId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Event>, StoreError> {
        let engine = self.engine()?;
        let beginning = Key::events(release, 0);
        let wanted = Key::events(release, after.saturating_add(1));
        let end = Key::events(release, u64::MAX);
        // The run that holds the first wanted event may begin before it.
        let before = engine
            .range(beginning.as_ref(), wanted.as_ref())
            .next_back();
        let born = self.birth(release)?.map(|birth| birth.events);
        let mut events: Vec<Event> = born.unwrap_or_default();
        events.retain(|event| event.seq > after);
        events.truncate(limit);
        let mut last = events.last().map_or(after, |event| event.seq);
        for entry in before
            .into_iter()
            .chain(engine.range(wanted.as_ref(), end.as_ref()))
        {
            let (key, value) = entry?;
            let run: EventRun = frame::decode(key.as_ref(), value.as_ref())
                .map_err(|unreadable| unreadable.about(key.as_ref()))?;
            for message in run.events {
                if events.len() >= limit {
                    return Ok(events);
                }
                // A run that was written twice is heard once.
                if message.seq > last {
                    last = message.seq;
                    let event = Event::try_from(message).map_err(|error| {
                        frame::Unreadable::Damaged(error.into()).about(key.as_ref())
                    })?;
                    events.push(event);
                }
            }
        }
        Ok(events)
    }

    fn snapshot(&self, give: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<(), StoreError> {
        let _one = locked(&self.reads);
        let writes = locked(&self.writes);
        *locked(&self.snapshot) = Some(Snapshot::default());
        drop(writes);
        let given = loop {
            let piece = self.next_of_snapshot();
            match piece {
                Ok(entries) if entries.is_empty() => break Ok(()),
                Ok(entries) => {
                    if !entries.iter().all(|(key, value)| give(key, value)) {
                        break Ok(());
                    }
                }
                Err(error) => break Err(error),
            }
        };
        *locked(&self.snapshot) = None;
        given
    }

    fn restore(&self, records: &[(Vec<u8>, Vec<u8>)]) -> Result<(), StoreError> {
        if records.is_empty() {
            return Ok(());
        }
        let written = self.write(|writes| {
            for (key, value) in records {
                writes.put(key, |buffer| buffer.extend_from_slice(value));
            }
            Ok(())
        });
        written.map(drop)
    }

    fn live_bytes(&self) -> Result<u64, StoreError> {
        const AT_ONCE: usize = 1_000;
        const REST: Duration = Duration::from_millis(5);
        let (mut from, mut bytes) = (vec![0], 0_u64);
        loop {
            let mut last = None;
            for entry in self.engine()?.range(&from, &[0xff]).take(AT_ONCE) {
                let (key, value) = entry?;
                bytes += (key.as_ref().len() + value.as_ref().len()) as u64;
                last = Some(key.as_ref().to_vec());
            }
            let Some(mut after) = last else {
                return Ok(bytes);
            };
            after.push(0);
            from = after;
            // Callers wait for the same disk.
            std::thread::sleep(REST);
        }
    }

    fn is_empty(&self) -> Result<bool, StoreError> {
        let (meta, behind) = Table::Meta.bounds();
        let engine = self.engine()?;
        let before = engine.range(&[0], &meta).next().transpose()?;
        let after = engine.range(&behind, &[0xff]).next().transpose()?;
        Ok(before.is_none() && after.is_none())
    }

    fn accepts_new_work(&self) -> Result<(), LowDisk> {
        self.engine.accepts_new_work()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
