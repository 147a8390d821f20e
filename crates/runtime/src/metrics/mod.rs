//! Metrics: recorded through a handle that costs nothing when nobody reads them, sent by OTLP, and read as a snapshot.
//!
//! What there is to measure is one table, [`names`]; OpenTelemetry's SDK adds up.

pub mod names;
mod once;
mod snapshot;
mod text;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Histogram as Recorder, Meter, MeterProvider as _};
use opentelemetry_otlp::MetricExporter;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::reader::MetricReader;
use opentelemetry_sdk::metrics::{
    Instrument as Described, InstrumentKind, ManualReader, PeriodicReader, Pipeline,
    SdkMeterProvider, Stream, Temporality,
};

pub use once::send_once;
pub use snapshot::{Family, Histogram, OVERFLOW, Sample, Snapshot, Value};
pub use text::{CONTENT_TYPE, text};

use self::names::{Def, Kind};
use crate::telemetry::otlp::Otlp;
use crate::telemetry::{Service, TelemetryConfig};

/// Labels of a sample: keys and values.
pub type Labels<'a> = &'a [(&'static str, &'a str)];

/// Records metrics. Clones record into the same ones; the default one records nothing.
#[derive(Clone, Default)]
pub struct Metrics(Option<Arc<Inner>>);

struct Inner {
    provider: SdkMeterProvider,
    sent: bool,
    reader: Option<Reader>,
    meter: Meter,
    instruments: HashMap<&'static str, Instrument>,
}

enum Instrument {
    Counter(Counter<f64>),
    Histogram(Recorder<f64>),
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_on() {
            "Metrics"
        } else {
            "Metrics(off)"
        })
    }
}

impl Metrics {
    /// Metrics of a process, or a part of one.
    /// They leave by OTLP when an endpoint is set (see [`TelemetryConfig`]), each minute or
    /// as `OTEL_METRIC_EXPORT_INTERVAL` says; with `read` they can be read by [`Metrics::snapshot`]. Without either
    /// nothing is recorded. Must be called inside a runtime.
    #[must_use]
    pub fn start(service: &Service, config: &TelemetryConfig, read: bool) -> Self {
        let otlp = Otlp::new(service, config);
        let exporter = otlp.metrics();
        for problem in otlp.problems() {
            tracing::warn!(problem, "metrics are not sent by OTLP");
        }
        if exporter.is_none() && !read {
            return Self::default();
        }
        let reader = read.then(|| Reader::of(Temporality::Cumulative));
        Self::of(&otlp, exporter, reader)
    }

    /// Sent now and then by this exporter, read by this reader, or both.
    fn of(otlp: &Otlp<'_>, exporter: Option<MetricExporter>, reader: Option<Reader>) -> Self {
        let sent = exporter.is_some();
        let mut provider = SdkMeterProvider::builder()
            .with_resource(otlp.resource())
            .with_view(bounded);
        if let Some(exporter) = exporter {
            provider = provider.with_reader(PeriodicReader::builder(exporter).build());
        }
        if let Some(reader) = &reader {
            provider = provider.with_reader(reader.clone());
        }
        let provider = provider.build();
        let meter = provider.meter("shipway");
        let instruments = names::ALL
            .iter()
            .filter_map(|def| Some((def.name, instrument(&meter, def)?)))
            .collect();
        Self(Some(Arc::new(Inner {
            provider,
            sent,
            reader,
            meter,
            instruments,
        })))
    }

    /// Whether anything is recorded.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Adds to a counter.
    pub fn add(&self, def: &'static Def, value: u64, labels: Labels<'_>) {
        let Some(inner) = &self.0 else { return };
        if let Some(Instrument::Counter(counter)) = inner.instruments.get(def.name) {
            counter.add(float(value), &attributes(labels));
        }
    }

    /// Records a value in a histogram.
    pub fn record(&self, def: &'static Def, value: f64, labels: Labels<'_>) {
        let Some(inner) = &self.0 else { return };
        if let Some(Instrument::Histogram(histogram)) = inner.instruments.get(def.name) {
            histogram.record(value, &attributes(labels));
        }
    }

    /// Records a time in a histogram of seconds.
    pub fn record_time(&self, def: &'static Def, time: Duration, labels: Labels<'_>) {
        self.record(def, time.as_secs_f64(), labels);
    }

