//! An attempt that finds intents of another one looks before it acts; so it does after an answer
//! that never came.

use std::time::Duration;

use super::fixtures::{CALL_TIMEOUT, OLD, cancelled, new_definition};
use super::world::{Fault, World};
use super::{Checkpoint, Outcome, Verdict, Walk};
use crate::checkpoint::ScalingFlags;
use crate::rollout::FailureKind;
use crate::time::Timestamp;

fn register_intent(at: Timestamp) -> Checkpoint {
    Checkpoint::RegisterIntent {
        family: "web".to_owned(),
        at,
    }
}

#[test]
fn a_revision_of_the_attempt_before_is_adopted() {
    let mut world = World::new();
    world.registered = vec![new_definition(0)];
    let intent = register_intent(world.now);
    let mut walk = Walk::of(super::wanted(), world).inherit(vec![intent]);
    assert_eq!(walk.report().task_definition, Some(new_definition(0)));
    assert_eq!((walk.did("FindRevision"), walk.did("Register")), (1, 0));
}

#[test]
fn without_one_it_registers_after_the_settle_time() {
    let world = World::new();
    let begun = world.now;
    let mut walk = Walk::of(super::wanted(), world).inherit(vec![register_intent(begun)]);
    walk.until("Register");
    assert!(walk.world.now >= begun.plus(CALL_TIMEOUT * 2));
    assert_eq!(walk.did("FindRevision"), 2);
    assert_eq!(walk.did("RegisterIntent"), 1, "a fresh one before the call");
    assert_eq!(walk.verdict(), Verdict::Live);
}

#[test]
fn a_registration_without_answer_is_looked_for() {
    for (lands, registrations) in [(Some(Duration::ZERO), 1), (None, 2)] {
        let mut walk = Walk::usual();
        walk.world.faults.push(Fault {
            action: "Register",
            kind: FailureKind::Uncertain,
            times: 1,
            lands,
        });
        assert_eq!(walk.verdict(), Verdict::Live);
        assert_eq!(walk.did("Register"), registrations);
        assert_eq!(walk.world.registered.len(), 1);
    }
}

/// A walk that was killed right after its update intent, with the update sent or not.
fn killed_after_intent(landed: bool) -> Walk {
    let mut walk = Walk::usual();
    walk.until(if landed { "Update" } else { "UpdateIntent" });
    walk.log.clear();
    walk.again();
    walk
}

#[test]
fn a_running_deployment_is_adopted() {
    let mut walk = killed_after_intent(true);
    assert_eq!(walk.verdict(), Verdict::Live);
    assert_eq!(walk.did("Update"), 0);
    assert_eq!(walk.did("Updated"), 1);
}

#[test]
fn a_deployment_that_has_ended_meanwhile_is_adopted_although_a_clock_was_ahead() {
    for ahead in [0, 14 * 60_000] {
        let mut walk = killed_after_intent(true);
        // It rolled back: the service does not show our revision any more, its history does.
        walk.world.script = vec![crate::observe::ServiceDeploymentStatus::RollbackSuccessful];
        drop(walk.world.perform(
            "Follow",
            &crate::rollout::Action::Follow {
                service_deployment: Some("deployment-0".to_owned()),
                with_service: false,
            },
        ));
        walk.by_another_clock(ahead);
        walk.again();
        let begun = walk.world.now;
        walk.until("Following");
        assert!(walk.world.now < begun.plus(CALL_TIMEOUT), "without a wait");
        assert_eq!(walk.verdict(), Verdict::RolledBack);
        assert_eq!(walk.did("Update"), 0);
    }
}

#[test]
fn an_update_that_never_landed_is_sent_once_it_cannot_land_any_more() {
    let mut walk = killed_after_intent(false);
    let begun = walk.world.now;
    walk.until("Update");
    assert!(walk.world.now >= begun.plus(CALL_TIMEOUT * 2));
    // Once at the beginning, and once more when nothing can land any more.
    assert_eq!(walk.did("ListDeployments"), 2);
    assert_eq!(walk.did("DescribeService"), 2);
    assert_eq!(walk.did("UpdateIntent"), 1, "a fresh one before the call");
    assert_eq!(walk.verdict(), Verdict::Live);
    assert_eq!(walk.world.updates.len(), 1);
}

#[test]
fn a_third_attempt_counts_from_the_update_of_the_second() {
    let mut walk = killed_after_intent(false);
    walk.world.update_lands(CALL_TIMEOUT);
    walk.until("Update");
    walk.again();
    assert_eq!(walk.verdict(), Verdict::Live);
    assert_eq!(walk.world.updates.len(), 1);
}

#[test]
fn an_update_that_lands_late_is_adopted() {
    for lands in [Duration::ZERO, Duration::from_secs(3), CALL_TIMEOUT] {
        let mut walk = Walk::usual();
        walk.world.update_lands(lands);
        assert_eq!(walk.verdict(), Verdict::Live);
        assert_eq!(walk.world.updates.len(), 1, "{lands:?}");
    }
}

