//! Spawning: every task has a name and an owner that waits for it.

use std::future::Future;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

/// The tasks of one owner.
#[derive(Clone, Debug, Default)]
pub struct Tasks(TaskTracker);

impl Tasks {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs a future in a task of its own, inside a span of this name.
    pub fn spawn<F>(&self, name: &'static str, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.0
            .spawn(future.instrument(tracing::debug_span!("task", task.name = name)))
    }

    /// Waits for all tasks, at most so long; says whether all ended.
    pub async fn wait(&self, at_most: Duration) -> bool {
        self.0.close();
        tokio::time::timeout(at_most, self.0.wait()).await.is_ok()
    }
}
