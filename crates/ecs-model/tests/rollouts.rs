//! How deployments end: completed, rolled back, superseded, stopped, stalled.

mod common;

use common::{at, cannot_pull, exits_at_once, guarded, percents, plan, run, said, seconds, steady};
use ecs_model::{
    BreakerConfig, BreakerStatus, Config, Outcome, RolloutState, Scripted, Service, Stall,
    Standing, Status, StopRefused, TaskStatus, Threshold,
};

fn statuses(service: &Service) -> Vec<Status> {
    let all = service.service_deployments().iter();
    all.map(|deployment| deployment.status).collect()
}

#[test]
fn a_rollout_ends_successful_with_one_completed_deployment() {
    let mut outside = Scripted::new(plan(40));
    let mut service = steady(guarded(), 2, &mut outside);
    service.update("ecs-svc/new", at(10), &mut outside);
    service.advance(at(10), &mut outside);
    assert_eq!(service.deployments().len(), 2);
    assert_eq!(service.current().map(|c| c.status), Some(Status::Pending));
    assert_eq!(run(&mut service, &mut outside), Standing::Steady);
    assert_eq!(statuses(&service), [Status::Successful, Status::Successful]);
    assert_eq!(service.deployments().len(), 1);
    assert_eq!(service.primary().rollout, RolloutState::Completed);
    assert_eq!(service.rollback_target(), Some("ecs-svc/new"));
    let current = service.current().expect("a service deployment");
    assert_eq!(current.breaker.status, BreakerStatus::MonitoringComplete);
    let counts = current.final_counts.as_ref().expect("a snapshot");
    assert_eq!(counts[0].0, "ecs-svc/old");
    assert_eq!(counts[1].1.running, 2);
}

#[test]
fn a_first_deployment_needs_no_predecessor() {
    let mut outside = Scripted::new(plan(40));
    let mut service = Service::new("app", guarded(), 2, "ecs-svc/1", at(0), &mut outside);
    assert_eq!(run(&mut service, &mut outside), Standing::Steady);
    assert_eq!(statuses(&service), [Status::Successful]);
    assert!(said(&service).contains(&"has reached a steady state.".to_owned()));
}

#[test]
fn a_crash_on_start_trips_the_breaker_and_is_rolled_back_in_the_same_service_deployment() {
    let mut outside = Scripted::new(plan(40));
    outside.script("ecs-svc/bad", vec![exits_at_once()]);
    let mut service = steady(guarded(), 2, &mut outside);
    service.update("ecs-svc/bad", at(10), &mut outside);
    assert_eq!(run(&mut service, &mut outside), Standing::Steady);
    assert_eq!(
        statuses(&service),
        [Status::Successful, Status::RollbackSuccessful]
    );
    let current = service.current().expect("a service deployment");
    assert_eq!(current.target, "ecs-svc/bad");
    assert_eq!(
        current.rollback.as_ref().map(|r| r.to.as_str()),
        Some("ecs-svc/old")
    );
    assert_eq!(current.breaker.status, BreakerStatus::Triggered);
    assert!(current.breaker.failures >= current.breaker.threshold);
    assert_eq!(service.primary().id, "ecs-svc/old");
    assert_eq!(service.counts("ecs-svc/old").running, 2);
    // The old tasks were never touched.
    assert!(
        service.tasks()[..2]
            .iter()
            .all(|task| task.status() == TaskStatus::Running)
    );
    let texts = said(&service);
    assert!(texts.contains(
        &"(deployment ecs-svc/bad) deployment failed: tasks failed to start.".to_owned()
    ));
    assert!(
        texts.contains(
            &"(deployment ecs-svc/bad) rolling back to deployment ecs-svc/old.".to_owned()
        )
    );
}

#[test]
fn while_it_rolls_back_the_failed_entry_is_listed_behind_the_old_one() {
    let mut outside = Scripted::new(plan(40));
    outside.script("ecs-svc/bad", vec![exits_at_once()]);
    let mut service = steady(percents_guarded(50, 200), 2, &mut outside);
    service.update("ecs-svc/bad", at(0), &mut outside);
    while service.primary().id != "ecs-svc/old" {
        let next = service.next_wakeup().expect("something to come");
        service.advance(next, &mut outside);
    }
    let entries = service.deployments();
    assert_eq!(entries[0].rollout, RolloutState::InProgress);
    assert_eq!(
        entries[0].reason,
        "ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/old"
    );
    assert_eq!(
        service.current().map(|c| c.status),
        Some(Status::RollbackInProgress)
    );
    assert_eq!(run(&mut service, &mut outside), Standing::Steady);
}

