//! What a deployment under way is told to wait for.

use crate::observe::ServiceDeploymentStatus as Status;
use crate::observe::{RevisionCounts, RollbackSeen, ServiceDeploymentSeen};
use crate::rollout::progress::waiting_for;

#[test]
fn what_a_deployment_waits_for_is_told_by_its_status_and_then_by_its_tasks() {
    // Of 2 wanted: new ones running, new ones pending, and old ones running of two revisions.
    let moving = |new, pending, old| (Status::InProgress, [new, pending, old], "");
    let stands = |status| (status, [1, 1, 1], "");
    let back = |status, reason| (status, [1, 1, 1], reason);
    let healthy = "new tasks to be healthy";
    let old = "health of new tasks, and 1 old task to go";
    let table = [
        (stands(Status::Pending), "ECS to begin"),
        (moving(0, 2, 1), "2 of 2 new tasks to start"),
        (moving(1, 1, 1), "1 of 2 new tasks to start"),
        (moving(1, 0, 1), "ECS to start 1 new task"),
        (moving(2, 0, 1), old),
        (moving(3, 0, 1), old),
        (moving(2, 0, 0), healthy),
        (stands(Status::StopRequested), "ECS to stop it"),
        (
            back(Status::RollbackRequested, "an alarm"),
            "the way back: an alarm",
        ),
        (
            back(Status::RollbackInProgress, "an alarm"),
            "the way back: an alarm",
        ),
        (back(Status::RollbackInProgress, ""), "the way back"),
        (stands(Status::Successful), ""),
        (stands(Status::Stopped), ""),
        (stands(Status::RollbackSuccessful), ""),
        (stands(Status::RollbackFailed), ""),
        (
            stands(Status::Other("NEW".to_owned())),
            "ECS, which says NEW",
        ),
    ];
    for ((status, [running, pending, old], reason), words) in table {
        let tasks = |running, pending| RevisionCounts {
            running,
            pending,
            ..RevisionCounts::default()
        };
        let deployment = ServiceDeploymentSeen {
            status,
            target_revision: tasks(running, pending),
            source_revisions: vec![tasks(old, 0), tasks(0, 1)],
            rollback: Some(RollbackSeen {
                reason: reason.to_owned(),
                revision: None,
            }),
            ..ServiceDeploymentSeen::default()
        };
        let told = waiting_for(&deployment, 2);
        assert_eq!(told, words, "{:?}", deployment.status);
    }
}
