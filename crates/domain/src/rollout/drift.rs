//! What is found on the target that Shipway has not left there: told, and then replaced like anything else.
//!
//! A call that lands after its job has ended is found here, for no attempt of that job looks any more: AWS keeps no
//! old caller out (design.md section 4, take-over), and how long a call may be on its way is bounded by nothing but
//! our own timeouts.

use super::{JOB_TAG, Rollout};
use crate::checkpoint::ScalingFlags;
use crate::event::NoteLevel;
use crate::observe::ScalingSeen;

impl Rollout {
    /// Tells of a revision that serves and is not the one last proven live.
    pub(super) fn tell_drift(&mut self, tags: &[(String, String)]) {
        let Some(service) = &self.seen.service else {
            return;
        };
        let runs = &service.task_definition;
        let proven = self.wanted.proven.as_deref();
        // An attempt that goes on where another one was has told it already, or has changed the service itself.
        if !self.noted.is_empty() || proven == Some(runs) {
            return;
        }
        let job = tags.iter().find(|(key, _)| key == JOB_TAG);
        let job = job.map(|(_, job)| job.as_str());
        let last = proven.map_or_else(
            || "nothing was proven live here before".to_owned(),
            |proven| format!("last proven live here is {proven}"),
        );
        let (level, text) = match (job, proven) {
            (Some(job), _) => (
                NoteLevel::Warning,
                format!(
                    "the service runs {runs}, which Shipway's job {job} registered; {last}: that job ended without \
                     proof, or a call of it landed after its end, or somebody else deployed its revision"
                ),
            ),
            (None, Some(_)) => (
                NoteLevel::Warning,
                format!(
                    "the service runs {runs}, which Shipway did not register; {last}: somebody else has changed the \
                     service since"
                ),
            ),
            // The first release finds what was there before Shipway.
            (None, None) => return,
        };
        self.remarks.push((level, text));
    }

    /// Tells of auto scaling that is found suspended though nothing is owed.
    pub(super) fn tell_found_suspended(&mut self, seen: Option<ScalingSeen>) {
        let suspended = seen.is_some_and(|seen| seen.suspended == ScalingFlags::ALL);
        if self.last_of_scaling().is_none() && self.wanted.debt.is_none() && suspended {
            let text = "auto scaling is suspended already, and Shipway owes nothing here: somebody suspended it, or a \
                        call of an earlier job landed after its end; it is left suspended as it was found"
                .to_owned();
            self.remarks.push((NoteLevel::Warning, text));
        }
    }
}
