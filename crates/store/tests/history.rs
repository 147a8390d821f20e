//! What every store must do with ended releases: find them, and let them go. Each case runs on each
//! store twice, as in `contract.rs`.

#[macro_use]
mod subject;
mod kinds;
mod support;

use std::sync::Arc;
use std::time::Duration;

use kinds::{KINDS, Kind, hours};
use shipway_domain::board::KeyWindow;
use shipway_domain::change::Change;
use shipway_domain::history::Query;
use shipway_domain::ids::{Digest, ReleaseId};
use shipway_domain::spec::{ReleaseSpec, Source};
use shipway_domain::time::Timestamp;
use shipway_domain::verdict::Verdict;
use shipway_store::Bounds;
use subject::Subject;
use support::*;

contract! {
    ended_releases_are_found_newest_first_by_what_they_are
    a_release_is_found_once_it_has_ended
    pages_are_stable_while_releases_come_and_go
    what_comes_and_ends_in_one_commit_is_found
    pruned_releases_leave_nothing_but_their_numbers
    pruning_takes_up_where_it_stopped
    only_readable_releases_that_have_ended_are_pruned
    no_more_of_ended_releases_is_loaded_than_a_board_remembers
    the_oldest_of_an_environment_come_first
    blobs_are_named_by_every_release_that_is_kept
}

fn keep_all(store: &mut Subject) {
    for (place, kind) in KINDS.into_iter().enumerate() {
        store.keep(&kind.begin());
        if place == 3 {
            store.middle();
        }
        store.keep(&[kind.end()]);
    }
}

fn numbers(releases: &[ReleaseId]) -> Vec<u64> {
    releases.iter().map(|release| release.number()).collect()
}

/// What is found by queries that go on and on, with at most so many at once.
fn found(store: &Subject, query: &Query, limit: usize) -> Vec<u64> {
    let (mut all, mut before) = (Vec::new(), None);
    loop {
        let page = store.find(query, before, limit).expect("readable");
        assert!(page.releases.len() <= limit);
        all.extend(numbers(&page.releases));
        before = page.next;
        if before.is_none() {
            return all;
        }
    }
}

fn ended_releases_are_found_newest_first_by_what_they_are(mut store: Subject) {
    keep_all(&mut store);
    store.middle();
    let all = Query::default;
    let at = |hour: u64| Some(Timestamp::from_millis(hours(hour)));
    let app = |app: &str| Query {
        app: app.parse().ok(),
        ..all()
    };
    let env = |env: &str, query: Query| Query {
        env: env.parse().ok(),
        ..query
    };
    let on = |target: &str, query: Query| Query {
        target: target.parse().ok(),
        ..query
    };
    let cases: [(&str, Query, &[u64]); 17] = [
        ("all", all(), &[301, 300, 13, 12, 11, 10]),
        ("app", app("shop"), &[300, 13, 11, 10]),
        ("other app", app("shop-eu"), &[301]),
        ("no app", app("sho"), &[]),
        ("environment", env("prod", all()), &[301, 300, 13, 12, 10]),
        ("both", env("prod", app("shop")), &[300, 13, 10]),
        ("neither", env("staging", app("blog")), &[]),
        ("service", on("web", all()), &[300, 13, 12, 10]),
        ("cluster and service", on("main/web-2", all()), &[301]),
        (
            "target",
            on("111111111111/eu-west-1/main/worker", all()),
            &[13],
        ),
        (
            "elsewhere",
            on("222222222222/eu-west-1/main/web", all()),
            &[],
        ),
        ("target and app", on("web", app("blog")), &[12]),
        (
            "since",
            Query {
                since: at(13),
                ..all()
            },
            &[301, 300, 13],
        ),
        (
            "until",
            Query {
                until: at(13),
                ..all()
            },
            &[12, 11, 10],
        ),
        (
            "between",
            Query {
                since: at(11),
                until: at(13),
                ..app("shop")
            },
            &[11],
        ),
        (
            "verdict",
            Query {
                verdict: Some(Verdict::Live),
                ..app("shop")
            },
            &[300, 10],
        ),
        (
            "submitter",
            Query {
                submitter: Some("mia".to_owned()),
                ..all()
            },
            &[13, 12],
        ),
    ];
    for (name, query, wanted) in cases {
        for limit in [1, 2, 100] {
            assert_eq!(
                found(&store, &query, limit),
                wanted,
                "{name}, {limit} at once"
            );
        }
    }
}

