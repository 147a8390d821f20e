//! How long the command took and how it ended, as a metric: sent by OTLP at its end.

use std::time::Duration;

use shipway_runtime::metrics::{names, send_once};

use crate::spans::PATIENCE;

/// Tells it, when telemetry is on.
pub(crate) async fn send(command: &str, took: Duration, code: u8) {
    let code = code.to_string();
    let labels = [("command", command), ("exit_code", code.as_str())];
    let sending = send_once(|metrics| {
        metrics.record_time(&names::COMMAND_DURATION, took, &labels);
    });
    let sent = tokio::time::timeout(PATIENCE, sending).await;
    if let Ok(Err(problem)) = sent {
        tracing::warn!(problem, "the metric of the command was not received");
    }
}
