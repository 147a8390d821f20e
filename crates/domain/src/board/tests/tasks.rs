//! Tasks before and after rollouts: their place in the release, and the slot that stays theirs.

use super::*;
use crate::gate::{TaskGate, When};
use crate::job::JobKind;
use crate::spec::ReleaseKind;

fn gate() -> TaskGate {
    TaskGate {
        container: "app".to_owned(),
        command: vec!["./migrate".to_owned()],
        environment: Vec::new(),
        timeout: TaskGate::TIMEOUT,
    }
}

fn gated(waves: &[&[&str]]) -> ReleaseSpec {
    ReleaseSpec {
        gates: Gates {
            before: Some(gate()),
            after: Some(gate()),
        },
        ..spec("web", waves)
    }
}

fn kinds(board: &Fixture, release: ReleaseId) -> Vec<String> {
    let jobs = board.board.jobs_of(release);
    jobs.map(|job| {
        let when = job.kind.when().map_or("", When::as_str);
        format!("{}{when} {:?}", job.kind.as_str(), job.needs)
    })
    .collect()
}

#[test]
fn each_target_has_its_task_before_and_its_task_after_and_the_next_wave_needs_the_last() {
    let mut board = Fixture::new();
    let id = board.submit(gated(&[&["s1", "s2"], &["s3"]]));
    assert_eq!(
        kinds(&board, id),
        [
            "build []",
            "taskbefore [0]",
            "rollout [1]",
            "taskafter [2]",
            "taskbefore [0]",
            "rollout [4]",
            "taskafter [5]",
            "taskbefore [3, 6]",
            "rollout [7]",
            "taskafter [8]",
        ]
    );
}

#[test]
fn a_rollback_runs_no_task() {
    let mut board = Fixture::new();
    let mut back = gated(&[&["s"]]);
    back.kind = ReleaseKind::Rollback {
        undoes: ReleaseId::from_number(2),
        to: ReleaseId::from_number(1),
    };
    let id = board.submit(back);
    assert_eq!(kinds(&board, id), ["build []", "rollout [0]"]);
}

#[test]
fn nobody_comes_between_a_task_and_its_rollout_whatever_its_priority() {
    let mut board = Fixture::with_agent(4);
    let id = board.submit(gated(&[&["s"]]));
    board.build(id);
    assert_eq!(board.granted(), [job(id, 1)]);
    let mut other = spec("api", &[&["s"]]);
    other.priority = Priority::HIGHEST;
    let urgent = board.submit(other);
    board.build(urgent);
    board.finish(id, 1, ran());
    assert_eq!(board.granted(), [job(id, 2)]);
    board.finish(id, 2, rolled(Verdict::Live));
    assert_eq!(board.granted(), [job(id, 3)]);
    board.finish(id, 3, ran());
    assert_eq!(board.granted(), [job(urgent, 1)]);
    assert_eq!(board.verdict(id), Some(Verdict::Live));
    assert!(board.board.audit().is_empty());
}

#[test]
fn a_task_that_fails_leaves_the_target_as_it_is_and_frees_it() {
    let mut board = Fixture::with_agent(4);
    let id = board.submit(gated(&[&["s"]]));
    board.build(id);
    board.finish(id, 1, Outcome::Failed(crate::verdict::Finding::default()));
    assert_eq!(board.verdict(id), Some(Verdict::Failed));
    let target = spec("web", &[&["s"]]).targets[0].target.clone();
    let record = board.board.target(&target).expect("it was held");
    assert_eq!((record.slot, record.proven.as_ref()), (None, None));
}

#[test]
fn a_release_whose_task_has_started_is_not_folded() {
    let mut board = Fixture::with_agent(4);
    let older = board.submit(gated(&[&["s"]]));
    board.build(older);
    assert_eq!(board.granted(), [job(older, 1)]);
    let newer = board.submit_with("newer", gated(&[&["s"]])).unwrap();
    assert_eq!(newer.release.unwrap().folded, []);
}

#[test]
fn a_cancel_asks_the_task_to_stop_and_frees_what_its_rollout_was_left() {
    let mut board = Fixture::with_agent(4);
    let id = board.submit(gated(&[&["s"]]));
    board.build(id);
    board.finish(id, 1, ran());
    let target = spec("web", &[&["s"]]).targets[0].target.clone();
    // The rollout is with the agent; it never came so far as to change anything.
    let held = board.held(id, 2);
    board.report(
        held,
        Report::Decline {
            reason: "full".to_owned(),
        },
    );
    let slot = |board: &Fixture| board.board.target(&target).and_then(|record| record.slot);
    assert_eq!(slot(&board), Some(job(id, 2)));
    board.cancel(id);
    assert_eq!(board.verdict(id), Some(Verdict::Cancelled));
    assert_eq!(slot(&board), None);
}

#[test]
fn what_a_release_serves_whose_task_after_failed_is_what_a_rollback_undoes() {
    let mut board = Fixture::with_agent(4);
    let mut live = Vec::new();
    for _ in 0..2 {
        let id = board.submit(spec("web", &[&["s"]]));
        board.build(id);
        board.finish(id, 1, rolled(Verdict::Live));
        live.push(id);
    }
    let bad = board.submit(gated(&[&["s"]]));
    board.build(bad);
    board.finish(bad, 1, ran());
    board.finish(bad, 2, rolled(Verdict::Live));
    board.finish(bad, 3, Outcome::Failed(crate::verdict::Finding::default()));
    assert_eq!(board.verdict(bad), Some(Verdict::Failed));
    let (app, env) = ("web".parse().unwrap(), "prod".parse().unwrap());
    let plan = board.board.plan_rollback(&app, &env, None);
    assert_eq!(plan, Ok((bad, live[1])));
}

#[test]
fn a_task_rests_with_a_report_and_ends_without_one() {
    let mut board = Fixture::with_agent(4);
    let id = board.submit(gated(&[&["s"]]));
    board.build(id);
    board.finish(id, 1, rolled(Verdict::Stuck));
    let resting = board.board.job(job(id, 1)).expect("it goes on");
    assert!(matches!(
        resting.state,
        JobState::Queued {
            resting: Some(_),
            ..
        }
    ));
    // Whoever cancels it has it looked at again.
    board.cancel(id);
    assert_eq!(board.granted(), [job(id, 1)]);
    board.finish(id, 1, rolled(Verdict::Live));
    assert_eq!(
        board.verdict(id),
        Some(Verdict::Failed),
        "a task does not come to a verdict of rollouts"
    );
}

#[test]
fn waits_say_which_task_or_rollout_they_need() {
    let mut board = Fixture::with_agent(4);
    let id = board.submit(gated(&[&["s"], &["t"]]));
    board.build(id);
    let text = |index| board.board.wait_of(job(id, index)).map(|wait| wait.text);
    assert_eq!(
        text(2).as_deref(),
        Some("needs the task before the rollout")
    );
    assert_eq!(text(3).as_deref(), Some("needs the rollout"));
    assert_eq!(
        text(4).as_deref(),
        Some("needs a rollout of the wave before")
    );
    let kind = &board.board.job(job(id, 3)).expect("a job").kind;
    assert!(matches!(
        kind,
        JobKind::Task {
            when: When::After,
            wave: 0,
            ..
        }
    ));
}
