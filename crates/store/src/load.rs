//! Gives back, after a restart, all that a board needs, and sets aside what cannot be read.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;

use prost::Message;
use shipway_domain::change::Change;
use shipway_domain::ids::{ReleaseId, Target};
use shipway_domain::job::Job;
use shipway_domain::release::Release;
use shipway_domain::spec::ReleaseSpec;
use shipway_domain::target::TargetRecord;
use shipway_proto::{store::v1 as records, v1};

use crate::birth::Birth;
use crate::engine::Engine;
use crate::error::{Damage, StoreError};
use crate::frame::{self, Unreadable};
use crate::history::index;
use crate::key::{InWords, Key, Table, release_of, target_of};
use crate::loaded::{Bounds, Loaded, Quarantined};
use crate::records::Records;

/// Loads everything from the store, of ended releases within the bounds.
pub(crate) fn load<E: Engine>(store: &Records<E>, bounds: &Bounds) -> Result<Loaded, StoreError> {
    let mut loader = Loader {
        store,
        bounds,
        ended: 0,
        loaded: Loaded::default(),
        damaged: Vec::new(),
        lost_targets: BTreeSet::new(),
        lost_releases: BTreeSet::new(),
        lost_jobs: BTreeSet::new(),
    };
    loader.loaded.next_release = index::next_release(store)?;
    loader.take_quarantined()?;
    loader.take_targets()?;
    let open = loader.take_releases()?;
    index::repair(store, loader.ended)?;
    for parts in in_parallel(&open, |release| Parts::gather(store, release)) {
        loader.take_parts(parts?);
    }
    loader.finish()
}

struct Loader<'a, E> {
    store: &'a Records<E>,
    bounds: &'a Bounds,
    loaded: Loaded,
    /// Number of readable releases that have ended.
    ended: usize,
    /// Records on their way into quarantine.
    damaged: Vec<Damaged>,
    /// Targets whose records cannot be read.
    lost_targets: BTreeSet<Target>,
    /// Releases whose later records were set aside before. What they came with is of the past: it
    /// must not come back in their place.
    lost_releases: BTreeSet<ReleaseId>,
    /// The same for jobs, by release.
    lost_jobs: BTreeSet<ReleaseId>,
}

/// A record that cannot be read.
struct Damaged {
    key: Vec<u8>,
    value: Vec<u8>,
    what: Damage,
}

/// What belongs to a release that has not ended.
struct Parts {
    release: Release,
    spec: Option<ReleaseSpec>,
    jobs: Vec<Job>,
    damaged: Vec<Damaged>,
}

