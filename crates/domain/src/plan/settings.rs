//! The settings of a service that a deploy brings with it.

use std::time::Duration;

use super::Change;
use crate::observe::{BreakerSeen, ServiceSeen};
use crate::spec::{Breaker, RolloutSettings};

/// The circuit breaker as ECS is told: with rollback, or off.
pub(crate) const fn breaker(wanted: &Breaker) -> BreakerSeen {
    let on = matches!(wanted, Breaker::On);
    BreakerSeen {
        enable: on,
        rollback: on,
    }
}

/// Settings of the service that an update would change. What the rollout leaves as it is, is no difference: of a
/// service that is not rolling that is bounds and breaker, too.
pub(crate) fn changes(wanted: &RolloutSettings, service: &ServiceSeen) -> Vec<Change> {
    let word = |seen: BreakerSeen| match (seen.enable, seen.rollback) {
        (true, true) => "on, with rollback",
        (true, false) => "on, without rollback",
        (false, _) => "off",
    };
    let percent = |value: Option<u32>| value.map(|value| format!("{value}%"));
    let seconds = |value: Option<Duration>| value.map(|v| format!("{} s", v.as_secs()));
    let rows = [
        (
            "minimum_healthy_percent",
            percent(service.minimum_healthy_percent),
            percent(Some(wanted.minimum_healthy_percent)),
        ),
        (
            "maximum_percent",
            percent(service.maximum_percent),
            percent(Some(wanted.maximum_percent)),
        ),
        (
            "circuit_breaker",
            Some(word(service.breaker.unwrap_or_default()).to_owned()),
            Some(word(breaker(&wanted.breaker)).to_owned()),
        ),
        (
            "health_check_grace_period",
            seconds(service.health_check_grace_period),
            seconds(
                wanted
                    .health_check_grace_period
                    .or(service.health_check_grace_period),
            ),
        ),
    ];
    let of_rolling = if service.is_rolling() { 0 } else { 3 };
    let changed = rows
        .into_iter()
        .skip(of_rolling)
        .filter(|(_, before, after)| before != after);
    changed
        .map(|(path, before, after)| Change {
            path: path.to_owned(),
            before,
            after,
        })
        .collect()
}
