//! Removing ended releases, and what is still named by those that stay.

use shipway_domain::ids::{Digest, ReleaseId};
use shipway_proto::store::v1::BirthRecord;
use shipway_proto::v1;

use super::{Cursor, index, walk};
use crate::encode::put;
use crate::engine::Engine;
use crate::error::{Damage, StoreError};
use crate::frame::{self, Unreadable};
use crate::key::{Key, Table, release_of};
use crate::records::Records;
use crate::store::Store as _;

pub(super) fn begin<E: Engine>(
    store: &Records<E>,
    releases: &[ReleaseId],
) -> Result<Vec<ReleaseId>, StoreError> {
    let mut begun = Vec::new();
    let mut gone: Vec<Key> = Vec::new();
    let mut next = index::next_release(store)?;
    for id in releases {
        let Some(release) = walk::ended(store, *id)? else {
            continue;
        };
        // One whose parts cannot be read is kept for the person who looks at it.
        let spec = match store.spec(*id) {
            Ok(Some(spec)) => spec,
            Ok(None) | Err(StoreError::Damaged { .. } | StoreError::NewerFormat { .. }) => continue,
            Err(error) => return Err(error),
        };
        begun.push(*id);
        next = next.max(id.number().saturating_add(1));
        gone.extend([Key::release(*id), Key::birth(*id), Key::spec(*id)]);
        let targets = spec.targets.iter().map(|target| &target.target);
        gone.extend(index::keys(&release, targets));
        let (from, to) = Key::jobs(*id);
        for entry in store.engine()?.range(from.as_ref(), to.as_ref()) {
            gone.push(Key::raw(entry?.0.as_ref()));
        }
    }
    if begun.is_empty() {
        return Ok(begun);
    }
    store.write(|writes| {
        for key in &gone {
            writes.remove(key.as_ref());
        }
        for id in &begun {
            put(writes, Key::pruning(*id), &())?;
        }
        index::mark(writes, next)
    })?;
    Ok(begun)
}

pub(super) fn marked<E: Engine>(
    store: &Records<E>,
    limit: usize,
) -> Result<Vec<ReleaseId>, StoreError> {
    let (from, to) = Table::Pruning.bounds();
    let mut marked = Vec::new();
    for entry in store.engine()?.range(&from, &to).take(limit) {
        marked.extend(release_of(entry?.0.as_ref()));
    }
    Ok(marked)
}

pub(super) fn events<E: Engine>(
    store: &Records<E>,
    release: ReleaseId,
    limit: usize,
) -> Result<bool, StoreError> {
    let engine = store.engine()?;
    // Of a release that is not marked nothing goes.
    if engine.get(Key::pruning(release).as_ref())?.is_none() {
        return Ok(false);
    }
    let (from, to) = (Key::events(release, 0), Key::events(release, u64::MAX));
    let entries = engine.range(from.as_ref(), to.as_ref()).rev().take(limit);
    let entries: Vec<_> = entries.collect::<Result<_, _>>()?;
    if entries.is_empty() {
        return Ok(false);
    }
    store.write(|writes| {
        for (key, _) in &entries {
            writes.remove(key.as_ref());
        }
        Ok(())
    })?;
    Ok(entries.len() == limit)
}

pub(super) fn end<E: Engine>(store: &Records<E>, releases: &[ReleaseId]) -> Result<(), StoreError> {
    if releases.is_empty() {
        return Ok(());
    }
    store.write(|writes| {
        for id in releases {
            writes.remove(Key::pruning(*id).as_ref());
        }
        Ok(())
    })?;
    Ok(())
}

pub(super) fn blobs_named<E: Engine>(
    store: &Records<E>,
    from: Option<&Cursor>,
    limit: usize,
) -> Result<(Vec<Digest>, Option<Cursor>), StoreError> {
    let engine = store.engine()?;
    if from.is_none() {
        // A release may be open whose specification lies in quarantine.
        for table in [Table::Births, Table::Specs] {
            let (from, to) = table.bounds();
            let (from, to) = (Key::quarantined(&from), Key::quarantined(&to));
            if let Some(entry) = engine.range(from.as_ref(), to.as_ref()).next() {
                let (key, value) = entry?;
                named(&key.as_ref()[1..], value.as_ref())?;
            }
        }
    }
    let mut blobs = Vec::new();
    let mut looked = 0;
    for table in [Table::Births, Table::Specs] {
        let (begin, end) = table.bounds();
        let begin = match from {
            Some(Cursor(key)) if key[..] > begin[..] => key.clone(),
            Some(_) | None => begin.to_vec(),
        };
        if begin[..] >= end[..] {
            continue;
        }
        for entry in engine.range(&begin, &end) {
            let (key, value) = entry?;
            if looked == limit {
                return Ok((blobs, Some(Cursor(key.as_ref().to_vec()))));
            }
            looked += 1;
            blobs.extend(named(key.as_ref(), value.as_ref())?);
        }
    }
    Ok((blobs, None))
}

/// The blobs that a specification names, which lies under this key by itself or in a birth.
fn named(key: &[u8], value: &[u8]) -> Result<Vec<Digest>, StoreError> {
    let spec = if Table::of(key) == Some(Table::Births) {
        frame::decode::<BirthRecord>(key, value).map(|birth| birth.spec.unwrap_or_default())
    } else {
        frame::decode::<v1::ReleaseSpec>(key, value)
    };
    let spec = spec.map_err(|unreadable| unreadable.about(key))?;
    let context = match spec.source.and_then(|source| source.source) {
        Some(v1::source::Source::Context(context)) => Some(context.blob),
        Some(_) | None => None,
    };
    let names = std::iter::once(spec.task_definition).chain(context);
    let parse = |name: String| {
        Digest::new(name)
            .map_err(|error| Unreadable::Damaged(Damage::Encoding(error.to_string())).about(key))
    };
    names.map(parse).collect()
}
