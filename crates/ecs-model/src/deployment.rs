//! An entry of `deployments[]` (ecs-facts 1.5).

use serde::{Deserialize, Serialize};

use crate::breaker::Breaker;
use crate::time::Time;

/// `rolloutState`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum RolloutState {
    /// Tasks are being replaced.
    InProgress,
    /// It reached its steady state.
    Completed,
    /// The breaker, or a person, gave it up.
    Failed,
}

impl RolloutState {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InProgress => "IN_PROGRESS",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
        }
    }
}

/// An entry of `deployments[]`: the tasks of one service revision.
///
/// The first entry of a service is PRIMARY, all others are ACTIVE; an INACTIVE one is no longer listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    /// `ecs-svc/<digits>`.
    pub id: String,
    /// `rolloutState`.
    pub rollout: RolloutState,
    /// `rolloutStateReason`.
    pub reason: String,
    /// `failedTasks`: failures in a row.
    pub failed_tasks: u32,
    /// `createdAt`.
    pub created_at: Time,
    /// `updatedAt`.
    pub updated_at: Time,
    /// How many tasks it should have. For PRIMARY that is the service's desired count.
    pub wanted: u32,
    /// Whether it was COMPLETED at some time.
    pub was_completed: bool,
    /// How many lost tasks may still be replaced in it after it was superseded. Bounded, so that a revision
    /// whose tasks keep dying cannot take the places of its successor for ever; one that never was steady
    /// gets none. AWS documents the replacement, not its end.
    pub(crate) refills: u32,
    pub(crate) breaker: Breaker,
    pub(crate) backoff_rounds: u32,
    pub(crate) launches_from: Time,
    pub(crate) baking_until: Option<Time>,
}

impl Deployment {
    pub(crate) fn new(id: String, wanted: u32, at: Time) -> Self {
        let mut deployment = Self {
            id,
            rollout: RolloutState::InProgress,
            reason: String::new(),
            failed_tasks: 0,
            created_at: at,
            updated_at: at,
            wanted,
            was_completed: false,
            refills: 0,
            breaker: Breaker::default(),
            backoff_rounds: 0,
            launches_from: at,
            baking_until: None,
        };
        deployment.enter(RolloutState::InProgress, None, at);
        deployment
    }

    /// Enters a state, with the reason text that belongs to it unless another one is given.
    pub(crate) fn enter(&mut self, state: RolloutState, reason: Option<String>, at: Time) {
        self.rollout = state;
        self.updated_at = at;
        self.reason = reason.unwrap_or_else(|| match state {
            RolloutState::InProgress => format!("ECS deployment {} in progress.", self.id),
            RolloutState::Completed => format!("ECS deployment {} completed.", self.id),
            RolloutState::Failed => {
                "ECS deployment circuit breaker: tasks failed to start.".to_owned()
            }
        });
        self.was_completed |= state == RolloutState::Completed;
        self.baking_until = None;
    }

    pub(crate) fn in_progress(&self) -> bool {
        self.rollout == RolloutState::InProgress
    }
}
