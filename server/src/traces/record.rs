//! Spans as OpenTelemetry has them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use shipway_domain::time::Timestamp;
use shipway_domain::trace::{Context, Span, Status, Value, What};
use shipway_runtime::telemetry::{Field, Kind, Moment, Outcome, Record, Resource};

/// A span that has ended, for export.
pub(super) fn of(span: Span, context: &Context) -> Record {
    let until = span.until.unwrap_or(span.from);
    let kind = match span.what {
        What::Submit => Kind::Server,
        What::Attempt => Kind::Consumer,
        What::Call => Kind::Client,
        _ => Kind::Internal,
    };
    let resource = if span.is_of_agent() {
        Resource::Agent
    } else {
        Resource::This
    };
    Record {
        trace: context.trace.0,
        id: span.id.0,
        parent: span.parent.map(|parent| parent.0),
        parent_is_remote: span.what == What::Release && span.parent.is_some(),
        name: span.name,
        kind,
        from: at(span.from),
        until: at(until),
        fields: fields(span.attributes),
        moments: span.moments.into_iter().map(moment).collect(),
        links: span.links.into_iter().map(|link| link.0).collect(),
        outcome: match span.status {
            Status::Unset => Outcome::Unset,
            Status::Ok => Outcome::Ok,
            Status::Error(cause) => Outcome::Error(cause),
        },
        resource,
    }
}

fn moment(moment: shipway_domain::trace::Moment) -> Moment {
    Moment {
        at: at(moment.at),
        name: moment.name,
        fields: fields(moment.attributes),
    }
}

fn fields(attributes: Vec<(String, Value)>) -> Vec<(String, Field)> {
    let field = |value| match value {
        Value::Text(text) => Field::Text(text),
        Value::Number(number) => Field::Number(number),
        Value::Flag(flag) => Field::Flag(flag),
    };
    let attributes = attributes.into_iter();
    attributes.map(|(key, value)| (key, field(value))).collect()
}

fn at(at: Timestamp) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(at.millis())
}
