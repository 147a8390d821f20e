//! What the coordinator measures, and where it tells it: all of it beside the task that owns the board.

mod board;
mod endpoint;
mod facts;
mod releases;
mod reported;
mod room;

use std::net::SocketAddr;
use std::sync::Arc;

use shipway_runtime::metrics::{float, names};
use shipway_runtime::{Metrics, Tasks};
use shipway_store::{Committer, DataDir, Store};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub(crate) use facts::{Fact, Facts, Heard, facts_of};
pub(crate) use reported::{Reported, Stream};

use crate::coordinator::Coordinator;
use crate::serve::ServeError;
use board::Looks;

/// What is measured of a coordinator.
pub(crate) struct Measured<'a> {
    pub(crate) metrics: &'a Metrics,
    pub(crate) coordinator: &'a Coordinator,
    pub(crate) store: &'a Arc<dyn Store>,
    pub(crate) data: &'a DataDir,
    pub(crate) reported: &'a Reported,
}

impl Measured<'_> {
    /// Measures until `stop`, and tells it at `listen`; gives the address that it listens on.
    ///
    /// # Errors
    /// [`ServeError::Listen`].
    pub(crate) async fn start(
        self,
        listen: Option<SocketAddr>,
        heard: Option<Heard>,
        tasks: &Tasks,
        stop: &CancellationToken,
    ) -> Result<Option<SocketAddr>, ServeError> {
        let Some(heard) = heard else { return Ok(None) };
        let metrics = self.metrics;
        let store = Arc::clone(self.store);
        let counted = facts::count(metrics.clone(), heard, store, stop.clone());
        drop(tasks.spawn("metrics", counted));
        let (store, data) = (Arc::clone(self.store), self.data.clone());
        let looked_after = room::look_after(metrics, store, data, stop.clone());
        drop(tasks.spawn("metrics-room", looked_after));
        let looks = Looks::start(metrics, self.coordinator.clone());
        if metrics.are_sent() {
            let (looks, stop) = (looks.clone(), stop.clone());
            drop(tasks.spawn("metrics-looks", async move { looks.keep_fresh(stop).await }));
        }
        let Some(address) = listen else {
            return Ok(None);
        };
        let failed = |source| ServeError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let endpoint = endpoint::Endpoint {
            metrics: metrics.clone(),
            reported: self.reported.clone(),
            looks,
        };
        let served = endpoint.serve(listener, stop.clone());
        drop(tasks.spawn("metrics-endpoint", served));
        tracing::info!(%address, "metrics are told to Prometheus");
        Ok(Some(address))
    }
}

/// Records how long commits take and what is in them.
pub(crate) fn of_commits(metrics: &Metrics, committer: &Committer) {
    if !metrics.is_on() {
        return;
    }
    for what in ["commit", "log", "quarantine", "read"] {
        metrics.add(&names::STORE_ERRORS, 0, &[("what", what)]);
    }
    metrics.add(&names::LEASES_EXPIRED, 0, &[]);
    let metrics = metrics.clone();
    committer.observe(move |commit| {
        metrics.record_time(&names::COMMIT_DURATION, commit.took, &[]);
        match commit.records {
            Some(records) => {
                metrics.record(&names::COMMIT_RECORDS, float(records as u64), &[]);
            }
            None => store_error(&metrics, "commit"),
        }
    });
}

/// Counts a failure of the store.
pub(crate) fn store_error(metrics: &Metrics, what: &'static str) {
    metrics.add(&names::STORE_ERRORS, 1, &[("what", what)]);
}
