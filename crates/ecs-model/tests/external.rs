//! Tasks that really run somewhere: what is told about them, and what a service makes of it.

mod common;

use std::time::Duration;

use common::{at, guarded, plan, seconds};
use ecs_model::{
    Check, Checks, Exit, Health, Outcome, Plan, Report, Scripted, Service, Standing, Status,
    StopCode, Task, TaskStatus,
};

fn external() -> Plan {
    Plan {
        outcome: Outcome::External,
        ..plan(40)
    }
}

fn exit(code: i32) -> Report {
    Report::Exited(Exit { code, reason: None })
}

fn tell(task: &mut Task, second: u64, report: Report) {
    task.report(at(second), Duration::ZERO, report);
    drive(task, second);
}

fn drive(task: &mut Task, second: u64) {
    while let Some(next) = task.next_wakeup().filter(|next| *next <= at(second)) {
        let _change = task.step(next, Duration::ZERO);
    }
}

fn launched(plan: Plan) -> Task {
    let mut task = Task::launch("t".to_owned(), None, plan, at(0));
    drive(&mut task, 10);
    task
}

#[test]
fn an_external_task_goes_on_when_it_is_told_to_and_not_before() {
    let mut task = launched(external());
    drive(&mut task, 3_000);
    assert_eq!(task.status(), TaskStatus::Pending);
    assert!(task.is_moving());
    tell(&mut task, 3_001, Report::Running);
    assert_eq!(task.status(), TaskStatus::Pending, "it has no image yet");
    tell(&mut task, 3_002, Report::Pulled);
    assert_eq!(task.status(), TaskStatus::Activating);
    tell(&mut task, 3_010, Report::Running);
    assert_eq!(task.status(), TaskStatus::Running);
    assert_eq!(task.times().pull_stopped_at, Some(at(3_002)));
    assert_eq!(task.times().started_at, Some(at(3_010)));
    drive(&mut task, 3_050);
    assert_eq!(task.health(), Health::Healthy, "40 s without any check");

    task.stop(at(3_100), StopCode::UserInitiated, "enough");
    drive(&mut task, 4_000);
    assert_eq!(task.status(), TaskStatus::Stopping);
    tell(&mut task, 4_001, exit(143));
    drive(&mut task, 5_000);
    assert_eq!(task.status(), TaskStatus::Stopped);
    assert_eq!(task.exit().map(|exit| exit.code), Some(143));
    assert_eq!(task.times().execution_stopped_at, Some(at(4_001)));
}

#[test]
fn an_external_task_that_cannot_start_says_why() {
    for pulled in [false, true] {
        let mut task = launched(external());
        if pulled {
            tell(&mut task, 20, Report::Pulled);
        }
        tell(
            &mut task,
            30,
            Report::CannotStart("no such file".to_owned()),
        );
        assert!(task.status() >= TaskStatus::Deprovisioning);
        let stop = task.stop_cause().unwrap();
        assert_eq!(stop.code, StopCode::TaskFailedToStart);
        assert_eq!(stop.reason, "no such file");
        assert_eq!(task.times().started_at, None);
    }
}

#[test]
fn every_check_must_pass_and_one_that_fails_in_its_grace_is_heard_after_it() {
    let checks = Checks {
        container: true,
        target: true,
    };
    let plan = Plan {
        checks,
        ..external()
    };
    let mut task = launched(plan);
    tell(&mut task, 11, Report::Pulled);
    tell(&mut task, 12, Report::Running);
    drive(&mut task, 500);
    assert_eq!(task.health(), Health::Unknown);
    tell(&mut task, 501, Report::Passed(Check::Container));
    assert_eq!(task.health(), Health::Unknown);
    let trouble = "Request timed out".to_owned();
    task.report(
        at(502),
        seconds(600),
        Report::Failed(Check::Target, trouble),
    );
    drive(&mut task, 611);
    assert_eq!(task.health(), Health::Unknown);
    tell(&mut task, 611, Report::Passed(Check::Target));
    drive(&mut task, 700);
    assert_eq!(task.health(), Health::Healthy);
    let trouble = "Health checks failed".to_owned();
    tell(&mut task, 800, Report::Failed(Check::Container, trouble));
    assert_eq!(task.health(), Health::Unhealthy);
    assert_eq!(
        task.trouble(),
        Some((Check::Container, "Health checks failed"))
    );
}

#[test]
fn an_end_during_draining_is_kept_until_it_is_over() {
    let checks = Checks {
        container: false,
        target: true,
    };
    let mut draining = Plan {
        checks,
        ..external()
    };
    draining.phases.draining = seconds(300);
    let mut task = launched(draining);
    tell(&mut task, 11, Report::Pulled);
    tell(&mut task, 12, Report::Running);
    task.stop(at(20), StopCode::ServiceSchedulerInitiated, "scaling");
    tell(&mut task, 30, exit(9));
    assert_eq!(task.status(), TaskStatus::Deactivating);
    drive(&mut task, 319);
    assert_eq!(task.status(), TaskStatus::Deactivating);
    drive(&mut task, 320);
    assert_eq!(task.exit().map(|exit| exit.code), Some(9));
    assert_eq!(task.status(), TaskStatus::Stopped);
}

/// Tells all tasks that wait for something what makes them run.
fn start_all(service: &mut Service, second: u64, outside: &mut Scripted) {
    for _ in 0..2 {
        let waiting: Vec<(String, Report)> = service
            .tasks()
            .iter()
            .filter_map(|task| match task.status() {
                TaskStatus::Pending => Some((task.id().to_owned(), Report::Pulled)),
                TaskStatus::Activating => Some((task.id().to_owned(), Report::Running)),
                _ => None,
            })
            .collect();
        for (id, report) in waiting {
            assert!(service.report(&id, report, at(second), outside));
        }
    }
}

#[test]
fn a_service_of_external_tasks_rolls_out_and_its_breaker_counts_their_exits() {
    let mut outside = Scripted::new(external());
    let mut service = Service::new("web", guarded(), 1, "ecs-svc/1", at(0), &mut outside);
    service.advance(at(600), &mut outside);
    assert_eq!(service.standing(), Standing::Moving, "it waits to be told");
    start_all(&mut service, 600, &mut outside);
    service.advance(at(700), &mut outside);
    assert_eq!(service.standing(), Standing::Steady);

    service.update("ecs-svc/2", at(1_000), &mut outside);
    for round in 0..3 {
        let second = 1_100 + round * 100;
        service.advance(at(second), &mut outside);
        start_all(&mut service, second, &mut outside);
        let tasks = service.tasks().iter();
        let fresh: Vec<String> = tasks
            .filter(|task| task.deployment() == Some("ecs-svc/2"))
            .filter(|task| task.status() == TaskStatus::Running)
            .map(|task| task.id().to_owned())
            .collect();
        for id in fresh {
            service.report(&id, exit(3), at(second + 1), &mut outside);
        }
    }
    service.advance(at(2_000), &mut outside);
    let current = service.current().unwrap();
    assert_eq!(current.status, Status::RollbackSuccessful, "{current:?}");
    assert!(!service.report("nobody", Report::Pulled, at(2_000), &mut outside));
}

#[test]
fn a_task_that_is_born_running_waits_for_nobody() {
    let task = Task::running("t".to_owned(), None, external(), at(0));
    assert!(!task.is_external());
}
