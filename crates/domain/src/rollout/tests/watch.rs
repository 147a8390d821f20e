//! What people who follow a rollout are told: phases, states, estimates; and that looking at tasks decides nothing.

use std::time::Duration;

use super::fixtures::OLD;
use super::world::{World, task};
use super::{Verdict, Walk};
use crate::document::Document;
use crate::event::{NoteLevel, PhaseKind, TaskCounts, TaskStates};
use crate::observe::{RevisionCounts, ServiceDeploymentStatus as Status, TaskSeen};
use crate::rollout::FailureKind;
use crate::time::Timestamp;

/// A task of the deployment under way: its state, and how many seconds ago it was made and came to RUNNING.
pub(super) fn new(world: &World, id: &str, status: &str, made: u64, ran: Option<u64>) -> TaskSeen {
    let before = |seconds| world.now.minus(Duration::from_secs(seconds));
    TaskSeen {
        last_status: status.to_owned(),
        created_at: Some(before(made)),
        started_at: ran.map(before),
        ..task(id, &world.registered[0], None)
    }
}

fn old(id: &str) -> TaskSeen {
    task(id, OLD, None)
}

/// An old task that goes since so many seconds.
fn goes(world: &World, id: &str, status: &str, since: u64) -> TaskSeen {
    TaskSeen {
        last_status: status.to_owned(),
        stopping_at: Some(world.now.minus(Duration::from_secs(since))),
        ..old(id)
    }
}

/// A rollout of two tasks that has begun.
pub(super) fn begun(change: impl FnOnce(&mut Walk)) -> Walk {
    let mut walk = Walk::usual();
    walk.world.script = vec![Status::InProgress];
    walk.world.busy = true;
    change(&mut walk);
    let mut walk = Walk::of(walk.wanted, walk.world);
    walk.until("Following");
    counted(&mut walk, [2, 0, 2]);
    walk
}

/// ECS counts old tasks, new ones, new ones on their way.
pub(super) fn counted(walk: &mut Walk, counts: [u32; 3]) {
    let [old, running, pending] = counts;
    let deployment = walk.world.first();
    deployment.target_revision.running = running;
    deployment.target_revision.pending = pending;
    deployment.source_revisions = vec![RevisionCounts {
        running: old,
        ..RevisionCounts::default()
    }];
}

/// Polls and looks until both kinds of looks are taken that the counts ask for.
fn look(walk: &mut Walk) -> TaskCounts {
    for _ in 0..12 {
        assert_eq!(walk.step(), None);
    }
    walk.rollout.counts().expect("counts")
}

fn with_health_check(walk: &mut Walk) {
    let text = r#"{"family":"web","containerDefinitions":[{"name":"app","image":"","memory":256,
        "healthCheck":{"command":["CMD","true"],"interval":10,"timeout":5,"retries":2,"startPeriod":20}}]}"#;
    walk.wanted.task_definition = Document::parse(text).expect("a document");
}

pub(super) fn with_load_balancer(walk: &mut Walk) {
    walk.world.service_mut().target_groups = vec!["group".to_owned()];
    walk.wanted.settings.health_check_grace_period = Some(Duration::from_secs(90));
}

fn seconds(length: Option<Duration>) -> Option<u64> {
    length.map(|length| length.as_secs())
}