#[test]
fn an_uncertain_update_after_long_throttling_is_adopted_too() {
    let mut walk = Walk::usual();
    walk.world.fails("Update", FailureKind::Passing, 8);
    walk.world.update_lands(CALL_TIMEOUT);
    assert_eq!(walk.verdict(), Verdict::Live);
    assert_eq!(walk.world.updates.len(), 1);
}

#[test]
fn an_uncertain_update_that_never_happened_is_sent_again() {
    let mut walk = Walk::usual();
    walk.world.fails("Update", FailureKind::Uncertain, 1);
    assert_eq!(walk.verdict(), Verdict::Live);
    assert_eq!((walk.did("Update"), walk.world.updates.len()), (2, 1));
}

#[test]
fn a_stop_meanwhile_ends_what_never_landed() {
    let mut walk = killed_after_intent(false);
    walk.stop(cancelled());
    assert_eq!(walk.end(), Outcome::Stopped(cancelled()));
    assert_eq!(walk.did("Update"), 0);
    assert_eq!(walk.did("Resumed"), 1);
}

#[test]
fn the_same_definition_deployed_again_by_somebody_is_not_ours() {
    let mut walk = killed_after_intent(true);
    walk.world.pass(Duration::from_secs(1));
    walk.world.deploy(&new_definition(0));
    walk.world.service_mut().current_service_deployment = None;
    walk.until("Following");
    let ours = Checkpoint::Following {
        service_deployment: "deployment-0".to_owned(),
    };
    assert_eq!(walk.noted.last(), Some(&ours));
}

#[test]
fn deployments_of_others_are_not_adopted() {
    let mut walk = killed_after_intent(false);
    walk.world.deploy(&OLD.replace("web:1", "web:99"));
    walk.until("Following");
    let ours = Checkpoint::Following {
        service_deployment: "deployment-1".to_owned(),
    };
    assert_eq!(walk.noted.last(), Some(&ours));
    assert_eq!(walk.world.updates.len(), 1);
}

#[test]
fn an_update_that_was_taken_is_recognised_after_the_time_of_the_rollout_too() {
    let mut walk = Walk::usual();
    walk.until("Updated");
    let deadline = walk.wanted.started_at.plus(walk.wanted.settings.timeout);
    walk.world.pass_to(deadline.plus(Duration::from_secs(1)));
    // Nothing but the list shows it, and what it lists must be looked at before we give up.
    walk.world.service_mut().current_service_deployment = None;
    walk.again();
    walk.until("Following");
}

/// The reports of late calls so far.
fn told(walk: &Walk) -> Vec<&str> {
    let notes = walk.noted.iter().filter_map(|note| match note {
        Checkpoint::LateCall(late) => Some(late.call.as_str()),
        _ => None,
    });
    notes.collect()
}

/// An update goes out, its attempt is lost, and it lands after the next one has begun.
fn lands_after_the_next_has_begun() -> Walk {
    let mut walk = Walk::usual();
    walk.world.update_lands(Duration::from_secs(5));
    walk.until("Update");
    walk.again();
    walk
}

#[test]
fn an_update_that_lands_after_its_attempt_was_lost_is_told_and_taken_over() {
    let mut walk = lands_after_the_next_has_begun();
    walk.until("LateCall");
    assert_eq!(walk.did("Updated"), 0, "told before it is taken over");
    let report = walk.report();
    assert_eq!(report.verdict, Verdict::Live);
    assert_eq!(told(&walk), ["ecs:UpdateService"]);
    let finding = report.findings.last().expect("a finding");
    assert_eq!(finding.code, "late-call");
    assert!(finding.cause.contains("of attempt 1, "), "{finding:?}");
    assert!(
        finding.cause.contains("attempt 2 took it over"),
        "{finding:?}"
    );
    assert_eq!(walk.world.updates.len(), 1);
}

#[test]
fn a_late_update_is_told_once_however_many_attempts_see_it() {
    for at in ["LateCall", "Following"] {
        let mut walk = lands_after_the_next_has_begun();
        walk.until(at);
        walk.again();
        let report = walk.report();
        let of_late = |finding: &&crate::verdict::Finding| finding.code == "late-call";
        assert_eq!(report.findings.iter().filter(of_late).count(), 1, "{at}");
        assert_eq!(told(&walk).len(), 1, "{at}");
    }
}

#[test]
fn a_registration_of_a_lost_attempt_is_told_and_taken_over() {
    let mut walk = Walk::usual();
    walk.until("Register");
    walk.again();
    assert_eq!(walk.verdict(), Verdict::Live);
    assert_eq!(told(&walk), ["ecs:RegisterTaskDefinition"]);
    assert_eq!(walk.world.registered.len(), 1);
}

