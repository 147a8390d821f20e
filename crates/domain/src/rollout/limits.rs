//! How long a phase of a rollout may last at most, as far as documents say it.

use std::time::Duration;

use crate::document::Document;

/// After this a task without any check counts as healthy (ecs-facts 1.1).
pub(crate) const SETTLED: Duration = Duration::from_secs(40);
/// How long a container may take to stop where its definition does not say it (ecs-facts 1.3).
pub(crate) const STOP_TIMEOUT: u64 = 30;
/// The bake time that ECS computes for alarms where none is set is below this (ecs-facts 2.5).
const COMPUTED_BAKE: Duration = Duration::from_secs(300);

/// When the health check of an essential container has passed or failed for good, counted from RUNNING; `None`
/// without such a check. A check that passes counts at once, one that fails only after the start period and as many
/// times as it is tried.
pub(super) fn container_check(definition: &Document) -> Option<Duration> {
    let essential =
        |item: &&Document| item.get("essential").and_then(Document::as_bool) != Some(false);
    let containers = containers(definition).iter().filter(essential);
    let checks = containers.filter_map(|item| item.get("healthCheck"));
    checks
        .map(|check| {
            // Interval, timeout and retries where they are not set: ecs-facts 1.3.
            let each = seconds(check, "interval", 30) + seconds(check, "timeout", 5);
            let tries = seconds(check, "retries", 3).saturating_mul(each);
            Duration::from_secs(seconds(check, "startPeriod", 0).saturating_add(tries))
        })
        .max()
}

/// From the stop signal to the kill.
pub(super) fn stop_timeout(definition: &Document) -> Duration {
    let timeouts = containers(definition)
        .iter()
        .map(|item| seconds(item, "stopTimeout", STOP_TIMEOUT));
    Duration::from_secs(timeouts.max().unwrap_or(STOP_TIMEOUT))
}

/// How long a complete deployment is watched before it counts, by `deploymentConfiguration` as JSON.
pub(super) fn bake_time(configuration: &str) -> Option<Duration> {
    let configuration = Document::parse(configuration).ok()?;
    let minutes = seconds(&configuration, "bakeTimeInMinutes", 0);
    if minutes > 0 {
        return Some(Duration::from_secs(minutes.saturating_mul(60)));
    }
    let alarms = configuration.get("alarms");
    let watched = alarms.and_then(|alarms| alarms.get("enable")?.as_bool());
    (watched == Some(true)).then_some(COMPUTED_BAKE)
}

fn containers(definition: &Document) -> &[Document] {
    let containers = definition.get("containerDefinitions");
    containers.map_or(&[], Document::items)
}

fn seconds(of: &Document, name: &str, default: u64) -> u64 {
    let number = of.get(name).and_then(Document::as_i64);
    number.map_or(default, |number| u64::try_from(number).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definition(containers: &str) -> Document {
        Document::parse(&format!(r#"{{"containerDefinitions":[{containers}]}}"#))
            .expect("a document")
    }

    #[test]
    fn a_health_check_has_failed_for_good_after_its_start_period_and_all_its_tries() {
        let table = [
            (r#"{"name":"a"}"#, None),
            (r#"{"healthCheck":{"command":["CMD","true"]}}"#, Some(105)),
            (
                r#"{"healthCheck":{"interval":10,"timeout":2,"retries":2,"startPeriod":60}}"#,
                Some(84),
            ),
            (
                r#"{"essential":false,"healthCheck":{}},{"healthCheck":{"interval":5,"timeout":5,"retries":1}}"#,
                Some(10),
            ),
        ];
        for (containers, wanted) in table {
            let wanted = wanted.map(Duration::from_secs);
            assert_eq!(
                container_check(&definition(containers)),
                wanted,
                "{containers}"
            );
        }
        assert_eq!(container_check(&Document::Null), None);
    }

    #[test]
    fn a_task_stops_as_slowly_as_its_slowest_container() {
        let of = |containers| stop_timeout(&definition(containers)).as_secs();
        assert_eq!(of(r#"{"stopTimeout":5},{"stopTimeout":90}"#), 90);
        assert_eq!(of(r#"{"stopTimeout":5},{}"#), 30);
        assert_eq!(stop_timeout(&Document::Null).as_secs(), 30);
    }

    #[test]
    fn a_bake_time_is_set_or_comes_with_alarms() {
        let of = |text| bake_time(text).map(|bake| bake.as_secs());
        assert_eq!(
            of(r#"{"bakeTimeInMinutes":2,"alarms":{"enable":true}}"#),
            Some(120)
        );
        assert_eq!(of(r#"{"alarms":{"enable":true}}"#), Some(300));
        assert_eq!(of(r#"{"alarms":{"enable":false}}"#), None);
        assert_eq!(of("{}"), None);
        assert_eq!(of("no JSON"), None);
    }
}
