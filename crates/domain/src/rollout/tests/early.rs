//! A rollout that cannot come to serve is stopped early, and only such a one.

use super::fixtures::{cancelled, wanted};
use super::world::{World, task};
use super::{Checkpoint, Next, Verdict, Walk};
use crate::document::Document;
use crate::event::{NoteLevel, Step};
use crate::observe::{BreakerCount, ServiceDeploymentStatus as Status, ServiceEventSeen, TaskSeen};
use crate::rollout::FailureKind;

const NO_IMAGE: &str = "CannotPullContainerError: manifest unknown";
const NO_ROUTE: &str = "CannotPullContainerError: dial tcp 10.0.0.1:443: i/o timeout";

/// A stopped task of the deployment under way; with seconds in RUNNING, or none.
pub(super) fn dead(
    world: &World,
    number: usize,
    reason: &str,
    lived: Option<u64>,
    exit: Option<i32>,
) -> TaskSeen {
    let definition = world
        .service
        .as_ref()
        .expect("a service")
        .task_definition
        .clone();
    let mut task = task(&format!("dead-{number}"), &definition, None);
    task.last_status = "STOPPED".to_owned();
    task.stopped_reason = Some(reason.to_owned());
    task.started_at = lived.map(|_| world.now);
    task.stopped_at = Some(
        world
            .now
            .plus(std::time::Duration::from_secs(lived.unwrap_or(0))),
    );
    task.containers[0].exit_code = exit;
    task
}

/// So many tasks have died, and the breaker has counted them.
pub(super) fn die(
    world: &mut World,
    count: usize,
    reason: &str,
    lived: Option<u64>,
    exit: Option<i32>,
) {
    world.stopped = (0..count)
        .map(|number| dead(world, number, reason, lived, exit))
        .collect();
    world.first().breaker = Some(BreakerCount {
        status: "MONITORING".to_owned(),
        failures: u32::try_from(count).expect("few"),
        threshold: 10,
    });
}

pub(super) fn crash(world: &mut World, count: usize, lived: u64) {
    let reason = "Essential container in task exited";
    die(world, count, reason, Some(lived), Some(1));
}

/// A rollout that ECS would go on with for ever, and what happens at its third look.
fn trouble(turn: fn(&mut World)) -> Walk {
    let mut walk = Walk::usual();
    walk.world.script = vec![Status::InProgress];
    walk.world.stop_script = vec![Status::RollbackInProgress, Status::RollbackSuccessful];
    walk.world.turns = vec![(3, turn)];
    walk
}

/// That the rollout goes on until its time is over.
fn goes_on(mut walk: Walk) {
    assert_eq!(
        walk.verdict(),
        Verdict::Unknown,
        "{:?}",
        walk.log.last_chunk::<9>()
    );
    assert_eq!(walk.did("StopDeployment"), 0);
}

#[test]
fn an_image_that_two_tasks_cannot_pull_stops_it_and_the_verdict_says_so() {
    let mut walk = trouble(|world| die(world, 2, NO_IMAGE, None, None));
    walk.until("StopIntent");
    let told = walk.rollout.take_notes();
    assert!(
        matches!(&told[..], [(NoteLevel::Warning, text)] if text.contains("stopped early")),
        "{told:?}"
    );
    let report = walk.report();
    assert_eq!(report.verdict, Verdict::RolledBack);
    assert_eq!(
        report.summary,
        "stopped early: the image cannot be pulled: it is not in the repository; web:1 serves again"
    );
    assert_eq!(report.findings[0].code, "image-not-found");
    assert_eq!(walk.did("StopDeployment"), 1);
    assert_eq!(walk.noted.last(), Some(&Checkpoint::Resumed));
}

#[test]
fn containers_that_end_at_once_stop_it_after_as_many_as_the_setting_says() {
    let mut walk = trouble(|world| crash(world, 3, 2));
    let report = walk.report();
    assert_eq!(report.verdict, Verdict::RolledBack);
    assert!(
        report
            .summary
            .starts_with("stopped early: the new container exits with code 1")
    );

    goes_on(trouble(|world| crash(world, 2, 2)));
    // One that served for a while is no crash at the start.
    goes_on(trouble(|world| crash(world, 9, 31)));
}

#[test]
fn it_goes_on_while_more_run_than_have_ended() {
    goes_on(trouble(|world| {
        crash(world, 3, 2);
        world.first().target_revision.running = 3;
    }));
    goes_on(trouble(|world| {
        die(world, 2, NO_IMAGE, None, None);
        world.first().target_revision.running = 1;
    }));
}

