//! How fast the modelled world is.

use std::time::Duration;

use ecs_model::{Backoff, Pace, Phases};

use crate::one_off::OneOffs;

/// How long things take. What tasks are launched from then on, and what is polled, goes by it.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// The phases of tasks; a task definition sets those of its health check and its stop timeout.
    pub phases: Phases,
    /// The passing states of service deployments.
    pub pace: Pace,
    /// Gaps between launches that fail.
    pub backoff: Backoff,
    /// Shortest and longest time between two common polls.
    pub polling: (Duration, Duration),
    /// Tasks beside services.
    pub one_offs: OneOffs,
}

impl Default for Settings {
    /// As on Fargate.
    fn default() -> Self {
        Self {
            phases: Phases::default(),
            pace: Pace::default(),
            backoff: Backoff::default(),
            polling: (Duration::from_secs(1), Duration::from_secs(10)),
            one_offs: OneOffs::default(),
        }
    }
}

impl Settings {
    /// Everything happens within milliseconds, in the same order: for tests in real time.
    #[must_use]
    pub fn quick() -> Self {
        let moment = Duration::from_millis(5);
        Self {
            phases: Phases {
                provisioning: moment,
                settling: moment,
                ..Phases::instant()
            },
            pace: Pace {
                pending: moment,
                requested: moment,
            },
            backoff: Backoff {
                base: moment,
                longest: moment * 20,
            },
            polling: (moment, moment * 4),
            one_offs: OneOffs {
                start: moment,
                run: moment,
                end: moment,
                exit: 0,
            },
        }
    }
}
