//! What a store gives back after a restart.

use shipway_domain::board::{KeyWindow, Keys, Lives, Policy};
use shipway_domain::change::Change;
use shipway_domain::ids::ReleaseId;
use shipway_domain::time::Timestamp;

/// How much of ended releases is given back; the board's own bounds, so that a start with a long
/// history takes no more memory than one with a short one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The time now: keys are known for a while after the end of their release.
    pub now: Timestamp,
    /// Which keys.
    pub keys: KeyWindow,
    /// Live releases of each environment at most.
    pub lives: usize,
}

impl Bounds {
    /// All of it.
    pub const NONE: Self = Self {
        now: Timestamp::ZERO,
        keys: KeyWindow::UNBOUNDED,
        lives: usize::MAX,
    };

    /// As a board with this policy remembers them at `now`.
    #[must_use]
    pub const fn of(policy: &Policy, now: Timestamp) -> Self {
        Self {
            now,
            keys: policy.keys,
            lives: policy.lives,
        }
    }
}

/// Everything that a board needs to go on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Loaded {
    /// Number of the next release: one more than the largest ever kept.
    pub next_release: u64,
    /// All targets, then every release that has not ended with its specification and its jobs, in
    /// the order of arrival: ready to be applied.
    pub changes: Vec<Change>,
    /// The keys of releases, ended or not.
    pub keys: Keys,
    /// Releases that ended live: where a rollback can go.
    pub lives: Lives,
    /// What could not be read.
    pub quarantined: Vec<Quarantined>,
}

/// A record that could not be read, or a release that is not whole without it.
///
/// The bytes stay in the store. A release named here is not among [`Loaded::changes`] unless only
/// events are concerned; a slot that one of its jobs holds stays taken until a person has looked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantined {
    /// Which record, in words.
    pub what: String,
    /// What is wrong with it.
    pub problem: String,
    /// The release it belongs to, if it belongs to one.
    pub release: Option<ReleaseId>,
}
