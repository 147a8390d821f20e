//! Releases that have ended, as far as the board has a word in them: it decides which are needed
//! still. Their records are the store's.

use std::collections::BTreeSet;

use super::{Board, Refusal};
use crate::history::{Page, Query};
use crate::ids::{ReleaseId, Target};
use crate::spec::ReleaseKind;

impl Board {
    /// At most `limit` unended releases that are wanted, newest first, older than `before`.
    #[must_use]
    pub fn find_open(&self, query: &Query, before: Option<ReleaseId>, limit: usize) -> Page {
        let wanted = |id: &ReleaseId| {
            let targets = self.targets_of(*id);
            before.is_none_or(|before| *id < before)
                && self
                    .releases
                    .get(id)
                    .is_some_and(|release| query.passes(release, targets))
        };
        let mut releases: Vec<ReleaseId> = match (&query.app, &query.env) {
            (Some(app), Some(env)) => {
                let open = self.open.get(&(app.clone(), env.clone()));
                let open = open.into_iter().flatten().rev().copied();
                open.filter(wanted).take(limit).collect()
            }
            _ => {
                let open = self.releases.keys().rev().copied();
                open.filter(wanted).take(limit).collect()
            }
        };
        releases.truncate(limit);
        let full = releases.len() == limit;
        let next = releases.last().copied().filter(|_| full);
        Page { releases, next }
    }

    fn targets_of(&self, release: ReleaseId) -> impl Iterator<Item = &Target> {
        let spec = self.specs.get(&release);
        let targets = spec.into_iter().flat_map(|spec| &spec.targets);
        targets.map(|target| &target.target)
    }

    /// Ended releases that must not be pruned: those that a rollback can go to, those that unended
    /// ones name, and those that targets name.
    #[must_use]
    pub fn pinned(&self) -> BTreeSet<ReleaseId> {
        let mut pinned: BTreeSet<ReleaseId> = self.lives.all().collect();
        for release in self.releases.values() {
            pinned.insert(release.id);
            if let ReleaseKind::Rollback { undoes, to } = release.kind {
                pinned.extend([undoes, to]);
            }
        }
        for record in self.targets.values() {
            pinned.extend(record.slot.map(|job| job.release));
            pinned.extend(record.debt.as_ref().map(|debt| debt.by.release));
            pinned.extend(record.proven.as_ref().map(|proven| proven.release));
        }
        pinned
    }

    /// Why a release is not there, neither on the board nor in the store.
    #[must_use]
    pub fn absent(&self, release: ReleaseId) -> Refusal {
        if self.was_given(release) && self.policy.retention.days > 0 {
            let retention = self.policy.retention;
            Refusal::NotKept { release, retention }
        } else {
            Refusal::NoSuchRelease(release)
        }
    }

    /// Whether this number was given to a release once.
    pub(super) const fn was_given(&self, release: ReleaseId) -> bool {
        release.number() < self.next_release
    }
}
