//! The jobs that this agent holds.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use shipway_domain::agent::Held;
use shipway_domain::ids::JobId;
use tokio::sync::Notify;

use crate::coordinator_time::CoordinatorTime;
use crate::running::Running;
use crate::wake::Wake;

/// The jobs that this agent holds, shared by the session and the walkers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Jobs {
    all: Arc<Mutex<BTreeMap<JobId, Arc<Running>>>>,
    /// Notified when a job has something to send.
    pub(crate) wake: Wake,
    /// What time it is for the coordinator.
    pub(crate) time: CoordinatorTime,
    /// Notified when a job left.
    pub(crate) left: Arc<Notify>,
}

impl Jobs {
    pub(crate) fn add(&self, running: Arc<Running>) {
        let job = running.held().job;
        if let Some(older) = self.lock().insert(job, running) {
            // A newer attempt of the same job came to this agent: the older one is over.
            older.end();
        }
    }

    /// The job, when this very attempt of it is held.
    pub(crate) fn get(&self, held: Held) -> Option<Arc<Running>> {
        self.lock()
            .get(&held.job)
            .filter(|running| running.held() == held)
            .cloned()
    }

    pub(crate) fn remove(&self, held: Held) {
        let mut all = self.lock();
        if all
            .get(&held.job)
            .is_some_and(|running| running.held() == held)
        {
            all.remove(&held.job);
        }
        drop(all);
        self.left.notify_waiters();
    }

    pub(crate) fn all(&self) -> Vec<Arc<Running>> {
        self.lock().values().cloned().collect()
    }

    pub(crate) fn held(&self) -> Vec<Held> {
        self.lock().values().map(|running| running.held()).collect()
    }

    pub(crate) fn count(&self) -> usize {
        self.lock().len()
    }

    /// Jobs that still work, leaving out `job` itself: a newer attempt takes the older one's place.
    pub(crate) fn busy_beside(&self, job: JobId) -> usize {
        let all = self.lock();
        let others = all.values().filter(|running| running.held().job != job);
        others.filter(|running| !running.is_finished()).count()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<JobId, Arc<Running>>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
