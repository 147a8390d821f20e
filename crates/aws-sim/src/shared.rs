//! What all tasks of one simulator share.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

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

    /// A fresh request id.
    pub(crate) fn request_id(&self) -> String {
        self.world().ids.uuid()
    }
}
