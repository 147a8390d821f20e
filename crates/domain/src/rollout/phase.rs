//! The tasks of a rollout by state, and the phase of the slowest of them, from a look at each.

use std::collections::BTreeSet;
use std::time::Duration;

use super::limits::SETTLED;
use crate::event::{Phase, PhaseKind, TaskStates};
use crate::observe::TaskSeen;
use crate::time::Timestamp;

/// Tasks that began within this time of each other count as one round.
const ROUND: Duration = Duration::from_secs(10);

/// What there is to know when the phase is asked for.
pub(super) struct Scene<'a> {
    /// Tasks of our revision that are wanted.
    pub(super) new: Vec<&'a TaskSeen>,
    /// ARNs of those of them that count as healthy.
    pub(super) healthy: &'a BTreeSet<String>,
    /// Old tasks that are still wanted.
    pub(super) old: u32,
    /// Old tasks that go, and have not gone.
    pub(super) leaving: Vec<&'a TaskSeen>,
    /// New tasks that ECS has still to start.
    pub(super) missing: u32,
    /// What a new task goes through once it runs.
    pub(super) checks: Checks,
    /// Whether it is known which tasks count as healthy, or only of how many that is certain.
    pub(super) exact: bool,
    /// How long an old task may take from the stop signal to its end.
    pub(super) stop_timeout: Duration,
    /// How long all is watched at the end.
    pub(super) bake: Option<Duration>,
    /// Since when all is in place.
    pub(super) complete_since: Option<Timestamp>,
}

/// What decides whether a running task counts as healthy (ecs-facts 1.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Checks {
    /// By when the health check of its container has passed or failed for good.
    pub(super) container: Option<Duration>,
    /// Whether a load balancer looks at it.
    pub(super) balanced: bool,
    /// How long failing checks have no consequence; 0 where that is not set.
    pub(super) grace: Duration,
}

impl Checks {
    /// Whether the task has passed all that can be seen of the task alone, at `now`.
    pub(super) fn passed(self, task: &TaskSeen, now: Timestamp) -> bool {
        let settled = || task.started_at.is_some_and(|at| now >= at.plus(SETTLED));
        task.last_status == "RUNNING"
            && match (self.container, self.balanced) {
                (Some(_), _) => task.health == "HEALTHY",
                (None, true) => task.health != "UNHEALTHY",
                (None, false) => settled(),
            }
    }
}

