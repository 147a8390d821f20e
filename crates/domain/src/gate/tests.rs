//! The task of a gate against a small ECS, with calls that break off, attempts that die, and clocks of its own.

mod world;

use std::time::Duration;

use proptest::prelude::*;

use self::world::{Fate, World};
use crate::checkpoint::Checkpoint;
use crate::event::NoteLevel;
use crate::gate::{Gates, TaskGate};
use crate::job::{Outcome, StopReason};
use crate::rollout::{Action, FailureKind};
use crate::verdict::Verdict;

fn cancelled() -> StopReason {
    StopReason::Cancelled {
        by: "ci".to_owned(),
        reason: String::new(),
    }
}

fn code(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Failed(finding) => &finding.code,
        Outcome::RolledOut(report) => report.findings.first().map_or("", |f| f.code.as_str()),
        _ => "",
    }
}

#[test]
fn a_task_that_ends_with_zero_lets_the_release_go_on() {
    let mut world = World::new();
    let Outcome::Ran(run) = world.walk(0) else {
        panic!("it ran: {:?}", world.calls);
    };
    assert_eq!(run.task, world.task_arn(0));
    assert_eq!(run.millis, 5_000);
    assert_eq!(world.started(), 1);
    let notes: Vec<&str> = world.notes.iter().map(world::word).collect();
    assert_eq!(
        notes,
        ["register-intent", "registered", "run-intent", "ran"]
    );
}

#[test]
fn its_token_names_job_and_revision_and_fits_into_what_ecs_takes() {
    let mut world = World::new();
    world.walk(0);
    let token = &world.tasks[0].asked.token;
    assert_eq!(token, "shipway-10z8-1-r1");
    assert!(token.len() <= 64);
}

#[test]
fn its_output_is_told_line_by_line_and_the_last_of_it_is_evidence() {
    let mut world = World::new();
    world.exit = 3;
    world.log = (0..30).map(|n| format!("line {n}")).collect();
    let outcome = world.walk(0);
    assert_eq!(world.output.len(), 30);
    let Outcome::Failed(finding) = outcome else {
        panic!("it failed");
    };
    assert_eq!(finding.code, "container-exits");
    assert_eq!(
        finding.cause,
        "the task before the rollout: the new container exits with code 3"
    );
    assert_eq!(
        finding.evidence.last().map(String::as_str),
        Some("| line 29")
    );
    assert_eq!(
        finding
            .evidence
            .iter()
            .filter(|line| line.starts_with('|'))
            .count(),
        20
    );
}

#[test]
fn output_that_may_not_be_read_is_a_warning_and_no_failure() {
    let mut world = World::new();
    world.log = vec!["x".to_owned()];
    world.refuse("logs", FailureKind::Denied);
    assert!(matches!(world.walk(0), Outcome::Ran(_)));
    let warned = |(level, text): &(NoteLevel, String)| {
        *level == NoteLevel::Warning && text.contains("output cannot be read")
    };
    assert_eq!(world.remarks.iter().filter(|note| warned(note)).count(), 1);
}

#[test]
fn a_task_that_takes_too_long_is_stopped_and_says_so() {
    let mut world = World::new();
    world.lasts = Duration::from_secs(3600);
    let outcome = world.walk(0);
    assert_eq!(code(&outcome), "task-timeout");
    assert_eq!(world.stops, 1);
    assert!(world.now() < world.began().plus(Duration::from_secs(620)));
}

#[test]
fn a_cancel_stops_the_task_and_waits_for_its_end() {
    let mut world = World::new();
    world.lasts = Duration::from_secs(300);
    world.stop_at(Duration::from_secs(20), cancelled());
    assert_eq!(world.walk(0), Outcome::Stopped(cancelled()));
    assert_eq!((world.started(), world.stops), (1, 1));
    assert!(world.tasks[0].is_over(world.now()));
}

#[test]
fn a_task_that_had_done_its_work_when_it_was_cancelled_has_done_its_work() {
    let mut world = World::new();
    world.stop_at(Duration::from_secs(7), cancelled());
    world.deaf_to_stop = true;
    assert!(matches!(world.walk(0), Outcome::Ran(_)));
}

#[test]
fn a_zero_of_a_task_that_was_stopped_or_ran_out_of_memory_is_no_success() {
    let mut world = World::new();
    world.lasts = Duration::from_secs(300);
    world.somebody_stops_it();
    let outcome = world.walk(0);
    assert_eq!(code(&outcome), "task-failed");
    let mut world = World::new();
    world.reason = "OutOfMemoryError: Container killed due to memory usage".to_owned();
    assert_eq!(code(&world.walk(0)), "out-of-memory");
}

