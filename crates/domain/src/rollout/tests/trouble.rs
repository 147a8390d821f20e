//! AWS fails, hides things or takes too long: nothing of it becomes a success or a second update.

use std::time::Duration;

use super::fixtures::{OLD, TIMEOUT};
use super::{Checkpoint, Next, Verdict, Walk};
use crate::observe::ServiceDeploymentStatus as Status;
use crate::rollout::{Action, FailureKind};

const ALL: [&str; 12] = [
    "CheckIdentity",
    "DescribeService",
    "DescribeTaskDefinition",
    "Register",
    "DescribeScaling",
    "SetScaling",
    "Update",
    "ListDeployments",
    "DescribeRevision",
    "Follow",
    "RunningTasks",
    "PutTags",
];

#[test]
fn throttled_throughout_and_then_fine_is_live() {
    let mut walk = Walk::usual();
    for action in ALL {
        walk.world.fails(action, FailureKind::Passing, 2);
    }
    assert_eq!(walk.verdict(), Verdict::Live);
    assert_eq!(walk.world.updates.len(), 1);
}

#[test]
fn credentials_that_expire_while_following_and_come_back_are_no_failure() {
    let mut walk = Walk::usual();
    walk.until("Following");
    walk.world.fails("Follow", FailureKind::Credentials, 10);
    assert_eq!(walk.verdict(), Verdict::Live);
}

#[test]
fn credentials_that_are_missing_at_the_start_are_a_failure_with_a_remedy() {
    let mut walk = Walk::usual();
    walk.world
        .fails("CheckIdentity", FailureKind::Credentials, 1);
    let finding = walk.failed();
    assert_eq!(finding.code, "credentials");
    assert!(!finding.remedy.is_empty());
}

#[test]
fn refusals_before_the_update_are_failures() {
    let table = [
        ("DescribeService", FailureKind::Denied, "denied"),
        ("DescribeService", FailureKind::NotFound, "not-found"),
        ("DescribeService", FailureKind::Conflict, "refused"),
        ("Register", FailureKind::Invalid, "refused"),
    ];
    for (action, kind, code) in table {
        let mut walk = Walk::usual();
        walk.world.fails(action, kind, 1);
        assert_eq!(walk.failed().code, code);
        assert!(walk.world.updates.is_empty());
    }
}

/// Two registrations of one family at the same time: ECS takes one of them.
#[test]
fn a_registration_in_conflict_is_tried_again() {
    let mut walk = Walk::usual();
    walk.world.fails("Register", FailureKind::Conflict, 2);
    assert_eq!(walk.verdict(), Verdict::Live);
    assert_eq!(walk.did("Register"), 3);
}

#[test]
fn aws_out_of_reach_before_the_update_fails_at_the_deadline() {
    let mut walk = Walk::usual();
    walk.world
        .fails("DescribeService", FailureKind::Passing, u32::MAX);
    assert_eq!(walk.failed().code, "aws-unreachable");
    assert!(walk.world.now >= walk.wanted.started_at.plus(TIMEOUT));
}

#[test]
fn aws_out_of_reach_after_the_update_is_unknown_at_the_deadline() {
    let mut walk = Walk::usual();
    walk.until("Following");
    walk.world.fails("Follow", FailureKind::Passing, u32::MAX);
    assert_eq!(walk.verdict(), Verdict::Unknown);
}

#[test]
fn a_timeout_is_unknown_and_a_later_look_tells_the_truth() {
    for (end, truth) in [
        (Status::Successful, Verdict::Live),
        (Status::RollbackSuccessful, Verdict::RolledBack),
    ] {
        let mut walk = Walk::usual();
        walk.world.script = vec![Status::InProgress];
        assert_eq!(walk.verdict(), Verdict::Unknown);
        assert!(walk.world.now > walk.wanted.started_at.plus(TIMEOUT));
        walk.log.clear();
        walk.again();
        assert_eq!(walk.verdict(), Verdict::Unknown, "still under way");
        assert_eq!(walk.log, ["CheckIdentity", "Follow"], "one look");
        walk.world.script = vec![end];
        walk.again();
        assert_eq!(walk.verdict(), truth);
        assert_eq!(walk.world.updates.len(), 1);
    }
}

#[test]
fn a_vanished_deployment_is_never_a_success() {
    for before in ["Following", "Follow"] {
        let mut walk = Walk::usual();
        walk.until("Following");
        walk.until(before);
        walk.world.vanished = true;
        let report = walk.report();
        assert_eq!(report.verdict, Verdict::Unknown, "{before}");
        let words = "ECS does not show our service deployment any more";
        assert!(report.summary.starts_with(words), "{}", report.summary);
    }
}

