//! Promise 1: an acknowledged submission is never lost; a submission retried with its key is one release.

use std::collections::BTreeSet;

use super::{Broken, History, Promise};
use crate::change::Change;
use crate::ids::{IdempotencyKey, ReleaseId};
use crate::release::Release;

fn broken(what: String) -> Broken {
    Broken::new(Promise::Submissions, what)
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
            if let Some(other) = others.find(|other| other.key == release.key) {
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
        let releases: BTreeSet<String> = answers.iter().map(|(_, r)| r.to_string()).collect();
        if releases.len() > 1 {
            let releases: Vec<String> = releases.into_iter().collect();
            all.push(broken(format!(
                "submitters of key {key} were told of releases {}; a key is one release",
                releases.join(" and ")
            )));
        }
        let contents: BTreeSet<&str> = answers.iter().map(|(c, _)| c.as_str()).collect();
        if contents.len() > 1 {
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
