//! How a rolling update would go: counts of old and new tasks over time.

use std::time::Duration;

use crate::config::Config;
use crate::outside::{Outside, Scripted};
use crate::plan::{Outcome, Plan};
use crate::service::{Service, Stall, Standing};
use crate::time::Time;

/// Running tasks from one moment on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    /// Since the update.
    pub at: Duration,
    /// RUNNING tasks of the revision that is being replaced.
    pub old: u32,
    /// RUNNING tasks of the new revision.
    pub new: u32,
    /// All RUNNING tasks.
    pub total: u32,
}

/// How it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimelineEnd {
    /// The service is steady on the new revision.
    Completed(Duration),
    /// The service is steady on the old revision again.
    RolledBack(Duration),
    /// Nothing moves any more.
    Stalled(Duration, Stall),
    /// It goes on for longer than was looked.
    Open,
}

/// What happens, from the update on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeline {
    /// Each moment at which the counts changed; the first is the update itself.
    pub points: Vec<Point>,
    /// How it ends.
    pub end: TimelineEnd,
}

/// The update of a steady service of `desired` tasks, looked at for `horizon`.
///
/// Old tasks run and are healthy; new ones go by `plan`.
#[must_use]
pub fn timeline(config: Config, desired: u32, plan: &Plan, horizon: Duration) -> Timeline {
    let mut outside = Scripted::new(plan.clone());
    outside.script("old", vec![Outcome::Runs]);
    let start = Time::default();
    let mut service = Service::steady("service", config, desired, "old", start, &mut outside);
    service.update("new", start, &mut outside);
    trace(&mut service, ("old", "new"), start, horizon, &mut outside)
}

fn trace(
    service: &mut Service,
    (old, new): (&str, &str),
    start: Time,
    horizon: Duration,
    outside: &mut dyn Outside,
) -> Timeline {
    let mut points: Vec<Point> = Vec::new();
    let mut now = start;
    loop {
        service.advance(now, outside);
        let counts = (service.counts(old).running, service.counts(new).running);
        if points
            .last()
            .is_none_or(|last| (last.old, last.new) != counts)
        {
            points.push(Point {
                at: now.since(start),
                old: counts.0,
                new: counts.1,
                total: counts.0 + counts.1,
            });
        }
        let end = match service.standing() {
            Standing::Steady if service.primary().id == new => {
                Some(TimelineEnd::Completed(now.since(start)))
            }
            Standing::Steady => Some(TimelineEnd::RolledBack(now.since(start))),
            Standing::Stalled(stall) => Some(TimelineEnd::Stalled(now.since(start), stall)),
            Standing::Moving => None,
        };
        if let Some(end) = end {
            return Timeline { points, end };
        }
        match service.next_wakeup() {
            Some(next) if next.since(start) <= horizon => now = next,
            _ => {
                let end = TimelineEnd::Open;
                return Timeline { points, end };
            }
        }
    }
}