#[test]
fn the_phase_of_the_slowest_new_task_is_named_with_its_time_and_the_most_it_may_take() {
    use PhaseKind as Kind;
    type Row = (
        fn(&mut Walk),
        [u32; 3],
        fn(&World) -> Vec<TaskSeen>,
        (Kind, u32, Option<u64>),
        &'static str,
    );
    let none = |_: &mut Walk| {};
    let table: &[Row] = &[
        (
            none,
            [2, 0, 2],
            |w| {
                vec![
                    old("a"),
                    new(w, "x", "PROVISIONING", 9, None),
                    new(w, "y", "PENDING", 9, None),
                ]
            },
            (Kind::Provisioning, 1, None),
            "a place and a network for 1 task",
        ),
        (
            none,
            [2, 0, 2],
            |w| {
                vec![
                    new(w, "x", "PENDING", 9, None),
                    new(w, "y", "PENDING", 9, None),
                ]
            },
            (Kind::Pulling, 2, None),
            "the image, which 2 tasks pull",
        ),
        (
            none,
            [2, 1, 1],
            |w| {
                vec![
                    new(w, "x", "RUNNING", 30, Some(2)),
                    new(w, "y", "ACTIVATING", 30, None),
                ]
            },
            (Kind::Starting, 1, None),
            "1 task to start",
        ),
        (
            none,
            [2, 2, 0],
            |w| {
                vec![
                    new(w, "x", "RUNNING", 30, Some(2)),
                    new(w, "y", "RUNNING", 30, Some(4)),
                ]
            },
            (Kind::Settling, 2, Some(40)),
            "2 tasks without health check to run a while",
        ),
        (
            with_health_check,
            [2, 2, 0],
            |w| {
                vec![
                    new(w, "x", "RUNNING", 30, Some(2)),
                    new(w, "y", "RUNNING", 30, Some(4)),
                ]
            },
            (Kind::ContainerHealth, 2, Some(50)),
            "the container health check of 2 tasks",
        ),
        (
            with_load_balancer,
            [1, 2, 0],
            |w| {
                vec![
                    old("a"),
                    new(w, "x", "RUNNING", 30, Some(9)),
                    new(w, "y", "RUNNING", 30, Some(4)),
                ]
            },
            (Kind::LoadBalancerHealth, 1, Some(90)),
            "load balancer health of 1 task",
        ),
        // One that began much later is not what holds the rollout.
        (
            with_load_balancer,
            [2, 1, 1],
            |w| {
                vec![
                    old("a"),
                    old("b"),
                    new(w, "x", "RUNNING", 80, Some(60)),
                    new(w, "y", "PENDING", 5, None),
                ]
            },
            (Kind::LoadBalancerHealth, 1, Some(90)),
            "load balancer health of 1 task",
        ),
    ];
    for (change, counts, tasks, (kind, number, at_most), words) in table {
        let mut walk = begun(*change);
        counted(&mut walk, *counts);
        walk.world.tasks = tasks(&walk.world);
        let told = look(&mut walk);
        let phase = told.phase.expect("a phase");
        assert_eq!((phase.kind, phase.tasks), (*kind, *number), "{words}");
        assert_eq!(seconds(phase.at_most), *at_most, "{words}");
        assert_eq!(told.waiting_for, *words);
    }
}

#[test]
fn a_phase_began_when_ecs_says_so() {
    let mut walk = begun(with_load_balancer);
    counted(&mut walk, [2, 2, 0]);
    let first = new(&walk.world, "x", "RUNNING", 30, Some(9));
    let began = first.started_at;
    walk.world.tasks = vec![new(&walk.world, "y", "RUNNING", 30, Some(4)), first];
    assert_eq!(look(&mut walk).phase.and_then(|phase| phase.since), began);
}

#[test]
fn times_of_a_clock_that_is_ahead_of_ours_are_not_told() {
    let mut walk = begun(|_| {});
    counted(&mut walk, [2, 2, 0]);
    let mut ahead = new(&walk.world, "x", "RUNNING", 30, Some(9));
    let hour = Duration::from_secs(3600);
    ahead.created_at = ahead.created_at.map(|at| at.plus(hour));
    ahead.started_at = ahead.started_at.map(|at| at.plus(hour));
    walk.world.tasks = vec![ahead];
    let told = look(&mut walk);
    assert_eq!(told.phase.and_then(|phase| phase.since), None);
    assert_eq!(told.ends_about, None);
}

