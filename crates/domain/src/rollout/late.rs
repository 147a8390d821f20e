//! Calls of auto scaling that had no answer: as long as they may still land, the debt is not paid and the slot
//! not left. Else one could undo what whoever comes next has done (design.md section 4, take-over).

use super::{Action, Next, Rollout};
use crate::checkpoint::Checkpoint;
use crate::time::Timestamp;

impl Rollout {
    /// When all that was sent to auto scaling has landed, or never will; `None` when all was answered.
    fn scaling_settles(&self) -> Option<Timestamp> {
        let mut inherited = self.noted.iter().take(self.inherited).rev();
        let last = inherited
            .find(|note| matches!(note, Checkpoint::SuspendIntent { .. } | Checkpoint::Resumed));
        // What an attempt before this one sent, it sent before this one began.
        let begun = matches!(last, Some(Checkpoint::SuspendIntent { .. }));
        let inherited = self.seen.identity_at.filter(|_| begun);
        let sent = self.seen.scaling_uncertain_at.max(inherited)?;
        Some(self.settled(sent))
    }

    /// What comes next, unless calls that may still land stand in the way of it.
    pub(super) fn after_late_calls(&self, now: Timestamp, next: Next) -> Next {
        let ends = match &next {
            Next::Note(note) => *note == Checkpoint::Resumed,
            Next::End(_) => true,
            Next::Do(_) | Next::Wait { .. } => false,
        };
        let Some(until) = self.scaling_settles().filter(|_| ends) else {
            return next;
        };
        if now < until {
            return Next::Wait {
                until,
                reason: "a call of auto scaling may still be on its way".to_owned(),
            };
        }
        let paid = matches!(next, Next::Note(_));
        if paid && self.seen.scaling_at_end_at < until {
            return Next::Do(Action::DescribeScaling { resume: true });
        }
        next
    }
}
