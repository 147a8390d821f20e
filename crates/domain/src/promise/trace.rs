//! Promise 8: the trace of a release is one tree, complete whoever died, and each part lies within its whole.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Broken, History, Promise};
use crate::release::Release;
use crate::trace::{Span, SpanId, Story, Trace, as_told};

pub(super) fn check(history: &History) -> Vec<Broken> {
    let releases = history.releases.values();
    let ended = releases.filter(|release| release.ended_at.is_some());
    ended
        .flat_map(|release| of_one(&told(history, release), release))
        .collect()
}

fn told(history: &History, release: &Release) -> Trace {
    let jobs = history
        .jobs
        .values()
        .filter(|job| job.id.release == release.id);
    let jobs: Vec<_> = jobs.map(|job| job.as_ref().clone()).collect();
    let events = history.events.get(&release.id);
    // Not as it is laid out: that hides times that do not fit.
    as_told(&Story {
        release,
        spec: history.specs.get(&release.id).map(Arc::as_ref),
        jobs: &jobs,
        events: events.map_or(&[], Vec::as_slice),
        waits: &BTreeMap::new(),
    })
}

fn of_one(trace: &Trace, release: &Release) -> Vec<Broken> {
    let mut known: BTreeMap<SpanId, &Span> = BTreeMap::new();
    let mut all = Vec::new();
    let mut broken = |span: &Span, what: &str| {
        let text = format!("{} of release {}: {what}", span.name, release.id);
        all.push(Broken::new(Promise::Traces, text));
    };
    for span in &trace.spans {
        match span.parent.and_then(|parent| known.get(&parent)) {
            Some(parent) => {
                if span.from < parent.from || span.until > parent.until {
                    broken(span, "lies outside of what it is a part of");
                }
            }
            None if known.is_empty() && span.parent == trace.context.caller => {}
            None => broken(span, "is a part of nothing"),
        }
        if span.until.is_none_or(|until| until < span.from) {
            broken(span, "has no end");
        }
        if span.settled.is_none() {
            broken(span, "is never settled");
        }
        if known.insert(span.id, span).is_some() {
            broken(span, "has the id of another one");
        }
    }
    all
}
