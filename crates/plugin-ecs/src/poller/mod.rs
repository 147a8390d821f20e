//! The common poller of an account and region: few calls for many rollouts (design.md section 6).

mod tick;
mod waiting;

use std::sync::{Arc, Mutex, PoisonError};

use shipway_domain::observe::{ServiceDeploymentSeen, ServiceSeen};
use shipway_plugin::{Observation, PlatformError, Watch};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::batch::{Fetch, gone};
use crate::config::Polling;
use crate::service::ServiceKey;
use waiting::{State, Waiter};

/// Polls while somebody watches. `S` gives services, `D` service deployments by ARN.
pub(crate) struct Poller<S, D> {
    core: Arc<Core<S, D>>,
    runner: Mutex<JoinSet<()>>,
}

/// What the running poll and those who wait for it share.
struct Core<S, D> {
    services: S,
    deployments: D,
    polling: Polling,
    state: Mutex<State>,
    wake: Notify,
}

impl<S, D> Poller<S, D>
where
    S: Fetch<Key = ServiceKey, Value = ServiceSeen>,
    D: Fetch<Key = String, Value = ServiceDeploymentSeen>,
{
    pub(crate) fn new(services: S, deployments: D, polling: Polling) -> Self {
        Self {
            core: Arc::new(Core {
                services,
                deployments,
                polling,
                state: Mutex::new(State::new(polling)),
                wake: Notify::new(),
            }),
            runner: Mutex::default(),
        }
    }

    /// What the next poll sees of `watch`.
    pub(crate) async fn observe(&self, watch: &Watch) -> Result<Observation, PlatformError> {
        let (answer, answered) = oneshot::channel();
        let waiter = Waiter {
            watch: watch.clone(),
            since: Instant::now(),
            answer,
        };
        if self.core.state().add(waiter) {
            self.start();
        } else {
            self.core.wake.notify_one();
        }
        answered.await.unwrap_or_else(|_| Err(gone()))
    }

    /// Something was changed just now: look soon.
    pub(crate) fn hurry(&self) {
        self.core.state().hurry();
        self.core.wake.notify_one();
    }

    fn start(&self) {
        let mut runner = self.runner.lock().unwrap_or_else(PoisonError::into_inner);
        while runner.try_join_next().is_some() {}
        let core = Arc::clone(&self.core);
        runner.spawn(async move { core.run().await });
    }
}

impl<S, D> Core<S, D> {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S, D> Core<S, D>
where
    S: Fetch<Key = ServiceKey, Value = ServiceSeen>,
    D: Fetch<Key = String, Value = ServiceDeploymentSeen>,
{
    /// Polls until nobody waits any more. The pace outlives the run: whoever watches next goes on
    /// with it.
    async fn run(&self) {
        let _ended = Ended(self);
        loop {
            let Some(due) = self.state().due() else {
                return;
            };
            tokio::select! {
                () = tokio::time::sleep_until(due) => self.tick().await,
                // Somebody came, or something was changed: it may be due earlier.
                () = self.wake.notified() => {}
            }
        }
    }
}

/// Marks the run as ended, also when a tick panics: the next who watches starts another, and those
/// who waited hear of it.
struct Ended<'a, S, D>(&'a Core<S, D>);

impl<S, D> Drop for Ended<'_, S, D> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.state().abandon();
        }
    }
}

#[cfg(test)]
mod tests;
