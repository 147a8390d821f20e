//! What all tasks of one simulator share.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, watch};

use crate::calls::CallLog;
use crate::clock::Clock;
use crate::faults::Faults;
use crate::limits::Limits;
use crate::world::World;

/// The world behind its lock, the clock, the log, and the signals between tasks.
#[derive(Debug)]
pub(crate) struct Shared {
    /// Simulated time.
    pub(crate) clock: Clock,
    /// Every call.
    pub(crate) calls: CallLog,
    /// Which calls shall fail.
    pub(crate) faults: Faults,
    /// How many calls are taken.
    pub(crate) limits: Limits,
    /// Wakes the task that lets things happen.
    pub(crate) tick: Notify,
    /// Wakes the task that runs containers.
    pub(crate) engine: Notify,
    /// Wakes the task that saves.
    pub(crate) save: Notify,
    /// Wakes it at once: an answer waits until what it says is saved.
    pub(crate) save_now: Notify,
    /// How many answers have waited for a save.
    waiting: AtomicU64,
    /// How many of them need not wait any more.
    saved: watch::Sender<u64>,
    world: Mutex<World>,
}

impl Shared {
    pub(crate) fn new(clock: Clock, world: World) -> Self {
        let limits = Limits::default();
        limits.choose(&world.choices);
        Self {
            clock,
            calls: CallLog::default(),
            faults: Faults::default(),
            limits,
            tick: Notify::new(),
            engine: Notify::new(),
            save: Notify::new(),
            save_now: Notify::new(),
            waiting: AtomicU64::new(0),
            saved: watch::Sender::new(0),
            world: Mutex::new(world),
        }
    }

    /// The world. Hold it briefly and never across an await.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The world was changed from outside: let what follows happen, and save.
    pub(crate) fn changed(&self) {
        self.tick.notify_one();
        self.save.notify_one();
    }

    /// Returns once the world as it is now is saved.
    pub(crate) async fn until_saved(&self) {
        let number = self.waiting.fetch_add(1, Ordering::SeqCst) + 1;
        let mut saved = self.saved.subscribe();
        self.save_now.notify_one();
        // The sender lives as long as this does.
        drop(saved.wait_for(|done| *done >= number).await);
    }

    /// Who waits at this moment, for [`Self::saved`]: asked before the world is read.
    pub(crate) fn waiting(&self) -> u64 {
        self.waiting.load(Ordering::SeqCst)
    }

    /// The world was saved for all that waited then.
    pub(crate) fn saved(&self, waiting: u64) {
        self.saved.send_replace(waiting);
    }

    /// A fresh request id.
    pub(crate) fn request_id(&self) -> String {
        self.world().ids.uuid()
    }
}
