//! Metrics of a process that is too short-lived for a sender of its own: all of them at its end, as one message.

use opentelemetry_sdk::metrics::Temporality;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter as _;

use super::{Metrics, Reader};
use crate::telemetry;
use crate::telemetry::otlp::{self, Otlp};

/// Sends by OTLP what `record` records, in the name of what telemetry was installed for; when it returns, the receiver has
/// it. Where none was installed ([`Telemetry::install`](crate::telemetry::Telemetry::install)), or without an endpoint, nothing
/// is recorded or sent.
///
/// The values are differences (delta temporality), whatever `OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE` says: sums of
/// many processes that each begin at 0, and say 1, would only overwrite each other.
///
/// # Errors
/// Why they may not have been received, in plain words.
pub async fn send_once(record: impl FnOnce(&Metrics) + Send) -> Result<(), String> {
    let Some((service, config)) = telemetry::installed() else {
        return Ok(());
    };
    let otlp = Otlp::new(service, config);
    let Some(exporter) = otlp.metrics() else {
        let problems = otlp.problems();
        return problems.first().map_or(Ok(()), |it| Err(it.clone()));
    };
    let sent = {
        let reader = Reader::of(Temporality::Delta);
        let metrics = Metrics::of(&otlp, None, Some(reader));
        record(&metrics);
        metrics.collected()
    };
    let Some(sent) = sent else {
        return Err("nothing could be read of what was measured".to_owned());
    };
    otlp::apart(async move { exporter.export(&sent).await }).await
}
