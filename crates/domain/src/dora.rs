//! The four DORA figures: what counts as a change, as a failure, as restored, and how long it took.
//!
//! `docs/metrics.md` says the same in words.

use std::time::Duration;

use crate::checkpoint::Checkpoint;
use crate::ids::ReleaseId;
use crate::job::{Job, JobKind, StopReason};
use crate::release::Release;
use crate::spec::{ReleaseKind, Revision, Source};
use crate::time::Timestamp;
use crate::verdict::Verdict;

/// What became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It serves.
    Live,
    /// It was brought to a service and did not come to serve.
    Failed,
    /// It served, and was taken back.
    Undone,
}

impl Change {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Failed => "failed",
            Self::Undone => "undone",
        }
    }
}

/// A release that has ended, as far as the figures look at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Why it existed.
    pub kind: ReleaseKind,
    /// Its verdict.
    pub verdict: Verdict,
    /// When it was submitted.
    pub submitted: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// Whether a service was changed for it: one that failed before is no change.
    pub reached: bool,
    /// Whether a rollback stopped it on its way.
    pub undone: bool,
}

impl Ended {
    /// Of a release with its jobs; `None` while it has not ended.
    #[must_use]
    pub fn of(release: &Release, jobs: &[Job]) -> Option<Self> {
        // An intent alone may be a call that was refused.
        let changed = |note: &Checkpoint| {
            matches!(
                note,
                Checkpoint::Updated { .. } | Checkpoint::Following { .. }
            )
        };
        let reached = jobs.iter().any(|job| {
            matches!(job.kind, JobKind::Rollout { .. }) && job.checkpoints.iter().any(changed)
        });
        let undone = jobs
            .iter()
            .any(|job| matches!(job.stop, Some(StopReason::Undone { .. })));
        Some(Self {
            kind: release.kind,
            verdict: release.verdict?,
            submitted: release.submitted_at,
            ended: release.ended_at?,
            reached,
            undone,
        })
    }

    /// The release that it takes back, if it is a rollback.
    #[must_use]
    pub const fn undoes(&self) -> Option<ReleaseId> {
        match self.kind {
            ReleaseKind::Rollback { undoes, .. } => Some(undoes),
            ReleaseKind::Deploy | ReleaseKind::Settle => None,
        }
    }

    /// What it says of a change, if of any. `undone` is the release that it takes back.
    ///
    /// A deploy that changed a service is a change: live, or failed when it failed, was rolled back, was stopped, or was
    /// taken back by a rollback while it rolled out. A rollback that changed a service and is live says of the change that
    /// it takes back that it was undone, if that one was live: otherwise it has been counted as failed. Superseded and
    /// cancelled releases, deploys that found nothing to change or failed before they changed anything, rollbacks of what
    /// was no change, and what the coordinator does by itself say nothing.
    #[must_use]
    pub fn change(&self, undone: Option<&Self>) -> Option<Change> {
        match self.kind {
            ReleaseKind::Deploy if self.reached && self.verdict == Verdict::Live => {
                Some(Change::Live)
            }
            ReleaseKind::Deploy if self.fails() => Some(Change::Failed),
            ReleaseKind::Rollback { .. } if self.reached && self.verdict == Verdict::Live => {
                let undone = undone.and_then(|undone| undone.change(None));
                (undone == Some(Change::Live)).then_some(Change::Undone)
            }
            _ => None,
        }
    }

    /// Whether it is a deploy that left its environment worse than it was, or may have.
    const fn fails(&self) -> bool {
        matches!(self.kind, ReleaseKind::Deploy)
            && self.reached
            && match self.verdict {
                Verdict::Failed | Verdict::RolledBack | Verdict::Stopped => true,
                Verdict::Cancelled => self.undone,
                _ => false,
            }
    }

