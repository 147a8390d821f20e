//! Tasks that prove our digest at one moment and die again and again are no success.

use super::early::dead;
use super::fixtures::{new_definition, wanted_definition};
use super::world::{World, task};
use super::{Verdict, Walk};
use crate::document::Document;
use crate::observe::{BreakerCount, ServiceEventSeen, TaskSeen};
use crate::time::Timestamp;

const EXITED: &str = "Essential container in task exited";

/// A task of ours that ran for so long and crashed.
fn crashed(world: &World, number: usize, lived: u64) -> TaskSeen {
    dead(world, number, EXITED, Some(lived), Some(1))
}

/// A rollout that ECS calls successful, with so many dead tasks of ours before that.
fn after(deaths: fn(&World) -> Vec<TaskSeen>) -> Walk {
    let mut walk = Walk::usual();
    walk.until("Following");
    walk.world.stopped = deaths(&walk.world);
    walk.world.first().breaker = Some(BreakerCount {
        status: "MONITORING".to_owned(),
        failures: 1,
        threshold: 10,
    });
    walk.until("RunningTasks");
    walk
}

fn event(message: &str) -> ServiceEventSeen {
    ServiceEventSeen {
        id: message.to_owned(),
        at: Timestamp::from_millis(900_000),
        message: format!("(service web) {message}"),
    }
}

#[test]
fn where_nothing_was_replaced_nobody_looks_for_dead_tasks() {
    let mut walk = Walk::usual();
    assert_eq!(walk.verdict(), Verdict::Live);
    assert_eq!(walk.did("StoppedTasks"), 0);
    assert_eq!(walk.did("RunningTasks"), 1);
}

#[test]
fn one_that_died_is_to_be_outlived_by_those_that_run() {
    let mut walk = after(|world| vec![crashed(world, 1, 50)]);
    let since = walk.world.now;
    assert_eq!(walk.verdict(), Verdict::Live);
    let waited = walk.world.now.since(since).as_secs();
    assert!((80..90).contains(&waited), "{waited} s");
    assert!(walk.did("RunningTasks") >= 2, "they are proven anew");
}

#[test]
fn nobody_waits_for_longer_than_one_that_has_come_to_serve() {
    let mut walk = after(|world| vec![crashed(world, 1, 3000)]);
    let since = walk.world.now;
    assert_eq!(walk.verdict(), Verdict::Live);
    let waited = walk.world.now.since(since).as_secs();
    assert!((330..345).contains(&waited), "{waited} s");
}

#[test]
fn tasks_that_die_after_ecs_calls_it_successful_are_no_success() {
    let mut walk = after(|world| vec![crashed(world, 1, 50)]);
    let looks = walk.did("StoppedTasks");
    while walk.did("StoppedTasks") == looks {
        assert_eq!(walk.step(), None, "it is looked at");
    }
    let next = crashed(&walk.world, 2, 45);
    walk.world.stopped.push(next);
    let report = walk.report();
    assert_eq!(report.verdict, Verdict::Failed);
    let codes: Vec<&str> = report.findings.iter().map(|f| f.code.as_str()).collect();
    assert_eq!(codes, ["not-serving", "container-exits"]);
    let evidence = &report.findings[0].evidence[0];
    assert!(evidence.starts_with("2 tasks of "), "{evidence}");
}

#[test]
fn tasks_that_are_gone_when_ecs_calls_it_successful_and_come_back_are_watched() {
    let mut walk = Walk::usual();
    walk.until("Following");
    while !walk.world.first().status.is_terminal() {
        assert_eq!(walk.step(), None, "it goes on");
    }
    let tasks = std::mem::take(&mut walk.world.tasks);
    walk.world.stopped = vec![crashed(&walk.world, 1, 50)];
    walk.until("RunningTasks");
    walk.world.tasks = tasks;
    let since = walk.world.now;
    assert_eq!(walk.verdict(), Verdict::Live);
    assert!(walk.world.now.since(since).as_secs() >= 80);
}

#[test]
fn those_that_never_ran_and_those_of_others_are_not_waited_for() {
    let never_ran = |world: &World| {
        let reason = "Capacity is unavailable at this time";
        vec![dead(world, 1, reason, None, None)]
    };
    let of_others = |world: &World| {
        let mut task = crashed(world, 1, 50);
        task.task_definition.push('9');
        vec![task]
    };
    let stopped_by_a_person = |world: &World| {
        let mut task = crashed(world, 1, 50);
        task.stop_code = Some("UserInitiated".to_owned());
        vec![task]
    };
    for deaths in [never_ran, of_others, stopped_by_a_person] {
        let mut walk = after(deaths);
        let since = walk.world.now;
        assert_eq!(walk.verdict(), Verdict::Live);
        assert!(walk.world.now.since(since).as_secs() < 5);
    }
}

/// A service that runs what is wanted, with these events, newest first, and this many tasks that crashed.
fn as_wanted(events: &[&str], crashes: usize) -> Walk {
    let mut walk = Walk::usual();
    let definition = Document::parse(&wanted_definition()).expect("a document");
    walk.world.running_definition = definition.to_string();
    let service = walk.world.service_mut();
    service.task_definition = new_definition(8);
    service.events = events.iter().map(|text| event(text)).collect();
    walk.world.tasks = vec![task("new-1", &new_definition(8), walk.world.serves.clone())];
    walk.world.stopped = (0..crashes)
        .map(|number| crashed(&walk.world, number, 50))
        .collect();
    walk
}

#[test]
fn what_runs_as_wanted_and_dies_again_and_again_is_deployed_anew() {
    let restarts = ["has started 1 tasks: (task a).", "deployment completed."];
    let mut walk = as_wanted(&restarts, 2);
    walk.until("Register");
    assert_eq!(walk.did("Unchanged"), 0);

    let mut walk = as_wanted(&restarts, 1);
    assert!(walk.report().unchanged, "one death may be an accident");
    assert_eq!(walk.did("StoppedTasks"), 1);
}

#[test]
fn what_was_started_before_the_service_was_steady_is_no_restart() {
    let usual = [
        "deployment completed.",
        "has started 2 tasks: (task a) (task b).",
    ];
    let mut walk = as_wanted(&usual, 2);
    assert!(walk.report().unchanged);
    assert_eq!(walk.did("StoppedTasks"), 0);
}
