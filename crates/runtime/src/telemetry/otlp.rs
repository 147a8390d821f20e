//! Exporters of OTLP, as settings and the standard variables say.

use std::cell::RefCell;

use opentelemetry::KeyValue;
use opentelemetry_otlp::{
    ExporterBuildError, LogExporter, MetricExporter, Protocol as Wire, SpanExporter,
    WithExportConfig as _,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::resource::{
    EnvResourceDetector, ResourceBuilder, ResourceDetector, TelemetryResourceDetector,
};
use serde::{Deserialize, Serialize};

use super::export::Exporter;
use super::{Service, TelemetryConfig};
use crate::tls;

/// How OTLP is spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Protocol {
    /// gRPC, usually at port 4317.
    #[default]
    #[serde(rename = "grpc")]
    Grpc,
    /// Protobuf over HTTP, usually at port 4318.
    #[serde(rename = "http/protobuf")]
    Http,
}

/// One of the three signals.
#[derive(Clone, Copy)]
struct Signal {
    /// Its part of the names of variables.
    word: &'static str,
    /// Its path below the endpoint, over HTTP.
    path: &'static str,
}

const TRACES: Signal = Signal {
    word: "TRACES",
    path: "v1/traces",
};
const METRICS: Signal = Signal {
    word: "METRICS",
    path: "v1/metrics",
};
const LOGS: Signal = Signal {
    word: "LOGS",
    path: "v1/logs",
};

/// The exporter of a signal: made alike for each, of types that have nothing in common.
macro_rules! exporter {
    ($otlp:expr, $signal:expr, $builder:expr) => {{
        let (protocol, endpoint) = ($otlp.protocol($signal), $otlp.endpoint($signal));
        match (protocol, endpoint) {
            (Protocol::Grpc, None) => $builder.with_tonic().build(),
            (Protocol::Grpc, Some(endpoint)) => {
                $builder.with_tonic().with_endpoint(endpoint).build()
            }
            (Protocol::Http, None) => $builder.with_http().with_protocol(Wire::HttpBinary).build(),
            (Protocol::Http, Some(endpoint)) => $builder
                .with_http()
                .with_protocol(Wire::HttpBinary)
                .with_endpoint(endpoint)
                .build(),
        }
    }};
}

/// Makes exporters, and remembers why some could not be made.
pub(crate) struct Otlp<'a> {
    service: &'a Service,
    config: &'a TelemetryConfig,
    problems: RefCell<Vec<String>>,
}

impl<'a> Otlp<'a> {
    pub(crate) const fn new(service: &'a Service, config: &'a TelemetryConfig) -> Self {
        Self {
            service,
            config,
            problems: RefCell::new(Vec::new()),
        }
    }

    /// Who sends.
    pub(crate) fn resource(&self) -> Resource {
        let attributes = Box::new(EnvResourceDetector::new());
        of_process(self.service, attributes, var("OTEL_SERVICE_NAME"))
    }

    pub(super) fn spans(&self) -> Option<SpanExporter> {
        self.is_on(TRACES)
            .then(|| self.made(self.span_exporter()))
            .flatten()
    }

    pub(super) fn logs(&self) -> Option<LogExporter> {
        let made = || self.made(exporter!(self, LOGS, LogExporter::builder()));
        self.is_on(LOGS).then(made).flatten()
    }

    pub(crate) fn metrics(&self) -> Option<MetricExporter> {
        let made = || self.made(exporter!(self, METRICS, MetricExporter::builder()));
        self.is_on(METRICS).then(made).flatten()
    }

    /// What sends spans made from records, in the name of the coordinator and of agents.
    pub(super) fn exporter(&self) -> Option<Exporter> {
        if !self.is_on(TRACES) {
            return None;
        }
        let ours = self.made(self.span_exporter())?;
        let agents = self.made(self.span_exporter())?;
        Some(Exporter::new(ours, &self.resource(), agents, &of_agents()))
    }

    /// Why exporters could not be made.
    pub(crate) fn problems(&self) -> Vec<String> {
        self.problems.take()
    }

    fn span_exporter(&self) -> Result<SpanExporter, ExporterBuildError> {
        exporter!(self, TRACES, SpanExporter::builder())
    }

    fn made<T>(&self, made: Result<T, ExporterBuildError>) -> Option<T> {
        made.map_err(|error| self.problems.borrow_mut().push(crate::chain(&error)))
            .ok()
    }

    fn is_on(&self, signal: Signal) -> bool {
        let off = var("OTEL_SDK_DISABLED").is_some_and(|off| off.eq_ignore_ascii_case("true"))
            || var(&format!("OTEL_{}_EXPORTER", signal.word)).is_some_and(|name| name == "none");
        let on = self.config.endpoint.is_some() || named(signal).is_some();
        if on && !off {
            tls::install_provider();
        }
        on && !off
    }