impl<E: Engine> Loader<'_, E> {
    /// What an earlier load set aside.
    fn take_quarantined(&mut self) -> Result<(), StoreError> {
        let (from, to) = Table::Quarantine.bounds();
        for entry in self.store.engine()?.range(&from, &to) {
            let (key, value) = entry?;
            let key = &key.as_ref()[1..];
            match Table::of(key) {
                Some(Table::Releases) => self.lost_releases.extend(release_of(key)),
                Some(Table::Jobs) => self.lost_jobs.extend(release_of(key)),
                _ => {}
            }
            let what = match Table::of(key) {
                Some(Table::Targets) => damage::<records::TargetRecord, TargetRecord>(key, &value),
                Some(Table::Releases) => damage::<records::ReleaseRecord, Release>(key, &value),
                Some(Table::Births) => damage::<records::BirthRecord, Birth>(key, &value),
                Some(Table::Specs) => damage::<v1::ReleaseSpec, ReleaseSpec>(key, &value),
                Some(Table::Jobs) => damage::<records::JobRecord, Job>(key, &value),
                _ => Damage::Key,
            };
            self.report(key, &what);
        }
        Ok(())
    }

    fn take_targets(&mut self) -> Result<(), StoreError> {
        let (from, to) = Table::Targets.bounds();
        for entry in self.store.engine()?.range(&from, &to) {
            let (key, value) = entry?;
            let read = read::<records::TargetRecord, _>(key.as_ref(), value.as_ref());
            match read? {
                Ok(target) => self.loaded.changes.push(Change::Target(target)),
                Err(damaged) => self.set_aside(damaged),
            }
        }
        Ok(())
    }

    /// Takes what is short, and returns the releases that have not ended.
    fn take_releases(&mut self) -> Result<Vec<Release>, StoreError> {
        let (mut open, mut changed) = (Vec::new(), Vec::new());
        let (from, to) = Table::Releases.bounds();
        for entry in self.store.engine()?.range(&from, &to) {
            let (key, value) = entry?;
            let read = read::<records::ReleaseRecord, Release>(key.as_ref(), value.as_ref());
            changed.extend(release_of(key.as_ref()));
            match read? {
                Ok(release) => self.take_release(release, &mut open),
                Err(damaged) => self.set_aside(damaged),
            }
        }
        self.take_born(&changed, &mut open)?;
        open.sort_by_key(|release| release.id);
        Ok(open)
    }

    /// Takes the releases that did not change since they came in; `changed` are the others.
    fn take_born(
        &mut self,
        changed: &[ReleaseId],
        open: &mut Vec<Release>,
    ) -> Result<(), StoreError> {
        let (from, to) = Table::Births.bounds();
        for entry in self.store.engine()?.range(&from, &to) {
            let (key, value) = entry?;
            let known = |release| {
                changed.binary_search(&release).is_ok() || self.lost_releases.contains(&release)
            };
            if release_of(key.as_ref()).is_some_and(known) {
                continue;
            }
            match read::<records::BirthRecord, Birth>(key.as_ref(), value.as_ref())? {
                Ok(birth) => self.take_release(birth.release, open),
                Err(damaged) => self.set_aside(damaged),
            }
        }
        Ok(())
    }

    fn take_release(&mut self, release: Release, open: &mut Vec<Release>) {
        let Bounds { now, keys, lives } = *self.bounds;
        self.loaded.keys.note(keys, now, &release);
        self.loaded.lives.note(lives, &release);
        self.count(release.id);
        if release.ended_at.is_none() {
            open.push(release);
        } else {
            self.ended += 1;
        }
    }

    fn take_parts(&mut self, parts: Parts) {
        let Parts {
            release,
            spec,
            jobs,
            damaged,
        } = parts;
        let lost = jobs
            .iter()
            .filter_map(|job| job.kind.target())
            .find(|target| self.lost_targets.contains(target));
        let problem = if let Some(target) = lost {
            format!("the record of its target {target} cannot be read")
        } else if !damaged.is_empty() || self.lost_jobs.contains(&release.id) {
            "its specification or a job of it cannot be read".to_owned()
        } else if !(0..release.jobs).eq(jobs.iter().map(|job| job.id.index)) {
            "a job of it is missing".to_owned()
        } else if let Some(spec) = spec {
            let id = release.id;
            self.loaded.changes.push(Change::Release(release.into()));
            self.loaded.changes.push(Change::Spec {
                release: id,
                spec: spec.into(),
            });
            self.loaded
                .changes
                .extend(jobs.into_iter().map(|job| Change::Job(job.into())));
            return;
        } else {
            "its specification is missing".to_owned()
        };
        self.loaded.quarantined.push(Quarantined {
            what: format!("release {} as a whole", release.id),
            problem,
            release: Some(release.id),
        });
        for record in damaged {
            self.set_aside(record);
        }
    }

    fn set_aside(&mut self, damaged: Damaged) {
        self.report(&damaged.key, &damaged.what);
        self.damaged.push(damaged);
    }

    fn report(&mut self, key: &[u8], what: &Damage) {
        let release = release_of(key);
        if let Some(release) = release {
            self.count(release);
        }
        self.lost_targets.extend(target_of(key));
        self.loaded.quarantined.push(Quarantined {
            what: InWords(key).to_string(),
            problem: what.to_string(),
            release,
        });
    }

    fn count(&mut self, release: ReleaseId) {
        let next = release.number().saturating_add(1);
        self.loaded.next_release = self.loaded.next_release.max(next);
    }

    /// Moves what is damaged into quarantine.
    fn finish(self) -> Result<Loaded, StoreError> {
        if !self.damaged.is_empty() {
            self.store.write(|writes| {
                for Damaged { key, value, .. } in &self.damaged {
                    writes.remove(key);
                    writes.put(Key::quarantined(key).as_ref(), |buffer| {
                        buffer.extend_from_slice(value);
                    });
                }
                Ok(())
            })?;
        }
        Ok(self.loaded)
    }
}

