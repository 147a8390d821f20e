//! Targets: one change at a time, resting jobs, debts.

use super::super::WaitCode;
use super::*;
use crate::board::{Keys, Lives};
use crate::checkpoint::{Checkpoint, ScalingFlags};

fn note(board: &mut Fixture, held: Held, checkpoint: Checkpoint) {
    board.report(
        held,
        Report::Checkpoint {
            number: 1,
            checkpoint,
        },
    );
}

#[test]
fn at_most_one_job_changes_a_target_whatever_the_number_of_releases() {
    let mut board = Fixture::with_agent(100);
    let ids: Vec<ReleaseId> = (0..20)
        .map(|n| board.submit(spec(&format!("app-{n}"), &[&["s"]])))
        .collect();
    for id in &ids {
        board.build(*id);
    }
    for id in &ids {
        assert_eq!(
            board.granted(),
            [JobId {
                release: *id,
                index: 1
            }]
        );
        board.finish(*id, 1, rolled(Verdict::Live));
    }
    assert_eq!(board.granted(), []);
}

#[test]
fn a_rollout_that_rests_keeps_its_slot_and_is_looked_at_again() {
    let mut board = Fixture::with_agent(4);
    let first = board.submit(spec("web", &[&["s"]]));
    board.build(first);
    board.finish(first, 1, rolled(Verdict::Unknown));
    let second = board.submit(spec("api", &[&["s"]]));
    board.build(second);
    assert_eq!(board.granted(), []);
    let waiting = JobId {
        release: second,
        index: 1,
    };
    assert_eq!(board.board.wait_of(waiting).unwrap().code, WaitCode::Slot);
    let resting = JobId {
        release: first,
        index: 1,
    };
    assert_eq!(
        board.board.wait_of(resting).unwrap().code,
        WaitCode::Resting
    );
    board.pass(31);
    assert_eq!(board.granted(), [resting]);
    board.finish(first, 1, rolled(Verdict::Live));
    assert_eq!(board.verdict(first), Some(Verdict::Live));
    assert_eq!(board.granted(), [waiting]);
}

#[test]
fn what_was_proven_on_a_target_is_kept() {
    let mut board = Fixture::with_agent(1);
    let id = board.submit(spec("web", &[&["s"]]));
    board.build(id);
    board.finish(id, 1, rolled(Verdict::Live));
    let proven = board
        .board
        .target(&target("s"))
        .unwrap()
        .proven
        .clone()
        .unwrap();
    assert_eq!(
        (proven.release, proven.task_definition.as_str()),
        (id, "web:2")
    );
}

#[test]
fn a_debt_left_behind_is_paid_by_a_settle_job_before_anything_else_changes_the_target() {
    let mut board = Fixture::with_agent(4);
    let first = board.submit(spec("web", &[&["s"]]));
    board.build(first);
    let next = board.submit(spec("api", &[&["s"]]));
    board.build(next);
    let before = ScalingFlags {
        scheduled: true,
        ..ScalingFlags::default()
    };
    let held = board.held(first, 1);
    note(&mut board, held, Checkpoint::SuspendIntent { before });
    board.finish(first, 1, rolled(Verdict::RolledBack));
    let [settle] = board.granted()[..] else {
        panic!("one job: {:?}", board.granted())
    };
    assert!(
        settle.release > next,
        "the settle release was made by the board"
    );
    let owed = board.effects.iter().rev().find_map(|effect| match effect {
        Effect::Offer(offer) if offer.job.id == settle => offer.debt,
        _ => None,
    });
    assert_eq!(owed, Some(before));
    let held = board.held(settle.release, 0);
    note(&mut board, held, Checkpoint::Resumed);
    board.report(
        held,
        Report::Finished(Outcome::Settled {
            what: "resumed".to_owned(),
        }),
    );
    assert_eq!(board.board.target(&target("s")).unwrap().debt, None);
    assert_eq!(
        board.granted(),
        [JobId {
            release: next,
            index: 1
        }]
    );
}

#[test]
fn a_second_suspension_does_not_overwrite_the_flags_of_the_first() {
    let mut board = Fixture::with_agent(4);
    let id = board.submit(spec("web", &[&["s"]]));
    board.build(id);
    let held = board.held(id, 1);
    let first = ScalingFlags {
        scale_in: true,
        ..ScalingFlags::default()
    };
    note(
        &mut board,
        held,
        Checkpoint::SuspendIntent { before: first },
    );
    note(
        &mut board,
        held,
        Checkpoint::SuspendIntent {
            before: ScalingFlags::ALL,
        },
    );
    let debt = board
        .board
        .target(&target("s"))
        .unwrap()
        .debt
        .clone()
        .unwrap();
    assert_eq!(debt.before, first);
}