fn a_release_is_found_once_it_has_ended(mut store: Subject) {
    let [first, second, ..] = KINDS;
    store.keep(&[first.begin(), second.begin()].concat());
    store.middle();
    assert_eq!(found(&store, &Query::default(), 9), []);
    store.keep(&[first.end()]);
    store.keep(&[first.end()]);
    for query in [
        Query::default(),
        Query {
            app: "shop".parse().ok(),
            ..Query::default()
        },
        Query {
            target: "web".parse().ok(),
            ..Query::default()
        },
    ] {
        assert_eq!(found(&store, &query, 9), [10], "{query:?}");
    }
}

fn what_comes_and_ends_in_one_commit_is_found(mut store: Subject) {
    let [first, ..] = KINDS;
    let mut changes = first.begin();
    changes.push(first.end());
    store.keep(&changes);
    store.middle();
    assert_eq!(found(&store, &Query::default(), 9), [10]);
    let loaded = store.load().expect("it loads");
    assert_eq!(loaded.changes, []);
    assert_eq!(loaded.lives.all().collect::<Vec<_>>(), [id(10)]);
}

fn pages_are_stable_while_releases_come_and_go(mut store: Subject) {
    keep_all(&mut store);
    let query = Query {
        env: "prod".parse().ok(),
        ..Query::default()
    };
    let first = store.find(&query, None, 2).expect("readable");
    assert_eq!(numbers(&first.releases), [301, 300]);
    store.middle();
    let newest = Kind {
        number: 500,
        ..KINDS[0]
    };
    store.keep(&newest.begin());
    store.keep(&[newest.end()]);
    store.begin_prune(&[id(10), id(300)]).expect("pruned");
    let second = store.find(&query, first.next, 9).expect("readable");
    assert_eq!(numbers(&second.releases), [13, 12]);
    assert_eq!(second.next, None);
}

/// Everything that a store says of a release that it has not.
fn is_gone(store: &Subject, number: u64) {
    assert_eq!(store.release(id(number)).expect("readable"), None);
    assert_eq!(store.spec(id(number)).expect("readable"), None);
    assert!(!found(store, &Query::default(), 9).contains(&number));
    let events = store.events(id(number), 0, 100).expect("readable");
    assert_eq!(events, [], "of {number}");
}

fn prune_all_events(store: &Subject, number: u64) {
    while store.prune_events(id(number), 2).expect("pruned") {}
}

fn pruned_releases_leave_nothing_but_their_numbers(mut store: Subject) {
    keep_all(&mut store);
    let held = slot("web", Some(job_id(301, 1)));
    store.keep(&[Change::Target(held.clone())]);
    for seq in 2..9 {
        store.keep(&[happened(300, seq), happened(301, seq)]);
    }
    store.middle();
    let gone = [id(300), id(301), id(11)];
    assert_eq!(store.begin_prune(&gone).expect("pruned"), gone);
    for release in gone {
        prune_all_events(&store, release.number());
    }
    store.end_prune(&gone).expect("pruned");
    store.middle();
    for release in gone {
        is_gone(&store, release.number());
    }
    assert_eq!(found(&store, &Query::default(), 9), [13, 12, 10]);
    assert_eq!(store.being_pruned(9).expect("readable"), []);
    let loaded = store.load().expect("it loads");
    assert_eq!(loaded.next_release, 302, "numbers are not given twice");
    assert_eq!(loaded.changes, [Change::Target(held)], "targets stay");
    assert!(loaded.keys.get(&release(300).key).is_none());
    assert_eq!(loaded.quarantined, []);
    let left = store.release(id(13)).expect("readable").expect("kept");
    assert_eq!(left.0, KINDS[3].ended());
    assert_eq!(store.events(id(13), 0, 9).expect("readable"), [event(1)]);
}

fn pruning_takes_up_where_it_stopped(mut store: Subject) {
    keep_all(&mut store);
    for seq in 2..9 {
        store.keep(&[happened(13, seq)]);
    }
    store.begin_prune(&[id(13)]).expect("pruned");
    store.middle();
    assert_eq!(store.being_pruned(9).expect("readable"), [id(13)]);
    assert!(
        store.prune_events(id(13), 2).expect("pruned"),
        "some are left"
    );
    // The newest go first: what can be read has no gap.
    let events = store.events(id(13), 1, 9).expect("readable");
    let left: Vec<_> = events.iter().map(|event| event.seq).collect();
    assert_eq!(left, [2, 3, 4, 5, 6]);
    store.middle();
    prune_all_events(&store, 13);
    store.end_prune(&[id(13)]).expect("pruned");
    store.middle();
    assert_eq!(store.being_pruned(9).expect("readable"), []);
    is_gone(&store, 13);
}