#[test]
fn old_tasks_that_go_are_waited_for_when_the_new_ones_are_healthy() {
    let mut walk = begun(with_load_balancer);
    let ran = |world: &World| {
        let ids = ["x", "y"];
        ids.map(|id| new(world, id, "RUNNING", 30, Some(9)))
            .to_vec()
    };
    look(&mut walk);
    counted(&mut walk, [0, 2, 0]);
    walk.world.tasks = ran(&walk.world);
    walk.world.stopped = vec![
        goes(&walk.world, "a", "DEACTIVATING", 0),
        goes(&walk.world, "b", "STOPPING", 0),
    ];
    let told = look(&mut walk);
    assert_eq!(told.waiting_for, "draining of 1 old task");
    let phase = told.phase.expect("a phase");
    assert_eq!(phase.at_most, None, "the target group alone knows");
    assert_eq!(phase.since, walk.world.stopped[0].stopping_at);
    let states = TaskStates {
        healthy: 2,
        draining: 1,
        stopping: 1,
        ..TaskStates::default()
    };
    assert_eq!(told.states, Some(states));

    walk.world.stopped[0].last_status = "STOPPED".to_owned();
    walk.world.stopped[1].last_status = "STOPPED".to_owned();
    let told = look(&mut walk);
    assert_eq!(told.waiting_for, "ECS to call it complete");
}

#[test]
fn what_cannot_be_known_has_no_end_and_what_was_seen_has_one() {
    let mut walk = begun(with_health_check);
    let world = &walk.world;
    walk.world.tasks = vec![
        new(world, "x", "RUNNING", 20, Some(4)),
        new(world, "y", "PENDING", 20, None),
    ];
    counted(&mut walk, [2, 1, 1]);
    assert_eq!(look(&mut walk).ends_about, None, "no task was ever healthy");
    walk.world.tasks[0].health = "HEALTHY".to_owned();
    let told = look(&mut walk);
    let end = told.ends_about.expect("an estimate");
    assert!(
        end > Timestamp::ZERO && end.millis().is_multiple_of(5000),
        "{end:?}"
    );
    assert!(walk.world.now.since(end) < Duration::from_secs(120));
    assert_eq!(look(&mut walk).ends_about, told.ends_about, "it stays");
}

#[test]
fn another_desired_count_in_the_middle_is_told_and_is_no_error() {
    let mut walk = begun(|_| {});
    look(&mut walk);
    walk.rollout.take_notes();
    walk.world.service_mut().desired = 5;
    let told = look(&mut walk);
    assert_eq!((told.desired, told.desired_before), (5, Some(2)));
    let notes = walk.rollout.take_notes();
    assert!(
        matches!(&notes[..], [(NoteLevel::Info, text)] if text.starts_with("desired changed from 2 to 5 tasks")),
        "{notes:?}"
    );
    walk.world.script = vec![Status::Successful];
    assert_eq!(walk.verdict(), Verdict::Live);
}

#[test]
fn tasks_that_cannot_be_looked_at_are_told_once_and_hinder_nothing() {
    let mut walk = begun(|_| {});
    walk.world.fails("WatchTasks", FailureKind::Denied, 9);
    look(&mut walk);
    look(&mut walk);
    let notes = walk.rollout.take_notes();
    assert!(
        matches!(&notes[..], [(NoteLevel::Warning, text)] if text.starts_with("the phases of tasks are not shown")),
        "{notes:?}"
    );
    assert_eq!(walk.did("WatchTasks"), 2, "not at each poll");
    walk.world.script = vec![Status::Successful];
    assert_eq!(walk.verdict(), Verdict::Live);
}

#[test]
fn looks_are_few_while_nothing_changes() {
    let mut walk = begun(|_| {});
    walk.world.tasks = vec![new(&walk.world, "x", "PENDING", 1, None)];
    let before = walk.world.now;
    while walk.world.now.since(before) < Duration::from_secs(600) {
        assert_eq!(walk.step(), None);
    }
    let looks = walk.did("WatchTasks");
    assert!((18..=24).contains(&looks), "{looks} looks in 10 minutes");
}