#[test]
fn a_job_granted_again_carries_what_was_noted() {
    let mut board = Fixture::with_agent(4);
    let id = board.submit(spec("web", &[&["s"]]));
    board.build(id);
    let held = board.held(id, 1);
    let registered = Checkpoint::Registered {
        task_definition: "web:3".to_owned(),
    };
    note(&mut board, held, registered.clone());
    board.pass(61);
    board.pass(2);
    let carried = board.effects.iter().rev().find_map(|effect| match effect {
        Effect::Offer(offer) if offer.attempt == Attempt(2) => Some(offer.job.checkpoints.clone()),
        _ => None,
    });
    assert_eq!(carried, Some(vec![registered]));
}

#[test]
fn a_board_restored_from_its_changes_goes_on_where_it_was() {
    let mut board = Fixture::with_agent(4);
    let id = board.submit(spec("web", &[&["s"]]));
    board.build(id);
    let release = board.board.release(id).unwrap().clone();
    let mut changes = vec![
        Change::Spec {
            release: id,
            spec: Arc::clone(board.board.spec(id).unwrap()),
        },
        Change::Release(release.into()),
    ];
    changes.extend(
        board
            .board
            .jobs_of(id)
            .cloned()
            .map(|job| Change::Job(job.into())),
    );
    changes.extend(board.board.targets().cloned().map(Change::Target));
    let held = board.held(id, 1);
    board.board = Board::new(Policy::default());
    let now = board.now;
    board
        .board
        .restore(now, 1, &changes, Keys::default(), Lives::default());
    let welcome = board.hello("a", 1, 4, &[held], None).unwrap();
    assert!(welcome.effects.iter().any(|effect| {
        matches!(effect, Effect::Welcome { keep, .. } if keep.as_slice() == [held])
    }));
    board.finish(id, 1, rolled(Verdict::Live));
    assert_eq!(board.verdict(id), Some(Verdict::Live));
}

#[test]
fn a_late_call_becomes_an_event_together_with_its_note() {
    let mut board = Fixture::with_agent(1);
    let release = board.submit(spec("web", &[&["s"]]));
    board.build(release);
    let held = board.held(release, 1);
    let late = crate::late_call::LateCall {
        call: "ecs:UpdateService".to_owned(),
        found_by: held.attempt,
        at: Timestamp::from_millis(1_000),
        what: "a deployment of web:2".to_owned(),
        done: "follows it".to_owned(),
    };
    let checkpoint = Checkpoint::LateCall(late.clone());
    let decision = board.report(
        held,
        Report::Checkpoint {
            number: 1,
            checkpoint,
        },
    );
    let told = decision.changes.iter().any(|change| {
        matches!(change, crate::change::Change::Event { event, .. }
            if event.job == Some(1)
                && matches!(&event.kind, EventKind::Progress(crate::event::Progress::Note { text, .. })
                    if *text == late.text()))
    });
    assert!(told, "{:?}", decision.changes);
}

#[test]
fn old_revisions_are_left_alone_while_a_job_holds_their_target() {
    let mut board = Fixture::with_agent(4);
    let release = board.submit(spec("web", &[&["s"]]));
    board.build(release);
    let [held] = board.granted()[..] else {
        panic!("one job is granted");
    };
    let target = board
        .board
        .job(held)
        .and_then(|job| job.kind.target())
        .cloned();
    let target = target.expect("it has a target");
    let refused = board.board.plan_clean(&target, 3, false);
    assert_eq!(
        refused,
        Err(Refusal::TargetHeld {
            target: target.clone(),
            job: held
        })
    );
    assert_eq!(
        board.board.plan_clean(&target, 3, true),
        Ok(None),
        "a look changes nothing"
    );
    board.finish(release, 1, rolled(Verdict::Live));
    let proven = board
        .board
        .target(&target)
        .and_then(|record| record.proven.clone());
    let proven = proven.expect("it is proven").task_definition;
    assert_eq!(
        board.board.plan_clean(&target, 3, false),
        Ok(Some(&*proven))
    );
    for keep in [0, 51] {
        let refused = board.board.plan_clean(&target, keep, true);
        assert!(
            matches!(refused, Err(Refusal::BadSpec { .. })),
            "{refused:?}"
        );
    }
}
