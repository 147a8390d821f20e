//! The course of a rollout: bounds in tasks, counts over time, what it takes.

use std::time::Duration;

use super::around::{DEREGISTRATION, free_addresses, slowest};
use super::{Facts, Wish};
use crate::bounds::Percentages;
use crate::document::Document;
use crate::rollout::SETTLED;
use crate::strategy::Strategy;
use crate::task_definition::{cpu_units, memory_mib};

/// Time from the making of a task to RUNNING where no task has been seen: a small image on Fargate (ecs-facts 1.7).
const START: Duration = Duration::from_secs(35);
/// Two passes of a load balancer's health check at its usual interval.
const TARGET_HEALTHY: Duration = Duration::from_secs(60);
/// A new target needs one passing check (ecs-facts 1.3); its first may come right after it began to listen too late.
const CHECKS: u32 = 2;

/// How a rollout would go.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Course {
    /// Tasks wanted.
    pub desired: u32,
    /// Healthy tasks that stay at least.
    pub lower: u32,
    /// Tasks that run at most.
    pub upper: u32,
    /// Failures at which the circuit breaker trips; `None` when it is off.
    pub breaker: Option<u32>,
    /// The counts from each moment on at which they change, the first at the update.
    pub points: Vec<Point>,
    /// How it ends.
    pub end: CourseEnd,
    /// What it takes beyond what runs now, at its peak.
    pub extra: Extra,
    /// What there is room for, as far as that could be read.
    pub room: Room,
    /// What the times rest on.
    pub assumptions: Vec<String>,
}

/// Running tasks from a moment on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Point {
    /// Since the update.
    pub at: Duration,
    /// Of the revision that is replaced.
    pub old: u32,
    /// Of the new one.
    pub new: u32,
}

/// How a course ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CourseEnd {
    /// All tasks are new after this time.
    Completed(Duration),
    /// Nothing moves any more after this time.
    Stalled(Duration),
    /// It takes longer than the rollout is watched.
    #[default]
    Open,
}

/// Beyond what runs now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extra {
    /// Tasks.
    pub tasks: u32,
    /// CPU units; 1024 are one vCPU. 0 where the task has no size of its own.
    pub cpu_units: u32,
    /// Memory in MiB.
    pub memory_mib: u32,
    /// Addresses in the subnets.
    pub addresses: u32,
}

/// Room for more than runs now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Room {
    /// CPU units that the Fargate quota leaves; 1024 are one vCPU.
    pub cpu_units: Option<u32>,
    /// Addresses that the subnets have.
    pub addresses: Option<u32>,
}

impl Room {
    /// As far as it could be read.
    pub(super) fn of(facts: &Facts) -> Self {
        Self {
            cpu_units: facts.around.fargate.and_then(|fargate| fargate.left()),
            addresses: free_addresses(&facts.around.subnets),
        }
    }
}

impl Extra {
    /// Of so many tasks of this definition.
    #[must_use]
    pub fn of(tasks: u32, definition: &Document) -> Self {
        let size = |name: &str, read: fn(&str) -> Option<u32>| {
            let size = definition.get(name).and_then(Document::as_str);
            size.and_then(read).unwrap_or(0).saturating_mul(tasks)
        };
        let mode = definition.get("networkMode").and_then(Document::as_str);
        Self {
            tasks,
            cpu_units: size("cpu", cpu_units),
            memory_mib: size("memory", memory_mib),
            addresses: if mode == Some("awsvpc") { tasks } else { 0 },
        }
    }
}

/// How long the phases of a task take, as far as it was seen; and where that is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pace {
    /// From the making of a task to RUNNING.
    pub start: Duration,
    /// From RUNNING until the container's health check passes, if it has one.
    pub container: Option<Duration>,
    /// From RUNNING until the load balancer finds it healthy, if it has one.
    pub target: Option<Duration>,
    /// From RUNNING until a task without any check counts as healthy.
    pub settling: Duration,
    /// How long an old task drains.
    pub draining: Duration,
    /// What was assumed, in plain words.
    pub assumptions: Vec<String>,
}

