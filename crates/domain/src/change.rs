//! What a decision changes: whole records, so that applying a change twice is applying it once.

use std::sync::Arc;

use crate::event::Event;
use crate::ids::ReleaseId;
use crate::job::Job;
use crate::release::Release;
use crate::spec::ReleaseSpec;
use crate::target::TargetRecord;

/// One change of the durable state. The board and the store apply the same changes.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// The specification of a new release; written once, never changed.
    Spec {
        /// The release.
        release: ReleaseId,
        /// Its specification.
        spec: Arc<ReleaseSpec>,
    },
    /// A release, new or changed. Shared, as jobs are, by the board and by who makes it durable.
    Release(Arc<Release>),
    /// A job, new or changed.
    Job(Arc<Job>),
    /// A target, new or changed.
    Target(TargetRecord),
    /// An event of a release; its number is one more than that of the event before.
    Event {
        /// The release.
        release: ReleaseId,
        /// The event.
        event: Event,
    },
}
