//! What agents did, laid into the trace of their release.

use std::collections::BTreeMap;

use super::{Span, SpanId, Trace, Value, What, keys};
use crate::ids::{Attempt, JobId};

/// Parts of parts of parts that are told of what agents say.
const DEEPEST: u32 = 12;

impl Trace {
    /// Adds spans that attempts have told of: calls, and other work. Each is laid into what it is a part of; where that
    /// is not known, because word of it was lost, it is a part of the attempt. A span without an id of its own is
    /// nobody's, and neither is one of an attempt that was never granted.
    pub fn add(&mut self, told: Vec<(JobId, Attempt, Vec<Span>)>) {
        let places = self.spans.iter().enumerate();
        let mut known: BTreeMap<SpanId, Option<usize>> =
            places.map(|(place, span)| (span.id, Some(place))).collect();
        let mut fresh: Vec<(usize, Span)> = Vec::new();
        for (job, attempt, spans) in told {
            let attempt = super::attempt_span(self.context.trace, job, attempt);
            let Some(Some(place)) = known.get(&attempt).copied() else {
                continue;
            };
            for span in spans {
                if span.id.0 != [0; 8] && !known.contains_key(&span.id) {
                    known.insert(span.id, None);
                    fresh.push((place, span));
                }
            }
        }
        let mut of: BTreeMap<SpanId, Vec<Span>> = BTreeMap::new();
        for (place, mut span) in fresh {
            let attempt = &self.spans[place];
            let parent = span.parent.filter(|parent| known.contains_key(parent));
            let parent = parent.unwrap_or(attempt.id);
            span.parent = Some(parent);
            span.settled = attempt.settled;
            if let Some(agent) = attempt.get(keys::AGENT) {
                span.attributes
                    .push((keys::AGENT.to_owned(), agent.clone()));
            }
            of.entry(parent).or_default().push(span);
        }
        let mut all = Vec::with_capacity(known.len());
        for span in std::mem::take(&mut self.spans) {
            let id = span.id;
            all.push(span);
            put(&mut all, &mut of, id, DEEPEST);
        }
        super::release::fit_in(&mut all);
        self.spans = all;
    }
}

/// Puts what is a part of this span behind it.
fn put(all: &mut Vec<Span>, of: &mut BTreeMap<SpanId, Vec<Span>>, parent: SpanId, depth: u32) {
    let Some(depth) = depth.checked_sub(1) else {
        return;
    };
    let mut parts = of.remove(&parent).unwrap_or_default();
    parts.sort_by_key(|part| part.from);
    for part in parts {
        let id = part.id;
        all.push(part);
        put(all, of, id, depth);
    }
}

/// Whether a call of AWS changes what serves, how many serve, or who says how many: such calls are few, and what a rollout
/// is about.
#[must_use]
pub fn changes_what_serves(call: &str) -> bool {
    [
        "ecs:UpdateService",
        "ecs:StopServiceDeployment",
        "ecs:ContinueServiceDeployment",
        "ecs:RunTask",
        "ecs:StopTask",
        "application-autoscaling:RegisterScalableTarget",
    ]
    .contains(&call)
}

impl Span {
    /// What is known of it by this key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        let mut attributes = self.attributes.iter();
        attributes.find_map(|(known, value)| (known == key).then_some(value))
    }

    /// Whether it is a call of AWS that [changes what serves](changes_what_serves).
    #[must_use]
    pub fn changes_what_serves(&self) -> bool {
        self.what == What::Call && changes_what_serves(&self.name)
    }

    /// Whether AWS answered it, or an earlier try of it, that it was called too often.
    #[must_use]
    pub fn was_throttled(&self) -> bool {
        matches!(self.get(keys::THROTTLED), Some(Value::Number(times)) if *times > 0)
    }

    /// Whether it is of the agent that did it, and not of the coordinator that tells it.
    #[must_use]
    pub const fn is_of_agent(&self) -> bool {
        matches!(self.what, What::Call | What::Work)
    }
}
