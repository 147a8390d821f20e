//! The indexes of ended releases: by app and environment, and by target.
//!
//! A release enters them with the commit that ends it. Open ones are not in them: the board has
//! those in memory, and a submission stays one record.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use shipway_domain::change::Change;
use shipway_domain::ids::{ReleaseId, Target};
use shipway_domain::release::Release;
use shipway_domain::spec::ReleaseSpec;
use shipway_proto::store::v1::{BirthRecord, HistoryRecord, ReleaseRecord};

use crate::birth::Birth;
use crate::encode::put;
use crate::engine::{Engine, Writes};
use crate::error::StoreError;
use crate::frame;
use crate::key::{Key, Table, release_of};
use crate::records::Records;
use crate::store::Store as _;

/// Version of the indexes: a store with an older one, or none, gets them when it is opened.
const VERSION: u32 = 1;
/// Releases that are put into the indexes by one write, when they are built.
const AT_ONCE: usize = 500;

/// Adds what ends with these changes, whose writes are there already.
pub(crate) fn add<E: Engine>(
    store: &Records<E>,
    changes: &[Change],
    writes: &mut Writes,
) -> Result<(), StoreError> {
    let mut ended: BTreeMap<ReleaseId, &Release> = BTreeMap::new();
    for change in changes {
        if let Change::Release(release) = change
            && release.ended_at.is_some()
        {
            ended.insert(release.id, release);
        }
    }
    if ended.is_empty() {
        return Ok(());
    }
    let mut specs: BTreeMap<ReleaseId, &Arc<ReleaseSpec>> = BTreeMap::new();
    for change in changes {
        if let Change::Spec { release, spec } = change {
            specs.insert(*release, spec);
        }
    }
    for (id, release) in ended {
        match specs.get(&id) {
            Some(spec) => {
                // What came and ended at once has a record for its end, too.
                put(writes, Key::release(id), &ReleaseRecord::from(release))?;
                enter(writes, release, &spec.targets)?;
            }
            None => match store.spec(id) {
                Ok(spec) => {
                    let targets = spec.map(|spec| spec.targets);
                    enter(writes, release, &targets.unwrap_or_default())?;
                }
                // What it asks for cannot be read: it is found by its environment.
                Err(StoreError::Damaged { .. } | StoreError::NewerFormat { .. }) => {
                    enter(writes, release, &[])?;
                }
                Err(error) => return Err(error),
            },
        }
    }
    writes.let_stand_together();
    Ok(())
}

fn enter(
    writes: &mut Writes,
    release: &Release,
    targets: &[shipway_domain::spec::TargetSpec],
) -> Result<(), StoreError> {
    for key in keys(release, targets.iter().map(|target| &target.target)) {
        put(writes, key, &())?;
    }
    Ok(())
}

/// The keys under which a release is found.
pub(super) fn keys<'a>(
    release: &Release,
    targets: impl IntoIterator<Item = &'a Target>,
) -> Vec<Key> {
    let targets: BTreeSet<&Target> = targets.into_iter().collect();
    let place = Key::of_place(&release.app, &release.env, release.id);
    let targets = targets.into_iter();
    let targets = targets.map(|target| Key::of_target(target, release.id));
    std::iter::once(place).chain(targets).collect()
}

/// Says that the indexes are complete.
pub(crate) fn mark_built(writes: &mut Writes) -> Result<(), StoreError> {
    mark(writes, 0)
}

/// The same, with the first number that was given to no release.
pub(super) fn mark(writes: &mut Writes, next_release: u64) -> Result<(), StoreError> {
    let record = HistoryRecord {
        indexes: VERSION,
        next_release,
    };
    put(writes, Key::history(), &record)
}

/// The first number that may not have been given to a release, as far as pruned ones tell.
pub(crate) fn next_release<E: Engine>(store: &Records<E>) -> Result<u64, StoreError> {
    Ok(read(store)?.map_or(0, |record| record.next_release))
}

fn read<E: Engine>(store: &Records<E>) -> Result<Option<HistoryRecord>, StoreError> {
    let key = Key::history();
    match store.engine()?.get(key.as_ref())? {
        Some(value) => frame::decode(key.as_ref(), value.as_ref())
            .map(Some)
            .map_err(|unreadable| unreadable.about(key.as_ref())),
        None => Ok(None),
    }
}

