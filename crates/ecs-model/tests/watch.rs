//! What watches a deployment beside the breaker: alarms and their bake time; and success that comes early.

mod common;

use common::{at, no_pause, plan, seconds, steady};
use ecs_model::{
    AlarmConfig, BreakerConfig, BreakerStatus, Config, Course, EarlySuccess, Pace, Percents,
    RolloutState, Scripted, Service, Stall, Standing, Status, Strategy,
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

/// Alarms are looked at every 15 s, and it takes 5 s until the rollback begins.
#[test]
fn a_rollback_that_a_person_asks_for_between_two_looks_at_the_alarms_takes_its_time() {
    let mut outside = Scripted::new(plan(40));
    let config = Config {
        pace: Pace {
            requested: seconds(5),
            ..no_pause()
        },
        ..alarmed(true)
    };
    let mut service = updated(config, &mut outside);
    service.advance(at(12), &mut outside);
    let id = service.current().expect("a deployment").id.clone();
    let asked = service.stop_deployment(&id, at(12), &mut outside);
    assert_eq!(asked, Ok(()));
    service.advance(at(16), &mut outside);
    assert_eq!(status(&service), Status::RollbackRequested);
    service.advance(at(17), &mut outside);
    assert_eq!(status(&service), Status::RollbackSuccessful);
}

#[test]
fn a_deployment_that_is_pending_for_long_looks_at_its_alarms_when_it_starts() {
    let mut outside = Scripted::new(plan(40));
    let config = Config {
        pace: Pace {
            pending: seconds(60),
            ..no_pause()
        },
        ..alarmed(true)
    };
    let mut service = updated(config, &mut outside);
    outside.alarms.insert("errors".to_owned());
    service.advance(at(59), &mut outside);
    assert_eq!(status(&service), Status::Pending);
    service.advance(at(60), &mut outside);
    assert!(service.current().expect("a deployment").rollback.is_some());
}

/// One task of 80 %: none at all.
#[test]
fn a_service_that_ended_early_and_has_no_room_for_the_rest_is_stalled() {
    let mut outside = Scripted::new(plan(40));
    let config = Config {
        percents: Percents {
            minimum_healthy: 0,
            maximum: 80,
        },
        early: Some(EarlySuccess {
            healthy_percent: 0,
            deferred: false,
        }),
        pace: no_pause(),
        ..Config::default()
    };
    let mut service = steady(config, 1, &mut outside);
    service.update("ecs-svc/new", at(0), &mut outside);
    service.advance(at(600), &mut outside);
    assert_eq!(status(&service), Status::Successful);
    assert_eq!(service.standing(), Standing::Stalled(Stall::Deadlock));
}

#[test]
fn a_failed_canary_that_nobody_rolls_back_gives_its_share_of_the_traffic_back() {
    let mut outside = Scripted::new(plan(40));
    let config = Config {
        course: Course {
            strategy: Strategy::Canary {
                share: 90,
                bake: seconds(600),
            },
            ..Course::default()
        },
        ..alarmed(false)
    };
    let mut service = updated(config, &mut outside);
    service.advance(at(100), &mut outside);
    let weights = |service: &Service| {
        let current = service.current().expect("a deployment");
        current.lifecycle.as_ref().expect("stages").weights()
    };
    assert_eq!(weights(&service), Some((9.0, 0.0)));
    outside.alarms.insert("errors".to_owned());
    service.advance(at(200), &mut outside);
    assert_eq!(status(&service), Status::Stopped);
    assert_eq!(weights(&service), Some((0.0, 0.0)));
    assert_eq!(service.counts("ecs-svc/old").running, 4);
}
