//! What the tests of the model share.
#![allow(dead_code, reason = "each test uses its part")]

pub(crate) mod draws;

use std::time::Duration;

use ecs_model::{
    BreakerConfig, Config, Outcome, Pace, Percents, Phases, Plan, Scripted, Service, Standing,
    Time, Until,
};

/// More moments than two days of looks at alarms have.
const MOMENTS: usize = 20_000;

pub(crate) const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) const fn at(seconds: u64) -> Time {
    Time::from_millis(seconds * 1000)
}

pub(crate) fn percents(minimum_healthy: u32, maximum: u32) -> Config {
    Config {
        percents: Percents {
            minimum_healthy,
            maximum,
        },
        ..Config::default()
    }
}

/// 100/200 with a breaker that rolls back.
pub(crate) fn guarded() -> Config {
    Config {
        breaker: Some(BreakerConfig::default()),
        ..Config::default()
    }
}

/// States of a service deployment that pass at once.
pub(crate) const fn no_pause() -> Pace {
    Pace {
        pending: Duration::ZERO,
        requested: Duration::ZERO,
    }
}

/// 30 s from launch to RUNNING, so many seconds until healthy, no draining, no time to stop.
pub(crate) fn plan(until_healthy: u64) -> Plan {
    Plan {
        phases: Phases {
            provisioning: seconds(10),
            pulling: seconds(15),
            activating: seconds(5),
            settling: seconds(until_healthy),
            ..Phases::instant()
        },
        ..Plan::default()
    }
}

pub(crate) fn cannot_pull() -> Outcome {
    Outcome::CannotStart {
        until: Until::Pulling,
        reason: "CannotPullContainerError: manifest unknown".to_owned(),
    }
}

pub(crate) const fn exits_at_once() -> Outcome {
    Outcome::Exits {
        code: 1,
        after: Duration::from_secs(1),
    }
}

/// A steady service of `desired` tasks on `ecs-svc/old`.
pub(crate) fn steady(config: Config, desired: u32, outside: &mut Scripted) -> Service {
    Service::steady("app", config, desired, "ecs-svc/old", at(0), outside)
}

/// Lets the service run until nothing moves any more, at most for two days; and not for ever, where tasks
/// that end at once are replaced at once.
pub(crate) fn run(service: &mut Service, outside: &mut Scripted) -> Standing {
    let horizon = at(2 * 24 * 3600);
    for _ in 0..MOMENTS {
        if service.standing() != Standing::Moving {
            break;
        }
        match service.next_wakeup().filter(|next| *next < horizon) {
            Some(next) => service.advance(next, outside),
            None => break,
        }
    }
    service.standing()
}

/// The texts of the events, oldest first, without the name of the service.
pub(crate) fn said(service: &Service) -> Vec<String> {
    let mut texts: Vec<String> = service
        .events()
        .map(|event| event.message.replace("(service app) ", ""))
        .collect();
    texts.reverse();
    texts
}
