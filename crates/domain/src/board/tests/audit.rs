//! A board that is broken by hand is found to be broken.

use super::*;
use crate::promise::{Promise, board as promised};
use crate::target::Debt;

/// One job of each kind of state: a running rollout, one behind it, a running build, one for which there
/// is no place, and an agent with room for nothing more.
fn busy() -> Fixture {
    let mut board = Fixture::with_agent(2);
    let first = board.submit(spec("web", &[&["s"]]));
    board.build(first);
    board.submit(spec("api", &[&["s"]]));
    board.submit(spec("job", &[&["t"]]));
    board.hello("b", 1, 1, &[], None).unwrap();
    board
}

#[track_caller]
fn found(break_it: impl Fn(&mut Board), promise: Promise, words: &str) {
    let mut board = busy().board;
    assert_eq!(promised::settled(&board), []);
    break_it(&mut board);
    let broken = promised::always(&board);
    assert!(
        broken
            .iter()
            .any(|broken| broken.promise == promise && broken.what.contains(words)),
        "wanted {words:?}: {broken:#?}"
    );
}

fn change(board: &mut Board, id: JobId, change: impl Fn(&mut crate::job::Job)) {
    change(Arc::make_mut(board.jobs.get_mut(&id).unwrap()));
}

const fn job(release: u64, index: u32) -> JobId {
    JobId {
        release: ReleaseId::from_number(release),
        index,
    }
}

#[test]
fn indexes_that_disagree_with_the_records_are_told() {
    let reasons = |break_it: &dyn Fn(&mut Board), words: &str| {
        found(break_it, Promise::Reasons, words);
    };
    reasons(&|board| board.lines.clear(), "the lines of targets are");
    reasons(&|board| board.leases.clear(), "is granted without a lease");
    reasons(&|board| board.timers.clear(), "timers are");
    reasons(
        &|board| {
            board.leases.insert(job(1, 1), board.now);
        },
        "has a lease and is not granted",
    );
    reasons(
        &|board| board.agents.values_mut().for_each(|seat| seat.running += 1),
        "agent a is counted with",
    );
    reasons(
        &|board| {
            let class = board.ready.keys().next().cloned();
            let class = class.unwrap_or_else(|| board.class_of(&board.jobs[&job(0, 1)]).unwrap());
            let turn = board.turn(&board.jobs[&job(1, 1)]);
            board.ready.entry(class).or_default().insert(turn);
        },
        "job 1001.1 is listed as ready and may not start",
    );
    reasons(&|board| board.open.clear(), "are listed as open");
    reasons(&|board| board.specs.clear(), "with specifications of");
    reasons(
        &|board| board.keys = crate::board::Keys::default(),
        "the key of release 1000 is not known",
    );
    reasons(
        &|board| drop(board.releases.remove(&job(1, 0).release)),
        "job 1001.0 has no release",
    );
}

#[test]
fn a_free_place_that_is_not_listed_is_told() {
    let mut board = Fixture::with_agent(2);
    board.submit(spec("web", &[&["s"]]));
    assert_eq!(promised::settled(&board.board), []);
    board.board.free.clear();
    let text = format!("{:?}", promised::always(&board.board));
    assert!(text.contains("free places are {}"), "{text}");
}

#[test]
fn a_job_that_could_start_and_is_not_listed_is_told() {
    let mut board = Fixture::new();
    board.submit(spec("web", &[&["s"]]));
    assert_eq!(promised::settled(&board.board), []);
    board.board.ready.clear();
    let text = format!("{:?}", promised::always(&board.board));
    assert!(
        text.contains("job 1000.0 may start and is not listed as ready"),
        "{text}"
    );
}

#[test]
fn a_job_that_waits_without_a_reason_is_told() {
    let mut board = Fixture::with_agent(2);
    board.submit(spec("web", &[&["s"]]));
    change(&mut board.board, job(0, 0), |job| {
        job.state = JobState::Queued {
            not_before: Timestamp::ZERO,
            resting: None,
        };
    });
    let text = format!("{:?}", promised::settled(&board.board));
    let words = "job 1000.0 waits, and there is no reason to show";
    assert!(text.contains(words), "{text}");
}