impl Scene<'_> {
    /// How many tasks are in which state.
    pub(super) fn states(&self) -> TaskStates {
        let mut states = TaskStates::default();
        for task in &self.new {
            let state = match self.kind(task) {
                None if self.healthy.contains(&task.arn) => &mut states.healthy,
                None => continue,
                Some(PhaseKind::Provisioning) => &mut states.provisioning,
                Some(PhaseKind::Pulling) => &mut states.pulling,
                Some(PhaseKind::Starting) => &mut states.starting,
                Some(_) if task.health == "UNHEALTHY" => &mut states.unhealthy,
                Some(_) => &mut states.checking,
            };
            *state += 1;
        }
        for task in &self.leaving {
            let state = match task.last_status.as_str() {
                "STOPPING" => &mut states.stopping,
                _ => &mut states.draining,
            };
            *state += 1;
        }
        states
    }

    /// The phase of a new task that does not count as healthy.
    fn kind(&self, task: &TaskSeen) -> Option<PhaseKind> {
        Some(match task.last_status.as_str() {
            "PROVISIONING" => PhaseKind::Provisioning,
            "PENDING" if task.pull_stopped_at.is_none() => PhaseKind::Pulling,
            "PENDING" | "ACTIVATING" => PhaseKind::Starting,
            "RUNNING" if self.healthy.contains(&task.arn) => return None,
            "RUNNING" if self.checks.container.is_some() && task.health != "HEALTHY" => {
                PhaseKind::ContainerHealth
            }
            "RUNNING" if self.checks.balanced => PhaseKind::LoadBalancerHealth,
            "RUNNING" => PhaseKind::Settling,
            _ => return None,
        })
    }

    /// What is waited for: the furthest behind of the oldest tasks that are not healthy; else old tasks that are in
    /// the way; else what ECS has still to do.
    pub(super) fn phase(&self) -> Phase {
        let waiting = || {
            self.new
                .iter()
                .filter_map(|task| Some((self.kind(task)?, task)))
        };
        let Some(oldest) = waiting().map(|(_, task)| task.created_at).min() else {
            return self.when_healthy();
        };
        let round = oldest.map(|at| at.plus(ROUND));
        let slowest = waiting()
            .filter(|(_, task)| task.created_at <= round)
            .map(|(kind, _)| kind)
            .min();
        let kind = slowest.unwrap_or(PhaseKind::Starting);
        let mut in_it: Vec<&TaskSeen> = waiting()
            .filter(|(of, _)| *of == kind)
            .map(|(_, task)| *task)
            .collect();
        in_it.sort_by_key(|task| since(kind, task));
        Phase {
            kind,
            tasks: number(in_it.len()),
            since: in_it.iter().find_map(|task| since(kind, task)),
            at_most: self.at_most(kind),
        }
    }

    fn at_most(&self, kind: PhaseKind) -> Option<Duration> {
        let grace = self.checks.grace;
        match kind {
            PhaseKind::ContainerHealth => self.checks.container.map(|most| most.max(grace)),
            PhaseKind::LoadBalancerHealth => (!grace.is_zero()).then_some(grace),
            PhaseKind::Settling => Some(SETTLED),
            _ => None,
        }
    }

    fn when_healthy(&self) -> Phase {
        let phase = |kind, tasks| Phase {
            kind,
            tasks,
            since: None,
            at_most: None,
        };
        let is_draining = |task: &&&TaskSeen| task.last_status != "STOPPING";
        let draining: Vec<_> = self.leaving.iter().filter(is_draining).collect();
        let (kind, of) = if draining.is_empty() {
            (PhaseKind::Stopping, self.leaving.iter().collect())
        } else {
            (PhaseKind::Draining, draining)
        };
        if !of.is_empty() {
            return Phase {
                since: of.iter().filter_map(|task| task.stopping_at).min(),
                // How long connections are drained is a setting of the target group. Without one there is nothing
                // to drain, and `stopping_at` is when the signal came.
                at_most: (kind == PhaseKind::Stopping && !self.checks.balanced)
                    .then_some(self.stop_timeout),
                ..phase(kind, number(of.len()))
            };
        }
        if self.missing > 0 {
            return phase(PhaseKind::Launch, self.missing);
        }
        if self.old > 0 {
            return phase(PhaseKind::Stopping, self.old);
        }
        let kind = match self.bake {
            Some(_) => PhaseKind::BakeTime,
            None => PhaseKind::Completing,
        };
        Phase {
            since: self.complete_since,
            at_most: self.bake,
            ..phase(kind, 0)
        }
    }

    /// The phase in words that follow "waiting for".
    pub(super) fn words(&self, phase: &Phase) -> String {
        let tasks = tasks(phase.tasks, "task");
        let begun = phase.since.is_some();
        match phase.kind {
            PhaseKind::Begin => "ECS to begin".to_owned(),
            PhaseKind::Launch => format!("ECS to start {}", self::tasks(phase.tasks, "new task")),
            PhaseKind::Provisioning => format!("a place and a network for {tasks}"),
            PhaseKind::Pulling => format!("the image, which {tasks} {}", s(phase.tasks, "pull")),
            PhaseKind::Starting => format!("{tasks} to start"),
            PhaseKind::ContainerHealth => format!("the container health check of {tasks}"),
            PhaseKind::LoadBalancerHealth if self.exact => {
                format!("load balancer health of {tasks}")
            }
            PhaseKind::LoadBalancerHealth => format!("load balancer health of up to {tasks}"),
            PhaseKind::Settling => format!("{tasks} without health check to run a while"),
            PhaseKind::Draining => {
                format!("draining of {}", self::tasks(phase.tasks, "old task"))
            }
            PhaseKind::Stopping if begun => {
                format!("{} to stop", self::tasks(phase.tasks, "old task"))
            }
            PhaseKind::Stopping => {
                format!("ECS to stop {}", self::tasks(phase.tasks, "old task"))
            }
            PhaseKind::BakeTime => "the bake time to pass".to_owned(),
            PhaseKind::Completing => "ECS to call it complete".to_owned(),
            PhaseKind::RollingBack => "the way back".to_owned(),
            // No look at tasks gives these.
            PhaseKind::Stage | PhaseKind::TrafficShift | PhaseKind::Approval => String::new(),
        }
    }
}

/// Since when a task is in its phase, as far as ECS says it.
fn since(kind: PhaseKind, task: &TaskSeen) -> Option<Timestamp> {
    match kind {
        PhaseKind::Provisioning => task.created_at,
        PhaseKind::Pulling => task.pull_started_at,
        PhaseKind::Starting => task.pull_stopped_at,
        _ => task.started_at,
    }
}

/// `1 old task`, `2 old tasks`.
pub(super) fn tasks(count: u32, one: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {one}{plural}")
}

fn s(count: u32, verb: &str) -> String {
    format!("{verb}{}", if count == 1 { "s" } else { "" })
}

/// So many tasks.
pub(super) fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