#[test]
fn a_single_failure_and_what_may_recover_are_left_to_the_breaker() {
    goes_on(trouble(|world| die(world, 1, NO_IMAGE, None, None)));
    goes_on(trouble(|world| die(world, 9, NO_ROUTE, None, None)));
    goes_on(trouble(|world| {
        die(world, 9, "Capacity is unavailable at this time", None, None)
    }));
}

#[test]
fn tasks_of_others_are_no_reason_to_stop() {
    goes_on(trouble(|world| {
        die(world, 5, NO_IMAGE, None, None);
        for task in &mut world.stopped {
            task.task_definition.push('9');
        }
    }));
}

#[test]
fn with_the_setting_at_zero_it_is_never_stopped_early() {
    let mut wish = wanted();
    wish.settings.stop_early_after = 0;
    let mut walk = Walk::of(wish, World::new());
    walk.world.script = vec![Status::InProgress];
    walk.world.turns = vec![(3, |world| die(world, 9, NO_IMAGE, None, None))];
    assert_eq!(walk.verdict(), Verdict::Unknown);
    assert_eq!(walk.did("StoppedTasks"), 0, "nor looked for");

    let mut walk = Walk::of(walk.wanted, World::new());
    walk.world.script = vec![Status::InProgress];
    walk.world.turns = vec![(3, no_role)];
    walk.world.busy = true;
    assert_eq!(walk.verdict(), Verdict::Unknown);
    assert_eq!(walk.did("StopDeployment"), 0);
}

/// The scheduler says that it cannot assume the role.
fn no_role(world: &mut World) {
    let at = world.now;
    let message =
        "(service web) failed to launch a task with (error ECS was unable to assume the role 'x')";
    world.service_mut().events = vec![ServiceEventSeen {
        id: "e".to_owned(),
        at,
        message: message.to_owned(),
    }];
}

#[test]
fn a_role_that_is_missing_is_plain_from_the_events_alone_and_is_told_once() {
    let mut walk = trouble(no_role);
    walk.world.busy = true;
    // ECS takes its time.
    walk.world.stop_script = vec![Status::InProgress; 3];
    walk.world.stop_script.push(Status::RollbackSuccessful);
    let report = walk.report();
    assert_eq!(report.verdict, Verdict::RolledBack);
    assert_eq!(report.findings[0].code, "role-not-assumed");
    assert_eq!(walk.rollout.take_notes().len(), 1);
}

#[test]
fn a_crash_loop_that_the_breaker_does_not_count_is_seen_by_the_tasks_that_are_started() {
    let mut walk = trouble(|world| {
        crash(world, 3, 2);
        world.first().breaker = None;
        let at = world.now;
        let event = |n: u32| ServiceEventSeen {
            id: n.to_string(),
            at,
            message: format!("(service web) has started 1 tasks: (task {n})."),
        };
        world.service_mut().events = (0..5).map(event).collect();
    });
    walk.world.busy = true;
    assert_eq!(walk.verdict(), Verdict::RolledBack);
    assert_eq!(walk.did("StopDeployment"), 1);
}

#[test]
fn whoever_takes_over_goes_on_with_the_stop_and_a_later_cancel_changes_no_verdict() {
    for cancel in [false, true] {
        let mut walk = trouble(|world| die(world, 2, NO_IMAGE, None, None));
        walk.until("StopIntent");
        // What the next one would see by itself is gone.
        walk.world.stopped.clear();
        walk.again();
        if cancel {
            walk.stop(cancelled());
        }
        let report = walk.report();
        assert_eq!(report.verdict, Verdict::RolledBack, "cancel {cancel}");
        assert!(
            report.summary.starts_with("stopped early"),
            "{}",
            report.summary
        );
        assert_eq!(walk.did("StopDeployment"), 1);
    }
}

#[test]
fn a_breaker_that_was_faster_gets_the_credit() {
    let mut walk = trouble(|world| die(world, 2, NO_IMAGE, None, None));
    walk.world.script = vec![
        Status::InProgress,
        Status::InProgress,
        Status::RollbackSuccessful,
    ];
    let report = walk.report();
    assert_eq!(report.verdict, Verdict::RolledBack);
    assert!(!report.summary.contains("early"), "{}", report.summary);
    assert_eq!(report.findings[0].code, "image-not-found");
}

#[test]
fn where_nothing_is_put_back_it_has_failed() {
    let mut walk = trouble(|world| die(world, 2, NO_IMAGE, None, None));
    walk.world.stop_script = vec![Status::Stopped];
    let report = walk.report();
    assert_eq!(report.verdict, Verdict::Failed);
    assert!(
        report.summary.contains("put nothing back"),
        "{}",
        report.summary
    );
}