    /// Has a metric asked for whenever somebody looks: `look` is given what takes values with their labels. It must be
    /// quick, wait for nothing, and not hold this handle. Once for each metric.
    pub fn observe(
        &self,
        def: &'static Def,
        look: impl Fn(&mut dyn FnMut(f64, Labels<'_>)) + Send + Sync + 'static,
    ) {
        let Some(inner) = &self.0 else { return };
        match def.kind {
            Kind::Counter => drop(
                inner
                    .meter
                    .f64_observable_counter(def.name)
                    .with_unit(def.unit)
                    .with_description(def.help)
                    .with_callback(move |observer| {
                        look(&mut |value, labels| observer.observe(value, &attributes(labels)));
                    })
                    .build(),
            ),
            Kind::Gauge => drop(
                inner
                    .meter
                    .f64_observable_gauge(def.name)
                    .with_unit(def.unit)
                    .with_description(def.help)
                    .with_callback(move |observer| {
                        look(&mut |value, labels| observer.observe(value, &attributes(labels)));
                    })
                    .build(),
            ),
            Kind::Histogram(_) => {}
        }
    }

    /// What was measured up to now; empty unless it was started to be read.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let collected = self.collected();
        collected.map_or_else(Snapshot::default, |it| Snapshot::of(&it))
    }

    /// What was measured up to now, as the SDK has it.
    fn collected(&self) -> Option<ResourceMetrics> {
        let reader = self.0.as_ref()?.reader.as_ref()?;
        let mut collected = ResourceMetrics::default();
        reader.collect(&mut collected).ok()?;
        Some(collected)
    }

    /// Sends what is left by OTLP, within a few seconds; nothing is recorded afterwards.
    pub async fn end(&self) {
        let Some(inner) = self.0.clone() else { return };
        // It waits for a thread of its own, which needs this runtime to send anything.
        let ended = tokio::task::spawn_blocking(move || inner.provider.shutdown()).await;
        if let Ok(Err(error)) = ended {
            tracing::warn!(%error, "metrics could not be sent");
        }
    }

    /// Whether they are sent by OTLP, so that somebody reads them all the time.
    #[must_use]
    pub fn are_sent(&self) -> bool {
        self.0.as_ref().is_some_and(|inner| inner.sent)
    }
}

/// A number as OpenTelemetry and Prometheus have it.
#[must_use]
#[expect(
    clippy::cast_precision_loss,
    reason = "beyond 2^53 the last digits of a metric mean nothing"
)]
pub const fn float(value: u64) -> f64 {
    value as f64
}

fn attributes(labels: Labels<'_>) -> Vec<KeyValue> {
    labels
        .iter()
        .map(|(key, value)| KeyValue::new(*key, (*value).to_owned()))
        .collect()
}

fn instrument(meter: &Meter, def: &'static Def) -> Option<Instrument> {
    match def.kind {
        Kind::Counter if !def.observed => Some(Instrument::Counter(
            meter
                .f64_counter(def.name)
                .with_unit(def.unit)
                .with_description(def.help)
                .build(),
        )),
        Kind::Histogram(bounds) => Some(Instrument::Histogram(
            meter
                .f64_histogram(def.name)
                .with_unit(def.unit)
                .with_description(def.help)
                .with_boundaries(bounds.to_vec())
                .build(),
        )),
        Kind::Counter | Kind::Gauge => None,
    }
}

/// Whatever labels come, one process keeps so many combinations of them apart.
fn bounded(instrument: &Described) -> Option<Stream> {
    let def = names::find(instrument.name())?;
    Stream::builder()
        .with_cardinality_limit(def.most())
        .build()
        .ok()
}

/// A reader that the provider and the handle share.
#[derive(Clone, Debug)]
struct Reader(Arc<ManualReader>);

impl Reader {
    fn of(temporality: Temporality) -> Self {
        let reader = ManualReader::builder().with_temporality(temporality);
        Self(Arc::new(reader.build()))
    }
}

impl MetricReader for Reader {
    fn register_pipeline(&self, pipeline: Weak<Pipeline>) {
        self.0.register_pipeline(pipeline);
    }

    fn collect(&self, metrics: &mut ResourceMetrics) -> OTelSdkResult {
        self.0.collect(metrics)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn temporality(&self, kind: InstrumentKind) -> Temporality {
        self.0.temporality(kind)
    }
}

#[cfg(test)]
mod tests;
