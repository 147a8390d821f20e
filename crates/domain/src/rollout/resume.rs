//! Putting auto scaling back, on every end of the job that is an end.

use super::{Action, Next, Rollout};
use crate::checkpoint::{Checkpoint, ScalingFlags};

/// Failures after which the debt is left to a settle job.
const TRIES: u32 = 3;

impl Rollout {
    /// What is owed to the target, by this job or one before it.
    fn owed(&self) -> Option<ScalingFlags> {
        let mut owed = self.wanted.debt;
        for note in &self.noted {
            match note {
                Checkpoint::SuspendIntent { before } => owed = Some(*before),
                Checkpoint::Resumed => owed = None,
                _ => {}
            }
        }
        owed
    }

    /// The next thing to do to put scaling back; `None` when nothing is owed any more, or when it
    /// cannot be paid now and a settle job will do it.
    pub(super) fn put_back(&self) -> Option<Next> {
        let before = self.owed()?;
        // Nothing is written in an account that is not known to be the right one.
        if !self.seen.identity {
            return None;
        }
        if let Some(next) = self.tell_late_suspension() {
            return Some(next);
        }
        if self.seen.resume_failures >= TRIES {
            return None;
        }
        if self.seen.resumed {
            return Some(Next::Note(Checkpoint::Resumed));
        }
        match &self.seen.scaling_at_end {
            None => Some(Next::Do(Action::DescribeScaling { resume: true })),
            // The scalable target is gone, and what was suspended with it.
            Some(None) => Some(Next::Note(Checkpoint::Resumed)),
            // It is as it was already, or somebody else has set it meanwhile: theirs stands.
            Some(Some(now)) if now.suspended == before || now.suspended != ScalingFlags::ALL => {
                Some(Next::Note(Checkpoint::Resumed))
            }
            Some(Some(_)) => Some(Next::Do(Action::SetScaling {
                flags: before,
                resume: true,
            })),
        }
    }
}
