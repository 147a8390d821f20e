//! The verdicts: the whole table, and how the walk comes to each of them.

use std::time::Duration;

use super::fixtures::{OLD, cancelled, digest, new_definition};
use super::world::{World, task};
use super::{Verdict, Walk};
use crate::observe::{
    ContainerSeen, RollbackSeen, ServiceDeploymentStatus as Status, ServiceEventSeen, TaskSeen,
};
use crate::rollout::{Action, Asked, Saw, verdict_of};
use crate::time::Timestamp;

#[test]
fn the_table_of_verdicts_is_as_documented() {
    use Asked::{Cancel, Early, Nobody, Undo};
    let everybody = [Nobody, Cancel, Undo, Early];
    let mut rows = Vec::new();
    for asked in everybody {
        rows.push((Status::Successful, asked, false, Verdict::Live, 0));
        rows.push((Status::Successful, asked, true, Verdict::Superseded, 11));
        rows.push((Status::Stopped, asked, true, Verdict::Superseded, 11));
        for later in [false, true] {
            rows.push((Status::RollbackFailed, asked, later, Verdict::Failed, 12));
            for status in [
                Status::Pending,
                Status::InProgress,
                Status::StopRequested,
                Status::RollbackRequested,
                Status::RollbackInProgress,
                Status::Other("NEW".to_owned()),
            ] {
                rows.push((status, asked, later, Verdict::Unknown, 20));
            }
            let (verdict, code) = match asked {
                Nobody | Early => (Verdict::RolledBack, 10),
                Cancel | Undo => (Verdict::Cancelled, 13),
            };
            rows.push((Status::RollbackSuccessful, asked, later, verdict, code));
        }
    }
    rows.push((Status::Stopped, Nobody, false, Verdict::Stopped, 14));
    rows.push((Status::Stopped, Cancel, false, Verdict::Cancelled, 13));
    rows.push((Status::Stopped, Undo, false, Verdict::Cancelled, 13));
    rows.push((Status::Stopped, Early, false, Verdict::Failed, 12));
    assert_eq!(rows.len(), 10 * 4 * 2, "every combination once");
    for (status, asked, later, verdict, code) in rows {
        assert_eq!(
            verdict_of(&status, asked, later),
            verdict,
            "{status:?} {asked:?} {later}"
        );
        assert_eq!(verdict.exit_code(), code);
        assert_eq!(verdict.is_final(), verdict != Verdict::Unknown);
    }
}

#[test]
fn desired_zero_is_live_and_says_that_nothing_runs() {
    let mut walk = Walk::usual();
    walk.world.service_mut().desired = 0;
    let report = walk.report();
    assert_eq!(report.verdict, Verdict::Live);
    assert!(
        report.summary.contains("nothing runs"),
        "{}",
        report.summary
    );
}

#[test]
fn the_digest_of_the_platform_manifest_proves_as_well() {
    let mut walk = Walk::usual();
    walk.world.serves = Some(digest("platform"));
    assert_eq!(walk.verdict(), Verdict::Live);
}

#[test]
fn another_digest_is_no_success() {
    let mut walk = Walk::usual();
    walk.world.serves = Some(digest("other"));
    let report = walk.report();
    assert_eq!(report.verdict, Verdict::Failed);
    assert_eq!(report.findings[0].code, "digest-differs");
    let evidence = &report.findings[0].evidence[0];
    assert!(evidence.contains("of task new-1 runs"), "{evidence}");
}

#[test]
fn no_digest_for_a_minute_is_no_success() {
    let mut walk = Walk::usual();
    walk.world.serves = None;
    walk.until("RunningTasks");
    let since = walk.world.now;
    let report = walk.report();
    assert_eq!(report.verdict, Verdict::Failed);
    assert_eq!(report.findings[0].code, "not-serving");
    let waited = walk.world.now.since(since).as_secs();
    assert!((50..75).contains(&waited), "{waited} s");
    let looks = walk.did("RunningTasks");
    assert!((20..35).contains(&looks), "{looks} in {waited} s");
}

#[test]
fn a_digest_that_shows_late_is_a_success() {
    let mut walk = Walk::usual();
    walk.world.serves = None;
    walk.until("RunningTasks");
    for seen in &mut walk.world.tasks {
        seen.containers[0].image_digest = Some(digest("new"));
    }
    assert_eq!(walk.verdict(), Verdict::Live);
}

#[test]
fn tasks_of_another_revision_and_those_that_do_not_run_prove_nothing_and_disprove_nothing() {
    let walk = Walk::usual();
    let ours = new_definition(0);
    let proven = task("new-1", &ours, Some(digest("new")));
    let other = task("old-1", OLD, Some(digest("old")));
    let coming = TaskSeen {
        last_status: "PENDING".to_owned(),
        ..task("new-2", &ours, None)
    };
    let proof = |tasks: &[TaskSeen]| walk.rollout.proof(tasks, &ours, 2).ok();
    assert_eq!(proof(&[other.clone(), proven, coming.clone()]), Some(1));
    assert_eq!(proof(&[other, coming]), None);
}

