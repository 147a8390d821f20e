//! What every process does around its work: configuration, telemetry, tasks, clock, shutdown.
//!
//! Knows nothing of jobs, stores or plugins.

pub mod clock;
pub mod config;
pub mod context;
pub mod failpoint;
pub mod files;
pub mod metrics;
pub mod random;
pub mod ready;
pub mod shutdown;
pub mod tasks;
pub mod telemetry;
pub mod tls;

pub use clock::{Clock, Steady};
pub use metrics::Metrics;
pub use random::Random;
pub use tasks::Tasks;

/// The error and its causes on one line.
#[must_use]
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        cause = inner.source();
    }
    text
}