    /// The endpoint when the settings say it: where a variable does, the exporter reads it by itself.
    fn endpoint(&self, signal: Signal) -> Option<String> {
        let endpoint = self.config.endpoint.as_deref();
        let endpoint = endpoint.filter(|_| named(signal).is_none())?;
        Some(match self.protocol(signal) {
            Protocol::Grpc => endpoint.to_owned(),
            Protocol::Http => format!("{}/{}", endpoint.trim_end_matches('/'), signal.path),
        })
    }

    fn protocol(&self, signal: Signal) -> Protocol {
        let word = var(&format!("OTEL_EXPORTER_OTLP_{}_PROTOCOL", signal.word))
            .or_else(|| var("OTEL_EXPORTER_OTLP_PROTOCOL"));
        match word.as_deref() {
            Some("grpc") => Protocol::Grpc,
            Some("http/protobuf") => Protocol::Http,
            Some(other) => {
                let problem = format!(
                    "OTLP is not spoken as {other:?} here: grpc and http/protobuf are possible"
                );
                let mut problems = self.problems.borrow_mut();
                if !problems.contains(&problem) {
                    problems.push(problem);
                }
                self.config.protocol
            }
            None => self.config.protocol,
        }
    }
}

/// Has an exporter send on a thread of its own: the client for HTTP blocks its thread, so that no timeout would end what it
/// does, and must not find itself in a runtime.
///
/// # Errors
/// Why it may not have been received, in plain words.
pub(crate) async fn apart(
    sending: impl Future<Output = OTelSdkResult> + Send + 'static,
) -> Result<(), String> {
    let sending = tokio::task::spawn_blocking(|| futures_executor::block_on(sending));
    match sending.await {
        Ok(sent) => sent.map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    }
}

/// The endpoint that a variable names.
fn named(signal: Signal) -> Option<String> {
    var(&format!("OTEL_EXPORTER_OTLP_{}_ENDPOINT", signal.word))
        .or_else(|| var("OTEL_EXPORTER_OTLP_ENDPOINT"))
}

#[expect(
    clippy::disallowed_methods,
    reason = "standard OTEL_ variables are read here"
)]
fn var(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// What is said of a program by itself.
fn said(name: &'static str) -> ResourceBuilder {
    Resource::builder_empty()
        .with_detector(Box::new(TelemetryResourceDetector))
        .with_attribute(KeyValue::new("service.namespace", "shipway"))
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .with_service_name(name)
}

/// The resource of this process, by OpenTelemetry's conventions: `OTEL_RESOURCE_ATTRIBUTES` goes before what is said here,
/// `OTEL_SERVICE_NAME` before both.
fn of_process(
    service: &Service,
    attributes: Box<dyn ResourceDetector>,
    name: Option<String>,
) -> Resource {
    let mut resource = said(service.name);
    if !service.instance.is_empty() {
        let instance = KeyValue::new("service.instance.id", service.instance.clone());
        resource = resource.with_attribute(instance);
    }
    resource = resource.with_detector(attributes);
    if let Some(name) = name {
        resource = resource.with_service_name(name);
    }
    resource.build()
}

/// The resource of agents. What the environment says is said of the process that sends, and not of them.
fn of_agents() -> Resource {
    said("shipway-agent").build()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a variable might say.
    struct Environment(&'static [(&'static str, &'static str)]);

    impl ResourceDetector for Environment {
        fn detect(&self) -> Resource {
            let said = self
                .0
                .iter()
                .map(|(key, value)| KeyValue::new(*key, *value));
            Resource::builder_empty().with_attributes(said).build()
        }
    }

    fn get(resource: &Resource, key: &'static str) -> String {
        let value = resource.get(&key.into());
        value.map_or_else(String::new, |value| value.to_string())
    }

    #[test]
    fn variables_go_before_what_a_process_says_of_itself() {
        let service = Service {
            name: "shipway-server",
            instance: "a".to_owned(),
        };
        let of = |said, name: Option<&str>| {
            of_process(
                &service,
                Box::new(Environment(said)),
                name.map(str::to_owned),
            )
        };
        let plain = of(&[], None);
        assert_eq!(get(&plain, "service.name"), "shipway-server");
        assert_eq!(get(&plain, "service.namespace"), "shipway");
        assert_eq!(get(&plain, "service.instance.id"), "a");
        assert_eq!(get(&plain, "telemetry.sdk.language"), "rust");
        let named = [("service.name", "theirs"), ("team", "blue")].as_slice();
        assert_eq!(get(&of(named, None), "service.name"), "theirs");
        let renamed = of(named, Some("mine"));
        assert_eq!(get(&renamed, "service.name"), "mine");
        assert_eq!(get(&renamed, "team"), "blue");
    }

    #[test]
    fn agents_have_a_resource_that_no_environment_changes() {
        let agents = of_agents();
        assert_eq!(get(&agents, "service.name"), "shipway-agent");
        assert_eq!(get(&agents, "service.namespace"), "shipway");
        assert_eq!(get(&agents, "service.version"), env!("CARGO_PKG_VERSION"));
        assert_eq!(get(&agents, "telemetry.sdk.name"), "opentelemetry");
        assert_eq!(agents.len(), 6, "{agents:?}");
    }
}