fn other_deployment(world: &mut World) {
    world.deploy(&OLD.replace("web:1", "web:99"));
}

#[test]
fn later_is_another_deployment_that_began_after_ours() {
    let mut walk = Walk::usual();
    walk.world.script = vec![Status::InProgress];
    while walk.rollout.seen.deployment.is_none() {
        assert_eq!(walk.step(), None);
    }
    let ours = walk.rollout.seen.deployment.clone().expect("it was seen");
    let moment = Duration::from_millis(1);
    let (before, after) = (ours.created_at.minus(moment), ours.created_at.plus(moment));
    let table = [
        ("other", before, false),
        ("other", after, true),
        // One call may tell its beginning more exactly than another.
        (ours.arn.as_str(), after, false),
    ];
    for (arn, created_at, later) in table {
        let since = ours.created_at;
        let mut listed = ours.clone();
        (listed.arn, listed.created_at) = (arn.to_owned(), created_at);
        let saw = Saw::Deployments(vec![listed]);
        let action = Action::ListDeployments { since };
        walk.rollout.saw(walk.world.now, &action, saw);
        assert_eq!(walk.rollout.seen.later, Some(later), "{arn}");
    }
}

#[test]
fn stopped_by_a_later_deployment_is_superseded() {
    let mut walk = Walk::usual();
    walk.world.script = vec![Status::InProgress, Status::InProgress, Status::Stopped];
    walk.world.turns = vec![(3, other_deployment)];
    assert_eq!(walk.verdict(), Verdict::Superseded);
}

#[test]
fn successful_but_replaced_since_is_superseded() {
    let mut walk = Walk::usual();
    walk.world.turns = vec![(3, other_deployment)];
    assert_eq!(walk.verdict(), Verdict::Superseded);
}

#[test]
fn stopped_by_nobody_of_ours_is_stopped() {
    let mut walk = Walk::usual();
    walk.world.script = vec![Status::InProgress, Status::InProgress, Status::Stopped];
    let report = walk.report();
    assert_eq!(report.verdict, Verdict::Stopped);
    assert_eq!(report.findings[0].code, "unexplained");
}

fn died(task_definition: &str, code: i32) -> TaskSeen {
    TaskSeen {
        last_status: "STOPPED".to_owned(),
        stopped_reason: Some("Essential container in task exited".to_owned()),
        containers: vec![ContainerSeen {
            name: "app".to_owned(),
            exit_code: Some(code),
            ..ContainerSeen::default()
        }],
        ..task("dead", task_definition, None)
    }
}

#[test]
fn rolled_back_tells_of_our_own_tasks_only() {
    let mut walk = Walk::usual();
    walk.world.script = vec![
        Status::InProgress,
        Status::RollbackInProgress,
        Status::RollbackSuccessful,
    ];
    walk.world.stopped = vec![died(OLD, 3), died(OLD, 3), died(&new_definition(0), 42)];
    walk.until("Following");
    walk.world.first().rollback = Some(RollbackSeen {
        reason: "the circuit breaker threshold was exceeded".to_owned(),
        revision: None,
    });
    let report = walk.report();
    assert_eq!(report.verdict, Verdict::RolledBack);
    assert_eq!(report.serving.as_deref(), Some(OLD), "what serves now");
    assert!(
        report.summary.contains("circuit breaker"),
        "{}",
        report.summary
    );
    let causes: Vec<&str> = report.findings.iter().map(|f| f.cause.as_str()).collect();
    assert_eq!(causes, ["the new container exits with code 42"]);
}

#[test]
fn rolled_back_hears_the_events_since_our_deployment_began() {
    let mut walk = Walk::usual();
    walk.world.script = vec![Status::InProgress, Status::RollbackSuccessful];
    walk.until("Following");
    let event = |at: Timestamp, message: &str| ServiceEventSeen {
        at,
        message: message.to_owned(),
        ..ServiceEventSeen::default()
    };
    let (now, before) = (walk.world.now, Timestamp::from_millis(1));
    walk.world.service_mut().events = vec![
        event(now, "(task 1) failed container health checks."),
        event(
            before,
            "(task 0) failed ELB health checks in (target-group x)",
        ),
    ];
    let report = walk.report();
    let codes: Vec<&str> = report.findings.iter().map(|f| f.code.as_str()).collect();
    assert_eq!(codes, ["container-health"]);
}

#[test]
fn a_failed_rollback_is_failed_even_when_cancelled() {
    let mut walk = Walk::usual();
    walk.until("Following");
    walk.stop(cancelled());
    walk.world.stop_script = vec![Status::RollbackFailed];
    let report = walk.report();
    assert_eq!(report.verdict, Verdict::Failed);
    let words = "the rollback failed, too";
    assert!(report.summary.starts_with(words), "{}", report.summary);
}
