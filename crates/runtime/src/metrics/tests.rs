//! What was recorded is what a snapshot says and what Prometheus is told.

use crate::telemetry::TelemetryConfig;
use std::time::Duration;

use super::names::{
    AGENTS, AWS_CALLS, CHANGES, LEASES_EXPIRED, QUEUE_AGE, RESTORE_TIME, ROLLOUT_DURATION,
};
use super::{Metrics, OVERFLOW, Snapshot, text};

fn metrics() -> Metrics {
    Metrics::start(&"test".into(), &TelemetryConfig::default(), true)
}

#[test]
fn a_snapshot_has_what_was_recorded_and_nothing_else() {
    let metrics = metrics();
    assert!(metrics.snapshot().is_empty());
    let labels = [("app", "hello"), ("env", "prod"), ("result", "live")];
    metrics.add(&CHANGES, 1, &labels);
    metrics.clone().add(&CHANGES, 2, &labels);
    metrics.record_time(
        &ROLLOUT_DURATION,
        Duration::from_secs(40),
        &[("verdict", "live")],
    );
    metrics.observe(&AGENTS, |give| {
        give(3.0, &[("state", "connected")]);
        give(0.0, &[("state", "gone")]);
    });
    let seen = metrics.snapshot();
    assert_eq!(seen.number(&CHANGES, &labels), Some(3.0));
    assert_eq!(seen.number(&AGENTS, &[("state", "connected")]), Some(3.0));
    assert_eq!(seen.number(&LEASES_EXPIRED, &[]), None);
    let rollout = seen
        .histogram(&ROLLOUT_DURATION, &[("verdict", "live")])
        .expect("recorded");
    assert_eq!((rollout.count(), rollout.sum), (1, 40.0));
    // Above 30 s, and 60 s at most.
    assert_eq!((rollout.bounds[4], rollout.counts[4]), (60.0, 1));
    assert_eq!(seen.len(), 4);
}

#[test]
fn who_does_not_read_pays_nothing_and_sees_nothing() {
    let off = Metrics::start(&"test".into(), &TelemetryConfig::default(), false);
    off.add(&LEASES_EXPIRED, 1, &[]);
    off.observe(&AGENTS, |_| panic!("nobody looks"));
    assert!(!off.is_on());
    assert_eq!(off.snapshot(), Snapshot::default());
}

#[test]
fn more_labels_than_the_bound_are_put_together() {
    let metrics = metrics();
    for app in 0..3_000 {
        let app = app.to_string();
        metrics.add(
            &CHANGES,
            1,
            &[("app", &app), ("env", "prod"), ("result", "live")],
        );
        metrics.record(&RESTORE_TIME, 1.0, &[("app", &app), ("env", "prod")]);
    }
    let seen = metrics.snapshot();
    let samples = |def| {
        let family = seen.families.iter().find(|family| family.def == def);
        family.map(|family| family.samples.len())
    };
    // The overflow is one more.
    assert_eq!(samples(&CHANGES), Some(CHANGES.most() + 1));
    assert_eq!(samples(&RESTORE_TIME), Some(RESTORE_TIME.most() + 1));
    let beyond = seen.number(&CHANGES, &[(OVERFLOW, "true")]);
    assert_eq!(beyond, Some(1_000.0));
}

#[test]
fn prometheus_is_told_every_family_once_with_who_reported_it() {
    let (own, agent) = (metrics(), metrics());
    own.add(&LEASES_EXPIRED, 2, &[]);
    own.observe(&QUEUE_AGE, |give| give(1.5, &[("reason", "no-agent")]));
    own.record(&ROLLOUT_DURATION, 2.0, &[("verdict", "live")]);
    let calls = [
        ("service", "ecs"),
        ("bucket", "a\"b\\c\nd"),
        ("outcome", "ok"),
    ];
    agent.observe(&AWS_CALLS, move |give| give(7.0, &calls));
    let agents = ["one", "two"].map(|id| (id.to_owned(), agent.snapshot()));
    let told = text(own.snapshot(), agents.into()).expect("in words");
    for line in [
        "# TYPE shipway_queue_age_seconds gauge",
        "# UNIT shipway_queue_age_seconds seconds",
        "shipway_queue_age_seconds{reason=\"no-agent\"} 1.5",
        "# TYPE shipway_leases_expired counter",
        "shipway_leases_expired_total 2.0",
        "shipway_rollout_duration_seconds_bucket{le=\"1.0\",verdict=\"live\"} 0",
        "shipway_rollout_duration_seconds_bucket{le=\"5.0\",verdict=\"live\"} 1",
        "shipway_rollout_duration_seconds_bucket{le=\"+Inf\",verdict=\"live\"} 1",
        "shipway_rollout_duration_seconds_count{verdict=\"live\"} 1",
        "shipway_aws_calls_total{agent=\"one\",bucket=\"a\\\"b\\\\c\\nd\",outcome=\"ok\",service=\"ecs\"} 7.0",
        "shipway_aws_calls_total{agent=\"two\",bucket=\"a\\\"b\\\\c\\nd\",outcome=\"ok\",service=\"ecs\"} 7.0",
    ] {
        assert!(told.lines().any(|told| told == line), "{line}\n{told}");
    }
    assert_eq!(told.matches("# TYPE shipway_aws_calls ").count(), 1);
    assert!(told.ends_with("# EOF\n"));
}