fn percents_guarded(minimum: u32, maximum: u32) -> Config {
    Config {
        breaker: Some(BreakerConfig::default()),
        ..percents(minimum, maximum)
    }
}

#[test]
fn an_image_that_cannot_be_pulled_backs_off_and_is_rolled_back() {
    let mut outside = Scripted::new(plan(40));
    outside.script("ecs-svc/bad", vec![cannot_pull()]);
    let mut service = steady(guarded(), 1, &mut outside);
    service.update("ecs-svc/bad", at(0), &mut outside);
    assert_eq!(run(&mut service, &mut outside), Standing::Steady);
    assert_eq!(statuses(&service)[1], Status::RollbackSuccessful);
    let launches: Vec<u64> = service.tasks()[1..]
        .iter()
        .map(|task| task.times().created_at.as_millis() / 1000)
        .collect();
    // 25 s until the pull fails; the second retry waits four minutes (ecs-facts 1.7).
    assert_eq!(launches, [0, 25, 290]);
    assert!(
        said(&service)
            .iter()
            .any(|text| text.contains("unable to consistently start"))
    );
}

#[test]
fn tasks_that_ran_are_replaced_without_back_off() {
    let mut outside = Scripted::new(plan(40));
    outside.script("ecs-svc/bad", vec![exits_at_once()]);
    let mut service = steady(percents(100, 200), 1, &mut outside);
    service.update("ecs-svc/bad", at(0), &mut outside);
    service.advance(at(1800), &mut outside);
    let attempts = service.tasks().len() - 1;
    assert!(attempts > 50, "{attempts} attempts in half an hour");
    assert!(
        !said(&service)
            .iter()
            .any(|text| text.contains("consistently"))
    );
}

#[test]
fn without_a_completed_deployment_the_service_stalls() {
    let mut outside = Scripted::new(plan(40));
    outside.script("ecs-svc/bad", vec![exits_at_once()]);
    let mut service = Service::new("app", guarded(), 2, "ecs-svc/bad", at(0), &mut outside);
    assert_eq!(
        run(&mut service, &mut outside),
        Standing::Stalled(Stall::Failed)
    );
    assert_eq!(statuses(&service), [Status::InProgress]);
    assert_eq!(service.primary().rollout, RolloutState::Failed);
    let launched = service.tasks().len();
    service.advance(at(7200), &mut outside);
    assert!(
        service.tasks().len() <= launched,
        "nothing is launched any more"
    );
}

#[test]
fn without_rollback_the_deployment_is_stopped_and_the_mix_stays() {
    let mut outside = Scripted::new(plan(40));
    outside.script("ecs-svc/bad", vec![exits_at_once()]);
    let config = Config {
        breaker: Some(BreakerConfig {
            rollback: false,
            ..BreakerConfig::default()
        }),
        ..Config::default()
    };
    let mut service = steady(config, 2, &mut outside);
    service.update("ecs-svc/bad", at(0), &mut outside);
    assert_eq!(
        run(&mut service, &mut outside),
        Standing::Stalled(Stall::Failed)
    );
    service.advance(at(1000), &mut outside);
    assert_eq!(statuses(&service)[1], Status::Stopped);
    assert_eq!(service.counts("ecs-svc/old").running, 2);
    assert_eq!(service.deployments().len(), 2);
}

