//! What is wanted is found once, and what is needed is kept.

use proptest::prelude::*;

use super::{Fate, Page, Query, Retention, TargetPattern};
use crate::ids::{Digest, ReleaseId, Target};
use crate::release::Release;
use crate::spec::{Priority, ReleaseKind};
use crate::time::Timestamp;
use crate::verdict::Verdict;

const DAY: u64 = 86_400_000;

fn release(number: u64, submitted: u64, ended: Option<u64>) -> Release {
    Release {
        id: ReleaseId::from_number(number),
        app: "shop".parse().unwrap(),
        env: "prod".parse().unwrap(),
        kind: ReleaseKind::Deploy,
        priority: Priority::default(),
        key: format!("key-{number}").parse().unwrap(),
        content: Digest::of(b"content"),
        submitter: "ci".to_owned(),
        trace_parent: String::new(),
        title: String::new(),
        began_at: Timestamp::from_millis(submitted),
        submitted_at: Timestamp::from_millis(submitted),
        jobs: 2,
        last_seq: 9,
        verdict: ended.map(|_| Verdict::Failed),
        ended_at: ended.map(Timestamp::from_millis),
    }
}

fn target(service: &str) -> Target {
    Target {
        account: "222222222222".parse().unwrap(),
        region: "eu-west-1".parse().unwrap(),
        cluster: "main".parse().unwrap(),
        service: service.parse().unwrap(),
    }
}

#[test]
fn a_query_asks_for_all_that_it_names() {
    let found = release(7, 5_000, Some(9_000));
    let targets = [target("web"), target("worker")];
    let passes = |query: Query| query.passes(&found, &targets);
    assert!(passes(Query::default()));
    let all = Query {
        app: "shop".parse().ok(),
        env: "prod".parse().ok(),
        target: "main/worker".parse().ok(),
        since: Some(Timestamp::from_millis(5_000)),
        until: Some(Timestamp::from_millis(5_001)),
        verdict: Some(Verdict::Failed),
        submitter: Some("ci".to_owned()),
    };
    assert!(passes(all.clone()));
    let others = [
        Query {
            app: "blog".parse().ok(),
            ..all.clone()
        },
        Query {
            env: "staging".parse().ok(),
            ..all.clone()
        },
        Query {
            target: "other/worker".parse().ok(),
            ..all.clone()
        },
        Query {
            since: Some(Timestamp::from_millis(5_001)),
            ..all.clone()
        },
        Query {
            until: Some(Timestamp::from_millis(5_000)),
            ..all.clone()
        },
        Query {
            verdict: Some(Verdict::Live),
            ..all.clone()
        },
        Query {
            submitter: Some("somebody".to_owned()),
            ..all
        },
    ];
    for other in others {
        assert!(!passes(other.clone()), "{other:?}");
    }
}

#[test]
fn a_target_is_named_by_the_end_of_its_name() {
    let web = target("web");
    for text in [
        "web",
        "main/web",
        "eu-west-1/main/web",
        "222222222222/eu-west-1/main/web",
    ] {
        let pattern: TargetPattern = text.parse().unwrap();
        assert!(pattern.matches(&web), "{text}");
        assert!(!pattern.matches(&target("worker")), "{text}");
        assert_eq!(pattern.to_string(), text);
        assert_eq!(pattern.exact().is_some(), text.starts_with('2'), "{text}");
    }
    for text in [
        "eu/web",
        "us-east-1/main/web",
        "111111111111/eu-west-1/main/web",
    ] {
        let pattern: TargetPattern = text.parse().unwrap();
        assert!(!pattern.matches(&web), "{text}");
    }
    for text in [
        "",
        "/web",
        "main//web",
        "a/222222222222/eu-west-1/main/web",
        "1/eu-west-1/main/web",
    ] {
        assert!(text.parse::<TargetPattern>().is_err(), "{text}");
    }
}

#[test]
fn a_release_goes_when_it_is_old_and_nothing_holds_it() {
    let keep = Retention {
        days: 10,
        per_environment: 3,
    };
    let now = Timestamp::from_millis(100 * DAY);
    let fate = |submitted: u64, ended: Option<u64>, newest, pinned| {
        keep.fate(now, &release(1, submitted, ended), newest, pinned)
    };
    let (line, after) = (90 * DAY, 90 * DAY + 1);
    assert_eq!(fate(line, Some(line), false, false), Fate::Prune);
    assert_eq!(fate(line, Some(line), true, false), Fate::Keep);
    assert_eq!(fate(line, Some(line), false, true), Fate::Keep);
    assert_eq!(
        fate(line, Some(after), false, false),
        Fate::Keep,
        "it ended later"
    );
    assert_eq!(
        fate(line, None, false, false),
        Fate::Keep,
        "it has not ended"
    );
    assert_eq!(fate(after, Some(after), false, false), Fate::KeepWithLater);
}

#[test]
fn without_days_every_release_is_kept() {
    let keep = Retention {
        days: 0,
        ..Retention::default()
    };
    let fate = keep.fate(
        Timestamp::from_millis(u64::MAX),
        &release(1, 0, Some(0)),
        false,
        false,
    );
    assert_eq!(fate, Fate::KeepWithLater);
}

proptest! {
    /// Two places, each of which gives pages of its own size and may give up before it has one.
    #[test]
    fn pages_of_two_places_show_each_release_once_and_in_order(
        left in proptest::collection::btree_set(0_u64..60, 0..40),
        right in proptest::collection::btree_set(0_u64..60, 0..40),
        limit in 1_usize..9,
        steps in 1_usize..9,
    ) {
        let look = |place: &std::collections::BTreeSet<u64>, before: Option<ReleaseId>, most: usize| {
            let before = before.map_or(u64::MAX, ReleaseId::number);
            let releases: Vec<ReleaseId> = place
                .range(..before).rev().take(most).copied().map(ReleaseId::from_number).collect();
            let full = releases.len() == most;
            Page { next: releases.last().copied().filter(|_| full), releases }
        };
        let (mut before, mut seen) = (None, Vec::new());
        loop {
            let page = look(&left, before, limit).join(look(&right, before, steps.min(limit)), limit);
            prop_assert!(page.releases.len() <= limit);
            seen.extend(page.releases.iter().map(|release| release.number()));
            if page.next.is_none() {
                break;
            }
            prop_assert!(before.is_none() || page.next < before, "it goes on");
            before = page.next;
        }
        let mut wanted: Vec<u64> = left.union(&right).copied().collect();
            wanted.reverse();
        prop_assert_eq!(seen, wanted);
    }
}
