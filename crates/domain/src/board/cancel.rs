//! Ending a release that somebody does not want any more.

use super::draft::Draft;
use super::{Board, Decision, Refusal};
use crate::event::EventKind;
use crate::ids::ReleaseId;
use crate::job::{Job, JobKind, JobState, StopReason};
use crate::time::Timestamp;

impl Board {
    pub(super) fn cancel(
        &self,
        now: Timestamp,
        release: ReleaseId,
        by: &str,
        reason: &str,
    ) -> Result<Decision, Refusal> {
        if !self.releases.contains_key(&release) {
            return Err(if self.was_given(release) {
                Refusal::AlreadyEnded(release)
            } else {
                Refusal::NoSuchRelease(release)
            });
        }
        if self
            .jobs_of(release)
            .any(|job| matches!(job.kind, JobKind::Settle { .. }))
        {
            return Err(Refusal::PaysADebt(release));
        }
        let mut draft = Draft::new(self, now);
        let (by, reason) = (by.to_owned(), reason.to_owned());
        // Who asks again and again adds nothing to the release's history.
        let room = draft.has_room_for_progress(release);
        if self.jobs_of(release).any(|job| would_hear(job, room)) {
            draft.event(
                release,
                None,
                EventKind::CancelAsked {
                    by: by.clone(),
                    reason: reason.clone(),
                },
            );
        }
        let stop = StopReason::Cancelled { by, reason };
        for job in draft.job_ids(release) {
            draft.stop_job(job, &stop);
        }
        Ok(draft.finish())
    }
}

/// Whether a cancel changes something for the job: it is asked for the first time, or rests and is looked at again.
const fn would_hear(job: &Job, room: bool) -> bool {
    match &job.state {
        JobState::Ended(_) => false,
        JobState::Granted(_) => job.stop.is_none(),
        JobState::Queued { .. } => job.stop.is_none() || room,
    }
}
