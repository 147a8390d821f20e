//! Logs and traces: structured lines on stderr, spans by OTLP when an endpoint is set.

use std::collections::HashMap;
use std::time::{Duration, UNIX_EPOCH};

use opentelemetry::trace::{Span as _, TraceContextExt as _, Tracer as _, TracerProvider as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::resource::ResourceBuilder;
use opentelemetry_sdk::trace::SdkTracerProvider;
use serde::{Deserialize, Serialize};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _};

use crate::context::{self, TRACEPARENT};

/// Target of spans that say nothing to who reads the log: they are made only when traces leave.
pub const TRACES_ONLY: &str = "traces_only";

/// How logs are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One line of text per event.
    #[default]
    Text,
    /// One JSON object per event.
    Json,
}

/// Settings of logs and traces.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TelemetryConfig {
    /// Form of the logs.
    pub log_format: LogFormat,
    /// What is logged, such as `info` or `info,shipway_server=debug`.
    pub log: String,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self {
            log_format: LogFormat::Text,
            log: "info".to_owned(),
        }
    }
}

/// Keeps the exporter alive; [`Telemetry::flush`] sends what is left.
#[derive(Debug, Default)]
pub struct Telemetry {
    provider: Option<SdkTracerProvider>,
}

impl Telemetry {
    /// Installs logs and traces for the process. Traces leave by OTLP over gRPC when
    /// `OTEL_EXPORTER_OTLP_ENDPOINT` (or its `_TRACES_` form) is set, and cost nothing otherwise.
    /// A second call in the same process changes nothing. Must be called inside a runtime.
    #[must_use]
    pub fn install(service: &'static str, config: &TelemetryConfig) -> Self {
        opentelemetry_set_propagator();
        let provider = endpoint_is_set("TRACES")
            .then(|| provider(service))
            .flatten();
        if let Some(provider) = &provider {
            opentelemetry::global::set_tracer_provider(provider.clone());
        }
        let traces = provider
            .as_ref()
            .map(|provider| tracing_opentelemetry::layer().with_tracer(provider.tracer(service)));
        let of_lines = |log: &str| EnvFilter::try_new(format!("{log},{TRACES_ONLY}=off"));
        let filter = of_lines(&config.log)
            .or_else(|_| of_lines("info"))
            .unwrap_or_default();
        let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
        let lines = match config.log_format {
            LogFormat::Text => lines.with_ansi(false).boxed(),
            LogFormat::Json => lines.json().flatten_event(true).boxed(),
        };
        // Spans of info level and above are exported whatever the log filter says.
        let traces = traces.map(|layer| layer.with_filter(EnvFilter::new("info")));
        drop(
            tracing_subscriber::registry()
                .with(traces)
                .with(lines.with_filter(filter))
                .try_init(),
        );
        Self { provider }
    }

    /// Sends what is left, within a few seconds.
    pub fn flush(&self) {
        if let Some(provider) = &self.provider
            && let Err(error) = provider.shutdown()
        {
            tracing::warn!(%error, "traces could not be sent");
        }
    }
}

fn opentelemetry_set_propagator() {
    opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());
}

#[expect(
    clippy::disallowed_methods,
    reason = "standard OTEL_ variables are read here"
)]
pub(crate) fn endpoint_is_set(signal: &str) -> bool {
    [
        "OTEL_EXPORTER_OTLP_ENDPOINT".to_owned(),
        format!("OTEL_EXPORTER_OTLP_{signal}_ENDPOINT"),
    ]
    .iter()
    .any(|name| std::env::var(name).is_ok_and(|value| !value.is_empty()))
}

#[expect(clippy::print_stderr, reason = "the log is not installed yet")]
fn provider(service: &'static str) -> Option<SdkTracerProvider> {
    let exporter = match SpanExporter::builder().with_tonic().build() {
        Ok(exporter) => exporter,
        Err(error) => {
            eprintln!("warning: traces are off: {error}");
            return None;
        }
    };
    Some(
        SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(resource(service).build())
            .build(),
    )
}

/// What the telemetry of a process says of it.
pub(crate) fn resource(service: &'static str) -> ResourceBuilder {
    Resource::builder()
        .with_service_name(service)
        .with_attribute(KeyValue::new("service.namespace", "shipway"))
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
}

/// Makes `span` a child of the remote span that this `traceparent` names.
pub fn set_parent(span: &Span, traceparent: &str) {
    if span.is_disabled() {
        return;
    }
    let context = remote(traceparent);
    if context.span().span_context().is_valid() {
        // Without an exporter there is nothing that could have a parent.
        drop(span.set_parent(context));
    }
}

/// The `traceparent` of a span, when traces are on.
#[must_use]
pub fn traceparent_of(span: &Span) -> Option<String> {
    let context: Context = span.context();
    let mut carrier = HashMap::new();
    opentelemetry::global::get_text_map_propagator(|propagator| {
        propagator.inject_context(&context, &mut carrier);
    });
    carrier.remove(TRACEPARENT)
}

/// Records a span of the past: child of the span that the `traceparent` names, from and until in
/// milliseconds since the epoch. Without an exporter nothing happens.
pub fn span(
    name: &'static str,
    traceparent: &str,
    from: u64,
    until: u64,
    fields: &[(&'static str, &str)],
) {
    if !context::is_valid(traceparent) {
        return;
    }
    let at = |millis| UNIX_EPOCH + Duration::from_millis(millis);
    let fields = fields
        .iter()
        .map(|(key, value)| KeyValue::new(*key, (*value).to_owned()));
    let tracer = opentelemetry::global::tracer("shipway");
    let span = tracer
        .span_builder(name)
        .with_start_time(at(from))
        .with_attributes(fields);
    let mut span = tracer.build_with_context(span, &remote(traceparent));
    span.end_with_timestamp(at(until));
}

fn remote(traceparent: &str) -> Context {
    let carrier = HashMap::from([(TRACEPARENT.to_owned(), traceparent.to_owned())]);
    opentelemetry::global::get_text_map_propagator(|propagator| propagator.extract(&carrier))
}
