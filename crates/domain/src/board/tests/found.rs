//! What the search of all boards, and thinking about its moves, has found: each by itself.

use super::super::WaitCode;
use super::*;
use crate::checkpoint::{Checkpoint, ScalingFlags};

fn note(board: &mut Fixture, release: ReleaseId, index: u32, checkpoint: Checkpoint) {
    let held = board.held(release, index);
    let number = 1;
    board.report(held, Report::Checkpoint { number, checkpoint });
}

fn cancel(board: &mut Fixture, release: ReleaseId) -> Result<Decision, Refusal> {
    board.input(Input::Cancel {
        release,
        by: "ana".to_owned(),
        reason: String::new(),
    })
}

/// A release whose rollout suspended auto scaling and ended without putting it back, and the settle
/// that is made for it.
fn with_settle(board: &mut Fixture) -> ReleaseId {
    let id = board.submit(spec("web", &[&["s"]]));
    board.build(id);
    let before = ScalingFlags::default();
    note(board, id, 1, Checkpoint::SuspendIntent { before });
    board.finish(id, 1, rolled(Verdict::RolledBack));
    assert_eq!(board.verdict(id), Some(Verdict::RolledBack));
    let settle = board.board.open_releases().next().unwrap();
    assert_eq!(settle.kind, ReleaseKind::Settle);
    settle.id
}

/// Loses a job as often as it takes to park it.
fn lose(board: &mut Fixture) {
    for _ in 0..4 {
        board.pass(61);
        board.pass(61);
    }
}

#[test]
fn a_rollout_that_is_stuck_after_a_cancel_is_looked_at_again_when_cancelled_again() {
    let mut board = Fixture::with_agent(1);
    let id = board.submit(spec("web", &[&["s"]]));
    board.build(id);
    let intent = Checkpoint::RegisterIntent {
        family: "web".to_owned(),
        at: board.now,
    };
    note(&mut board, id, 1, intent);
    cancel(&mut board, id).unwrap();
    lose(&mut board);
    let rollout = JobId {
        release: id,
        index: 1,
    };
    let wait = board.board.wait_of(rollout).unwrap();
    assert_eq!(wait.code, WaitCode::Resting);
    assert_eq!(board.granted(), []);
    cancel(&mut board, id).unwrap();
    assert_eq!(board.granted(), [rollout]);
    let stop = board.board.job(rollout).unwrap().stop.clone().unwrap();
    board.finish(id, 1, Outcome::Stopped(stop));
    assert_eq!(board.verdict(id), Some(Verdict::Cancelled));
}

#[test]
fn a_cancelled_job_that_touched_nothing_ends_when_its_agent_is_lost() {
    let mut board = Fixture::with_agent(1);
    let id = board.submit(spec("web", &[&["s"]]));
    board.build(id);
    cancel(&mut board, id).unwrap();
    assert_eq!(board.verdict(id), None, "its agent may be about to act");
    board.pass(61);
    assert_eq!(board.verdict(id), Some(Verdict::Cancelled));
    assert_eq!(board.board.target(&target("s")).unwrap().slot, None);
}

#[test]
fn a_settle_cannot_be_cancelled() {
    let mut board = Fixture::with_agent(1);
    let settle = with_settle(&mut board);
    let refused = cancel(&mut board, settle).unwrap_err();
    assert_eq!(refused, Refusal::PaysADebt(settle));
    assert!(refused.to_string().contains("cannot be cancelled"));
    assert_eq!(board.board.held(&board.agent("a")).len(), 1);
}

#[test]
fn a_debt_whose_settle_failed_gets_another_one() {
    let mut board = Fixture::with_agent(1);
    let settle = with_settle(&mut board);
    board.finish(
        settle,
        0,
        Outcome::Failed(crate::verdict::Finding::default()),
    );
    assert_eq!(board.verdict(settle), Some(Verdict::Failed));
    let next = board.board.open_releases().next().unwrap().id;
    assert!(next > settle, "the debt stands, so somebody pays it");
    note(&mut board, next, 0, Checkpoint::Resumed);
    let what = "put back".to_owned();
    board.finish(next, 0, Outcome::Settled { what });
    assert_eq!(board.board.open_releases().count(), 0);
    assert_eq!(board.board.target(&target("s")).unwrap().debt, None);
}

#[test]
fn the_wait_between_deliveries_of_a_settle_stops_growing() {
    let policy = Policy::default();
    assert_eq!(policy.retry_after(0), Duration::ZERO);
    assert_eq!(policy.retry_after(1), Duration::from_secs(1));
    assert_eq!(policy.retry_after(2), Duration::from_secs(20));
    assert_eq!(policy.retry_after(3), Duration::from_secs(40));
    assert_eq!(policy.retry_after(16), Duration::from_secs(300));
    assert_eq!(policy.retry_after(1_000_000), Duration::from_secs(300));
}

#[test]
fn an_end_that_such_a_job_cannot_come_to_is_a_failure() {
    let settled = || Outcome::Settled {
        what: String::new(),
    };
    let skipped = |id| Outcome::Skipped {
        needed: JobId {
            release: id,
            index: 0,
        },
    };
    for wrong in [0, 1, 2] {
        let mut board = Fixture::with_agent(1);
        let id = board.submit(spec("web", &[&["s"]]));
        board.build(id);
        board.finish(id, 1, [built(), settled(), skipped(id)][wrong].clone());
        assert_eq!(board.verdict(id), Some(Verdict::Failed));
    }
    for wrong in [0, 1] {
        let mut board = Fixture::with_agent(1);
        let id = board.submit(spec("web", &[&["s"]]));
        board.finish(id, 0, [rolled(Verdict::Live), settled()][wrong].clone());
        assert_eq!(board.verdict(id), Some(Verdict::Failed));
    }
}

#[test]
fn a_cancelled_release_whose_build_still_ends_is_not_folded() {
    let mut board = Fixture::with_agent(1);
    let cancelled = board.submit(spec("web", &[&["s"]]));
    cancel(&mut board, cancelled).unwrap();
    let newer = board.submit_with("newer", spec("web", &[&["s"]])).unwrap();
    assert_eq!(newer.release.unwrap().folded, []);
}

/// What an agent notes when its update is throttled for hours.
fn update_intent(now: Timestamp, task_definition: &str) -> Checkpoint {
    Checkpoint::UpdateIntent {
        task_definition: task_definition.to_owned(),
        primary_before: "ecs-svc/1".to_owned(),
        deployment_before: None,
        serving_before: String::new(),
        at: now,
    }
}

#[test]
fn an_intent_that_is_renewed_for_days_is_one_note() {
    let mut board = Fixture::with_agent(1);
    let id = board.submit(spec("web", &[&["s"]]));
    board.build(id);
    for _ in 0..10_000 {
        board.now = board.now.plus(Duration::from_secs(20));
        let intent = update_intent(board.now, "web:2");
        let held = board.held(id, 1);
        let (now, agent) = (board.now, board.agent("a"));
        board.board.renew(now, &agent, &[held]);
        note(&mut board, id, 1, intent);
    }
    let job = board.board.jobs_of(id).nth(1).unwrap();
    assert_eq!(job.checkpoints, [update_intent(board.now, "web:2")]);
}