#[test]
fn calls_without_an_answer_of_the_attempt_itself_are_not_told_as_late() {
    let mut walk = Walk::usual();
    for action in ["Register", "Update"] {
        walk.world.faults.push(Fault {
            action,
            kind: FailureKind::Uncertain,
            times: 1,
            lands: Some(Duration::from_secs(3)),
        });
    }
    assert_eq!(walk.verdict(), Verdict::Live);
    assert_eq!(told(&walk), [""; 0]);
}

#[test]
fn an_update_that_lands_after_it_was_held_for_lost_is_told_and_followed() {
    let mut walk = killed_after_intent(false);
    walk.until("Following");
    // Only now, when the second attempt has sent its own, the first one's lands, and replaces it.
    walk.world.pass(Duration::from_secs(1));
    walk.world.deploy(&new_definition(0));
    let report = walk.report();
    assert_eq!(report.verdict, Verdict::Live);
    assert_eq!(report.service_deployment.as_deref(), Some("deployment-1"));
    assert_eq!(told(&walk), ["ecs:UpdateService"]);
    assert_eq!(report.findings.last().expect("a finding").code, "late-call");
}

#[test]
fn each_late_update_is_told_for_itself() {
    let mut walk = killed_after_intent(false);
    walk.world.update_lands(Duration::from_secs(5));
    walk.until("Update");
    walk.again();
    walk.until("Following");
    assert_eq!(told(&walk), ["ecs:UpdateService"]);
    walk.world.pass(Duration::from_secs(1));
    walk.world.deploy(&new_definition(0));
    assert_eq!(walk.verdict(), Verdict::Live);
    assert_eq!(told(&walk), ["ecs:UpdateService"; 2]);
}

#[test]
fn a_later_deployment_of_somebody_else_is_not_followed_however_many_updates_were_sent() {
    let mut walk = killed_after_intent(false);
    walk.until("Following");
    walk.world.pass(Duration::from_secs(1));
    walk.world.deploy(&OLD.replace("web:1", "web:99"));
    let report = walk.report();
    assert_eq!(report.verdict, Verdict::Superseded);
    assert_eq!(report.service_deployment.as_deref(), Some("deployment-0"));
    assert_eq!(told(&walk), [""; 0]);
}

#[test]
fn the_same_definition_deployed_by_somebody_after_one_update_is_not_told_as_ours() {
    let mut walk = Walk::usual();
    walk.until("Following");
    walk.world.pass(Duration::from_secs(1));
    walk.world.deploy(&new_definition(0));
    assert_eq!(walk.verdict(), Verdict::Superseded);
    assert_eq!(told(&walk), [""; 0]);
}

#[test]
fn a_clock_that_is_behind_makes_nobody_believe_that_an_update_can_land_no_more() {
    let mut walk = Walk::usual();
    walk.world.update_lands(CALL_TIMEOUT);
    walk.until("Update");
    walk.by_another_clock(-90_000);
    walk.again();
    assert_eq!(walk.verdict(), Verdict::Live);
    assert_eq!(walk.world.updates.len(), 1);
}

#[test]
fn a_suspension_that_may_still_land_is_waited_for_and_adopted() {
    let mut walk = Walk::usual();
    walk.until("SetScaling");
    // It has landed, and its attempt was lost before it heard of it.
    walk.again();
    let before = walk.world.now;
    walk.until("Suspended");
    assert_eq!(walk.did("SetScaling"), 1, "not sent again");
    assert!(walk.world.now >= before.plus(CALL_TIMEOUT * 2));
    assert_eq!(walk.verdict(), Verdict::Live);

    let mut walk = Walk::usual();
    walk.until("SuspendIntent");
    walk.again();
    walk.log.clear();
    walk.until("DescribeScaling");
    // It lands only now.
    let scaling = walk.world.scaling.as_mut().expect("it is scaled");
    scaling.suspended = ScalingFlags::ALL;
    walk.until("Suspended");
    assert_eq!(walk.did("SetScaling"), 0, "not sent again");

    let mut walk = Walk::usual();
    walk.until("SuspendIntent");
    // It was never sent.
    walk.again();
    walk.until("Suspended");
    assert_eq!(walk.did("SetScaling"), 1);
    assert_eq!(walk.verdict(), Verdict::Live);
}

/// Between the intent and its call the lease may have to be waited for, without any failure that would be waited after.
#[test]
fn an_intent_that_has_grown_old_is_renewed_before_its_call() {
    for (waited, intents) in [(CALL_TIMEOUT, 1), (CALL_TIMEOUT * 6, 2)] {
        let mut walk = Walk::usual();
        walk.until("UpdateIntent");
        walk.world.pass(waited);
        walk.world.update_lands(CALL_TIMEOUT);
        assert_eq!(walk.verdict(), Verdict::Live);
        assert_eq!(walk.did("UpdateIntent"), intents, "after {waited:?}");
        assert_eq!(walk.world.updates.len(), 1, "after {waited:?}");
    }
}
