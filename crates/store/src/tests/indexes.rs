//! The indexes of ended releases come to stores that have none, and fit what is there.

use shipway_domain::change::Change;
use shipway_domain::history::Query;
use shipway_domain::verdict::Verdict;

use super::support::*;
use crate::engine::memory::Memory;
use crate::engine::{Engine as _, Writes};
use crate::key::{Key, Table};
use crate::{History as _, MemoryStore, Store as _};

/// Removes what an older version did not write: indexes and what is known of them.
fn age(engine: &Memory) {
    let mut writes = Writes::new();
    for table in [Table::OfPlace, Table::OfTarget] {
        let (from, to) = table.bounds();
        for entry in engine.range(&from, &to) {
            writes.remove(&entry.expect("readable").0);
        }
    }
    writes.remove(Key::history().as_ref());
    engine.write(&writes).expect("written");
}

fn filled() -> Memory {
    let engine = Memory::default();
    let store = MemoryStore::over(engine.clone()).expect("a new store");
    for number in 0..3000 {
        store.commit(&submission(number)).expect("kept");
        if number % 2 == 0 {
            let end = ended(number, 9_000, Verdict::Live);
            store.commit(&[Change::Release(end.into())]).expect("kept");
        }
    }
    engine
}

fn found(store: &MemoryStore, query: &Query) -> Vec<u64> {
    let page = store.find(query, None, 3000).expect("readable");
    assert_eq!(page.next, None);
    page.releases.iter().map(|id| id.number()).collect()
}

fn by_place_and_target() -> [Query; 3] {
    [
        Query::default(),
        Query {
            app: "shop".parse().ok(),
            ..Query::default()
        },
        Query {
            target: "web".parse().ok(),
            ..Query::default()
        },
    ]
}

#[test]
fn a_store_of_an_older_version_gets_its_indexes_when_it_is_opened() {
    let engine = filled();
    age(&engine);
    let store = MemoryStore::over(engine).expect("a known format");
    let wanted: Vec<u64> = (0..3000).rev().filter(|number| number % 2 == 0).collect();
    for query in by_place_and_target() {
        assert_eq!(found(&store, &query), wanted, "{query:?}");
    }
}

#[test]
fn what_an_older_version_ended_in_between_is_indexed_at_the_next_load() {
    let engine = filled();
    let store = MemoryStore::over(engine.clone()).expect("a known format");
    let end = ended(1, 9_000, Verdict::Live);
    store
        .commit(&[Change::Release(end.clone().into())])
        .expect("kept");
    let mut writes = Writes::new();
    writes.remove(Key::of_place(&end.app, &end.env, id(1)).as_ref());
    writes.remove(Key::of_target(&target("web"), id(1)).as_ref());
    engine.write(&writes).expect("written");
    let [_, app, on] = by_place_and_target();
    assert!(!found(&store, &app).contains(&1) && !found(&store, &on).contains(&1));
    store.load().expect("it loads");
    assert!(found(&store, &app).contains(&1) && found(&store, &on).contains(&1));
}

#[test]
fn by_an_index_nothing_else_is_looked_at() {
    let engine = filled();
    let store = MemoryStore::over(engine.clone()).expect("a known format");
    let other = shipway_domain::release::Release {
        app: "blog".parse().expect("an app"),
        ..ended(5000, 9_000, Verdict::Live)
    };
    store
        .commit(&[Change::Release(other.into())])
        .expect("kept");
    // Every other record is made unreadable: who looks at one does not find it, or fails.
    let mut writes = Writes::new();
    let (from, to) = Table::Releases.bounds();
    for entry in engine.range(&from, &to) {
        let (key, _) = entry.expect("readable");
        if key != Key::release(id(5000)).as_ref() {
            writes.remove(&key);
        }
    }
    engine.write(&writes).expect("written");
    let blog = Query {
        app: "blog".parse().ok(),
        ..Query::default()
    };
    assert_eq!(found(&store, &blog), [5000]);
}
