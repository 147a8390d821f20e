//! Why a job has waited in the queue.

use crate::board::WaitCode;
use crate::ids::ReleaseId;
use crate::time::Timestamp;

/// Reasons of one wait that are kept at most; of more the first ones are, and the last.
pub const WAITS: usize = 12;

/// A reason to wait, until the next one began or the wait was over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waited {
    /// Which kind of reason.
    pub code: WaitCode,
    /// The release that was waited for, if it was one.
    pub release: Option<ReleaseId>,
    /// In plain words.
    pub text: String,
    /// Since when.
    pub from: Timestamp,
}
