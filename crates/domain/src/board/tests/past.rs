//! What the board remembers of ended releases is little, and enough.

use std::time::Duration;

use super::*;
use crate::board::KeyWindow;
use crate::history::{Query, Retention};
use crate::verdict::Verdict;

impl Fixture {
    fn with_policy(policy: Policy) -> Self {
        let mut fixture = Self {
            board: Board::new(policy),
            ..Self::new()
        };
        fixture.hello("a", 1, 9, &[], None).unwrap();
        fixture
    }

    /// A release of the app that comes and ends with this verdict.
    fn done(&mut self, app: &str, verdict: Verdict) -> ReleaseId {
        let release = self.submit(spec(app, &[&[app]]));
        self.build(release);
        self.finish(release, 1, rolled(verdict));
        assert_eq!(self.verdict(release), Some(verdict));
        release
    }
}

#[test]
fn a_key_is_known_while_its_release_is_open_and_for_a_while_after() {
    let mut board = Fixture::with_policy(Policy {
        keys: KeyWindow {
            after_end: Duration::from_secs(1000),
            most: 100,
        },
        ..Policy::default()
    });
    let wanted = spec("shop", &[&["shop"]]);
    let again = |board: &mut Fixture| {
        let decision = board.submit_with("mine", wanted.clone()).unwrap();
        decision.release.unwrap()
    };
    let first = again(&mut board).id;
    // It rests for a person, and is open for longer than any key is known.
    board.build(first);
    board.finish(first, 1, rolled(Verdict::Stuck));
    board.pass(5000);
    board.done("blog", Verdict::Live);
    assert!(again(&mut board).existed);
    let (by, reason) = ("me".to_owned(), String::new());
    let release = first;
    board
        .input(Input::Cancel {
            release,
            by,
            reason,
        })
        .unwrap();
    board.pass(40);
    let held = board.held(first, 1);
    board.report(held, Report::Finished(rolled(Verdict::Cancelled)));
    assert_eq!(board.verdict(first), Some(Verdict::Cancelled));
    board.pass(900);
    board.done("blog", Verdict::Live);
    assert_eq!(again(&mut board).id, first);
    board.pass(200);
    board.done("blog", Verdict::Live);
    let second = again(&mut board);
    assert!(!second.existed && second.id > first, "{second:?}");
}

#[test]
fn so_many_keys_of_ended_releases_are_known_and_no_more() {
    let mut board = Fixture::with_policy(Policy {
        keys: KeyWindow {
            most: 3,
            ..KeyWindow::default()
        },
        ..Policy::default()
    });
    let open = board.submit(spec("open", &[&["open"]]));
    for _ in 0..10 {
        board.done("shop", Verdict::Failed);
    }
    assert_eq!(board.board.keys.len(), 4);
    let known = |key: &str| {
        let key = IdempotencyKey::new(key).unwrap();
        board.board.key(&key).map(|known| known.release)
    };
    assert_eq!(known("key-1"), Some(open));
    assert_eq!(known("key-8"), None);
    assert!(
        ["key-9", "key-10", "key-11"]
            .iter()
            .all(|key| known(key).is_some())
    );
}

#[test]
fn nothing_else_of_an_ended_release_stays_on_the_board() {
    let mut board = Fixture::with_policy(Policy::default());
    for verdict in [Verdict::Live, Verdict::Failed, Verdict::RolledBack] {
        board.done("shop", verdict);
    }
    let board = &board.board;
    assert!(board.releases.is_empty() && board.specs.is_empty() && board.jobs.is_empty());
    assert!(board.open.is_empty() && board.lines.is_empty() && board.ready.is_empty());
    assert!(board.leases.is_empty() && board.timers.is_empty());
}