#[test]
fn a_cancel_that_came_first_is_a_cancel() {
    let mut walk = trouble(|world| die(world, 2, NO_IMAGE, None, None));
    walk.until("Following");
    walk.stop(cancelled());
    assert_eq!(walk.verdict(), Verdict::Cancelled);
}

/// A rollout whose container writes to CloudWatch Logs, and crashes.
fn with_log() -> Walk {
    let mut wish = wanted();
    let containers = r#"[{"name":"app","image":"x","memory":256,"logConfiguration":{"logDriver":"awslogs","options":
        {"awslogs-group":"/ecs/web","awslogs-region":"eu-west-1","awslogs-stream-prefix":"web"}}}]"#;
    let containers = Document::parse(containers).expect("containers");
    wish.task_definition.set("containerDefinitions", containers);
    let mut walk = Walk::of(wish, World::new());
    walk.world.script = vec![Status::InProgress];
    walk.world.stop_script = vec![Status::RollbackSuccessful];
    walk.world.turns = vec![(3, |world| crash(world, 3, 2))];
    walk
}

#[test]
fn what_the_dead_container_said_last_is_evidence() {
    let mut walk = with_log();
    let report = walk.report();
    assert_eq!(report.verdict, Verdict::RolledBack);
    assert_eq!(walk.did("LastWords"), 1);
    let evidence = &report.findings[0].evidence;
    assert_eq!(
        evidence.last().map(String::as_str),
        Some("| Error: DATABASE_URL is not set")
    );
}

#[test]
fn a_log_that_cannot_be_read_changes_no_verdict_and_is_told() {
    let mut walk = with_log();
    walk.world.fails("LastWords", FailureKind::Denied, 9);
    let report = walk.report();
    assert_eq!(report.verdict, Verdict::RolledBack);
    assert_eq!(report.findings[0].code, "container-exits");
    let told = walk.rollout.take_notes();
    let told = told
        .iter()
        .any(|(_, text)| text.contains("last lines of the container could not be read"));
    assert!(told);
}

#[test]
fn a_look_at_what_has_died_meanwhile_is_a_part_of_following_and_no_step_of_its_own() {
    let mut walk = trouble(|world| die(world, 1, NO_IMAGE, None, None));
    walk.until("Following");
    let mut steps = Vec::new();
    while walk.did("StoppedTasks") == 0 {
        if let Next::Do(action) = walk.rollout.next(walk.world.now) {
            steps.push(action.step());
        }
        assert_eq!(walk.step(), None);
    }
    steps.dedup();
    assert_eq!(steps, [Step::Follow]);
}

#[test]
fn what_has_died_is_looked_at_once_and_what_does_not_show_yet_again_after_a_while() {
    let mut walk = trouble(|world| die(world, 1, NO_IMAGE, None, None));
    assert_eq!(walk.verdict(), Verdict::Unknown);
    assert_eq!(walk.did("StoppedTasks"), 1);

    let mut walk = trouble(|world| {
        die(world, 2, NO_IMAGE, None, None);
        world.stopped.clear();
    });
    walk.world
        .turns
        .push((30, |world| die(world, 2, NO_IMAGE, None, None)));
    walk.until("StopIntent");
    // 27 polls of 5 s lie between: more often would cost calls, less often time.
    let looks = walk.did("StoppedTasks");
    assert!((7..=10).contains(&looks), "{looks}");

    let mut walk = trouble(|world| {
        die(world, 1, NO_IMAGE, None, None);
        world.stopped.clear();
    });
    assert_eq!(walk.verdict(), Verdict::Unknown);
    assert!(walk.did("StoppedTasks") > 1, "a single one, too");
}

#[test]
fn another_that_dies_is_looked_at_at_once() {
    let mut walk = trouble(|world| die(world, 1, NO_IMAGE, None, None));
    let second: fn(&mut World) = |world| die(world, 2, NO_IMAGE, None, None);
    walk.world.turns.push((4, second));
    walk.until("StopIntent");
    assert_eq!(walk.world.polls, 4);
}

#[test]
fn without_a_breaker_the_count_of_the_service_is_believed() {
    let mut walk = trouble(|world| {
        die(world, 2, NO_IMAGE, None, None);
        world.first().breaker = None;
        world.service_mut().deployments[0].failed = 2;
    });
    walk.world.busy = true;
    assert_eq!(walk.verdict(), Verdict::RolledBack);

    // The count of another deployment says nothing of ours.
    let mut walk = trouble(|world| {
        die(world, 2, NO_IMAGE, None, None);
        world.first().breaker = None;
        world.service_mut().deployments[1].failed = 2;
    });
    walk.world.busy = true;
    assert_eq!(walk.verdict(), Verdict::Unknown);
    assert_eq!(walk.did("StoppedTasks"), 0);
}
