//! What two task definitions differ in, by meaning and not by text.

use std::fmt;

use super::normalise;
use crate::document::{Document, Pointer, Segment};

/// One difference by meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Where: lists without order go by name, `containers.web.environment.CACHE_TTL`.
    pub path: Pointer,
    /// What was there.
    pub before: Option<Document>,
    /// What is there.
    pub after: Option<Document>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |value: &Document| {
            let text = value.as_str();
            text.map_or_else(|| value.to_string(), ToOwned::to_owned)
        };
        match (&self.before, &self.after) {
            (Some(before), Some(after)) => {
                write!(f, "{}: {} → {}", self.path, shown(before), shown(after))
            }
            (None, Some(after)) => write!(f, "{}: + {}", self.path, shown(after)),
            (before, _) => {
                let before = before.as_ref().map(shown).unwrap_or_default();
                write!(f, "{}: - {before}", self.path)
            }
        }
    }
}

/// Lists of pairs, which differ pair by pair.
const PAIRED: [&str; 2] = ["environment", "secrets"];
static EMPTY: Document = Document::object();

/// Whether both mean the same to ECS, tags and describe-only fields aside.
#[must_use]
pub fn same(a: &Document, b: &Document) -> bool {
    normalise(a) == normalise(b)
}

/// What differs by meaning, tags and describe-only fields aside, in the order of the paths.
#[must_use]
pub fn differences(before: &Document, after: &Document) -> Vec<Difference> {
    let mut found = Vec::new();
    walk(
        &Pointer::root(),
        &normalise(before),
        &normalise(after),
        &mut found,
    );
    found
}

fn walk(path: &Pointer, before: &Document, after: &Document, found: &mut Vec<Difference>) {
    let (Document::Object(old), Document::Object(new)) = (before, after) else {
        if before != after {
            found.push(difference(path, Some(before), Some(after)));
        }
        return;
    };
    let mut names: Vec<&String> = old.iter().chain(new).map(|(name, _)| name).collect();
    names.sort();
    names.dedup();
    for name in names {
        let path = path.name(name.as_str());
        // Variables are told one by one, even when there were none before.
        let none = PAIRED.contains(&name.as_str()).then_some(&EMPTY);
        match (before.get(name).or(none), after.get(name).or(none)) {
            (Some(before), Some(after)) => walk(&path, before, after, found),
            (before, after) => found.push(difference(&path, before, after)),
        }
    }
}

fn difference(path: &Pointer, before: Option<&Document>, after: Option<&Document>) -> Difference {
    // Shorter to read, and it fits: here they are no list of definitions but containers by name.
    let path = match path.segments() {
        [Segment::Name(first), rest @ ..] if first == "containerDefinitions" => {
            let containers = Pointer::root().name("containers");
            rest.iter().fold(containers, |path, step| match step {
                Segment::Name(name) => path.name(name.as_str()),
                Segment::Index(index) => path.index(*index),
            })
        }
        _ => path.clone(),
    };
    Difference {
        path,
        before: before.cloned(),
        after: after.cloned(),
    }
}
