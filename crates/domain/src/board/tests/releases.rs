//! Releases: keys, order, folding, waves, cancel, the way back.

use super::*;

#[test]
fn a_repeated_key_with_the_same_content_is_the_same_release() {
    let mut board = Fixture::new();
    let first = board
        .submit_with("k", spec("web", &[&["s"]]))
        .unwrap()
        .release
        .unwrap();
    let again = board.submit_with("k", spec("web", &[&["s"]])).unwrap();
    assert!(again.changes.is_empty());
    let again = again.release.unwrap();
    assert!(again.existed && !first.existed);
    assert_eq!(again.id, first.id);
}

#[test]
fn a_repeated_key_with_other_content_is_refused_and_names_the_release() {
    let mut board = Fixture::new();
    let first = board
        .submit_with("k", spec("web", &[&["s"]]))
        .unwrap()
        .release
        .unwrap()
        .id;
    let refused = board.submit_with("k", spec("web", &[&["t"]])).unwrap_err();
    assert!(matches!(refused, Refusal::KeyTaken { release, .. } if release == first));
}

#[test]
fn a_release_goes_from_build_through_waves_to_live() {
    let mut board = Fixture::with_agent(4);
    let id = board.submit(spec("web", &[&["s1"], &["s2", "s3"]]));
    assert_eq!(board.granted(), [job(id, 0)]);
    board.build(id);
    assert_eq!(board.granted(), [job(id, 1)]);
    board.finish(id, 1, rolled(Verdict::Live));
    assert_eq!(board.granted(), [job(id, 2), job(id, 3)]);
    board.finish(id, 2, rolled(Verdict::Live));
    board.finish(id, 3, rolled(Verdict::Live));
    assert_eq!(board.verdict(id), Some(Verdict::Live));
    assert!(
        board.board.release(id).is_none(),
        "an ended release leaves the board"
    );
}

#[test]
fn a_wave_does_not_start_when_the_one_before_is_not_live() {
    let mut board = Fixture::with_agent(4);
    let id = board.submit(spec("web", &[&["s1"], &["s2"]]));
    board.build(id);
    board.finish(id, 1, rolled(Verdict::RolledBack));
    assert_eq!(board.granted(), []);
    assert_eq!(board.verdict(id), Some(Verdict::RolledBack));
}

#[test]
fn events_of_a_release_have_no_gaps() {
    let mut board = Fixture::with_agent(4);
    let id = board.submit(spec("web", &[&["s1"], &["s2"]]));
    board.build(id);
    board.finish(id, 1, rolled(Verdict::Live));
    board.finish(id, 2, rolled(Verdict::Live));
    let seqs: Vec<u64> = board.events.iter().map(|(_, event)| event.seq).collect();
    let gapless: Vec<u64> = (1..=seqs.len() as u64).collect();
    assert_eq!(seqs, gapless);
}

#[test]
fn a_newer_release_folds_an_older_one_whose_rollouts_have_not_started() {
    let mut board = Fixture::with_agent(1);
    let older = board.submit(spec("web", &[&["s"]]));
    let newer = board.submit(spec("web", &[&["s"]]));
    let stop = board
        .effects
        .iter()
        .any(|effect| matches!(effect, Effect::Stop { held, .. } if held.job == job(older, 0)));
    assert!(stop, "the build of the older one is told to stop");
    let held = board.held(older, 0);
    let by = crate::job::StopReason::Folded { by: newer };
    board.report(held, Report::Finished(Outcome::Stopped(by)));
    assert_eq!(board.verdict(older), Some(Verdict::Superseded));
    assert_eq!(board.granted(), [job(newer, 0)]);
}

#[test]
fn a_release_whose_build_is_still_ending_is_folded_once() {
    let mut board = Fixture::with_agent(1);
    let older = board.submit(spec("web", &[&["s"]]));
    board.submit(spec("web", &[&["s"]]));
    let third = board.submit_with("third", spec("web", &[&["s"]])).unwrap();
    assert!(!third.release.unwrap().folded.contains(&older));
    let folds = board
        .events
        .iter()
        .filter(|(id, event)| *id == older && matches!(event.kind, EventKind::Folded { .. }));
    assert_eq!(folds.count(), 1);
}

#[test]
fn a_release_whose_rollout_has_started_is_not_folded_and_the_newer_waits() {
    let mut board = Fixture::with_agent(4);
    let older = board.submit(spec("web", &[&["s"]]));
    board.build(older);
    let newer = board.submit(spec("web", &[&["s"]]));
    board.build(newer);
    assert_eq!(board.granted(), [job(older, 1)]);
    let wait = board.board.wait_of(job(newer, 1)).unwrap();
    assert_eq!(
        (wait.code, wait.release),
        (super::super::WaitCode::Slot, Some(older))
    );
    board.finish(older, 1, rolled(Verdict::Live));
    assert_eq!(board.granted(), [job(newer, 1)]);
}