#[test]
fn a_cancel_before_it_is_run_runs_nothing() {
    let mut world = World::new();
    world.stop_at(Duration::ZERO, cancelled());
    assert_eq!(world.walk(0), Outcome::Stopped(cancelled()));
    assert_eq!(world.started(), 0);
}

#[test]
fn ecs_that_finds_no_place_is_asked_again_until_the_time_is_over() {
    let mut world = World::new();
    world.no_place = Some(Duration::from_secs(100));
    assert!(matches!(world.walk(0), Outcome::Ran(_)));
    let mut world = World::new();
    world.no_place = Some(Duration::from_secs(3600));
    let outcome = world.walk(0);
    assert_eq!(code(&outcome), "no-capacity");
    assert_eq!(world.started(), 0);
}

#[test]
fn what_the_rollout_would_refuse_is_not_prepared_for() {
    let mut world = World::new();
    world.service.controller = "CODE_DEPLOY".to_owned();
    assert_eq!(code(&world.walk(0)), "controller-not-ecs");
    let mut world = World::new();
    world.no_service = true;
    assert_eq!(code(&world.walk(0)), "service-missing");
    let mut world = World::new();
    world.account = "999900001111".to_owned();
    assert_eq!(code(&world.walk(0)), "wrong-account");
    assert_eq!(world.started(), 0);
}

#[test]
fn a_run_that_is_refused_at_once_fails_and_may_have_started_nothing() {
    for (kind, expected) in [
        (FailureKind::Denied, "denied"),
        (FailureKind::Invalid, "refused"),
        (FailureKind::NotFound, "not-found"),
        (FailureKind::Credentials, "credentials"),
    ] {
        let mut world = World::new();
        world.refuse("run", kind);
        assert_eq!(code(&world.walk(0)), expected);
    }
}

#[test]
fn a_call_without_an_answer_is_looked_for_and_taken_over() {
    for lost in [true, false] {
        let mut world = World::new();
        world
            .fates
            .push_back(if lost { Fate::Lost } else { Fate::Unheard });
        assert!(matches!(world.walk(0), Outcome::Ran(_)), "lost {lost}");
        assert_eq!(world.started(), 1, "lost {lost}");
    }
}

#[test]
fn a_token_that_ecs_knows_otherwise_and_a_task_that_does_not_show_are_stuck_and_not_run_again() {
    let mut world = World::new();
    world.refuse("run", FailureKind::Conflict);
    let outcome = world.walk(0);
    assert_eq!(code(&outcome), "task-lost");
    assert_eq!(outcome.verdict(), Verdict::Stuck);
    assert_eq!(world.started(), 0);
}

#[test]
fn a_task_that_ended_and_was_forgotten_is_stuck_and_not_run_again() {
    let mut world = World::new();
    world.die_after("run");
    world.attempt(0);
    world.pass(Duration::from_secs(2 * 3600));
    // Found by nothing but the token, which starts nothing; and then it does not show.
    let outcome = world.walk(0);
    assert_eq!(
        (code(&outcome), outcome.verdict()),
        ("task-lost", Verdict::Stuck)
    );
    assert_eq!(world.started(), 1);
    // Whoever knows better cancels it.
    world.stop_at(Duration::ZERO, cancelled());
    let ended = world.walk(0);
    assert!(!matches!(ended, Outcome::Ran(_)));
    assert_eq!(world.started(), 1);
}

#[test]
fn after_half_a_day_the_token_is_not_relied_upon_any_more() {
    let mut world = World::new();
    world.gate.timeout = TaskGate::TIMEOUTS.1;
    world.fates = [Fate::Heard, Fate::Lost].into();
    world.die_after("run");
    world.attempt(0);
    world.pass(Duration::from_secs(13 * 3600));
    let outcome = world.walk(0);
    assert_eq!(
        (code(&outcome), outcome.verdict()),
        ("task-lost", Verdict::Stuck)
    );
    assert_eq!(world.started(), 0);
}

