//! Spans of traces.

use shipway_domain::time::Timestamp;
use shipway_domain::trace::{Moment, Span, SpanId, Status, Value, What};

use crate::error::{ConversionError, Problem};
use crate::v1;
use crate::v1::trace_span::attribute::Value as Kind;
use crate::v1::trace_span::{Attribute, Moment as MomentMessage};

const NANOS: u64 = 1_000_000;

impl From<&Span> for v1::TraceSpan {
    fn from(span: &Span) -> Self {
        Self {
            id: span.id.0.to_vec(),
            parent: span
                .parent
                .map_or_else(Vec::new, |parent| parent.0.to_vec()),
            what: span.what.as_str().to_owned(),
            name: span.name.clone(),
            from_ns: nanos(span.from),
            until_ns: span.until.map(nanos),
            attributes: attributes(&span.attributes),
            moments: span.moments.iter().map(Into::into).collect(),
            links: span.links.iter().map(|link| link.0.to_vec()).collect(),
            error: match &span.status {
                Status::Error(cause) => Some(cause.clone()),
                Status::Ok | Status::Unset => None,
            },
            ok: span.status == Status::Ok,
        }
    }
}

impl TryFrom<v1::TraceSpan> for Span {
    type Error = ConversionError;

    fn try_from(message: v1::TraceSpan) -> Result<Self, ConversionError> {
        let links = message.links.iter().map(|link| id("links", link));
        Ok(Self {
            id: id("id", &message.id)?,
            parent: match message.parent.as_slice() {
                [] => None,
                parent => Some(id("parent", parent)?),
            },
            what: What::parse(&message.what).ok_or_else(|| {
                let problem = Problem::UnknownWord {
                    what: "kind of span",
                    given: message.what,
                };
                ConversionError::field("what", problem)
            })?,
            name: message.name,
            from: millis(message.from_ns),
            until: message.until_ns.map(millis),
            attributes: message.attributes.into_iter().filter_map(read).collect(),
            moments: message.moments.into_iter().map(Into::into).collect(),
            links: links.collect::<Result<_, _>>()?,
            status: match (message.error, message.ok) {
                (Some(cause), _) => Status::Error(cause),
                (None, true) => Status::Ok,
                (None, false) => Status::Unset,
            },
            settled: None,
        })
    }
}

impl From<&Moment> for MomentMessage {
    fn from(moment: &Moment) -> Self {
        Self {
            at_ns: nanos(moment.at),
            name: moment.name.clone(),
            attributes: attributes(&moment.attributes),
        }
    }
}

impl From<MomentMessage> for Moment {
    fn from(message: MomentMessage) -> Self {
        Self {
            at: millis(message.at_ns),
            name: message.name,
            attributes: message.attributes.into_iter().filter_map(read).collect(),
        }
    }
}

fn attributes(all: &[(String, Value)]) -> Vec<Attribute> {
    let attribute = |(key, value): &(String, Value)| Attribute {
        key: key.clone(),
        value: Some(match value {
            Value::Text(text) => Kind::Text(text.clone()),
            Value::Number(number) => Kind::Number(*number),
            Value::Flag(flag) => Kind::Flag(*flag),
        }),
    };
    all.iter().map(attribute).collect()
}

/// An attribute of a kind that a newer version knows says nothing.
fn read(attribute: Attribute) -> Option<(String, Value)> {
    let value = match attribute.value? {
        Kind::Text(text) => Value::Text(text),
        Kind::Number(number) => Value::Number(number),
        Kind::Flag(flag) => Value::Flag(flag),
    };
    Some((attribute.key, value))
}

fn id(field: &str, bytes: &[u8]) -> Result<SpanId, ConversionError> {
    let id: Option<[u8; 8]> = bytes.try_into().ok();
    id.map(SpanId).ok_or_else(|| {
        let problem = Problem::Range {
            given: bytes.len() as u64,
            range: "8 bytes long",
        };
        ConversionError::field(field, problem)
    })
}

fn nanos(at: Timestamp) -> u64 {
    at.millis().saturating_mul(NANOS)
}

fn millis(nanos: u64) -> Timestamp {
    Timestamp::from_millis(nanos / NANOS)
}
