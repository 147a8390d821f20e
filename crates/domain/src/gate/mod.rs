//! Tasks as gates: one-off ECS tasks that a release runs on a target before and after its rollout, such as the migration
//! of a database. The exit code decides whether the release goes on.

mod check;
mod end;
mod run;
mod saw;

#[cfg(test)]
mod tests;

use std::time::Duration;

pub use run::{GateRun, Gated};

/// The tasks of a release's environment; without any, its rollouts are all there is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gates {
    /// Runs before the rollout of each target; the target stays as it is when it fails.
    pub before: Option<TaskGate>,
    /// Runs after the rollout of each target has come to be live; the next wave waits for it.
    pub after: Option<TaskGate>,
}

impl Gates {
    /// The task of that time, if there is one.
    #[must_use]
    pub const fn at(&self, when: When) -> Option<&TaskGate> {
        match when {
            When::Before => self.before.as_ref(),
            When::After => self.after.as_ref(),
        }
    }
}

/// When a task runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum When {
    /// Before the rollout of its target.
    Before,
    /// After it.
    After,
}

impl When {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Before, Self::After];

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::After => "after",
        }
    }
}

/// A one-off task: the release's own task definition and image, with another command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskGate {
    /// Container whose exit code counts; it must be essential, so that the task ends with it.
    pub container: String,
    /// Its command instead of its own, at least one word.
    pub command: Vec<String>,
    /// Environment beside its own.
    pub environment: Vec<(String, String)>,
    /// How long it may take, from the first attempt on; then it is stopped. [`TaskGate::TIMEOUTS`].
    pub timeout: Duration,
}

impl TaskGate {
    /// [`TaskGate::timeout`] when nothing is said.
    pub const TIMEOUT: Duration = Duration::from_secs(10 * 60);
    /// The shortest and the longest [`TaskGate::timeout`]. The client token of RunTask is known to ECS for 24 hours
    /// (ecs-facts 3.5): a task that may take longer could not be told from one that never ran.
    pub const TIMEOUTS: (Duration, Duration) =
        (Duration::from_secs(10), Duration::from_secs(12 * 60 * 60));
    /// Most bytes of command and environment together: RunTask takes 8192 characters of overrides.
    pub const BYTES: usize = 6000;
}
