//! Finding ended releases: several ranges of keys walked together, newest first.

use std::collections::BinaryHeap;

use shipway_domain::history::{Page, Query};
use shipway_domain::ids::{AppName, EnvName, ReleaseId, Target};
use shipway_domain::release::Release;
use shipway_domain::time::Timestamp;
use shipway_proto::store::v1::ReleaseRecord;

use crate::engine::Engine;
use crate::error::StoreError;
use crate::frame;
use crate::key::{Key, Table, indexed_target, place_of, release_of};
use crate::records::Records;

/// Releases that one call reads at most: some 30 ms.
const LOOKS: usize = 5_000;
/// Times of submission are in the order of the numbers, but for clocks that were set back by this much
/// while no coordinator ran.
const SLACK: std::time::Duration = std::time::Duration::from_secs(3600);

pub(super) fn find<E: Engine>(
    store: &Records<E>,
    query: &Query,
    before: Option<ReleaseId>,
    limit: usize,
) -> Result<Page, StoreError> {
    let mut page = Page::default();
    let from = match query.since {
        Some(since) => first_since(store, since.minus(SLACK))?,
        None => 0,
    };
    let mut to = before.map_or(u64::MAX, ReleaseId::number);
    if let Some(until) = query.until {
        to = to.min(first_since(store, until.plus(SLACK))?);
    }
    if from >= to || limit == 0 {
        return Ok(page);
    }
    let mut merged = Merged::begin(store, ranges(store, query, from, to)?)?;
    // What is in the index of a target needs no other look at its targets.
    let mut looks = 0;
    while let Some(id) = merged.next()? {
        looks += 1;
        if let Some(release) = ended(store, id)?
            && query.passes_but_target(&release)
        {
            page.releases.push(id);
        }
        if page.releases.len() == limit || looks == LOOKS {
            page.next = Some(id);
            break;
        }
    }
    Ok(page)
}

/// The ranges of keys in which the wanted releases with numbers from `from` to below `to` lie.
fn ranges<E: Engine>(
    store: &Records<E>,
    query: &Query,
    from: u64,
    to: u64,
) -> Result<Vec<(Key, Key)>, StoreError> {
    let (from, to) = (ReleaseId::from_number(from), ReleaseId::from_number(to));
    if let Some(pattern) = &query.target {
        let targets = match pattern.exact() {
            Some(target) => vec![target],
            None => targets(store)?
                .into_iter()
                .filter(|target| pattern.matches(target))
                .collect(),
        };
        let range = |target| {
            let key = |release| Key::of_target(target, release);
            (key(from), key(to))
        };
        return Ok(targets.iter().map(range).collect());
    }
    let places = match (&query.app, &query.env) {
        (None, None) => return Ok(vec![(Key::release(from), Key::release(to))]),
        (Some(app), Some(env)) => vec![(app.clone(), env.clone())],
        (app, env) => places(store)?
            .into_iter()
            .filter(|place| app.as_ref().is_none_or(|app| *app == place.0))
            .filter(|place| env.as_ref().is_none_or(|env| *env == place.1))
            .collect(),
    };
    let range = |(app, env): (AppName, EnvName)| {
        let key = |release| Key::of_place(&app, &env, release);
        (key(from), key(to))
    };
    Ok(places.into_iter().map(range).collect())
}

/// A release that has ended and can be read.
pub(super) fn ended<E: Engine>(
    store: &Records<E>,
    id: ReleaseId,
) -> Result<Option<Release>, StoreError> {
    let key = Key::release(id);
    let value = store.engine()?.get(key.as_ref())?;
    let release = value
        .and_then(|value| frame::read::<ReleaseRecord, Release>(key.as_ref(), value.as_ref()).ok());
    Ok(release.filter(|release| release.ended_at.is_some()))
}

/// Ranges of keys that end with numbers of releases, walked together from the highest number down.
struct Merged<'a, E> {
    store: &'a Records<E>,
    ranges: Vec<(Key, Key)>,
    heads: BinaryHeap<(ReleaseId, usize)>,
    last: Option<ReleaseId>,
}

impl<'a, E: Engine> Merged<'a, E> {
    fn begin(store: &'a Records<E>, ranges: Vec<(Key, Key)>) -> Result<Self, StoreError> {
        let mut merged = Self {
            store,
            ranges,
            heads: BinaryHeap::new(),
            last: None,
        };
        for range in 0..merged.ranges.len() {
            merged.advance(range)?;
        }
        Ok(merged)
    }