#[test]
fn a_newer_deployment_supersedes_and_several_drain_at_once() {
    let mut slow = plan(40);
    slow.phases.terminating = seconds(20);
    let mut outside = Scripted::new(slow);
    let mut service = steady(percents(100, 300), 2, &mut outside);
    service.update("ecs-svc/b", at(0), &mut outside);
    service.advance(at(35), &mut outside);
    service.update("ecs-svc/c", at(35), &mut outside);
    assert_eq!(statuses(&service)[1], Status::StopRequested);
    service.advance(at(36), &mut outside);
    assert_eq!(service.deployments().len(), 3);
    service.advance(at(40), &mut outside);
    assert_eq!(statuses(&service)[1], Status::Stopped);
    assert_eq!(run(&mut service, &mut outside), Standing::Steady);
    assert_eq!(
        statuses(&service),
        [Status::Successful, Status::Stopped, Status::Successful]
    );
    assert_eq!(service.deployments().len(), 1);
    assert_eq!(service.counts("ecs-svc/c").running, 2);
}

#[test]
fn a_person_can_have_a_deployment_rolled_back() {
    let mut outside = Scripted::new(plan(40));
    let mut service = steady(Config::default(), 2, &mut outside);
    service.update("ecs-svc/new", at(0), &mut outside);
    service.advance(at(50), &mut outside);
    let id = service.current().expect("a service deployment").id.clone();
    assert_eq!(service.stop_deployment(&id, at(50), &mut outside), Ok(()));
    assert_eq!(statuses(&service)[1], Status::RollbackRequested);
    assert_eq!(run(&mut service, &mut outside), Standing::Steady);
    assert_eq!(statuses(&service)[1], Status::RollbackSuccessful);
    assert_eq!(service.counts("ecs-svc/old").running, 2);
    let again = service.stop_deployment(&id, at(900), &mut outside);
    assert_eq!(again, Err(StopRefused::Over));
    let other = service.stop_deployment("another", at(900), &mut outside);
    assert_eq!(other, Err(StopRefused::Unknown));
}

#[test]
fn a_rollback_request_that_comes_too_late_ends_successful() {
    let mut outside = Scripted::new(plan(40));
    let mut service = steady(Config::default(), 1, &mut outside);
    service.update("ecs-svc/new", at(0), &mut outside);
    // Healthy at 70 s; the request of 69 s takes two seconds.
    service.advance(at(69), &mut outside);
    let id = service.current().expect("a service deployment").id.clone();
    assert_eq!(service.stop_deployment(&id, at(69), &mut outside), Ok(()));
    assert_eq!(run(&mut service, &mut outside), Standing::Steady);
    assert_eq!(statuses(&service)[1], Status::Successful);
}

#[test]
fn a_rollback_that_fails_too_is_rollback_failed() {
    let mut outside = Scripted::new(plan(40));
    outside.script("ecs-svc/bad", vec![exits_at_once()]);
    let mut service = steady(percents_guarded(0, 100), 2, &mut outside);
    outside.script("ecs-svc/old", vec![cannot_pull()]);
    service.update("ecs-svc/bad", at(0), &mut outside);
    assert_eq!(
        run(&mut service, &mut outside),
        Standing::Stalled(Stall::Failed)
    );
    assert_eq!(statuses(&service)[1], Status::RollbackFailed);
}

#[test]
fn a_deadlock_is_said_once_and_does_not_fail() {
    let mut outside = Scripted::new(plan(40));
    let mut service = steady(percents(100, 100), 2, &mut outside);
    service.update("ecs-svc/new", at(0), &mut outside);
    assert_eq!(
        run(&mut service, &mut outside),
        Standing::Stalled(Stall::Deadlock)
    );
    service.advance(at(3600), &mut outside);
    let texts = said(&service);
    let stuck = texts
        .iter()
        .filter(|text| text.starts_with("was unable to stop or start tasks"));
    assert_eq!(stuck.count(), 1);
    assert_eq!(service.primary().rollout, RolloutState::InProgress);
    service.set_config(percents(50, 100), at(3600), &mut outside);
    assert_eq!(run(&mut service, &mut outside), Standing::Steady);
}

#[test]
fn nothing_to_run_completes_at_once() {
    let mut outside = Scripted::new(plan(40));
    let mut service = steady(guarded(), 0, &mut outside);
    service.update("ecs-svc/new", at(0), &mut outside);
    assert_eq!(run(&mut service, &mut outside), Standing::Steady);
    assert_eq!(statuses(&service)[1], Status::Successful);
    assert!(service.tasks().is_empty());
}

