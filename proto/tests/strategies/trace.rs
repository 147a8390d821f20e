//! Arbitrary spans.

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use shipway_domain::time::Timestamp;
use shipway_domain::trace::{Moment, Span, SpanId, Status, Value, What};

use super::text;

/// What nanoseconds can say.
fn timestamp() -> impl Strategy<Value = Timestamp> {
    (0..u64::MAX / 1_000_000).prop_map(Timestamp::from_millis)
}

fn id() -> impl Strategy<Value = SpanId> {
    any::<[u8; 8]>().prop_map(SpanId)
}

fn attributes() -> impl Strategy<Value = Vec<(String, Value)>> {
    let value = prop_oneof![
        text().prop_map(Value::Text),
        any::<i64>().prop_map(Value::Number),
        any::<bool>().prop_map(Value::Flag),
    ];
    vec((text(), value), 0..4)
}

prop_compose! {
    fn moment()(at in timestamp(), name in text(), attributes in attributes()) -> Moment {
        Moment { at, name, attributes }
    }
}

prop_compose! {
    /// An arbitrary span.
    pub(crate) fn span()(
        (id, parent, links) in (id(), of(id()), vec(id(), 0..3)),
        what in proptest::sample::select(&What::ALL),
        name in text(),
        (from, until) in (timestamp(), of(timestamp())),
        (attributes, moments) in (attributes(), vec(moment(), 0..3)),
        status in prop_oneof![Just(Status::Unset), Just(Status::Ok), text().prop_map(Status::Error)],
    ) -> Span {
        let settled = None;
        Span { id, parent, what, name, from, until, attributes, moments, links, status, settled }
    }
}
