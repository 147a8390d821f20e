//! Asked to stop: before the update, in the middle, and too late.

use super::fixtures::{TIMEOUT, cancelled};
use super::{Verdict, Walk};
use crate::ids::ReleaseId;
use crate::job::{Outcome, StopReason};
use crate::observe::ServiceDeploymentStatus as Status;
use crate::rollout::FailureKind;

#[test]
fn a_stop_before_anything_was_touched_changes_nothing() {
    for until in [
        "CheckIdentity",
        "DescribeTaskDefinition",
        "RegisterIntent",
        "Registered",
    ] {
        let mut walk = Walk::usual();
        walk.until(until);
        walk.stop(cancelled());
        assert_eq!(walk.end(), Outcome::Stopped(cancelled()), "{until}");
        assert!(walk.world.updates.is_empty(), "{until}");
        assert_eq!(walk.did("SetScaling"), 0, "{until}");
    }
}

#[test]
fn a_stop_between_intent_and_update_sends_no_update() {
    let mut walk = Walk::usual();
    walk.until("UpdateIntent");
    walk.stop(cancelled());
    assert_eq!(walk.end(), Outcome::Stopped(cancelled()));
    assert!(walk.world.updates.is_empty());
    assert_eq!(walk.did("Resumed"), 1);
}

#[test]
fn a_cancel_in_the_middle_goes_back_and_is_cancelled() {
    let mut walk = Walk::usual();
    walk.until("Following");
    walk.log.clear();
    walk.stop(cancelled());
    assert_eq!(walk.verdict(), Verdict::Cancelled);
    walk.log.dedup();
    let begin = [
        "Follow",
        "StopIntent",
        "StopDeployment",
        "StopAsked",
        "Follow",
    ];
    assert_eq!(walk.log[..5], begin);
}

#[test]
fn a_rollback_that_undoes_us_says_so() {
    let mut walk = Walk::usual();
    walk.until("Following");
    walk.stop(StopReason::Undone {
        by: ReleaseId::from_number(8),
    });
    let report = walk.report();
    assert_eq!(report.verdict, Verdict::Cancelled);
    assert!(
        report.summary.starts_with("stopped by a rollback"),
        "{}",
        report.summary
    );
}

#[test]
fn a_cancel_that_comes_too_late_is_live() {
    let mut walk = Walk::usual();
    walk.until("Following");
    walk.stop(cancelled());
    walk.until("StopIntent");
    walk.world.script = vec![Status::Successful];
    walk.world.fails("StopDeployment", FailureKind::Conflict, 1);
    assert_eq!(walk.verdict(), Verdict::Live);
}

#[test]
fn the_breakers_own_rollback_is_not_called_a_cancel() {
    let mut walk = Walk::usual();
    walk.world.script = vec![Status::RollbackInProgress; 3];
    walk.world.script.push(Status::RollbackSuccessful);
    walk.until("Following");
    walk.stop(cancelled());
    assert_eq!(walk.verdict(), Verdict::RolledBack);
    assert_eq!(walk.did("StopDeployment"), 0);
}

#[test]
fn the_attempt_after_asks_again_when_the_answer_was_lost() {
    let mut walk = Walk::usual();
    walk.until("Following");
    walk.stop(cancelled());
    walk.until("StopIntent");
    walk.world.script = vec![Status::InProgress];
    walk.again();
    assert_eq!(walk.verdict(), Verdict::Cancelled);
    assert_eq!(walk.did("StopDeployment"), 1);
}

#[test]
fn a_stop_that_is_refused_for_ever_does_not_hide_the_end() {
    let mut walk = Walk::usual();
    walk.until("Following");
    walk.stop(cancelled());
    walk.world
        .fails("StopDeployment", FailureKind::Denied, 1000);
    assert_eq!(walk.verdict(), Verdict::Live);
}

#[test]
fn a_stop_that_ecs_never_carries_out_ends_unknown() {
    let mut walk = Walk::usual();
    walk.until("Following");
    walk.stop(cancelled());
    walk.world.stop_script = vec![Status::InProgress];
    walk.until("StopAsked");
    walk.again();
    assert_eq!(walk.verdict(), Verdict::Unknown);
    let waited = walk.world.now.since(walk.wanted.started_at);
    assert!(waited < TIMEOUT * 2, "{waited:?}");
}
