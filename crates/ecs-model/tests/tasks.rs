//! The life of a task, its health, and who replaces it.

mod common;

use common::{at, exits_at_once, guarded, percents, plan, run, said, seconds, steady};
use ecs_model::{
    Check, Checks, Config, Health, Outcome, Phases, Plan, Scripted, Service, Standing, Status,
    StopCode, Task, TaskStatus, Until,
};

fn drive(task: &mut Task, grace: u64) {
    while let Some(next) = task.next_wakeup() {
        let _change = task.step(next, seconds(grace));
    }
}

#[test]
fn a_task_goes_through_its_states_and_keeps_every_timestamp() {
    let plan = Plan {
        checks: Checks {
            target: true,
            ..Checks::default()
        },
        ..Plan::default()
    };
    let mut task = Task::launch("t".to_owned(), None, plan, at(0));
    let mut seen = vec![task.status()];
    let mut stopped = false;
    while let Some(next) = task.next_wakeup() {
        let _change = task.step(next, seconds(0));
        if seen.last() != Some(&task.status()) {
            seen.push(task.status());
        }
        if task.health() == Health::Healthy && !stopped {
            stopped = true;
            task.stop(at(100), StopCode::UserInitiated, "enough");
            seen.push(task.status());
        }
    }
    assert_eq!(
        seen.iter().map(|s| s.as_str()).collect::<Vec<_>>(),
        [
            "PROVISIONING",
            "PENDING",
            "ACTIVATING",
            "RUNNING",
            "DEACTIVATING",
            "STOPPING",
            "DEPROVISIONING",
            "STOPPED"
        ]
    );
    let times = task.times();
    assert_eq!(times.connectivity_at, Some(at(10)));
    assert_eq!(times.pull_started_at, Some(at(10)));
    assert_eq!(times.pull_stopped_at, Some(at(30)));
    assert_eq!(times.started_at, Some(at(35)));
    assert_eq!(times.stopping_at, Some(at(100)));
    assert_eq!(times.execution_stopped_at, Some(at(402)));
    assert_eq!(times.stopped_at, Some(at(412)));
    assert_eq!(task.exit().map(|exit| exit.code), Some(0));
}

/// The four rules of ecs-facts 1.1, with the default phases: RUNNING is at 35 s.
#[test]
fn health_follows_the_checks_there_are() {
    let rules = [
        (false, false, 40),
        (true, false, 30),
        (false, true, 50),
        (true, true, 50),
    ];
    for (container, target, after) in rules {
        let plan = Plan {
            phases: Phases {
                target_passing: seconds(50),
                ..Phases::default()
            },
            checks: Checks { container, target },
            ..Plan::default()
        };
        let mut task = Task::launch("t".to_owned(), None, plan, at(0));
        let mut healthy = None;
        while let Some(next) = task.next_wakeup() {
            let _change = task.step(next, seconds(0));
            if task.health() == Health::Healthy {
                healthy.get_or_insert(next);
            }
        }
        assert_eq!(healthy, Some(at(35 + after)), "{container} {target}");
    }
}

#[test]
fn a_process_that_ignores_its_stop_signal_is_killed() {
    let plan = Plan {
        phases: Phases {
            terminating: seconds(90),
            ..Phases::default()
        },
        ..Plan::default()
    };
    let mut task = Task::running("t".to_owned(), None, plan, at(0));
    task.stop(at(0), StopCode::UserInitiated, "enough");
    drive(&mut task, 0);
    assert_eq!(task.exit().map(|exit| exit.code), Some(137));
    assert_eq!(task.times().execution_stopped_at, Some(at(30)));
}

#[test]
fn a_task_that_cannot_start_says_why() {
    for (until, reached) in [
        (Until::Provisioning, None),
        (Until::Pulling, Some(at(10))),
        (Until::Activating, Some(at(10))),
    ] {
        let plan = Plan {
            outcome: Outcome::CannotStart {
                until,
                reason: "no".to_owned(),
            },
            ..Plan::default()
        };
        let mut task = Task::launch("t".to_owned(), None, plan, at(0));
        drive(&mut task, 0);
        assert_eq!(task.status(), TaskStatus::Stopped);
        assert_eq!(task.times().pull_started_at, reached);
        assert_eq!(task.times().started_at, None);
        let stop = task.stop_cause().expect("a cause");
        assert_eq!(stop.code, StopCode::TaskFailedToStart);
        assert_eq!(stop.reason, "no");
    }
}

fn behind_a_load_balancer(outcome: Outcome) -> Plan {
    Plan {
        phases: Phases {
            target_passing: seconds(30),
            target_failing: seconds(60),
            draining: seconds(20),
            ..plan(40).phases
        },
        checks: Checks {
            target: true,
            ..Checks::default()
        },
        outcome,
    }
}

fn unhealthy() -> Outcome {
    Outcome::Unhealthy {
        check: Check::Target,
        after: seconds(0),
        reason: "Health checks failed with these codes: [502]".to_owned(),
    }
}

