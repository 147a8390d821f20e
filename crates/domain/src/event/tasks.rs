//! How the tasks of a service stand in the middle of a rollout, and what it waits for.

use std::time::Duration;

use crate::hook::{Hook, Weight};
use crate::time::Timestamp;

/// Tasks of a service in the middle of a rollout.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskCounts {
    /// Running tasks of other revisions.
    pub old_running: u32,
    /// Running tasks of our revision.
    pub new_running: u32,
    /// Tasks of our revision on their way to RUNNING.
    pub new_pending: u32,
    /// Tasks of our revision that failed, as ECS counts them.
    pub failed: u32,
    /// What the service wants.
    pub desired: u32,
    /// Upper bound of tasks during the rollout.
    pub upper: u32,
    /// What is waited for, in plain words that follow "waiting for"; may be empty.
    pub waiting_for: String,
    /// The tasks by state; `None` before they were looked at one by one.
    pub states: Option<TaskStates>,
    /// The slowest of what is waited for, when that is known.
    pub phase: Option<Phase>,
    /// When it ends by its own pace so far, by the clock of ECS; `None` when that is not known.
    pub ends_about: Option<Timestamp>,
    /// What the service wanted when the rollout began, if it was another number.
    pub desired_before: Option<u32>,
    /// Where the deployment is, if it goes by stages.
    pub stage: Option<Stage>,
}

/// Where a deployment is that goes by stages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stage {
    /// ECS's word for it.
    pub name: String,
    /// Share of production traffic at our revision, where traffic moves.
    pub production: Option<Weight>,
    /// Share of test traffic at it.
    pub test: Option<Weight>,
    /// Runs of hooks that wait for an answer.
    pub hooks: Vec<Hook>,
}

/// Tasks by state, as last looked at. Those of our revision, but for the last two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TaskStates {
    /// They get a place and a network.
    pub provisioning: u32,
    /// They pull images.
    pub pulling: u32,
    /// They start.
    pub starting: u32,
    /// They run and do not count as healthy yet.
    pub checking: u32,
    /// They run, and a check of theirs fails.
    pub unhealthy: u32,
    /// They run and count as healthy.
    pub healthy: u32,
    /// Old ones whose connections are drained.
    pub draining: u32,
    /// Old ones that were told to stop.
    pub stopping: u32,
}

/// What a rollout waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phase {
    /// What it is.
    pub kind: PhaseKind,
    /// How many tasks are in it, at most; 0 when it is not about tasks.
    pub tasks: u32,
    /// Since when the first of them is, by the clock of ECS; `None` when ECS does not say.
    pub since: Option<Timestamp>,
    /// How long it may last before ECS goes on or gives the task up; `None` when that is not known.
    pub at_most: Option<Duration>,
}

/// The phases of a rollout, in the order in which a task goes through them; then those of deployments by stages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PhaseKind {
    /// ECS has not begun.
    Begin,
    /// ECS has not started tasks that it is to start.
    Launch,
    /// Tasks get a place and a network.
    Provisioning,
    /// Tasks pull images.
    Pulling,
    /// Tasks start.
    Starting,
    /// The health check of a container has not passed.
    ContainerHealth,
    /// The load balancer has not found the task healthy.
    LoadBalancerHealth,
    /// Tasks without any check count as healthy after a while.
    Settling,
    /// Connections of old tasks are drained.
    Draining,
    /// Old tasks were told to stop.
    Stopping,
    /// All is in place and watched for a while.
    BakeTime,
    /// All is in place; ECS has not said so yet.
    Completing,
    /// ECS goes back to what was before.
    RollingBack,
    /// A stage passes of which no more is known.
    Stage,
    /// Production traffic moves, at once or by steps.
    TrafficShift,
    /// A person has to answer a hook.
    Approval,
}

impl PhaseKind {
    /// All of them, in their order.
    pub const ALL: [Self; 16] = [
        Self::Begin,
        Self::Launch,
        Self::Provisioning,
        Self::Pulling,
        Self::Starting,
        Self::ContainerHealth,
        Self::LoadBalancerHealth,
        Self::Settling,
        Self::Draining,
        Self::Stopping,
        Self::BakeTime,
        Self::Completing,
        Self::RollingBack,
        Self::Stage,
        Self::TrafficShift,
        Self::Approval,
    ];

    /// The word for it on the wire and in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Begin => "begin",
            Self::Launch => "launch",
            Self::Provisioning => "provisioning",
            Self::Pulling => "pulling",
            Self::Starting => "starting",
            Self::ContainerHealth => "container-health",
            Self::LoadBalancerHealth => "load-balancer-health",
            Self::Settling => "settling",
            Self::Draining => "draining",
            Self::Stopping => "stopping",
            Self::BakeTime => "bake-time",
            Self::Completing => "completing",
            Self::RollingBack => "rolling-back",
            Self::Stage => "stage",
            Self::TrafficShift => "traffic-shift",
            Self::Approval => "approval",
        }
    }

    /// The phase with this word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::PhaseKind;

    #[test]
    fn every_phase_is_read_by_its_word_and_no_other_word_is_one() {
        let words: std::collections::BTreeSet<&str> = PhaseKind::ALL.map(PhaseKind::as_str).into();
        assert_eq!(words.len(), PhaseKind::ALL.len(), "each its own");
        for kind in PhaseKind::ALL {
            assert_eq!(PhaseKind::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(PhaseKind::parse("settled"), None);
        assert!(PhaseKind::ALL.is_sorted(), "in their order");
    }
}