#[test]
fn a_passing_gap_is_no_vanishing() {
    let mut walk = Walk::usual();
    walk.until("Following");
    walk.world.vanished = true;
    // The service is looked at, too, once the deployment does not show.
    for wanted in [false, true] {
        let Next::Do(Action::Follow { with_service, .. }) = walk.rollout.next(walk.world.now)
        else {
            panic!("no poll")
        };
        assert_eq!(with_service, wanted);
        assert_eq!(walk.step(), None);
    }
    let back = walk.world.polls + 2;
    walk.world.turns = vec![(back, |world| world.vanished = false)];
    assert_eq!(walk.verdict(), Verdict::Live);
}

#[test]
fn a_service_deleted_under_the_rollout_is_said_to_be() {
    type Delete = fn(&mut super::World);
    let ways: [Delete; 2] = [
        |world| world.service = None,
        |world| world.service_mut().status = "INACTIVE".to_owned(),
    ];
    for delete in ways {
        for at in ["UpdateIntent", "Updated", "Following", "Follow"] {
            let mut walk = Walk::usual();
            walk.until("UpdateIntent");
            walk.until(at);
            delete(&mut walk.world);
            walk.world.vanished = true;
            // With a service that is gone, ECS refuses the update.
            walk.world.fails("Update", FailureKind::NotFound, 1);
            let report = walk.report();
            assert_eq!(report.verdict, Verdict::Failed, "{at}");
            let code = report.findings[0].code.as_str();
            assert!(
                ["service-deleted", "not-found"].contains(&code),
                "{at}: {code}"
            );
        }
    }
}

#[test]
fn a_service_emptied_and_deleted_is_not_live() {
    let mut walk = Walk::usual();
    walk.until("Following");
    let service = walk.world.service_mut();
    service.desired = 0;
    service.status = "DRAINING".to_owned();
    assert_eq!(walk.report().findings[0].code, "service-deleted");
}

#[test]
fn a_service_that_names_no_current_deployment_is_found_by_the_list() {
    let mut walk = Walk::usual();
    walk.until("Update");
    walk.world.service_mut().current_service_deployment = None;
    walk.again();
    assert_eq!(walk.verdict(), Verdict::Live);
    assert!(walk.did("ListDeployments") > 0);
}

#[test]
fn the_list_is_asked_for_when_looks_have_shown_nothing_for_a_while_and_then_again() {
    let mut walk = Walk::usual();
    walk.until("Updated");
    walk.world.service_mut().current_service_deployment = None;
    let hidden = std::mem::take(&mut walk.world.deployments);
    walk.again();
    walk.log.clear();
    walk.until("ListDeployments");
    assert_eq!(walk.log, ["CheckIdentity", "Follow", "ListDeployments"]);
    walk.until("Follow");
    walk.world.deployments = hidden;
    assert_eq!(walk.verdict(), Verdict::Live);
    assert_eq!(walk.did("ListDeployments"), 2);
}

#[test]
fn where_the_service_names_the_deployment_of_somebody_else_ours_is_found_by_the_list() {
    let mut walk = Walk::usual();
    walk.until("Updated");
    walk.world.deploy(&OLD.replace("web:1", "web:99"));
    walk.again();
    walk.until("Following");
    let ours = Checkpoint::Following {
        service_deployment: "deployment-0".to_owned(),
    };
    assert_eq!(walk.noted.last(), Some(&ours));
}

#[test]
fn a_revision_that_does_not_show_yet_is_asked_for_again() {
    let mut walk = Walk::usual();
    walk.until("Update");
    let hidden = std::mem::take(&mut walk.world.revisions);
    walk.again();
    walk.until("DescribeRevision");
    let next = walk.rollout.next(walk.world.now);
    assert!(matches!(next, Next::Wait { .. }), "{next:?}");
    walk.world.pass(Duration::from_secs(2));
    // Its deployment may have been replaced meanwhile.
    let next = walk.rollout.next(walk.world.now);
    let again = matches!(next, Next::Do(Action::DescribeRevision { .. }));
    assert!(!again, "{next:?}");
    assert_eq!(walk.did("Update"), 1);
    walk.world.revisions = hidden;
    assert_eq!(walk.verdict(), Verdict::Live);
    assert_eq!(walk.world.updates.len(), 1);
}

#[test]
fn a_deployment_that_ecs_never_shows_is_unknown() {
    for named in [true, false] {
        let mut walk = Walk::usual();
        walk.until("Updated");
        walk.world.deployments.clear();
        let current = &mut walk.world.service_mut().current_service_deployment;
        *current = current.take().filter(|_| named);
        walk.again();
        assert_eq!(walk.verdict(), Verdict::Unknown, "named {named}");
    }
}