#[test]
fn aws_that_is_not_reached_fails_before_the_intent_and_rests_after_it() {
    let mut world = World::new();
    world.refuse("service", FailureKind::Passing);
    assert_eq!(code(&world.walk(0)), "aws-unreachable");
    let mut world = World::new();
    world.refuse("task", FailureKind::Passing);
    let outcome = world.walk(0);
    assert_eq!(outcome.verdict(), Verdict::Unknown);
    assert!(matches!(outcome, Outcome::RolledOut(_)));
}

#[test]
fn what_changes_aws_is_told_from_what_looks() {
    let changes = Action::StopTask {
        task: String::new(),
        reason: String::new(),
    };
    let looks = Action::FindTask {
        started_by: String::new(),
        family: String::new(),
    };
    assert!(changes.changes_aws() && !looks.changes_aws());
}

#[test]
fn a_gate_that_cannot_be_run_is_refused_with_what_would_be_right() {
    let good = World::new().gate;
    let check = |change: fn(&mut TaskGate)| {
        let mut gate = good.clone();
        change(&mut gate);
        let gates = Gates {
            before: None,
            after: Some(gate),
        };
        gates.check()
    };
    assert_eq!(check(|_| ()), Ok(()));
    for (change, says) in [
        (
            (|gate| gate.command.clear()) as fn(&mut TaskGate),
            "no command",
        ),
        (|gate| gate.command[0].clear(), "no command"),
        (|gate| gate.container.clear(), "no container"),
        (
            |gate| gate.environment.push((String::new(), "x".to_owned())),
            "has no name",
        ),
        (
            |gate| gate.timeout = Duration::from_secs(9),
            "10 to 43200 s",
        ),
        (
            |gate| gate.timeout = Duration::from_secs(43_201),
            "10 to 43200 s",
        ),
        (
            |gate| gate.command.push("x".repeat(TaskGate::BYTES)),
            "at most 6000",
        ),
    ] {
        let refused = check(change).expect_err("refused");
        assert!(refused.starts_with("task after the rollout: "), "{refused}");
        assert!(refused.contains(says), "{refused}");
    }
    assert_eq!(check(|gate| gate.timeout = Duration::from_secs(10)), Ok(()));
    assert_eq!(
        check(|gate| gate.timeout = Duration::from_secs(43_200)),
        Ok(())
    );
}

/// What goes wrong in an attempt, and when it dies.
fn attempts() -> impl Strategy<Value = Vec<(Vec<Fate>, usize, u64)>> {
    let fate = prop::sample::select(vec![Fate::Heard, Fate::Lost, Fate::Unheard, Fate::Late(30)]);
    let attempt = (prop::collection::vec(fate, 0..3), 1..25_usize, 0..90_u64);
    prop::collection::vec(attempt, 0..4)
}

proptest! {
    #[test]
    fn whatever_is_lost_and_whoever_dies_the_task_runs_at_most_once_and_its_exit_code_is_told(
        attempts in attempts(),
        exit in prop::sample::select(vec![0, 1]),
        ahead in 0..600_u64,
        cancel in prop::option::of(0..120_u64),
    ) {
        let mut world = World::new();
        world.exit = exit;
        world.ahead = ahead;
        if let Some(after) = cancel {
            world.stop_at(Duration::from_secs(after), cancelled());
        }
        for (fates, steps, pause) in attempts {
            world.fates = fates.into();
            world.attempt(steps);
            world.pass(Duration::from_secs(pause));
        }
        world.fates.clear();
        let outcome = world.walk(0);
        world.pass(Duration::from_secs(300));
        prop_assert!(world.started() <= 1, "{:?}", world.calls);
        match outcome {
            Outcome::Ran(_) => prop_assert_eq!((world.started(), exit), (1, 0)),
            Outcome::Stopped(_) => {
                prop_assert!(cancel.is_some());
                prop_assert!(world.tasks.iter().all(|task| task.is_over(world.now())));
            }
            Outcome::Failed(_) => prop_assert!(exit == 1 && world.started() == 1),
            other => prop_assert!(false, "{other:?}"),
        }
    }
}

#[test]
fn the_intent_is_noted_before_the_task_is_run_and_says_what_is_sent() {
    let mut world = World::new();
    world.walk(0);
    let intent = world.notes.iter().find_map(|note| match note {
        Checkpoint::RunIntent {
            task_definition,
            launch,
            ..
        } => Some((task_definition.clone(), launch.clone())),
        _ => None,
    });
    let asked = &world.tasks[0].asked;
    let sent = (asked.task_definition.clone(), asked.launch.clone());
    assert_eq!(intent, Some(sent));
}
