//! Lines of the log: text or JSON, with the trace and the span that they belong to.

use std::fmt;

use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt as _;
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::{Format, Full, Json, JsonFields, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::LogFormat;

/// How a line is written.
pub(super) enum Lines {
    Text(Format<Full>),
    Json(Format<Json>),
}

/// How fields of spans are kept for lines of JSON.
pub(super) fn json_fields() -> JsonFields {
    JsonFields::new()
}

impl Lines {
    pub(super) fn of(format: LogFormat) -> Self {
        match format {
            LogFormat::Text => Self::Text(Format::default().with_ansi(false)),
            LogFormat::Json => Self::Json(Format::default().json().flatten_event(true)),
        }
    }
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = String::new();
        let current = Context::current();
        let span = current.span().span_context().clone();
        match self {
            Self::Text(format) => {
                format.format_event(context, Writer::new(&mut line), event)?;
                if span.is_valid() {
                    let end = line.trim_end().len();
                    line.truncate(end);
                    line.push_str(&format!(
                        " trace_id={} span_id={}\n",
                        span.trace_id(),
                        span.span_id()
                    ));
                }
            }
            Self::Json(format) => {
                format.format_event(context, Writer::new(&mut line), event)?;
                if span.is_valid()
                    && let Some(end) = line.rfind('}')
                {
                    line.insert_str(
                        end,
                        &format!(
                            r#","trace_id":"{}","span_id":"{}""#,
                            span.trace_id(),
                            span.span_id()
                        ),
                    );
                }
            }
        }
        writer.write_str(&line)
    }
}
