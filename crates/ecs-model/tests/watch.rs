//! What watches a deployment beside the breaker: alarms and their bake time; and success that comes early.

mod common;

use common::{at, no_pause, plan, seconds, steady};
use ecs_model::{
    AlarmConfig, BreakerConfig, BreakerStatus, Config, EarlySuccess, Percents, RolloutState,
    Scripted, Service, Status,
};

fn alarmed(rollback: bool) -> Config {
    Config {
        alarms: Some(AlarmConfig {
            names: vec!["errors".to_owned(), "latency".to_owned()],
            rollback,
            ..AlarmConfig::default()
        }),
        pace: no_pause(),
        ..Config::default()
    }
}

fn updated(config: Config, outside: &mut Scripted) -> Service {
    let mut service = steady(config, 4, outside);
    service.update("ecs-svc/new", at(0), outside);
    service
}

fn status(service: &Service) -> Status {
    service.current().expect("a deployment").status
}

#[test]
fn an_alarm_that_fires_rolls_back() {
    let mut outside = Scripted::new(plan(40));
    let mut service = updated(alarmed(true), &mut outside);
    service.advance(at(20), &mut outside);
    outside.alarms.insert("errors".to_owned());
    service.advance(at(29), &mut outside);
    assert_eq!(status(&service), Status::InProgress);
    service.advance(at(30), &mut outside);
    assert!(service.current().expect("a deployment").rollback.is_some());
    let alarms = &service.current().expect("a deployment").alarms;
    assert_eq!(alarms.status, BreakerStatus::Triggered);
    assert_eq!(alarms.triggered, ["errors"]);
    service.advance(at(600), &mut outside);
    assert_eq!(status(&service), Status::RollbackSuccessful);
    assert_eq!(service.counts("ecs-svc/old").running, 4);
}

#[test]
fn an_alarm_without_rollback_stops_even_where_the_breaker_would_roll_back() {
    let mut outside = Scripted::new(plan(40));
    let config = Config {
        breaker: Some(BreakerConfig::default()),
        ..alarmed(false)
    };
    let mut service = updated(config, &mut outside);
    service.advance(at(20), &mut outside);
    outside.alarms.insert("latency".to_owned());
    service.advance(at(600), &mut outside);
    assert_eq!(status(&service), Status::Stopped);
    assert_eq!(service.primary().rollout, RolloutState::Failed);
}

#[test]
fn an_alarm_that_fires_before_the_start_switches_the_watch_off() {
    let mut outside = Scripted::new(plan(40));
    outside.alarms.insert("errors".to_owned());
    let mut service = updated(alarmed(true), &mut outside);
    service.advance(at(10), &mut outside);
    outside.alarms.insert("latency".to_owned());
    service.advance(at(71), &mut outside);
    assert_eq!(
        status(&service),
        Status::Successful,
        "and there is no bake time"
    );
    let alarms = &service.current().expect("a deployment").alarms;
    assert_eq!(alarms.status, BreakerStatus::Disabled);
}

#[test]
fn a_deployment_with_alarms_bakes_for_less_than_five_minutes() {
    let mut outside = Scripted::new(plan(40));
    let mut service = updated(alarmed(true), &mut outside);
    service.advance(at(71), &mut outside);
    assert_eq!(service.counts("ecs-svc/old").running, 0);
    assert_eq!(service.counts("ecs-svc/new").running, 4);
    assert_eq!(service.primary().rollout, RolloutState::InProgress);
    service.advance(at(71 + 300), &mut outside);
    assert_eq!(status(&service), Status::Successful);
    let alarms = &service.current().expect("a deployment").alarms;
    assert_eq!(alarms.status, BreakerStatus::MonitoringComplete);
}

#[test]
fn an_alarm_in_the_bake_time_rolls_back_too() {
    let mut outside = Scripted::new(plan(40));
    let config = Config {
        bake: seconds(1200),
        ..alarmed(true)
    };
    let mut service = updated(config, &mut outside);
    service.advance(at(1000), &mut outside);
    assert_eq!(status(&service), Status::InProgress);
    outside.alarms.insert("errors".to_owned());
    service.advance(at(1015), &mut outside);
    assert_eq!(status(&service), Status::RollbackInProgress);
    service.advance(at(1600), &mut outside);
    assert_eq!(service.counts("ecs-svc/old").running, 4);
}

fn early(deferred: bool) -> Config {
    Config {
        percents: Percents {
            minimum_healthy: 50,
            maximum: 100,
        },
        early: Some(EarlySuccess {
            healthy_percent: 50,
            deferred,
        }),
        pace: no_pause(),
        ..Config::default()
    }
}

#[test]
fn early_success_leaves_the_rest_to_come_up_later() {
    for (deferred, old) in [(true, 2), (false, 0)] {
        let mut outside = Scripted::new(plan(40));
        let mut service = updated(early(deferred), &mut outside);
        let mut second = 0;
        while status(&service) != Status::Successful {
            second += 1;
            assert!(second < 600);
            service.advance(at(second), &mut outside);
        }
        assert!(
            service.counts("ecs-svc/new").running < 4,
            "deferred: {deferred}"
        );
        let ended = service.current().expect("a deployment");
        let counts = ended.final_counts.as_ref().expect("a snapshot");
        let of_old = counts.iter().find(|(id, _)| id == "ecs-svc/old");
        assert_eq!(of_old.map(|(_, counts)| counts.running), Some(old));
        service.advance(at(900), &mut outside);
        assert_eq!(service.counts("ecs-svc/new").running, 4);
        assert_eq!(service.counts("ecs-svc/old").running, 0);
        assert_eq!(service.deployments().len(), 1);
    }
}
