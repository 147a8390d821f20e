//! What a store gives back after a restart.

use shipway_domain::board::KnownKey;
use shipway_domain::change::Change;
use shipway_domain::ids::{IdempotencyKey, ReleaseId};
use shipway_domain::release::Release;

/// Everything that a board needs to go on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Loaded {
    /// Number of the next release: one more than the largest ever kept.
    pub next_release: u64,
    /// All targets, then every release that has not ended with its specification and its jobs, in
    /// the order of arrival: ready to be applied.
    pub changes: Vec<Change>,
    /// The keys of all releases, ended or not.
    pub keys: Vec<(IdempotencyKey, KnownKey)>,
    /// Releases that ended live, in the order of their ends: where a rollback can go.
    pub lives: Vec<Release>,
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