#[test]
fn a_bake_time_keeps_the_deployment_in_progress() {
    let mut outside = Scripted::new(plan(40));
    let config = Config {
        bake: seconds(120),
        ..Config::default()
    };
    let mut service = steady(config, 1, &mut outside);
    service.update("ecs-svc/new", at(0), &mut outside);
    service.advance(at(100), &mut outside);
    assert_eq!(service.counts("ecs-svc/old").running, 0);
    assert_eq!(statuses(&service)[1], Status::InProgress);
    service.advance(at(190), &mut outside);
    assert_eq!(statuses(&service)[1], Status::Successful);
}

#[test]
fn one_bad_start_among_good_ones_is_forgiven() {
    let mut outside = Scripted::new(plan(40));
    outside.script("ecs-svc/new", vec![exits_at_once(), Outcome::Runs]);
    let mut service = steady(guarded(), 2, &mut outside);
    service.update("ecs-svc/new", at(0), &mut outside);
    assert_eq!(run(&mut service, &mut outside), Standing::Steady);
    assert_eq!(statuses(&service)[1], Status::Successful);
    assert_eq!(service.primary().failed_tasks, 0);
}

/// Every other task of the new revision exits at once; one task is replaced at a time.
fn limping(reset_on_healthy: bool) -> Service {
    let mut outside = Scripted::new(plan(40));
    let course = (0..3)
        .flat_map(|_| [exits_at_once(), Outcome::Runs])
        .collect();
    outside.script("ecs-svc/new", course);
    let breaker = BreakerConfig {
        rollback: true,
        reset_on_healthy,
        threshold: Threshold::Count(3),
    };
    let config = Config {
        breaker: Some(breaker),
        ..percents(60, 100)
    };
    let mut service = steady(config, 3, &mut outside);
    service.update("ecs-svc/new", at(0), &mut outside);
    assert_eq!(run(&mut service, &mut outside), Standing::Steady);
    service
}

#[test]
fn cumulative_counting_trips_where_a_healthy_task_would_have_reset_the_count() {
    let reset = limping(true);
    assert_eq!(reset.current().map(|c| c.status), Some(Status::Successful));
    let cumulative = limping(false);
    let current = cumulative.current().expect("a service deployment");
    assert_eq!(current.status, Status::RollbackSuccessful);
    assert_eq!(current.breaker.failures, 3);
    assert_eq!(current.breaker.status, BreakerStatus::Triggered);
}

#[test]
fn an_aborted_deployment_stops_where_it_stands() {
    let mut outside = Scripted::new(plan(40));
    let mut service = steady(percents(50, 100), 2, &mut outside);
    service.update("ecs-svc/new", at(0), &mut outside);
    service.advance(at(100), &mut outside);
    let id = service.current().expect("a service deployment").id.clone();
    assert_eq!(service.abort_deployment(&id, at(100), &mut outside), Ok(()));
    let again = service.abort_deployment(&id, at(101), &mut outside);
    assert_eq!(again, Err(StopRefused::Over));
    service.advance(at(2000), &mut outside);
    let current = service.current().expect("a service deployment");
    assert_eq!(
        (current.status, current.rollback.is_some()),
        (Status::Stopped, false)
    );
    assert_eq!(service.primary().id, "ecs-svc/new");
    assert_eq!(service.primary().rollout, RolloutState::Failed);
    let other = service.abort_deployment("another", at(2001), &mut outside);
    assert_eq!(other, Err(StopRefused::Unknown));
}

#[test]
fn the_last_hundred_events_are_kept() {
    let mut outside = Scripted::new(plan(40));
    outside.script("ecs-svc/bad", vec![cannot_pull()]);
    let mut service = steady(percents(50, 100), 4, &mut outside);
    service.update("ecs-svc/bad", at(0), &mut outside);
    let mut moments = 0;
    while moments < 2_000 {
        let next = service.next_wakeup().expect("it goes on for ever");
        service.advance(next, &mut outside);
        moments += 1;
    }
    let events: Vec<_> = service.events().collect();
    assert_eq!(events.len(), 100);
    assert!(
        events
            .windows(2)
            .all(|pair| pair[0].created_at >= pair[1].created_at)
    );
}
