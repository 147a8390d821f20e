//! The tables of the reference, line by line.

mod common;

use common::{at, percents, plan, steady};
use ecs_model::{
    Backoff, BreakerConfig, Config, Percents, Scripted, Stall, Threshold, Time, TimelineEnd,
    timeline,
};

/// ecs-facts 1.1: desired, min%, max%, lower, upper, and whether an update can move at all.
#[test]
fn bounds_round_lower_up_and_upper_down() {
    let table = [
        (4, 100, 200, 4, 8, true),
        (4, 50, 100, 2, 4, true),
        (2, 75, 100, 2, 2, false),
        (3, 100, 125, 3, 3, false),
        (1, 100, 200, 1, 2, true),
        (1, 0, 100, 0, 1, true),
    ];
    for (desired, minimum, maximum, lower, upper, moves) in table {
        let config = percents(minimum, maximum);
        let bounds = config.percents.bounds(desired);
        assert_eq!((bounds.lower, bounds.upper), (lower, upper));
        let outcome = timeline(config, desired, &plan(40), common::seconds(3600));
        match outcome.end {
            TimelineEnd::Completed(_) => assert!(moves, "{desired} {minimum}/{maximum}"),
            TimelineEnd::Stalled(_, Stall::Deadlock) => assert!(!moves),
            other => panic!("{desired} {minimum}/{maximum}: {other:?}"),
        }
    }
}

#[test]
fn four_tasks_at_100_200_double_before_any_old_one_stops() {
    let line = timeline(percents(100, 200), 4, &plan(40), common::seconds(3600));
    let counts: Vec<_> = line.points.iter().map(|p| (p.old, p.new)).collect();
    assert_eq!(counts, [(4, 0), (4, 4), (0, 4)]);
}

#[test]
fn four_tasks_at_50_100_stop_two_old_ones_first() {
    let line = timeline(percents(50, 100), 4, &plan(40), common::seconds(3600));
    let counts: Vec<_> = line.points.iter().map(|p| (p.old, p.new)).collect();
    assert_eq!(counts, [(2, 0), (2, 2), (0, 2), (0, 4)]);
}

#[test]
fn one_task_at_0_100_is_out_while_the_new_one_starts() {
    let line = timeline(percents(0, 100), 1, &plan(40), common::seconds(3600));
    let counts: Vec<_> = line.points.iter().map(|p| (p.old, p.new)).collect();
    assert_eq!(counts, [(0, 0), (0, 1)]);
}

/// ecs-facts 2.2.
#[test]
fn breaker_thresholds_follow_the_desired_count() {
    let table = [
        (Threshold::BoundedPercent(50), 0, 3),
        (Threshold::BoundedPercent(50), 1, 3),
        (Threshold::BoundedPercent(50), 6, 3),
        (Threshold::BoundedPercent(50), 7, 4),
        (Threshold::BoundedPercent(50), 25, 13),
        (Threshold::BoundedPercent(50), 398, 199),
        (Threshold::BoundedPercent(50), 399, 200),
        (Threshold::BoundedPercent(50), 800, 200),
        (Threshold::UnboundedPercent(50), 800, 400),
        (Threshold::UnboundedPercent(50), 1, 1),
        (Threshold::Count(10), 800, 10),
    ];
    for (threshold, desired, failures) in table {
        assert_eq!(
            threshold.failures(desired),
            failures,
            "{threshold:?} {desired}"
        );
    }
    assert_eq!(
        BreakerConfig::default().threshold,
        Threshold::BoundedPercent(50)
    );
}

/// The counts (old, new) of RUNNING tasks at each change, while `spike` may change the desired count.
fn counts_over_time(
    config: Config,
    until_healthy: u64,
    spike: Option<(u64, u32)>,
) -> Vec<(String, u32, u32)> {
    let mut outside = Scripted::new(plan(until_healthy));
    let mut service = steady(config, 2, &mut outside);
    service.update("ecs-svc/new", at(0), &mut outside);
    let mut table = Vec::new();
    for second in 0..=600 {
        let now: Time = at(second);
        if let Some((when, desired)) = spike.filter(|(when, _)| *when == second) {
            assert_eq!(when, second);
            service.set_desired(desired, now, &mut outside);
        }
        service.advance(now, &mut outside);
        let old = service.counts("ecs-svc/old").running;
        let new = service.counts("ecs-svc/new").running;
        if table.last().is_none_or(|(_, o, n)| (*o, *n) != (old, new)) {
            table.push((now.to_string(), old, new));
        }
    }
    table
}

fn line(at: &str, old: u32, new: u32) -> (String, u32, u32) {
    (at.to_owned(), old, new)
}

/// 100/150, desired 2, so lower 2 and upper 3; 30 s from launch to RUNNING, 60 s until healthy, no draining.
#[test]
fn two_tasks_at_100_150_are_replaced_one_by_one() {
    assert_eq!(
        counts_over_time(percents(100, 150), 60, None),
        [
            line("0:00", 2, 0),
            line("0:30", 2, 1),
            line("1:30", 1, 1),
            line("2:00", 1, 2),
            line("3:00", 0, 2),
        ]
    );
}

/// As before with 30 s until healthy; at 1:00 the desired count becomes 3, so lower 3 and upper 4.
#[test]
fn a_spike_in_mid_deployment_starts_a_new_task_before_an_old_one_stops() {
    assert_eq!(
        counts_over_time(percents(100, 150), 30, Some((60, 3))),
        [
            line("0:00", 2, 0),
            line("0:30", 2, 1),
            line("1:30", 2, 2),
            line("2:00", 1, 2),
            line("2:30", 1, 3),
            line("3:00", 0, 3),
        ]
    );
}

#[test]
fn percentages_that_are_not_given_are_100_and_200() {
    let percents = Percents::default();
    assert_eq!((percents.minimum_healthy, percents.maximum), (100, 200));
}

#[test]
fn the_gap_between_failed_launches_doubles_up_to_27_minutes() {
    let gaps = (0..9).map(|rounds| Backoff::default().gap(rounds).as_secs());
    let expected = [0, 0, 240, 480, 960, 1620, 1620, 1620, 1620];
    assert_eq!(gaps.collect::<Vec<_>>(), expected);
    let after_months = Backoff::default().gap(u32::MAX).as_secs();
    assert_eq!(after_months, 27 * 60);
}
