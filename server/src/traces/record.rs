//! Spans as OpenTelemetry has them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use shipway_domain::time::Timestamp;
use shipway_domain::trace::{Context, Span, Status, Value, What};
use shipway_runtime::telemetry::{Field, Kind, Moment, Outcome, Record, Resource};

/// Moments of a span at most, as OpenTelemetry's SDKs have it.
const MOMENTS: usize = 128;

/// A span that has ended, for export. Of too many moments the first and the last are kept: how it began, and its end.
pub(super) fn of(mut span: Span, context: &Context) -> Record {
    let left_out = span.moments.len().saturating_sub(MOMENTS);
    if left_out > 0 {
        let first = MOMENTS / 2;
        span.moments.drain(first..first + left_out);
    }
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
        moments_left_out: u32::try_from(left_out).unwrap_or(u32::MAX),
        links: span.links.into_iter().map(|link| link.0).collect(),
        outcome: match span.status {
            Status::Unset => Outcome::Unset,
            Status::Ok => Outcome::Ok,
            Status::Error(cause) => Outcome::Error(cause),
        },
        resource,
    }
}

/// About how many bytes it takes in a message, and not fewer: keys and numbers of fields, and what lies around them, are
/// taken for more than they are.
pub(super) fn size(record: &Record) -> usize {
    /// Ids, times, counts.
    const SPAN: usize = 128;
    const MOMENT: usize = 32;
    const LINK: usize = 48;
    let moments = record.moments.iter();
    let moments = moments.map(|moment| MOMENT + moment.name.len() + size_of_fields(&moment.fields));
    let cause = match &record.outcome {
        Outcome::Error(cause) => cause.len(),
        Outcome::Unset | Outcome::Ok => 0,
    };
    SPAN + record.name.len()
        + cause
        + size_of_fields(&record.fields)
        + moments.sum::<usize>()
        + LINK * record.links.len()
}

fn size_of_fields(fields: &[(String, Field)]) -> usize {
    /// Tags and lengths, or a number.
    const FIELD: usize = 32;
    let sizes = fields.iter().map(|(key, field)| {
        let text = match field {
            Field::Text(text) => text.len(),
            Field::Number(_) | Field::Flag(_) => 0,
        };
        FIELD + key.len() + text
    });
    sizes.sum()
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

#[cfg(test)]
mod tests {
    use shipway_domain::ids::{Attempt, JobId, ReleaseId};
    use shipway_domain::trace::{Moment, TraceId, What, attempt_span};

    use super::*;

    fn span(moments: usize) -> Span {
        let release = ReleaseId::from_number(1);
        let trace = TraceId([7; 16]);
        let moment = |number| Moment {
            at: Timestamp::from_millis(number),
            name: number.to_string(),
            attributes: vec![("text".to_owned(), Value::Text("x".repeat(100)))],
        };
        Span {
            id: attempt_span(trace, JobId { release, index: 0 }, Attempt(1)),
            parent: None,
            what: What::Job,
            name: "job".to_owned(),
            from: Timestamp::ZERO,
            until: None,
            attributes: Vec::new(),
            moments: (0..moments as u64).map(moment).collect(),
            links: Vec::new(),
            status: Status::Error("y".repeat(1000)),
            settled: Some(1),
        }
    }

    #[test]
    fn of_too_many_moments_the_first_and_the_last_are_kept_and_the_rest_is_counted() {
        let context = Context::parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        let context = context.unwrap();
        for (moments, kept, left_out) in [(0, 0, 0), (128, 128, 0), (129, 128, 1), (999, 128, 871)]
        {
            let record = of(span(moments), &context);
            let told = (record.moments.len(), record.moments_left_out);
            assert_eq!(told, (kept, left_out));
            if let (Some(first), Some(last)) = (record.moments.first(), record.moments.last()) {
                assert_eq!(first.name, "0");
                assert_eq!(last.name, (moments - 1).to_string());
            }
            let size = size(&record);
            let texts = 1000 + kept * 100;
            assert!(
                (texts..2 * texts + 500).contains(&size),
                "{size} of {texts}"
            );
        }
    }
}
