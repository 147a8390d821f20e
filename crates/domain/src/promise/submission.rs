//! Promise 1: an acknowledged submission is never lost; a submission retried with its key is one release, until 7
//! days after that has ended.

use std::collections::BTreeSet;

use super::{Broken, History, Promise};
use crate::board::KeyWindow;
use crate::change::Change;
use crate::ids::{IdempotencyKey, ReleaseId};
use crate::release::Release;
use crate::time::Timestamp;

fn broken(what: String) -> Broken {
    Broken::new(Promise::Submissions, what)
}

/// Whether the key of a release must be remembered at a time: until its release has ended, and for a window after
/// that ([`KeyWindow::default`]).
fn is_known(history: &History, release: &Release, at: Timestamp) -> bool {
    let window = KeyWindow::default();
    release.ended_at.is_none_or(|ended| {
        let later = history
            .releases()
            .filter(|other| other.ended_at > Some(ended));
        ended >= at.minus(window.after_end) && later.count() < window.most
    })
}

pub(super) fn acknowledged(
    history: &History,
    key: &IdempotencyKey,
    release: ReleaseId,
) -> Option<Broken> {
    history.release(release).is_none().then(|| {
        broken(format!(
            "the submitter of key {key} was told of release {release} before it was durable"
        ))
    })
}

pub(super) fn committed(history: &History, release: &Release) -> Vec<Broken> {
    let mut all = Vec::new();
    match history.release(release.id) {
        Some(before) if before.key != release.key || before.content != release.content => {
            all.push(broken(format!(
                "release {} was that of key {}, and became that of key {}: a number was given twice",
                release.id, before.key, release.key
            )));
        }
        Some(_) => {}
        None => {
            let mut others = history.releases();
            let at = release.submitted_at;
            if let Some(other) =
                others.find(|other| other.key == release.key && is_known(history, other, at))
            {
                all.push(broken(format!(
                    "key {} made release {} and then release {}; a key is one release",
                    release.key, other.id, release.id
                )));
            }
        }
    }
    all
}

/// What a store must give back: everything that was durable.
pub(super) fn reopened(history: &History, changes: &[Change]) -> Vec<Broken> {
    let given: BTreeSet<ReleaseId> = changes
        .iter()
        .filter_map(|change| match change {
            Change::Release(release) => Some(release.id),
            _ => None,
        })
        .collect();
    let known = history.releases();
    let lost = known.filter(|release| !given.contains(&release.id));
    lost.map(|release| {
        broken(format!(
            "release {} (key {}) was durable and is gone since the coordinator came back",
            release.id, release.key
        ))
    })
    .collect()
}

pub(super) fn check(history: &History) -> Vec<Broken> {
    let mut all = Vec::new();
    for (key, answers) in &history.acknowledged {
        let releases: BTreeSet<ReleaseId> = answers.iter().map(|(_, r)| *r).collect();
        let one_only = releases
            .iter()
            .zip(releases.iter().skip(1))
            .any(
                |(first, next)| match (history.release(*first), history.release(*next)) {
                    (Some(first), Some(next)) => is_known(history, first, next.submitted_at),
                    _ => true,
                },
            );
        if one_only {
            let releases: Vec<String> = releases.iter().map(ToString::to_string).collect();
            all.push(broken(format!(
                "submitters of key {key} were told of releases {}; a key is one release",
                releases.join(" and ")
            )));
        }
        // Each pair is there once: more pairs than releases are more contents of one of them.
        if answers.len() > releases.len() {
            all.push(broken(format!(
                "two different submissions were acknowledged under key {key}; the second one is \
                 to be refused"
            )));
        }
        for (content, id) in answers {
            match history.release(*id) {
                None => all.push(broken(format!(
                    "release {id}, of which the submitter of key {key} was told, does not exist"
                ))),
                Some(release) if release.key != *key || release.content != *content => {
                    all.push(broken(format!(
                        "the submitter of key {key} was told of release {id}, which is another \
                         submission: that of key {}",
                        release.key
                    )));
                }
                Some(_) => {}
            }
        }
    }
    all
}