    /// How long the environment was broken that this release, live, made whole; `None` when it was not. `before` are the
    /// releases of the environment that ended before it, the newest first, `undone` as for [`Ended::change`].
    ///
    /// It was broken from the end of the first failed change after the last live release, or, when a live change is
    /// taken back, from the submission of the rollback: when its trouble began nobody told.
    #[must_use]
    pub fn restored(
        &self,
        undone: Option<&Self>,
        before: impl IntoIterator<Item = Self>,
    ) -> Option<Duration> {
        if self.verdict != Verdict::Live || matches!(self.kind, ReleaseKind::Settle) {
            return None;
        }
        let took_back = self.change(undone) == Some(Change::Undone);
        let mut since = took_back.then_some(self.submitted);
        for earlier in before {
            if earlier.verdict == Verdict::Live && !matches!(earlier.kind, ReleaseKind::Settle) {
                break;
            }
            if earlier.fails() && earlier.ended <= self.ended {
                since = Some(since.map_or(earlier.ended, |since| since.min(earlier.ended)));
            }
        }
        since.map(|since| self.ended.since(since))
    }
}

/// From the commit of a source to when it was live. `None` when the commit does not hold all of the source, is not known,
/// or is from later than that.
#[must_use]
pub fn lead_time(source: &Source, live: Timestamp) -> Option<Duration> {
    let revision: &Revision = match source {
        Source::Context { revision, .. } => revision.as_ref()?,
        Source::Commit { revision, .. } => revision,
        Source::Image { .. } => return None,
    };
    let committed = Timestamp::from_millis(revision.committed_at.checked_mul(1000)?);
    let known = revision.committed_at > 0 && !revision.dirty && committed <= live;
    known.then(|| live.since(committed))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEPLOY: ReleaseKind = ReleaseKind::Deploy;

    fn back() -> ReleaseKind {
        let (undoes, to) = (ReleaseId::from_number(2), ReleaseId::from_number(1));
        ReleaseKind::Rollback { undoes, to }
    }

    /// Ended at this second, submitted ten before.
    fn ended(kind: ReleaseKind, verdict: Verdict, at: u64) -> Ended {
        Ended {
            kind,
            verdict,
            submitted: Timestamp::from_millis((at - 10) * 1000),
            ended: Timestamp::from_millis(at * 1000),
            reached: true,
            undone: false,
        }
    }

    #[test]
    fn only_deploys_that_changed_a_service_and_rollbacks_of_live_ones_count() {
        use Verdict::{Cancelled, Failed, Live, RolledBack, Stopped, Superseded};
        let untouched = |verdict| Ended {
            reached: false,
            ..ended(DEPLOY, verdict, 100)
        };
        let taken_back = |reached| Ended {
            undone: true,
            reached,
            ..ended(DEPLOY, Cancelled, 100)
        };
        let of = |verdict| Some(ended(DEPLOY, verdict, 50));
        let rows = [
            (ended(DEPLOY, Live, 100), None, Some(Change::Live)),
            (ended(DEPLOY, Failed, 100), None, Some(Change::Failed)),
            (ended(DEPLOY, RolledBack, 100), None, Some(Change::Failed)),
            (ended(DEPLOY, Stopped, 100), None, Some(Change::Failed)),
            (ended(DEPLOY, Superseded, 100), None, None),
            (ended(DEPLOY, Cancelled, 100), None, None),
            // Nothing differed; the build failed.
            (untouched(Live), None, None),
            (untouched(Failed), None, None),
            // A rollback came while it rolled out, and before it had changed anything.
            (taken_back(true), None, Some(Change::Failed)),
            (taken_back(false), None, None),
            (ended(back(), Live, 100), of(Live), Some(Change::Undone)),
            // Counted when it failed.
            (ended(back(), Live, 100), of(RolledBack), None),
            (ended(back(), Live, 100), Some(taken_back(true)), None),
            (ended(back(), Live, 100), None, None),
            (ended(back(), Failed, 100), of(Live), None),
            // That had found nothing to change; nor does a rollback that finds nothing.
            (ended(back(), Live, 100), Some(untouched(Live)), None),
            (
                Ended {
                    reached: false,
                    ..ended(back(), Live, 100)
                },
                of(Live),
                None,
            ),
            // A rollback of a rollback takes back no change.
            (
                ended(back(), Live, 100),
                Some(ended(back(), Live, 50)),
                None,
            ),
            (ended(ReleaseKind::Settle, Live, 100), None, None),
        ];
        for (release, undone, wanted) in rows {
            let change = release.change(undone.as_ref());
            assert_eq!(change, wanted, "{release:?}, {undone:?}");
        }
    }

    #[test]
    fn an_environment_is_broken_from_the_first_failed_change_to_the_next_live_release() {
        use Verdict::{Cancelled, Failed, Live, RolledBack};
        let before = |rows: &[(ReleaseKind, Verdict, u64)]| -> Vec<Ended> {
            rows.iter()
                .map(|(kind, verdict, at)| ended(*kind, *verdict, *at))
                .collect()
        };
        let live = ended(DEPLOY, Live, 1000);
        let rolled_back = ended(back(), Live, 1000);
        let rows = [
            // Newest first.
            (live, None, before(&[(DEPLOY, Live, 500)]), None),
            (live, None, before(&[]), None),
            (
                live,
                None,
                before(&[
                    (DEPLOY, Failed, 900),
                    (DEPLOY, Cancelled, 850),
                    (DEPLOY, RolledBack, 800),
                    (DEPLOY, Live, 700),
                    (DEPLOY, Failed, 600),
                ]),
                Some(200),
            ),
            // What pays debts restores nothing, and hides nothing.
            (
                live,
                None,
                before(&[(ReleaseKind::Settle, Live, 950), (DEPLOY, Failed, 900)]),
                Some(100),
            ),
            (
                rolled_back,
                Some(ended(DEPLOY, Live, 500)),
                before(&[(DEPLOY, Live, 500)]),
                Some(10),
            ),
            (
                rolled_back,
                Some(ended(DEPLOY, RolledBack, 500)),
                before(&[(DEPLOY, RolledBack, 500)]),
                Some(500),
            ),
            (
                ended(DEPLOY, Failed, 1000),
                None,
                before(&[(DEPLOY, Failed, 900)]),
                None,
            ),
        ];
        for (release, undone, before, wanted) in rows {
            let restored = release.restored(undone.as_ref(), before.clone());
            assert_eq!(
                restored.map(|it| it.as_secs()),
                wanted,
                "{release:?}, {before:?}"
            );
        }
    }

    #[test]
    fn a_failure_before_anything_was_changed_breaks_nothing() {
        let failed = Ended {
            reached: false,
            ..ended(DEPLOY, Verdict::Failed, 900)
        };
        let live = ended(DEPLOY, Verdict::Live, 1000);
        assert_eq!(live.restored(None, [failed]), None);
    }

    #[test]
    fn lead_time_is_told_of_clean_commits_with_a_time() {
        let revision = |committed_at, dirty| Revision {
            commit: "a".repeat(40),
            subject: String::new(),
            committed_at,
            dirty,
            repository: None,
        };
        let commit = |revision| Source::Commit {
            repository: "https://example.com/repo".to_owned(),
            folder: String::new(),
            revision,
        };
        let image = Source::Image {
            reference: "web:1".to_owned(),
        };
        let live = Timestamp::from_millis(90_000);
        let rows = [
            (commit(revision(30, false)), Some(60)),
            (commit(revision(90, false)), Some(0)),
            (commit(revision(91, false)), None),
            (commit(revision(30, true)), None),
            (commit(revision(0, false)), None),
            (commit(revision(u64::MAX, false)), None),
            (image, None),
        ];
        for (source, wanted) in rows {
            let took = lead_time(&source, live);
            assert_eq!(took.map(|it| it.as_secs()), wanted, "{source:?}");
        }
    }
}