#[test]
fn records_that_break_a_promise_are_told() {
    found(
        |board| board.targets.get_mut(&target("s")).unwrap().slot = None,
        Promise::Attempts,
        "but its slot is held by nobody",
    );
    found(
        |board| board.targets.get_mut(&target("s")).unwrap().slot = Some(job(2, 0)),
        Promise::Attempts,
        "which has ended or does not change it",
    );
    found(
        |board| {
            let ended = |job: &mut crate::job::Job| job.state = JobState::Ended(built());
            change(board, job(1, 0), ended);
            change(board, job(1, 1), ended);
        },
        Promise::Ends,
        "all jobs of release 1001 have ended, but the release has not",
    );
    found(
        |board| {
            let owed = Debt {
                by: job(2, 1),
                before: crate::checkpoint::ScalingFlags::default(),
                since: board.now,
            };
            let record = crate::target::TargetRecord {
                target: target("t"),
                slot: None,
                debt: Some(owed),
                proven: None,
            };
            board.targets.insert(target("t"), record);
        },
        Promise::Debts,
        "no settle is queued",
    );
}

#[test]
fn what_must_not_happen_between_two_boards_is_told() {
    let before = busy().board;
    let mut owed = before.clone();
    let record = owed.targets.get_mut(&target("s")).unwrap();
    record.debt = Some(Debt {
        by: job(0, 1),
        before: crate::checkpoint::ScalingFlags::default(),
        since: Timestamp::ZERO,
    });
    let told = |before: &Board, break_it: &dyn Fn(&mut Board)| {
        assert_eq!(promised::between(before, before), []);
        let mut after = before.clone();
        break_it(&mut after);
        format!("{:?}", promised::between(before, &after))
    };
    let text = told(&before, &|board| {
        change(board, job(0, 1), |job| job.attempt = Attempt(0))
    });
    assert!(text.contains("from attempt 1 back to attempt 0"), "{text}");
    let text = told(&before, &|board| drop(board.jobs.remove(&job(0, 1))));
    assert!(
        text.contains("job 1000.1 is gone, and its release is not"),
        "{text}"
    );
    let mut gone = before.clone();
    gone.releases.remove(&job(0, 1).release);
    gone.jobs.retain(|id, _| id.release != job(0, 1).release);
    assert_eq!(promised::between(&before, &gone), [], "it has ended");
    let text = told(&before, &|board| drop(board.targets.remove(&target("s"))));
    assert!(text.contains("the record of"), "{text}");
    let text = told(&before, &|board| {
        board.targets.get_mut(&target("s")).unwrap().slot = None;
    });
    assert!(text.contains("job 1000.1 lost the slot of"), "{text}");
    let text = told(&owed, &|board| {
        board.targets.get_mut(&target("s")).unwrap().debt = None;
    });
    assert!(
        text.contains("gone without a note that it was paid"),
        "{text}"
    );
}

#[test]
fn a_decision_about_a_message_that_does_not_stand_changes_nothing() {
    let mut board = busy();
    let running = board.held(ReleaseId::from_number(0), 1);
    let stale = board.report_as("a", 9, running, Report::Finished(rolled(Verdict::Live)));
    assert_eq!(promised::ignored(&stale), None);
    let heard = board.report(running, Report::Accept);
    let broken = promised::ignored(&heard).unwrap();
    assert_eq!(broken.promise, Promise::Attempts);
    let both = Decision {
        agents: vec![crate::board::AgentChange::Draining(board.agent("a"))],
        ..heard
    };
    let (all, text) = (both.changes.len() + 1, promised::ignored(&both).unwrap());
    assert!(text.what.contains(&format!("made {all} changes")), "{text}");
}
