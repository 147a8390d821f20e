//! What the load balancer finds of new tasks is told while it can be seen, and decides nothing.

use std::time::Duration;

use super::Walk;
use super::watch::{begun, counted, new, with_load_balancer};
use crate::event::NoteLevel;
use crate::observe::ServiceDeploymentStatus as Status;
use crate::rollout::FailureKind;
use crate::surroundings::TargetHealth;
use crate::verdict::Verdict;

fn target(state: &str, reason: &str) -> TargetHealth {
    TargetHealth {
        id: "10.0.0.5".to_owned(),
        port: 8080,
        state: state.to_owned(),
        reason: reason.to_owned(),
        description: "Health checks failed with these codes: [503]".to_owned(),
    }
}

/// Two new tasks run since so many seconds and wait for the load balancer.
fn waiting(since: u64) -> Walk {
    let mut walk = begun(with_load_balancer);
    counted(&mut walk, [2, 2, 0]);
    walk.world.tasks = ["x", "y"]
        .map(|id| new(&walk.world, id, "RUNNING", since + 20, Some(since)))
        .into();
    walk
}

fn looks(walk: &Walk) -> usize {
    walk.log
        .iter()
        .filter(|word| *word == "WatchTargets")
        .count()
}

fn steps(walk: &mut Walk, count: usize) {
    for _ in 0..count {
        assert_eq!(walk.step(), None);
    }
}

/// Goes on for so many seconds.
fn pass(walk: &mut Walk, seconds: u64) {
    let end = walk.world.now.plus(Duration::from_secs(seconds));
    while walk.world.now < end {
        assert_eq!(walk.step(), None);
    }
}

/// Warnings of targets since the last time.
fn told(walk: &mut Walk) -> Vec<String> {
    let notes = walk.rollout.take_notes().into_iter();
    notes
        .filter(|(level, text)| *level == NoteLevel::Warning && text.contains("of target group"))
        .map(|(_, text)| text)
        .collect()
}

#[test]
fn an_unhealthy_target_is_told_once_while_its_task_still_runs_and_is_evidence_of_the_end() {
    let mut walk = waiting(30);
    walk.world.targets = vec![
        target("healthy", ""),
        target("unhealthy", "Target.ResponseCodeMismatch"),
    ];
    steps(&mut walk, 20);
    assert_eq!(
        told(&mut walk),
        [
            "target 10.0.0.5:8080 of target group group is unhealthy, Target.ResponseCodeMismatch: Health checks failed \
          with these codes: [503]"
        ]
    );
    walk.world.pass(Duration::from_secs(31));
    steps(&mut walk, 20);
    assert_eq!(told(&mut walk), [""; 0], "it is known");
    // ECS has replaced the tasks: their targets are gone.
    walk.world.targets.clear();
    walk.world.pass(Duration::from_secs(31));
    steps(&mut walk, 20);
    walk.world.first().status = Status::RollbackSuccessful;
    walk.world.script.clear();
    let report = walk.report();
    assert_eq!(report.verdict, Verdict::RolledBack);
    let finding = &report.findings[0];
    assert_eq!(finding.code, "load-balancer-health");
    assert!(
        finding.evidence[0].contains("Target.ResponseCodeMismatch"),
        "{finding:?}"
    );
}

#[test]
fn targets_are_not_looked_at_before_a_task_has_waited_and_not_all_the_time() {
    let mut walk = waiting(0);
    pass(&mut walk, 10);
    assert_eq!(looks(&walk), 0);
    pass(&mut walk, 110);
    // After 20 s, and each 30 s.
    assert!((3..=4).contains(&looks(&walk)), "{}", looks(&walk));
    let mut alone = begun(|_| ());
    counted(&mut alone, [2, 2, 0]);
    alone.world.tasks = vec![new(&alone.world, "x", "RUNNING", 50, Some(30))];
    steps(&mut alone, 20);
    assert_eq!(looks(&alone), 0, "there is no load balancer");
}

#[test]
fn what_may_not_be_looked_at_is_asked_for_once_and_hinders_nothing() {
    let mut walk = waiting(30);
    walk.world.fails("WatchTargets", FailureKind::Denied, 9);
    steps(&mut walk, 20);
    walk.world.pass(Duration::from_secs(100));
    steps(&mut walk, 20);
    assert_eq!(looks(&walk), 1);
    walk.world.first().status = Status::RollbackSuccessful;
    walk.world.script.clear();
    let report = walk.report();
    assert_eq!(report.verdict, Verdict::RolledBack);
    assert_eq!(report.findings[0].code, "unexplained");
}
