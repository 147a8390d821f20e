//! Scaling is put back on every end, and on none that is not an end.

use super::fixtures::{CALL_TIMEOUT, cancelled, digest, wanted};
use super::world::World;
use super::{Checkpoint, Outcome, Verdict, Walk};
use crate::checkpoint::ScalingFlags;
use crate::observe::{ScalingSeen, ServiceDeploymentStatus as Status};
use crate::rollout::FailureKind;
use crate::spec::Autoscaling;

/// As somebody had set them before.
const BEFORE: ScalingFlags = ScalingFlags {
    scale_in: true,
    scale_out: false,
    scheduled: false,
};

fn usual() -> Walk {
    let mut walk = Walk::usual();
    walk.world.scaling = Some(ScalingSeen {
        min: 1,
        max: 9,
        suspended: BEFORE,
    });
    walk
}

fn flags(walk: &Walk) -> Option<ScalingFlags> {
    walk.world.scaling.map(|scaling| scaling.suspended)
}

#[test]
fn flags_are_put_back_exactly_on_every_end() {
    type Bend = fn(&mut Walk);
    let table: [(Verdict, Bend); 5] = [
        (Verdict::Live, |_| {}),
        (Verdict::Failed, |walk| {
            walk.world.serves = Some(digest("x"))
        }),
        (Verdict::RolledBack, |walk| {
            walk.world.script = vec![Status::RollbackSuccessful];
        }),
        (Verdict::Stopped, |walk| {
            walk.world.script = vec![Status::Stopped]
        }),
        (Verdict::Cancelled, |walk| walk.stop(cancelled())),
    ];
    for (verdict, bend) in table {
        let mut walk = usual();
        walk.until("Following");
        assert_eq!(flags(&walk), Some(ScalingFlags::ALL));
        bend(&mut walk);
        assert_eq!(walk.verdict(), verdict);
        assert_eq!(flags(&walk), Some(BEFORE), "{verdict}");
        assert_eq!(walk.noted.last(), Some(&Checkpoint::Resumed), "{verdict}");
    }
}

#[test]
fn a_refused_update_puts_flags_back() {
    let mut walk = usual();
    walk.world.fails("Update", FailureKind::Invalid, 1);
    let report = walk.report();
    assert_eq!(
        (report.verdict, report.findings[0].code.as_str()),
        (Verdict::Failed, "refused")
    );
    assert_eq!(flags(&walk), Some(BEFORE));
}

#[test]
fn unknown_keeps_the_debt() {
    let mut walk = usual();
    walk.world.script = vec![Status::InProgress];
    assert_eq!(walk.verdict(), Verdict::Unknown);
    assert_eq!(flags(&walk), Some(ScalingFlags::ALL));
    assert_eq!(walk.did("Resumed"), 0);
}

#[test]
fn flags_that_somebody_set_meanwhile_stay_theirs() {
    let mut walk = usual();
    walk.until("Following");
    let theirs = ScalingFlags {
        scale_in: false,
        scale_out: true,
        scheduled: true,
    };
    walk.world.scaling.as_mut().expect("a target").suspended = theirs;
    assert_eq!(walk.verdict(), Verdict::Live);
    assert_eq!(flags(&walk), Some(theirs));
}

#[test]
fn a_scalable_target_that_went_away_is_owed_nothing() {
    let mut walk = usual();
    walk.until("Following");
    walk.world.scaling = None;
    assert_eq!(walk.verdict(), Verdict::Live);
    assert_eq!((walk.did("SetScaling"), walk.did("Resumed")), (1, 1));
}

#[test]
fn three_failures_leave_the_debt_and_the_outcome_is_told() {
    for kind in [
        FailureKind::Passing,
        FailureKind::Denied,
        FailureKind::Uncertain,
    ] {
        let mut walk = usual();
        walk.until("Following");
        walk.world.fails("SetScaling", kind, 1000);
        assert_eq!(walk.verdict(), Verdict::Live, "{kind:?}");
        assert_eq!(walk.did("SetScaling"), 1 + 3, "{kind:?}");
        assert_eq!(walk.did("Resumed"), 0, "{kind:?}");
    }
}

#[test]
fn a_call_that_was_refused_lands_no_more_and_is_not_waited_for() {
    let mut walk = usual();
    walk.until("Following");
    walk.world.fails("SetScaling", FailureKind::Passing, 1);
    walk.until("SetScaling");
    let failed = walk.world.now;
    walk.until("Resumed");
    assert!(walk.world.now < failed.plus(CALL_TIMEOUT));
}

#[test]
fn a_stop_is_told_although_scaling_cannot_be_put_back() {
    let mut walk = usual();
    walk.until("Suspended");
    walk.stop(cancelled());
    walk.world
        .fails("DescribeScaling", FailureKind::Denied, 1000);
    assert_eq!(walk.end(), Outcome::Stopped(cancelled()));
}