#[test]
fn a_release_with_targets_that_the_newer_one_leaves_alone_is_not_folded() {
    let mut board = Fixture::new();
    let older = board.submit(spec("web", &[&["s", "t"]]));
    board.submit(spec("web", &[&["s"]]));
    assert!(
        board
            .board
            .release(older)
            .is_some_and(|release| release.ended_at.is_none())
    );
}

#[test]
fn a_cancelled_release_that_touched_nothing_ends_at_once() {
    let mut board = Fixture::new();
    let id = board.submit(spec("web", &[&["s"]]));
    board
        .input(Input::Cancel {
            release: id,
            by: "me".to_owned(),
            reason: String::new(),
        })
        .unwrap();
    assert_eq!(board.verdict(id), Some(Verdict::Cancelled));
}

#[test]
fn a_cancelled_rollout_is_asked_to_stop_and_its_agent_says_how_it_ended() {
    let mut board = Fixture::with_agent(4);
    let id = board.submit(spec("web", &[&["s1"], &["s2"]]));
    board.build(id);
    let cancel = Input::Cancel {
        release: id,
        by: "me".to_owned(),
        reason: "no".to_owned(),
    };
    board.input(cancel).unwrap();
    assert_eq!(board.verdict(id), None);
    board.finish(id, 1, rolled(Verdict::Live));
    // The rollout of the first wave came too late to be stopped; the second never started.
    assert_eq!(board.verdict(id), Some(Verdict::Cancelled));
}

#[test]
fn a_higher_priority_goes_first() {
    let mut board = Fixture::new();
    let low = board.submit(spec("web", &[&["s"]]));
    let mut urgent = spec("api", &[&["t"]]);
    urgent.priority = Priority::new(90).unwrap();
    let high = board.submit(urgent);
    board.hello("a", 1, 1, &[], None).unwrap();
    assert_eq!(board.granted(), [job(high, 0)]);
    board.build(high);
    assert_eq!(board.granted(), [job(high, 1)]);
    board.finish(high, 1, rolled(Verdict::Live));
    assert_eq!(board.granted(), [job(low, 0)]);
}

#[test]
fn a_rollback_goes_to_the_live_release_before_and_a_second_one_further_back() {
    let mut board = Fixture::with_agent(1);
    let ids: Vec<ReleaseId> = (0..3).map(|_| deploy_live(&mut board)).collect();
    let plan = |board: &Fixture, to| {
        board
            .board
            .plan_rollback(&"web".parse().unwrap(), &"prod".parse().unwrap(), to)
    };
    assert_eq!(plan(&board, None), Ok((ids[2], ids[1])));
    assert_eq!(plan(&board, Some(ids[0])), Ok((ids[2], ids[0])));
    let never = ReleaseId::from_number(77);
    assert!(matches!(
        plan(&board, Some(never)),
        Err(Refusal::NothingToRollBackTo { .. })
    ));
}

#[test]
fn a_rollback_asks_the_rollout_that_it_undoes_to_stop() {
    let mut board = Fixture::with_agent(4);
    let live = deploy_live(&mut board);
    let bad = board.submit(spec("web", &[&["s"]]));
    board.build(bad);
    let mut back = spec("web", &[&["s"]]);
    back.kind = ReleaseKind::Rollback {
        undoes: bad,
        to: live,
    };
    board.submit(back);
    let asked = board.effects.iter().any(|effect| {
        matches!(effect, Effect::Stop { held, reason: crate::job::StopReason::Undone { .. }, .. }
            if held.job == job(bad, 1))
    });
    assert!(asked);
}

#[test]
fn what_cannot_be_carried_out_is_refused_with_what_would_be_right() {
    let mut board = Fixture::new();
    let mut twice = spec("web", &[&["s"], &["s"]]);
    let said = board
        .submit_with("1", twice.clone())
        .unwrap_err()
        .to_string();
    assert!(said.contains("stands twice"), "{said}");
    twice.targets.pop();
    twice.rollout.maximum_percent = 100;
    let said = board.submit_with("2", twice).unwrap_err().to_string();
    assert!(said.contains("raise maximum_percent"), "{said}");
}

fn deploy_live(board: &mut Fixture) -> ReleaseId {
    let id = board.submit(spec("web", &[&["s"]]));
    board.build(id);
    board.finish(id, 1, rolled(Verdict::Live));
    id
}
