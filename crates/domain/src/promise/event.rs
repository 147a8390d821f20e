//! Promise 6: events of a release form one gapless sequence; a watcher that reconnects sees each once.

use super::{Broken, History, Moment, Promise};
use crate::event::Event;
use crate::ids::ReleaseId;

fn broken(what: String) -> Broken {
    Broken::new(Promise::Events, what)
}

pub(super) fn committed(history: &History, release: ReleaseId, event: &Event) -> Option<Broken> {
    let last = history.last_seq.get(&release).copied().unwrap_or(0);
    if event.seq == last + 1 {
        return None;
    }
    if event.seq > last {
        return Some(broken(format!(
            "event {} of release {release} follows event {last}: those between are missing",
            event.seq
        )));
    }
    let known = history.events_of(release).iter();
    let same = known.filter(|known| known.seq == event.seq);
    let changed = same.into_iter().any(|known| known != event);
    changed.then(|| {
        broken(format!(
            "event {} of release {release} was written twice, and differently",
            event.seq
        ))
    })
}

/// Watchers of one release see 1, 2, 3 and so on.
pub(super) fn watched(
    history: &History,
    watcher: &str,
    release: ReleaseId,
    seq: u64,
) -> Option<Broken> {
    let seen = history.watched.get(&(watcher.to_owned(), release));
    let last = seen.and_then(|seen| seen.last()).copied().unwrap_or(0);
    let durable = history.last_seq.get(&release).copied().unwrap_or(0);
    if seq != last + 1 {
        let how = if seq > last {
            "and missed what is between"
        } else {
            "and so saw it twice"
        };
        return Some(broken(format!(
            "watcher {watcher} saw event {seq} of release {release} after event {last}, {how}"
        )));
    }
    (seq > durable).then(|| {
        broken(format!(
            "watcher {watcher} saw event {seq} of release {release} before it was durable (the \
             newest durable one is {durable})"
        ))
    })
}

pub(super) fn check(history: &History, moment: Moment) -> Vec<Broken> {
    let mut all = Vec::new();
    for release in history.releases() {
        let last = history.last_seq.get(&release.id).copied().unwrap_or(0);
        if last != release.last_seq && history.last_seq.contains_key(&release.id) {
            all.push(broken(format!(
                "release {} says that its newest event is {}, which is {last}",
                release.id, release.last_seq
            )));
        }
    }
    if moment == Moment::Any {
        return all;
    }
    for ((watcher, release), seen) in &history.watched {
        let gone = history.unwatched.contains(&(watcher.clone(), *release));
        let last = history.last_seq.get(release).copied().unwrap_or(0);
        let seen = seen.last().copied().unwrap_or(0);
        if !gone && seen < last {
            all.push(broken(format!(
                "watcher {watcher} of release {release} saw events up to {seen} of {last}, and no more came"
            )));
        }
    }
    all
}
