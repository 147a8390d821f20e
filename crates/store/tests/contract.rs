//! What every store must do. Each case runs on each store three times: straight through, with the store
//! closed and opened again in the middle, and with everything moved to a new store in the middle, by an
//! archive: from disk to memory, and from there to disk.

#[macro_use]
mod subject;
mod support;

use shipway_domain::change::Change;
use shipway_domain::ids::{Attempt, IdempotencyKey};
use shipway_domain::job::Job;
use shipway_domain::release::Release;
use shipway_domain::spec::{ReleaseKind, ReleaseSpec, Source};
use shipway_domain::verdict::Verdict;
use shipway_store::{MAX_RECORD, StoreError};
use subject::Subject;
use support::*;

contract! {
    an_empty_store_starts_from_nothing
    a_submission_is_loaded_whole
    the_last_change_of_a_record_counts
    a_change_kept_twice_is_kept_once
    events_are_read_from_any_number_on
    many_events_at_once_are_read_one_by_one
    an_ended_release_leaves_the_board_and_is_still_found
    the_key_of_an_ended_release_is_still_known
    releases_that_ended_live_come_in_the_order_of_their_ends
    numbers_of_releases_are_never_used_again
    a_release_is_as_it_last_changed
    a_release_too_large_for_one_record_is_kept_all_the_same
    what_was_never_kept_is_not_found
    a_record_that_is_too_large_is_refused_with_all_beside_it
}

fn an_empty_store_starts_from_nothing(mut store: Subject) {
    store.middle();
    assert_eq!(store.load().expect("it loads"), Default::default());
}

fn a_submission_is_loaded_whole(mut store: Subject) {
    store.keep(&submission(0));
    store.keep(&[Change::Target(slot("web", None))]);
    store.middle();
    let both = [submission(1), submission(2)].concat();
    store.keep(&both);
    let found = store.load().expect("it loads");
    let wanted = [
        vec![Change::Target(slot("web", None))],
        loaded(0),
        loaded(1),
        loaded(2),
    ];
    assert_eq!(found.changes, wanted.concat());
    assert_eq!(found.next_release, 3);
    assert_eq!(found.quarantined, []);
    assert_eq!(store.spec(id(1)).expect("readable"), Some(spec()));
}

fn the_last_change_of_a_record_counts(mut store: Subject) {
    let attempt = |number| Job {
        attempt: Attempt(number),
        ..job(0, 0)
    };
    store.keep(&submission(0));
    store.keep(&[
        Change::Job(attempt(1).into()),
        Change::Job(attempt(2).into()),
    ]);
    store.middle();
    let found = |store: &Subject| store.release(id(0)).expect("readable").expect("kept").1;
    assert_eq!(found(&store), [attempt(2), job(0, 1)]);
    store.keep(&[Change::Job(attempt(3).into())]);
    assert_eq!(found(&store), [attempt(3), job(0, 1)]);
    let held = slot("web", Some(job_id(0, 1)));
    store.keep(&[
        Change::Target(slot("web", None)),
        Change::Target(held.clone()),
    ]);
    let changes = store.load().expect("it loads").changes;
    assert_eq!(changes.first(), Some(&Change::Target(held)));
}

fn a_change_kept_twice_is_kept_once(mut store: Subject) {
    let events = [happened(0, 2), happened(0, 3), happened(0, 4)];
    store.keep(&submission(0));
    store.keep(&events[..2]);
    store.middle();
    store.keep(&submission(0));
    store.keep(&events[..2]);
    store.keep(&events[1..]);
    assert_eq!(store.load().expect("it loads").changes, loaded(0));
    let found = store.events(id(0), 0, 100).expect("readable");
    assert_eq!(found, [event(1), event(2), event(3), event(4)]);
}

fn events_are_read_from_any_number_on(mut store: Subject) {
    // Runs of one, three, one and two; another release on either side.
    let changes = |seqs: std::ops::RangeInclusive<u64>| {
        seqs.map(|seq| happened(1, seq)).collect::<Vec<Change>>()
    };
    for run in [1..=1, 2..=4] {
        store.keep(&changes(run));
    }
    store.keep(&[happened(0, 1), happened(2, 1)]);
    store.middle();
    for run in [5..=5, 6..=7] {
        store.keep(&changes(run));
    }
    for after in 0..=8 {
        for limit in 0..=8 {
            let found = store.events(id(1), after, limit).expect("readable");
            let wanted: Vec<_> = (after + 1..=7).take(limit).map(event).collect();
            assert_eq!(found, wanted, "after {after}, at most {limit}");
        }
    }
    assert_eq!(store.events(id(1), u64::MAX, 9).expect("readable"), []);
}

fn many_events_at_once_are_read_one_by_one(mut store: Subject) {
    // More than one record holds.
    let count = 10_000;
    let changes: Vec<_> = (1..=count).map(|seq| happened(0, seq)).collect();
    store.keep(&changes);
    store.middle();
    let mut after = 0;
    while let [.., last] = &*store.events(id(0), after, 777).expect("readable") {
        assert_eq!(last.seq, (after + 777).min(count));
        after = last.seq;
    }
    assert_eq!(after, count);
}

