//! Logs and traces: structured lines on stderr; spans and logs by OTLP when an endpoint is set.

mod divert;
mod export;
mod lines;
pub(crate) mod otlp;

use std::sync::OnceLock;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::trace::{BatchSpanProcessor, SdkTracerProvider};
use serde::{Deserialize, Serialize};
use tracing_subscriber::filter::{LevelFilter, ParseError};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _};

pub use divert::{Diverted, Ended, Field, Sink, current, divert};
pub use export::{Exporter, Kind, Moment, Outcome, Record, Resource};
pub use otlp::Protocol;

/// Target of spans that are for the log alone: what they stand for is in a trace by other means.
pub const LOG_ONLY: &str = "log_only";

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

/// Settings of logs, traces and metrics. The standard variables `OTEL_*` go before them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TelemetryConfig {
    /// Form of the logs.
    pub log_format: LogFormat,
    /// What is logged, such as `info` or `info,shipway_server=debug`.
    pub log: String,
    /// Where traces, metrics and logs go by OTLP, such as `http://collector:4317`; without it and without
    /// `OTEL_EXPORTER_OTLP_ENDPOINT` nothing leaves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// How OTLP is spoken there.
    pub protocol: Protocol,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self {
            log_format: LogFormat::Text,
            log: "info".to_owned(),
            endpoint: None,
            protocol: Protocol::Grpc,
        }
    }
}

/// What a process is called in its telemetry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Service {
    /// Name of the program: `service.name`, unless `OTEL_SERVICE_NAME` or `OTEL_RESOURCE_ATTRIBUTES` says another one.
    pub name: &'static str,
    /// Which of several: `service.instance.id`; empty when there is one.
    pub instance: String,
}

impl From<&'static str> for Service {
    fn from(name: &'static str) -> Self {
        Self {
            name,
            instance: String::new(),
        }
    }
}

/// Keeps the exporters alive; [`Telemetry::flush`] sends what is left.
#[derive(Debug, Default)]
pub struct Telemetry {
    traces: Option<SdkTracerProvider>,
    logs: Option<SdkLoggerProvider>,
}

impl Telemetry {
    /// Installs logs and traces for the process. Spans and logs leave by OTLP when an endpoint is set, by the
    /// configuration or by `OTEL_EXPORTER_OTLP_ENDPOINT` or its forms for a signal. A second call in the same process
    /// changes nothing. Must be called inside a runtime.
    ///
    /// Without an endpoint, spans are made only below parents that somebody diverts ([`divert`]).
    #[must_use]
    pub fn install(service: impl Into<Service>, config: &TelemetryConfig) -> Self {
        let service = service.into();
        let otlp = otlp::Otlp::new(&service, config);
        let spans = otlp.spans().map(|exporter| {
            // Bounded: 2048 spans wait at most (OTEL_BSP_MAX_QUEUE_SIZE); what does not fit is dropped.
            BatchSpanProcessor::builder(exporter).build()
        });
        let exports = spans.is_some();
        let traces = SdkTracerProvider::builder()
            .with_span_processor(divert::Divert::before(spans))
            .with_sampler(divert::Sampler::when(exports))
            .with_resource(otlp.resource())
            .build();
        let logs = otlp.logs().map(|exporter| {
            SdkLoggerProvider::builder()
                .with_resource(otlp.resource())
                .with_batch_exporter(exporter)
                .build()
        });
        let filter = of_lines(&config.log)
            .or_else(|_| of_lines("info"))
            .unwrap_or_default();
        let lines = tracing_subscriber::fmt::layer()
            .with_writer(std::io::stderr)
            .with_ansi(false)
            .event_format(lines::Lines::of(config.log_format));
        let lines = match config.log_format {
            LogFormat::Text => lines.boxed(),
            LogFormat::Json => lines.fmt_fields(lines::json_fields()).boxed(),
        };
        // Spans of info level and above are exported whatever the log filter says.
        let spans = tracing_opentelemetry::layer()
            .with_tracer(traces.tracer(service.name))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_filter(EnvFilter::new(format!("info,{LOG_ONLY}=off")));
        // What the exporters say of themselves must not make them speak again.
        let quiet = "opentelemetry=off,opentelemetry_sdk=off,opentelemetry_otlp=off,tonic=off,h2=off,hyper=off,hyper_util=off,reqwest=off,tower=off";
        let of_logs = of_lines(&format!("{},{quiet}", config.log));
        let bridge = logs.as_ref().map(|logs| {
            OpenTelemetryTracingBridge::new(logs)
                .with_filter(of_logs.unwrap_or_else(|_| EnvFilter::new(format!("info,{quiet}"))))
        });
        let installed = tracing_subscriber::registry()
            .with(spans)
            .with(bridge)
            .with(lines.with_filter(filter))
            .try_init()
            .is_ok();
        if installed {
            divert::installed();
            drop(INSTALLED.set((service.clone(), config.clone())));
            if let Some(exporter) = otlp.exporter() {
                // Set once: by the call that has installed all else.
                drop(EXPORTER.set(exporter));
            }
        }
        for problem in otlp.problems() {
            tracing::warn!(problem, "telemetry is off");
        }
        Self {
            traces: Some(traces),
            logs,
        }
    }

    /// Sends what is left, within a few seconds.
    pub fn flush(&self) {
        let traces = self.traces.as_ref().map(SdkTracerProvider::shutdown);
        if let Some(Err(error)) = traces {
            tracing::warn!(%error, "traces could not be sent");
        }
        if let Some(logs) = &self.logs {
            // Whoever would hear of it in a log does not.
            drop(logs.shutdown());
        }
    }
}

/// What is logged. Below `info` the client of registries tells of URLs whose query is the right to write there: that is
/// for those only who ask for it by name.
fn of_lines(log: &str) -> Result<EnvFilter, ParseError> {
    let filter = EnvFilter::try_new(log)?;
    let tells_more = filter.max_level_hint() > Some(LevelFilter::INFO);
    if log.contains(REGISTRIES) || !tells_more {
        return Ok(filter);
    }
    Ok(filter.add_directive(format!("{REGISTRIES}=info").parse()?))
}

/// The client of registries, as targets of its lines name it.
const REGISTRIES: &str = "oci_client";

static EXPORTER: OnceLock<Exporter> = OnceLock::new();
static INSTALLED: OnceLock<(Service, TelemetryConfig)> = OnceLock::new();

/// What telemetry was installed for; `None` where a part of a process runs without it, as in tests.
pub(crate) fn installed() -> Option<&'static (Service, TelemetryConfig)> {
    INSTALLED.get()
}

/// What exports spans that are made from records; `None` without an endpoint.
#[must_use]
pub fn exporter() -> Option<Exporter> {
    EXPORTER.get().cloned()
}

#[cfg(test)]
mod tests {
    use super::of_lines;

    #[test]
    fn registries_are_told_of_in_detail_only_by_name() {
        for (log, told) in [
            ("debug", true),
            ("info,shipway_server=debug", true),
            ("oci_client=trace", false),
            ("error", false),
        ] {
            let filter = of_lines(log).expect("a filter").to_string();
            assert_eq!(filter.contains("oci_client=info"), told, "{filter}");
        }
        assert!(of_lines("a=b=c").is_err());
    }
}