impl Pace {
    /// By what is there.
    #[must_use]
    pub fn of(wish: &Wish, facts: &Facts) -> Self {
        let mut assumptions = Vec::new();
        let start = match usual_start(facts) {
            Some((start, seen)) => {
                let seconds = start.as_secs();
                assumptions.push(format!(
                    "a task starts in {seconds} s, as its {seen} running tasks did"
                ));
                start
            }
            None => {
                assumptions.push(format!(
                    "a task starts in {} s: none runs that could be asked",
                    START.as_secs()
                ));
                START
            }
        };
        let container = container_check(&wish.definition);
        if let Some(after) = container {
            assumptions.push(format!(
                "the container's health check passes {} s later",
                after.as_secs()
            ));
        }
        let balanced = !facts.service.target_groups.is_empty();
        let read = slowest(&facts.around.target_groups);
        let (healthy, drain) = read.map_or((TARGET_HEALTHY, DEREGISTRATION), |(check, drain)| {
            (check * CHECKS, drain)
        });
        if balanced {
            let whose = if read.is_some() {
                "its settings"
            } else {
                "its usual settings"
            };
            assumptions.push(format!(
                "the load balancer finds it healthy {} s later, and old tasks drain for {} s ({whose})",
                healthy.as_secs(),
                drain.as_secs()
            ));
        }
        if container.is_none() && !balanced {
            assumptions.push(format!(
                "without any health check a task counts as healthy after {} s",
                SETTLED.as_secs()
            ));
        }
        // The course is that of a deployment that nobody holds up.
        let strategy = Strategy::of(&facts.service.deployment_configuration);
        let mut hooks = strategy.hooks.iter();
        if hooks.any(|hook| hook.timeout.is_some()) {
            assumptions.push("what waits for shipway approve is approved at once".to_owned());
        }
        Self {
            start,
            container,
            target: balanced.then_some(healthy),
            settling: SETTLED,
            draining: if balanced { drain } else { Duration::ZERO },
            assumptions,
        }
    }
}

/// The course as counts say it; `failures` are those at which the breaker trips.
#[must_use]
pub fn course(
    wish: &Wish,
    facts: &Facts,
    points: Vec<Point>,
    end: CourseEnd,
    breaker: Option<u32>,
) -> Course {
    let desired = facts.service.desired;
    let bounds = Percentages {
        minimum_healthy: wish.settings.minimum_healthy_percent,
        maximum: wish.settings.maximum_percent,
    }
    .of(desired);
    let peak = points.iter().map(|point| point.old + point.new).max();
    let extra = peak.unwrap_or(desired).saturating_sub(desired);
    Course {
        desired,
        lower: bounds.lower,
        upper: bounds.upper,
        breaker,
        points,
        end,
        extra: Extra::of(extra, &wish.definition),
        room: Room::of(facts),
        assumptions: Pace::of(wish, facts).assumptions,
    }
}

/// The median of how long running tasks took to start, and of how many.
pub(super) fn usual_start(facts: &Facts) -> Option<(Duration, usize)> {
    let mut starts: Vec<Duration> = facts
        .tasks
        .iter()
        .filter_map(|task| Some(task.started_at?.since(task.created_at?)))
        // No task is there in no time: what says so was never seen to start.
        .filter(|start| !start.is_zero())
        .collect();
    starts.sort_unstable();
    Some((*starts.get(starts.len() / 2)?, starts.len()))
}

/// When the first check of the essential containers passes: their interval, and no sooner than the start period allows
/// nothing, for a check that passes counts at once.
fn container_check(definition: &Document) -> Option<Duration> {
    let containers = definition.get("containerDefinitions")?.items();
    let checks = containers.iter().filter_map(|item| item.get("healthCheck"));
    let interval = |check: &Document| {
        let seconds = check.get("interval").and_then(Document::as_i64);
        Duration::from_secs(u64::try_from(seconds.unwrap_or(30)).unwrap_or(30))
    };
    checks.map(interval).max()
}