/// Builds the indexes of a store that an older version wrote.
pub(crate) fn build_if_missing<E: Engine>(store: &Records<E>) -> Result<(), StoreError> {
    let found = read(store)?;
    if found.is_some_and(|record| record.indexes >= VERSION) {
        return Ok(());
    }
    build(store)
}

/// Builds the indexes anew if they do not have this number of releases: an older version that wrote
/// into the store in between knows nothing of them.
pub(crate) fn repair<E: Engine>(store: &Records<E>, ended: usize) -> Result<(), StoreError> {
    let (from, to) = Table::OfPlace.bounds();
    let mut indexed = 0;
    for entry in store.engine()?.range(&from, &to) {
        entry?;
        indexed += 1;
    }
    if indexed == ended {
        return Ok(());
    }
    tracing::info!(
        indexed,
        ended,
        "the indexes of ended releases do not fit them: they are built anew"
    );
    clear(store)?;
    build(store)
}

fn clear<E: Engine>(store: &Records<E>) -> Result<(), StoreError> {
    for table in [Table::OfPlace, Table::OfTarget] {
        loop {
            let (from, to) = table.bounds();
            let entries = store.engine()?.range(&from, &to).take(AT_ONCE);
            let keys: Vec<_> = entries.collect::<Result<_, _>>()?;
            if keys.is_empty() {
                break;
            }
            store.write(|writes| {
                for (key, _) in &keys {
                    writes.remove(key.as_ref());
                }
                Ok(())
            })?;
        }
    }
    Ok(())
}

/// Enters every ended release; those that are in already do no harm. A crash in between begins
/// again, because the mark comes last.
fn build<E: Engine>(store: &Records<E>) -> Result<(), StoreError> {
    let mut next = 0;
    let mut built = 0_usize;
    for table in [Table::Releases, Table::Births] {
        let mut from = table.bounds().0.to_vec();
        loop {
            let (_, to) = table.bounds();
            let entries = store.engine()?.range(&from, &to).take(AT_ONCE);
            let entries: Vec<_> = entries.collect::<Result<_, _>>()?;
            let Some((last, _)) = entries.last() else {
                break;
            };
            from = last.as_ref().to_vec();
            from.push(0);
            let mut ended = Vec::new();
            for (key, value) in &entries {
                let (key, value) = (key.as_ref(), value.as_ref());
                let id = release_of(key).map_or(0, ReleaseId::number);
                next = next.max(id.saturating_add(1));
                ended.extend(ended_release(store, table, key, value)?);
            }
            built += ended.len();
            if ended.is_empty() {
                continue;
            }
            store.write(|writes| {
                for (release, targets) in &ended {
                    if table == Table::Births {
                        let record = ReleaseRecord::from(release);
                        put(writes, Key::release(release.id), &record)?;
                    }
                    for key in keys(release, targets) {
                        put(writes, key, &())?;
                    }
                }
                Ok(())
            })?;
        }
    }
    let next = next.max(next_release(store)?);
    store.write(|writes| mark(writes, next))?;
    if built > 0 {
        tracing::info!(releases = built, "ended releases were indexed");
    }
    Ok(())
}

/// The release of an entry with its targets if it can be read and has ended. One that is in the other
/// table as well is taken from there.
fn ended_release<E: Engine>(
    store: &Records<E>,
    table: Table,
    key: &[u8],
    value: &[u8],
) -> Result<Option<(Release, Vec<Target>)>, StoreError> {
    let release = if table == Table::Births {
        match frame::read::<BirthRecord, Birth>(key, value) {
            Ok(birth) => birth.release,
            Err(_) => return Ok(None),
        }
    } else {
        match frame::read::<ReleaseRecord, Release>(key, value) {
            Ok(release) => release,
            Err(_) => return Ok(None),
        }
    };
    if release.ended_at.is_none() {
        return Ok(None);
    }
    if table == Table::Births {
        let changed = Key::release(release.id);
        let aside = Key::quarantined(changed.as_ref());
        let engine = store.engine()?;
        if engine.get(changed.as_ref())?.is_some() || engine.get(aside.as_ref())?.is_some() {
            return Ok(None);
        }
    }
    let targets = match store.spec(release.id) {
        Ok(spec) => spec.map(|spec| spec.targets).unwrap_or_default(),
        Err(StoreError::Damaged { .. } | StoreError::NewerFormat { .. }) => Vec::new(),
        Err(error) => return Err(error),
    };
    let targets = targets.into_iter().map(|target| target.target).collect();
    Ok(Some((release, targets)))
}