#[test]
fn a_proof_at_the_last_moment_is_told_although_scaling_cannot_be_put_back() {
    let mut walk = usual();
    walk.until("Following");
    walk.until("RunningTasks");
    walk.wanted.started_at = walk.world.now.minus(walk.wanted.settings.timeout);
    walk.again();
    walk.world.fails("SetScaling", FailureKind::Passing, 1000);
    assert_eq!(walk.verdict(), Verdict::Live);
}

#[test]
fn tags_that_cannot_be_set_do_not_take_the_proof_away() {
    let mut wish = wanted();
    wish.moving_tags = vec!["prod".to_owned()];
    for kind in [FailureKind::Denied, FailureKind::Passing] {
        let mut walk = Walk::of(wish.clone(), World::new());
        walk.world.fails("PutTags", kind, 1000);
        assert_eq!(walk.verdict(), Verdict::Live);
        assert_eq!(walk.did("PutTags"), 3);
        let notes = walk.rollout.take_notes();
        assert!(
            notes.iter().any(|(_, text)| text.contains("moving tags")),
            "{notes:?}"
        );
    }
}

#[test]
fn what_an_earlier_job_left_is_paid_by_this_one() {
    let mut wish = wanted();
    wish.debt = Some(BEFORE);
    wish.settings.autoscaling = Autoscaling::Keep;
    let mut kept = Walk::of(wish.clone(), World::new());
    wish.settings.autoscaling = Autoscaling::Suspend;
    let mut suspended = Walk::of(wish, World::new());
    for walk in [&mut kept, &mut suspended] {
        walk.world.scaling.as_mut().expect("a target").suspended = ScalingFlags::ALL;
        assert_eq!(walk.verdict(), Verdict::Live);
        assert_eq!(flags(walk), Some(BEFORE));
    }
}

#[test]
fn the_first_note_of_what_was_before_holds_through_take_overs() {
    let mut walk = usual();
    walk.until("SetScaling");
    walk.again();
    assert_eq!(walk.verdict(), Verdict::Live);
    assert_eq!(walk.did("SuspendIntent"), 1);
    assert_eq!(flags(&walk), Some(BEFORE));
}

#[test]
fn a_suspension_that_lands_after_its_job_was_stopped_is_put_back_all_the_same() {
    let mut walk = usual();
    walk.world.fails("SetScaling", FailureKind::Uncertain, 1);
    walk.until("SetScaling");
    let sent = walk.world.now;
    walk.stop(cancelled());
    walk.until("DescribeScaling");
    // It lands only now that all looks well.
    let scaling = walk.world.scaling.as_mut().expect("it is scaled");
    scaling.suspended = ScalingFlags::ALL;
    assert!(matches!(walk.end(), Outcome::Stopped(_)));
    assert_eq!(flags(&walk), Some(BEFORE));
    assert!(walk.world.now >= sent.plus(CALL_TIMEOUT * 2));
    let told = walk.noted.iter().find_map(|note| match note {
        Checkpoint::LateCall(late) => Some(late.text()),
        _ => None,
    });
    let told = told.expect("it is told");
    assert!(told.contains("suspended again"), "{told}");
    assert_eq!(walk.did("LateCall"), 1);
}

#[test]
fn an_attempt_that_inherits_a_suspension_lets_it_land_before_the_debt_is_paid() {
    let mut walk = usual();
    walk.until("SuspendIntent");
    walk.again();
    let begun = walk.world.now;
    walk.stop(cancelled());
    walk.until("Resumed");
    assert!(walk.world.now >= begun.plus(CALL_TIMEOUT * 2));
}

#[test]
fn an_attempt_that_goes_on_after_flags_were_put_back_owes_them_anew() {
    let mut walk = usual();
    walk.until("SuspendIntent");
    // The attempt before gave up, put back what there was to put back, and was lost before it said so.
    walk.noted.push(Checkpoint::Resumed);
    walk.again();
    assert_eq!(walk.verdict(), Verdict::Live);
    let about_scaling: Vec<_> = walk
        .noted
        .iter()
        .filter(|note| {
            matches!(
                note,
                Checkpoint::SuspendIntent { .. } | Checkpoint::Suspended | Checkpoint::Resumed
            )
        })
        .collect();
    let intent = Checkpoint::SuspendIntent { before: BEFORE };
    let wanted = [
        &intent,
        &Checkpoint::Resumed,
        &intent,
        &Checkpoint::Suspended,
        &Checkpoint::Resumed,
    ];
    assert_eq!(about_scaling, wanted);
    assert_eq!(flags(&walk), Some(BEFORE));
}
