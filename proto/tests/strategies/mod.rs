//! Arbitrary values of the domain.

pub(crate) mod event;
pub(crate) mod hook;
pub(crate) mod ids;
pub(crate) mod outcome;
pub(crate) mod records;
pub(crate) mod spec;
pub(crate) mod trace;

use std::time::Duration;

use proptest::prelude::*;
use shipway_domain::time::Timestamp;

/// A short text of any characters.
pub(crate) fn text() -> impl Strategy<Value = String> {
    "\\PC{0,12}"
}

/// A few texts.
pub(crate) fn texts() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(text(), 0..3)
}

/// A few pairs of texts.
pub(crate) fn pairs() -> impl Strategy<Value = Vec<(String, String)>> {
    prop::collection::vec((text(), text()), 0..3)
}

/// A text or none.
pub(crate) fn maybe_text() -> impl Strategy<Value = Option<String>> {
    prop::option::of(text())
}

/// Any point in time.
pub(crate) fn timestamp() -> impl Strategy<Value = Timestamp> {
    any::<u64>().prop_map(Timestamp::from_millis)
}

/// Any span of whole milliseconds: the wire knows nothing finer.
pub(crate) fn span() -> impl Strategy<Value = Duration> {
    any::<u64>().prop_map(Duration::from_millis)
}
