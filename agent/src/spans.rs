//! What an agent did for a job, as spans of the release's trace.

use std::time::{SystemTime, UNIX_EPOCH};

use shipway_domain::trace::What;
use shipway_proto::v1;
use shipway_proto::v1::trace_span::Attribute;
use shipway_proto::v1::trace_span::attribute::Value;
use shipway_runtime::telemetry::{Ended, Field};

/// Longest text of a field, in bytes.
const TEXT: usize = 1024;
/// Fields of a span at most.
const FIELDS: usize = 32;

/// A span that has ended, in the coordinator's time, which is so many milliseconds ahead of ours.
pub(crate) fn message(ended: Ended, ahead: i64) -> v1::TraceSpan {
    let what = if ended.is_call {
        What::Call
    } else {
        What::Work
    };
    let fields = ended.fields.into_iter().filter(|(key, _)| is_told(key));
    v1::TraceSpan {
        id: ended.id.to_vec(),
        parent: ended.parent.to_vec(),
        what: what.as_str().to_owned(),
        name: cut(ended.name),
        from_ns: nanos(ended.from, ahead),
        until_ns: Some(nanos(ended.until, ahead)),
        attributes: fields.take(FIELDS).map(attribute).collect(),
        moments: Vec::new(),
        links: Vec::new(),
        error: ended.error.map(cut),
        ok: false,
    }
}

/// What tracing adds by itself says nothing of a deploy.
fn is_told(key: &str) -> bool {
    let is_added = |prefix| key.starts_with(prefix);
    !matches!(key, "busy_ns" | "idle_ns") && !is_added("code.") && !is_added("thread.")
}

fn attribute((key, field): (String, Field)) -> Attribute {
    Attribute {
        key,
        value: Some(match field {
            Field::Text(text) => Value::Text(cut(text)),
            Field::Number(number) => Value::Number(number),
            Field::Flag(flag) => Value::Flag(flag),
        }),
    }
}

fn cut(mut text: String) -> String {
    if text.len() > TEXT {
        text.truncate(text.floor_char_boundary(TEXT));
    }
    text
}

fn nanos(at: SystemTime, ahead: i64) -> u64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let nanos = u64::try_from(since.as_nanos()).unwrap_or(u64::MAX);
    nanos.saturating_add_signed(ahead.saturating_mul(1_000_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_keep_their_kind_and_what_tracing_adds_is_left_out() {
        let fields = [
            ("http.response.status_code", Field::Number(200)),
            ("code.file.path", Field::Text("src/a.rs".to_owned())),
            ("code.line.number", Field::Number(7)),
            ("thread.id", Field::Number(1)),
            ("busy_ns", Field::Number(1)),
            ("shipway.build.reused", Field::Flag(true)),
        ];
        let ended = Ended {
            id: [1; 8],
            parent: [2; 8],
            name: "docker:GET /info".to_owned(),
            from: UNIX_EPOCH,
            until: UNIX_EPOCH,
            is_call: true,
            fields: fields.map(|(key, field)| (key.to_owned(), field)).to_vec(),
            error: None,
        };
        let told: Vec<_> = message(ended, 0)
            .attributes
            .into_iter()
            .filter_map(|attribute| Some((attribute.key, attribute.value?)))
            .collect();
        let expected = [
            ("http.response.status_code".to_owned(), Value::Number(200)),
            ("shipway.build.reused".to_owned(), Value::Flag(true)),
        ];
        assert_eq!(told, expected);
    }
}
