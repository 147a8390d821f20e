//! Why a job was stopped, in words.

use shipway_domain::job::StopReason;

/// `cancelled by ci-web: wrong branch`.
pub(crate) fn stop(reason: &StopReason) -> String {
    match reason {
        StopReason::Cancelled { by, reason } if reason.is_empty() => format!("cancelled by {by}"),
        StopReason::Cancelled { by, reason } => format!("cancelled by {by}: {reason}"),
        StopReason::Folded { by } => format!("release {by} took its place"),
        StopReason::Undone { by } => format!("taken back by release {by}"),
    }
}
