//! Who is sent when, and who is given up.

use std::cell::RefCell;
use std::time::UNIX_EPOCH;

use shipway_runtime::telemetry::{Field, Kind, Outcome, Resource};

use super::*;

fn id(number: u64) -> ReleaseId {
    ReleaseId::from_number(number)
}

fn sent(folder: &tempfile::TempDir) -> Sent {
    Sent::new(Cursor::open(folder.path(), 0))
}

/// A record that names its release.
fn record(release: u64, bytes: usize) -> Record {
    Record {
        trace: [1; 16],
        id: [2; 8],
        parent: None,
        parent_is_remote: false,
        name: release.to_string(),
        kind: Kind::Internal,
        from: UNIX_EPOCH,
        until: UNIX_EPOCH,
        fields: vec![("text".to_owned(), Field::Text("x".repeat(bytes)))],
        moments: Vec::new(),
        moments_left_out: 0,
        links: Vec::new(),
        outcome: Outcome::Unset,
        resource: Resource::This,
    }
}

fn part(release: u64, records: usize) -> Part {
    Part {
        release: id(release),
        records: (0..records).map(|_| record(release, 10)).collect(),
        last: 9,
        ended: true,
        more: false,
    }
}

fn all(feed: &Feed) -> Vec<ReleaseId> {
    std::iter::from_fn(|| feed.take()).collect()
}

#[tokio::test]
async fn releases_that_are_refused_keep_nobody_from_his_turn_and_are_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let (mut sent, feed) = (sent(&folder), Feed::default());
    let taken = RefCell::new(Vec::new());
    let export = async |records: Vec<Record>| match records[0].name.as_str() {
        "0" | "1" => Err("too large".to_owned()),
        name => {
            taken.borrow_mut().push(name.to_owned());
            Ok(())
        }
    };
    let parts = [0, 1, 2, 3].map(|release| part(release, 1)).into();
    sent.send(&feed, parts, export).await.unwrap_err();
    assert_eq!(taken.borrow().len(), 0, "away or not: two tries are enough");
    let mut order = all(&feed);
    assert_eq!(order, [2, 3, 0, 1].map(id));
    for _ in 0..TRIES {
        assert_eq!(sent.cursor.unsure(4)[..2], [0, 1].map(id));
        let parts = order.iter().map(|release| part(release.number(), 1));
        // Others come all the time.
        let parts = [part(4, 1)].into_iter().chain(parts).collect();
        sent.send(&feed, parts, export).await.unwrap_err();
        order = all(&feed);
    }
    assert_eq!(order, []);
    assert_eq!(taken.borrow()[..3], ["4", "2", "3"]);
    assert_eq!(sent.cursor.unsure(5), []);
}

#[tokio::test]
async fn a_collector_that_is_away_has_taken_nothing_also_where_there_is_nothing_to_take() {
    let folder = tempfile::tempdir().unwrap();
    let (mut sent, feed) = (sent(&folder), Feed::default());
    let tries = RefCell::new(0);
    let export = async |_| {
        *tries.borrow_mut() += 1;
        Err("away".to_owned())
    };
    for round in 1..20 {
        // The first and the last are not sampled.
        let parts = [(1, 0), (2, 1), (3, 1), (4, 1), (5, 0)];
        let parts = parts
            .map(|(release, records)| part(release, records))
            .into();
        sent.send(&feed, parts, export).await.unwrap_err();
        assert_eq!(*tries.borrow(), 2 * round);
        assert_eq!(all(&feed), [4, 2, 3].map(id));
    }
}

#[tokio::test]
async fn what_is_told_in_parts_goes_on_after_each() {
    let folder = tempfile::tempdir().unwrap();
    let (mut sent, feed) = (sent(&folder), Feed::default());
    let first = Part {
        last: 5,
        ended: false,
        more: true,
        ..part(1, 3)
    };
    let export = async |_| Ok(());
    sent.send(&feed, vec![first], export).await.unwrap();
    assert_eq!((all(&feed), sent.cursor.of(id(1))), (vec![id(1)], 5));
    sent.send(&feed, vec![part(1, 3)], export).await.unwrap();
    assert_eq!(all(&feed), []);
}

#[tokio::test]
async fn what_was_received_whole_is_not_told_again_when_word_of_its_end_comes_late() {
    let folder = tempfile::tempdir().unwrap();
    let (mut sent, feed) = (sent(&folder), Feed::default());
    let export = async |_| Ok(());
    let goes_on = Part {
        ended: false,
        ..part(1, 3)
    };
    let now = Instant::now();
    sent.send(&feed, vec![goes_on], export).await.unwrap();
    assert!(!sent.passes(id(1), now));
    // The look that it was told from saw the end, and then the feed has word of it.
    sent.send(&feed, vec![part(1, 3)], export).await.unwrap();
    assert!(sent.passes(id(1), now));
    // One that is older and was not told of yet, and one that is to come.
    assert!(!sent.passes(id(0), now) && !sent.passes(id(2), now));
}

#[tokio::test]
async fn messages_are_bounded_by_spans_and_by_bytes() {
    let of = async |sizes: &[usize]| {
        let messages = RefCell::new(Vec::new());
        let export = async |records: Vec<Record>| {
            messages.borrow_mut().push(records.len());
            Ok(())
        };
        let records = sizes.iter().map(|size| record(1, *size)).collect();
        in_messages(records, &export).await.unwrap();
        messages.into_inner()
    };
    assert!(of(&[]).await.is_empty());
    assert_eq!(of(&[10; 2 * SPANS + 1]).await, [SPANS, SPANS, 1]);
    assert_eq!(of(&[BYTES / 4; 7]).await, [3, 3, 1]);
    assert_eq!(of(&[5, 2 * BYTES, 5]).await, [1, 1, 1]);
}

#[test]
fn what_cannot_be_told_waits_beside_the_others_and_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let (mut sent, feed) = (sent(&folder), Feed::default());
    let broken = Untold::Broken("on purpose".to_owned());
    let mut now = Instant::now();
    for tries in 1..TRIES {
        sent.could_not_tell(id(0), &broken, now);
        assert_eq!(sent.cursor.unsure(1), [id(0)], "{tries}");
        assert!(sent.passes(id(0), now) && !sent.passes(id(1), now));
        let due = sent.try_again(&feed, now).unwrap();
        assert_eq!(all(&feed), []);
        now = due;
        assert!(!sent.passes(id(0), now));
        assert_eq!(sent.try_again(&feed, now), None);
        assert_eq!(all(&feed), [id(0)]);
    }
    sent.could_not_tell(id(0), &broken, now);
    assert_eq!(sent.try_again(&feed, now), None);
    assert_eq!((all(&feed), sent.cursor.unsure(1)), (vec![], vec![]));
    // What can be told again has all of its tries again.
    sent.could_not_tell(id(1), &broken, now);
    sent.told(id(1));
    assert!(!sent.passes(id(1), now));
}
