//! A release: one submission, and where it stands.

use crate::ids::{AppName, Digest, EnvName, IdempotencyKey, ReleaseId};
use crate::spec::{Priority, ReleaseKind};
use crate::time::Timestamp;
use crate::verdict::Verdict;

/// A release without its specification, which is kept beside it and never changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// Its id.
    pub id: ReleaseId,
    /// The app.
    pub app: AppName,
    /// The environment.
    pub env: EnvName,
    /// Why it exists.
    pub kind: ReleaseKind,
    /// Place among the waiting.
    pub priority: Priority,
    /// The submitter's key.
    pub key: IdempotencyKey,
    /// Digest of the submitted specification: the same key with another one is refused.
    pub content: Digest,
    /// Who submitted it: the name of the token that was presented.
    pub submitter: String,
    /// W3C `traceparent` of the submission; empty without one.
    pub trace_parent: String,
    /// What it is made from, for people: commit and subject, or the image.
    pub title: String,
    /// When the command that submitted it began, in the coordinator's time; never after the next.
    pub began_at: Timestamp,
    /// When it was taken in.
    pub submitted_at: Timestamp,
    /// Number of its jobs.
    pub jobs: u32,
    /// Number of its newest event.
    pub last_seq: u64,
    /// How it stands, once it rests or has ended.
    pub verdict: Option<Verdict>,
    /// When it ended; `None` while it has not.
    pub ended_at: Option<Timestamp>,
}
