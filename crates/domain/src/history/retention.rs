//! How long releases are kept after their end (design.md section 5).

use std::fmt;
use std::time::Duration;

use crate::release::Release;
use crate::time::Timestamp;

/// Which ended releases may go. Records of targets stay for ever, and so do releases that have not
/// ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Days after its end for which a release is kept; 0 keeps all of them for ever.
    pub days: u32,
    /// The newest releases of each environment that are kept, however old they are.
    pub per_environment: usize,
}

/// What becomes of a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is kept.
    Keep,
    /// It may go.
    Prune,
    /// It is kept, and so is every one that was submitted later: nobody needs to look at those.
    KeepWithLater,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            days: 90,
            per_environment: 20,
        }
    }
}

impl Retention {
    /// What becomes of a release. `newest`: it is among the newest of its environment; `pinned`: see
    /// [`Board::pinned`](crate::board::Board::pinned).
    #[must_use]
    pub fn fate(&self, now: Timestamp, release: &Release, newest: bool, pinned: bool) -> Fate {
        if self.days == 0 {
            return Fate::KeepWithLater;
        }
        let day = Duration::from_secs(86_400);
        let line = now.minus(day.saturating_mul(self.days));
        if release.submitted_at > line {
            return Fate::KeepWithLater;
        }
        let ended = release.ended_at.is_some_and(|ended| ended <= line);
        if !ended || newest || pinned {
            Fate::Keep
        } else {
            Fate::Prune
        }
    }
}

impl fmt::Display for Retention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "releases are kept for {} days after their end, and the newest {} of each environment \
             longer (history.retention_days and history.keep_per_environment of the coordinator)",
            self.days, self.per_environment
        )
    }
}