    fn next(&mut self) -> Result<Option<ReleaseId>, StoreError> {
        while let Some((id, range)) = self.heads.pop() {
            self.advance(range)?;
            if self.last != Some(id) {
                self.last = Some(id);
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    /// Takes the next of a range: what is left of the range ends before it.
    fn advance(&mut self, range: usize) -> Result<(), StoreError> {
        let (from, to) = &self.ranges[range];
        let engine = self.store.engine()?;
        let Some(entry) = engine.range(from.as_ref(), to.as_ref()).next_back() else {
            return Ok(());
        };
        let (key, _) = entry?;
        if let Some(id) = release_of(key.as_ref()) {
            self.heads.push((id, range));
        }
        self.ranges[range].1 = Key::raw(key.as_ref());
        Ok(())
    }
}

/// Number of the first release that was submitted at this time or later, of those that have records
/// of their own: all that have ended. Found by halving, because times are in the order of numbers.
fn first_since<E: Engine>(store: &Records<E>, since: Timestamp) -> Result<u64, StoreError> {
    let engine = store.engine()?;
    let (begin, end) = Table::Releases.bounds();
    let last = engine.range(&begin, &end).next_back().transpose()?;
    let Some(last) = last.and_then(|(key, _)| release_of(key.as_ref())) else {
        return Ok(0);
    };
    let (mut low, mut high) = (0, last.number().saturating_add(1));
    while low < high {
        let middle = low + (high - low) / 2;
        let (from, to) = (key_of(middle), key_of(high));
        // The first readable one from the middle on.
        let mut found = None;
        for entry in engine.range(from.as_ref(), to.as_ref()) {
            let (key, value) = entry?;
            let release = frame::read::<ReleaseRecord, Release>(key.as_ref(), value.as_ref());
            if let Ok(release) = release {
                found = Some(release);
                break;
            }
        }
        match found {
            Some(release) if release.submitted_at < since => low = release.id.number() + 1,
            Some(_) | None => high = middle,
        }
    }
    Ok(low)
}

fn key_of(number: u64) -> Key {
    Key::release(ReleaseId::from_number(number))
}

/// All apps and environments that have ended releases.
fn places<E: Engine>(store: &Records<E>) -> Result<Vec<(AppName, EnvName)>, StoreError> {
    let mut places: Vec<(AppName, EnvName)> = Vec::new();
    while let Some(place) = place_after(store, places.last())? {
        places.push(place);
    }
    Ok(places)
}

pub(super) fn place_after<E: Engine>(
    store: &Records<E>,
    after: Option<&(AppName, EnvName)>,
) -> Result<Option<(AppName, EnvName)>, StoreError> {
    let (begin, end) = Table::OfPlace.bounds();
    let begin = after.map_or_else(
        || begin.to_vec(),
        |(app, env)| behind(&Key::of_place(app, env, LAST)),
    );
    let first = store.engine()?.range(&begin, &end).next().transpose()?;
    Ok(first.and_then(|(key, _)| place_of(key.as_ref())))
}

/// All targets that ended releases ask for.
fn targets<E: Engine>(store: &Records<E>) -> Result<Vec<Target>, StoreError> {
    let (begin, end) = Table::OfTarget.bounds();
    let mut begin = begin.to_vec();
    let mut targets = Vec::new();
    while let Some(entry) = store.engine()?.range(&begin, &end).next() {
        let (key, _) = entry?;
        let Some(target) = indexed_target(key.as_ref()) else {
            begin = behind(&Key::raw(key.as_ref()));
            continue;
        };
        begin = behind(&Key::of_target(&target, LAST));
        targets.push(target);
    }
    Ok(targets)
}

const LAST: ReleaseId = ReleaseId::from_number(u64::MAX);

/// The first key that can lie behind a key.
fn behind(key: &Key) -> Vec<u8> {
    let mut behind = key.as_ref().to_vec();
    behind.push(0);
    behind
}

pub(super) fn oldest<E: Engine>(
    store: &Records<E>,
    (app, env): &(AppName, EnvName),
    after: Option<ReleaseId>,
    limit: usize,
) -> Result<Vec<Release>, StoreError> {
    let from = after.map_or(0, |after| after.number().saturating_add(1));
    let from = Key::of_place(app, env, ReleaseId::from_number(from));
    let to = Key::of_place(app, env, LAST);
    let mut found = Vec::new();
    for entry in store.engine()?.range(from.as_ref(), to.as_ref()) {
        if found.len() == limit {
            break;
        }
        let (key, _) = entry?;
        if let Some(id) = release_of(key.as_ref()) {
            found.extend(ended(store, id)?);
        }
    }
    Ok(found)
}
