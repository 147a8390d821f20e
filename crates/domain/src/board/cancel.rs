//! Ending a release that somebody does not want any more.

use super::draft::Draft;
use super::{Board, Decision, Refusal};
use crate::event::EventKind;
use crate::ids::ReleaseId;
use crate::job::{JobKind, StopReason};
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
        draft.event(
            release,
            None,
            EventKind::CancelAsked {
                by: by.clone(),
                reason: reason.clone(),
            },
        );
        let stop = StopReason::Cancelled { by, reason };
        for job in draft.job_ids(release) {
            draft.stop_job(job, &stop);
        }
        Ok(draft.finish())
    }
}