#[test]
fn a_revision_that_fails_its_load_balancer_check_is_rolled_back() {
    let mut outside = Scripted::new(behind_a_load_balancer(Outcome::Runs));
    outside.script("ecs-svc/bad", vec![unhealthy()]);
    let config = Config {
        target_group: Some("arn:tg".to_owned()),
        ..guarded()
    };
    let mut service = steady(config, 2, &mut outside);
    service.update("ecs-svc/bad", at(0), &mut outside);
    assert_eq!(run(&mut service, &mut outside), Standing::Steady);
    assert_eq!(
        service.current().map(|c| c.status),
        Some(Status::RollbackSuccessful)
    );
    let stop = service.tasks()[2].stop_cause().expect("it was stopped");
    assert_eq!(
        stop.reason,
        "Task failed ELB health checks in (target-group arn:tg)"
    );
    assert!(
        said(&service)
            .iter()
            .any(|text| text.contains("due to (reason Health checks failed"))
    );
}

#[test]
fn the_grace_period_hides_failing_checks() {
    let mut outside = Scripted::new(behind_a_load_balancer(unhealthy()));
    let config = Config {
        grace: seconds(600),
        ..percents(100, 200)
    };
    let mut service = Service::new("app", config, 1, "ecs-svc/1", at(0), &mut outside);
    service.advance(at(629), &mut outside);
    assert_eq!(service.tasks().len(), 1);
    service.advance(at(631), &mut outside);
    assert_eq!(service.tasks().len(), 2, "now it is replaced");
}

#[test]
fn an_unhealthy_task_stays_until_its_replacement_has_settled() {
    let mut outside = Scripted::new(behind_a_load_balancer(Outcome::Runs));
    outside.script(
        "ecs-svc/1",
        vec![
            Outcome::Unhealthy {
                check: Check::Target,
                after: seconds(1000),
                reason: "timeout".to_owned(),
            },
            Outcome::Runs,
        ],
    );
    let config = percents(100, 200);
    let mut service = Service::new("app", config, 1, "ecs-svc/1", at(0), &mut outside);
    // RUNNING at 30 s, in trouble at 1030 s, noticed at 1090 s, the replacement is healthy at 1150 s.
    service.advance(at(1149), &mut outside);
    assert_eq!(service.counts("ecs-svc/1").running, 2);
    service.advance(at(1150), &mut outside);
    assert_eq!(service.tasks()[0].status(), TaskStatus::Deactivating);
    assert_eq!(run(&mut service, &mut outside), Standing::Steady);
}

#[test]
fn with_no_room_an_unhealthy_task_goes_first() {
    let mut outside = Scripted::new(behind_a_load_balancer(Outcome::Runs));
    outside.script("ecs-svc/1", vec![unhealthy(), Outcome::Runs]);
    let config = percents(0, 100);
    let mut service = Service::new("app", config, 1, "ecs-svc/1", at(0), &mut outside);
    service.advance(at(95), &mut outside);
    assert_eq!(service.tasks().len(), 1);
    assert_eq!(service.tasks()[0].status(), TaskStatus::Deactivating);
    assert_eq!(run(&mut service, &mut outside), Standing::Steady);
}

#[test]
fn an_old_task_that_dies_in_mid_deployment_comes_back_in_its_own_revision() {
    let mut outside = Scripted::new(plan(40));
    let mut service = steady(percents(100, 200), 4, &mut outside);
    service.update("ecs-svc/new", at(0), &mut outside);
    service.advance(at(5), &mut outside);
    let victim = service.tasks()[0].id().to_owned();
    assert!(service.stop_task(&victim, "by hand", at(5), &mut outside));
    service.advance(at(6), &mut outside);
    let replacement = service.tasks().last().expect("a task");
    assert_eq!(replacement.deployment(), Some("ecs-svc/old"));
    assert_eq!(run(&mut service, &mut outside), Standing::Steady);
}

#[test]
fn a_slow_shutdown_delays_the_replacement_when_stopping_tasks_count() {
    let mut slow = plan(40);
    slow.phases.terminating = seconds(25);
    let ends = [true, false].map(|stopping_counts| {
        let mut outside = Scripted::new(slow.clone());
        let mut config = percents(0, 100);
        config.choices.stopping_counts = stopping_counts;
        let mut service = steady(config, 1, &mut outside);
        service.update("ecs-svc/new", at(0), &mut outside);
        service.advance(at(1000), &mut outside);
        let new = service
            .tasks()
            .iter()
            .find(|t| t.deployment() == Some("ecs-svc/new"));
        new.map(|task| task.times().created_at)
    });
    assert_eq!(ends, [Some(at(25)), Some(at(0))]);
}

#[test]
fn a_service_scaled_in_keeps_its_deployment() {
    let mut outside = Scripted::new(plan(40));
    let mut service = steady(guarded(), 4, &mut outside);
    service.set_desired(1, at(10), &mut outside);
    assert_eq!(run(&mut service, &mut outside), Standing::Steady);
    assert_eq!(service.counts("ecs-svc/old").running, 1);
    assert_eq!(service.service_deployments().len(), 1);
}

#[test]
fn of_tasks_that_end_at_once_the_newest_two_thousand_are_kept() {
    let mut hopeless = plan(40);
    hopeless.outcome = exits_at_once();
    let mut outside = Scripted::new(hopeless);
    let mut service = Service::new(
        "app",
        percents(0, 200),
        600,
        "ecs-svc/1",
        at(0),
        &mut outside,
    );
    service.advance(at(1800), &mut outside);
    let stopped: Vec<_> = service
        .tasks()
        .iter()
        .filter(|task| task.status() == TaskStatus::Stopped)
        .collect();
    assert_eq!(stopped.len(), 2_000);
    let newest = stopped
        .iter()
        .filter_map(|task| task.times().stopped_at)
        .max();
    assert!(newest > Some(at(1700)), "{newest:?}");
}