impl Parts {
    fn gather<E: Engine>(store: &Records<E>, release: &Release) -> Result<Self, StoreError> {
        let engine = store.engine()?;
        let mut parts = Self {
            release: release.clone(),
            spec: None,
            jobs: Vec::new(),
            damaged: Vec::new(),
        };
        let mut jobs = BTreeMap::new();
        let key = Key::birth(release.id);
        if let Some(value) = engine.get(key.as_ref())? {
            match read::<records::BirthRecord, Birth>(key.as_ref(), value.as_ref())? {
                Ok(birth) => {
                    parts.spec = Some(birth.spec);
                    jobs.extend(birth.jobs.into_iter().map(|job| (job.id.index, job)));
                }
                Err(damaged) => parts.damaged.push(damaged),
            }
        }
        let key = Key::spec(release.id);
        if let Some(value) = engine.get(key.as_ref())? {
            match read::<v1::ReleaseSpec, _>(key.as_ref(), value.as_ref())? {
                Ok(spec) => parts.spec = Some(spec),
                Err(damaged) => parts.damaged.push(damaged),
            }
        }
        let (from, to) = Key::jobs(release.id);
        for entry in engine.range(from.as_ref(), to.as_ref()) {
            let (key, value) = entry?;
            match read::<records::JobRecord, Job>(key.as_ref(), value.as_ref())? {
                Ok(job) => {
                    jobs.insert(job.id.index, job);
                }
                Err(damaged) => parts.damaged.push(damaged),
            }
        }
        parts.jobs = jobs.into_values().collect();
        Ok(parts)
    }
}

/// Reads a record; only one of a newer format is an error.
fn read<M, T>(key: &[u8], value: &[u8]) -> Result<Result<T, Damaged>, StoreError>
where
    M: Message + Default,
    T: TryFrom<M>,
    T::Error: Into<Damage>,
{
    match frame::read::<M, T>(key, value) {
        Ok(record) => Ok(Ok(record)),
        Err(Unreadable::Damaged(what)) => Ok(Err(Damaged {
            key: key.to_vec(),
            value: value.to_vec(),
            what,
        })),
        Err(newer @ Unreadable::Newer(_)) => Err(newer.about(key)),
    }
}

/// What is wrong with a record in quarantine.
fn damage<M, T>(key: &[u8], value: &impl AsRef<[u8]>) -> Damage
where
    M: Message + Default,
    T: TryFrom<M>,
    T::Error: Into<Damage>,
{
    match frame::read::<M, T>(key, value.as_ref()) {
        Err(Unreadable::Damaged(damage)) => damage,
        // Set aside by a version that could not read it.
        Ok(_) | Err(Unreadable::Newer(_)) => Damage::Version,
    }
}

/// Does the same with all items on all cores; results in the order of the items.
fn in_parallel<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    const WORTH_A_THREAD: usize = 1000;
    let cores = thread::available_parallelism().map_or(1, Into::into);
    let share = items.len().div_ceil(cores).max(WORTH_A_THREAD);
    thread::scope(|scope| {
        let work = &work;
        let shares: Vec<_> = items
            .chunks(share)
            .map(|share| scope.spawn(move || share.iter().map(work).collect::<Vec<R>>()))
            .collect();
        shares
            .into_iter()
            .flat_map(|share| {
                share
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            })
            .collect()
    })
}