fn an_ended_release_leaves_the_board_and_is_still_found(mut store: Subject) {
    store.keep(&[submission(0), submission(1)].concat());
    store.middle();
    let end = ended(0, 5_000, Verdict::Failed);
    store.keep(&[Change::Release(end.clone().into())]);
    let found = store.load().expect("it loads");
    assert_eq!(found.changes, loaded(1));
    assert_eq!(found.lives, Default::default());
    let jobs = vec![job(0, 0), job(0, 1)];
    assert_eq!(store.release(id(0)).expect("readable"), Some((end, jobs)));
    assert_eq!(store.spec(id(0)).expect("readable"), Some(spec()));
    assert_eq!(store.events(id(0), 0, 9).expect("readable"), [event(1)]);
}

fn the_key_of_an_ended_release_is_still_known(mut store: Subject) {
    store.keep(&[Change::Release(ended(0, 5_000, Verdict::Live).into())]);
    store.middle();
    store.keep(&submission(1));
    let keys = store.load().expect("it loads").keys;
    assert_eq!(keys.len(), 2);
    for number in 0..2 {
        let known = keys.get(&release(number).key).expect("known");
        assert_eq!(known.release, id(number));
        assert_eq!(known.content, release(number).content);
    }
}

fn releases_that_ended_live_come_in_the_order_of_their_ends(mut store: Subject) {
    let second = ended(0, 9_000, Verdict::Live);
    let first = ended(1, 7_000, Verdict::Live);
    let settle = Release {
        kind: ReleaseKind::Settle,
        ..ended(3, 8_000, Verdict::Live)
    };
    let failed = ended(2, 6_000, Verdict::RolledBack);
    store.keep(&[
        Change::Release(second.clone().into()),
        Change::Release(failed.into()),
    ]);
    store.middle();
    store.keep(&[
        Change::Release(first.clone().into()),
        Change::Release(settle.into()),
    ]);
    let lives = store.load().expect("it loads").lives;
    assert_eq!(lives.of(&first.app, &first.env), [first.id, second.id]);
}

fn numbers_of_releases_are_never_used_again(mut store: Subject) {
    store.keep(&[Change::Release(ended(41, 1, Verdict::Failed).into())]);
    store.middle();
    assert_eq!(store.load().expect("it loads").next_release, 42);
}

fn what_was_never_kept_is_not_found(mut store: Subject) {
    store.keep(&submission(1));
    store.middle();
    assert_eq!(store.release(id(0)).expect("readable"), None);
    assert_eq!(store.spec(id(2)).expect("readable"), None);
    assert_eq!(store.events(id(0), 0, 9).expect("readable"), []);
}

fn a_record_that_is_too_large_is_refused_with_all_beside_it(mut store: Subject) {
    let large = Change::Spec {
        release: id(0),
        spec: std::sync::Arc::new(ReleaseSpec {
            source: Source::Image {
                reference: "x".repeat(MAX_RECORD),
            },
            ..spec()
        }),
    };
    let error = store
        .commit(&[vec![large], submission(1)].concat())
        .expect_err("too large");
    assert!(matches!(error, StoreError::TooLarge { .. }), "{error}");
    assert!(
        error.to_string().contains("specification of release 1000"),
        "{error}"
    );
    store.middle();
    assert_eq!(store.load().expect("it loads"), Default::default());
    let key = IdempotencyKey::new("key-0").expect("a key");
    store.keep(&submission(0));
    assert!(store.load().expect("it loads").keys.get(&key).is_some());
}

fn a_release_is_as_it_last_changed(mut store: Subject) {
    store.keep(&[submission(0), submission(1)].concat());
    store.middle();
    let changed = Release {
        last_seq: 2,
        ..release(0)
    };
    let moved = Job {
        attempt: Attempt(2),
        ..job(0, 1)
    };
    store.keep(&[
        Change::Release(changed.clone().into()),
        Change::Job(moved.clone().into()),
        happened(0, 2),
    ]);
    store.middle();
    let found = store.release(id(0)).expect("readable");
    assert_eq!(
        found,
        Some((changed.clone(), vec![job(0, 0), moved.clone()]))
    );
    let events = store.events(id(0), 0, 9).expect("readable");
    assert_eq!(events, [event(1), event(2)]);
    let after = store.events(id(0), 1, 9).expect("readable");
    assert_eq!(after, [event(2)]);
    let loaded = store.load().expect("it loads").changes;
    assert!(
        loaded.contains(&Change::Release(changed.into())),
        "{loaded:?}"
    );
    assert!(loaded.contains(&Change::Job(moved.into())), "{loaded:?}");
    assert_eq!(loaded.len(), 8);
}

fn a_release_too_large_for_one_record_is_kept_all_the_same(mut store: Subject) {
    let jobs: Vec<Job> = (0..2000).map(|index| job(0, index)).collect();
    let large = Release {
        jobs: 2000,
        ..release(0)
    };
    let mut changes = submission(0);
    changes.push(Change::Release(large.clone().into()));
    changes.extend(jobs.iter().cloned().map(|job| Change::Job(job.into())));
    store.keep(&changes);
    store.middle();
    let found = store.release(id(0)).expect("readable");
    assert_eq!(found, Some((large, jobs)));
    assert_eq!(store.spec(id(0)).expect("readable"), Some(spec()));
    assert_eq!(store.events(id(0), 0, 9).expect("readable"), [event(1)]);
    assert_eq!(store.load().expect("it loads").changes.len(), 2002);
}