#[test]
fn a_rollback_can_go_to_the_last_lives_and_no_further() {
    let mut board = Fixture::with_policy(Policy {
        lives: 3,
        ..Policy::default()
    });
    let lives: Vec<ReleaseId> = (0..5).map(|_| board.done("shop", Verdict::Live)).collect();
    let plan = |to| {
        let (app, env) = ("shop".parse().unwrap(), "prod".parse().unwrap());
        board.board.plan_rollback(&app, &env, to)
    };
    assert_eq!(plan(None), Ok((lives[4], lives[3])));
    assert_eq!(plan(Some(lives[2])), Ok((lives[4], lives[2])));
    let refusal = plan(Some(lives[1])).unwrap_err().to_string();
    let wanted = format!(
        "release {} is not among the last 3 that were live in prod; these are, newest first: \
         {}, {}, {}",
        lives[1], lives[4], lives[3], lives[2]
    );
    assert_eq!(refusal, wanted);
}

#[test]
fn releases_that_are_needed_are_pinned() {
    let mut board = Fixture::with_policy(Policy {
        lives: 2,
        ..Policy::default()
    });
    let first = board.done("shop", Verdict::Live);
    let second = board.done("shop", Verdict::Live);
    let failed = board.done("shop", Verdict::Failed);
    let elsewhere = board.done("blog", Verdict::Live);
    let mut back = spec("shop", &[&["shop"]]);
    back.kind = ReleaseKind::Rollback {
        undoes: second,
        to: first,
    };
    let back = board.submit(back);
    let pinned = board.board.pinned();
    assert_eq!(pinned, [first, second, elsewhere, back].into());
    assert!(!pinned.contains(&failed));
    // Two more lives: the first is no place to go back to, but the rollback names it still.
    board.build(back);
    let other = board.submit(spec("shop", &[&["other"]]));
    board.build(other);
    board.finish(other, 1, rolled(Verdict::Live));
    assert!(board.board.pinned().contains(&first));
    board.finish(back, 1, rolled(Verdict::Live));
    let pinned = board.board.pinned();
    assert_eq!(pinned, [elsewhere, other, back].into());
}

#[test]
fn what_is_not_kept_any_more_is_told_from_what_never_was() {
    let mut board = Fixture::with_policy(Policy {
        retention: Retention {
            days: 30,
            per_environment: 5,
        },
        ..Policy::default()
    });
    let gone = board.done("shop", Verdict::Live);
    let never = ReleaseId::from_number(gone.number() + 1);
    let text = board.board.absent(gone).to_string();
    let wanted = format!("there is no release {gone} any more: releases are kept for 30 days");
    assert!(text.starts_with(&wanted), "{text}");
    assert!(text.contains("history.retention_days"), "{text}");
    assert_eq!(board.board.absent(never), Refusal::NoSuchRelease(never));
}

#[test]
fn open_releases_are_found_newest_first_page_by_page() {
    let mut board = Fixture::new();
    let shop: Vec<ReleaseId> = (0..3)
        .map(|number| board.submit(spec("shop", &[&[["a", "b", "c"][number]]])))
        .collect();
    let blog = board.submit(spec("blog", &[&["b"]]));
    let found = |query: &Query, before, limit| board.board.find_open(query, before, limit);
    let all = found(&Query::default(), None, 9);
    assert_eq!(all.releases, [blog, shop[2], shop[1], shop[0]]);
    assert_eq!(all.next, None);
    let page = found(&Query::default(), Some(blog), 2);
    assert_eq!(page.releases, [shop[2], shop[1]]);
    assert_eq!(page.next, Some(shop[1]));
    let place = Query {
        app: "shop".parse().ok(),
        env: "prod".parse().ok(),
        ..Query::default()
    };
    assert_eq!(found(&place, Some(shop[2]), 9).releases, [shop[1], shop[0]]);
    let at = Query {
        target: "main/b".parse().ok(),
        ..Query::default()
    };
    assert_eq!(found(&at, None, 9).releases, [blog, shop[1]]);
}

#[test]
fn times_of_submission_are_in_the_order_of_the_numbers_when_the_clock_is_set_back() {
    let mut board = Fixture::new();
    let first = board.submit(spec("shop", &[&["a"]]));
    board.now = board.now.minus(Duration::from_secs(600));
    let second = board.submit(spec("blog", &[&["b"]]));
    let at = |id| board.board.release(id).unwrap().submitted_at;
    assert!(at(first) <= at(second));
}
