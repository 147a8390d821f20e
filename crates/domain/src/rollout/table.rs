//! The table of verdicts: status in ECS, who asked, and whether a later deployment exists.

use crate::observe::ServiceDeploymentStatus;
use crate::verdict::Verdict;

/// Who asked for the end of a service deployment, as far as it was ended from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Nobody: ECS itself decided (breaker, alarm) or it ended by itself.
    Nobody,
    /// We did, because our submitter cancelled.
    Cancel,
    /// We did, because a rollback undoes this release.
    Undo,
    /// We did, because it could not come to serve.
    Early,
}

/// The verdict of a rollout whose service deployment has this status. `later` says whether a
/// later service deployment of the service exists.
///
/// | status in ECS | asked by | later one | verdict | exit code |
/// | --- | --- | --- | --- | --- |
/// | SUCCESSFUL | anyone | no | `live`, once the digests are verified | 0 |
/// | SUCCESSFUL | anyone | yes | `superseded` | 11 |
/// | STOPPED | anyone | yes | `superseded` | 11 |
/// | STOPPED | cancel, undo | no | `cancelled` | 13 |
/// | STOPPED | nobody of ours | no | `stopped` | 14 |
/// | STOPPED | us, early | no | `failed` | 12 |
/// | ROLLBACK_SUCCESSFUL | nobody of ours, or us, early | either | `rolled-back` | 10 |
/// | ROLLBACK_SUCCESSFUL | cancel, undo | either | `cancelled` | 13 |
/// | ROLLBACK_FAILED | anyone | either | `failed` | 12 |
/// | anything else, when we stop waiting | anyone | either | `unknown` | 20 |
///
/// A cancel that comes too late ends `live`: the verdict says what is true.
#[must_use]
pub const fn verdict_of(status: &ServiceDeploymentStatus, asked: Asked, later: bool) -> Verdict {
    match (status, asked, later) {
        (ServiceDeploymentStatus::Successful | ServiceDeploymentStatus::Stopped, _, true) => {
            Verdict::Superseded
        }
        (ServiceDeploymentStatus::Successful, _, false) => Verdict::Live,
        (ServiceDeploymentStatus::Stopped, Asked::Nobody, false) => Verdict::Stopped,
        (ServiceDeploymentStatus::Stopped, Asked::Cancel | Asked::Undo, false)
        | (ServiceDeploymentStatus::RollbackSuccessful, Asked::Cancel | Asked::Undo, _) => {
            Verdict::Cancelled
        }
        (ServiceDeploymentStatus::RollbackSuccessful, Asked::Nobody | Asked::Early, _) => {
            Verdict::RolledBack
        }
        (ServiceDeploymentStatus::Stopped, Asked::Early, false)
        | (ServiceDeploymentStatus::RollbackFailed, _, _) => Verdict::Failed,
        (
            ServiceDeploymentStatus::Pending
            | ServiceDeploymentStatus::InProgress
            | ServiceDeploymentStatus::StopRequested
            | ServiceDeploymentStatus::RollbackRequested
            | ServiceDeploymentStatus::RollbackInProgress
            | ServiceDeploymentStatus::Other(_),
            _,
            _,
        ) => Verdict::Unknown,
    }
}