fn only_readable_releases_that_have_ended_are_pruned(mut store: Subject) {
    let [ends, open, ..] = KINDS;
    store.keep(&[ends.begin(), open.begin()].concat());
    store.keep(&[ends.end(), happened(11, 2)]);
    store.middle();
    let named = [id(10), id(11), id(99)];
    assert_eq!(store.begin_prune(&named).expect("pruned"), [id(10)]);
    assert_eq!(store.begin_prune(&named).expect("pruned"), []);
    assert!(!store.prune_events(id(11), 9).expect("nothing to do"));
    let events = store.events(id(11), 0, 9).expect("readable");
    assert_eq!(events, [event(1), event(2)]);
    assert_eq!(store.load().expect("it loads").changes.len(), 4);
}

fn no_more_of_ended_releases_is_loaded_than_a_board_remembers(mut store: Subject) {
    for number in 0..20 {
        store.keep(&[Change::Release(
            ended(number, 1000 * number, Verdict::Live).into(),
        )]);
        if number == 9 {
            store.middle();
        }
    }
    store.keep(&submission(20));
    let window = KeyWindow {
        after_end: Duration::from_secs(5),
        most: 100,
    };
    let bounds = Bounds {
        now: Timestamp::from_millis(20_000),
        keys: window,
        lives: 3,
    };
    let loaded = store.load_within(&bounds).expect("it loads");
    let known = |number| loaded.keys.get(&release(number).key).is_some();
    let known: Vec<u64> = (0..=20).filter(|number| known(*number)).collect();
    assert_eq!(known, [15, 16, 17, 18, 19, 20]);
    let lives: Vec<_> = loaded.lives.all().collect();
    assert_eq!(numbers(&lives), [17, 18, 19]);
    let few = Bounds {
        keys: KeyWindow { most: 2, ..window },
        ..bounds
    };
    assert_eq!(store.load_within(&few).expect("it loads").keys.len(), 3);
    assert_eq!(loaded.next_release, 21);
}

fn the_oldest_of_an_environment_come_first(mut store: Subject) {
    keep_all(&mut store);
    store.middle();
    let mut places = Vec::new();
    while let Some(place) = store.place_after(places.last()).expect("readable") {
        places.push(place);
    }
    let names: Vec<_> = places
        .iter()
        .map(|(app, env)| format!("{app}/{env}"))
        .collect();
    assert_eq!(
        names,
        ["blog/prod", "shop/prod", "shop/staging", "shop-eu/prod"]
    );
    let oldest = |after: Option<u64>, limit| {
        let found = store.oldest(&places[1], after.map(id), limit);
        let found = found.expect("readable");
        found
            .iter()
            .map(|release| release.id.number())
            .collect::<Vec<_>>()
    };
    assert_eq!(oldest(None, 9), [10, 13, 300]);
    assert_eq!(oldest(None, 1), [10]);
    assert_eq!(oldest(Some(10), 9), [13, 300]);
}

fn blobs_are_named_by_every_release_that_is_kept(mut store: Subject) {
    let with_context = |number: u64| {
        let mut changes = submission(number);
        changes[0] = Change::Spec {
            release: id(number),
            spec: Arc::new(ReleaseSpec {
                source: Source::Context {
                    blob: Digest::of(&number.to_be_bytes()),
                    revision: None,
                },
                ..spec()
            }),
        };
        changes
    };
    for number in 0..5 {
        store.keep(&with_context(number));
    }
    // One that is kept in pieces.
    store.keep(&with_context(5)[..1]);
    store.middle();
    store.keep(&[Change::Release(ended(3, 9, Verdict::Failed).into())]);
    let named = |store: &Subject| {
        let (mut named, mut from) = (std::collections::BTreeSet::new(), None);
        loop {
            let (blobs, next) = store.blobs_named(from.as_ref(), 2).expect("readable");
            named.extend(blobs);
            from = next;
            if from.is_none() {
                return named;
            }
        }
    };
    let contexts = |numbers: &[u64]| {
        let contexts = numbers
            .iter()
            .map(|number| Digest::of(&number.to_be_bytes()));
        contexts.chain([spec().task_definition]).collect()
    };
    assert_eq!(named(&store), contexts(&[0, 1, 2, 3, 4, 5]));
    store.begin_prune(&[id(3)]).expect("pruned");
    store.middle();
    assert_eq!(named(&store), contexts(&[0, 1, 2, 4, 5]));
}
