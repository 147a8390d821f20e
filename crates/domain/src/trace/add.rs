//! What agents did, laid into the trace of their release.

use std::collections::BTreeMap;

use super::{Span, SpanId, Trace, What, keys};
use crate::ids::{Attempt, JobId};

/// Parts of parts of parts that are told of what agents say.
const DEEPEST: u32 = 12;

impl Trace {
    /// Adds spans that an attempt has told of: calls, and other work. Each is laid into what it is a part of; where that
    /// is not known, because word of it was lost, it is a part of the attempt.
    pub fn add(&mut self, job: JobId, attempt: Attempt, spans: Vec<Span>) {
        let attempt = super::attempt_span(self.context.trace, job, attempt);
        let Some(place) = self.spans.iter().position(|span| span.id == attempt) else {
            return;
        };
        let (settled, agent) = (
            self.spans[place].settled,
            self.spans[place].get(keys::AGENT),
        );
        let agent = agent.cloned();
        let mut of: BTreeMap<SpanId, Vec<Span>> = BTreeMap::new();
        let known: BTreeMap<SpanId, ()> = spans
            .iter()
            .chain(&self.spans)
            .map(|span| (span.id, ()))
            .collect();
        for mut span in spans {
            let parent = span.parent.filter(|parent| known.contains_key(parent));
            let parent = parent.unwrap_or(attempt);
            span.parent = Some(parent);
            span.settled = settled;
            if let Some(agent) = &agent {
                span.attributes
                    .push((keys::AGENT.to_owned(), agent.clone()));
            }
            of.entry(parent).or_default().push(span);
        }
        let mut all = Vec::with_capacity(self.spans.len() + of.len());
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

impl Span {
    /// What is known of it by this key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&super::Value> {
        let mut attributes = self.attributes.iter();
        attributes.find_map(|(known, value)| (known == key).then_some(value))
    }

    /// Whether it is of the agent that did it, and not of the coordinator that tells it.
    #[must_use]
    pub const fn is_of_agent(&self) -> bool {
        matches!(self.what, What::Call | What::Work)
    }
}
