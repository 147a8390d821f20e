//! How much room what is kept takes: looked at now and then, by a thread that may wait.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use shipway_runtime::Metrics;
use shipway_runtime::metrics::{float, names};
use shipway_store::{DataDir, Store, Usage};
use tokio_util::sync::CancellationToken;

/// How often files are looked at.
const FILES: Duration = Duration::from_secs(60);
/// Records are added up on each so many of these looks: it reads all of them.
const LOOKS_PER_SUM: u32 = 30;

#[derive(Clone, Copy, Default)]
struct Seen {
    usage: Option<Usage>,
    records: Option<u64>,
}

/// Looks until `stop`.
pub(super) fn look_after(
    metrics: &Metrics,
    store: Arc<dyn Store>,
    data: DataDir,
    stop: CancellationToken,
) -> impl Future<Output = ()> + use<> {
    let seen: Arc<Mutex<Seen>> = Arc::default();
    observe(metrics, &seen, &data);
    async move {
        let mut looks = 0_u32;
        loop {
            let (store, data, seen) = (Arc::clone(&store), data.clone(), Arc::clone(&seen));
            let sums = looks.is_multiple_of(LOOKS_PER_SUM);
            let looked = tokio::task::spawn_blocking(move || look(&*store, &data, &seen, sums));
            tokio::select! {
                looked = looked => if looked.is_err() { return },
                () = stop.cancelled() => return,
            }
            looks = looks.wrapping_add(1);
            tokio::select! {
                () = tokio::time::sleep(FILES) => {}
                () = stop.cancelled() => return,
            }
        }
    }
}

fn look(store: &dyn Store, data: &DataDir, seen: &Mutex<Seen>, sums: bool) {
    let usage = data.usage();
    seen.lock().unwrap_or_else(PoisonError::into_inner).usage = Some(usage);
    if !sums {
        return;
    }
    match store.live_bytes() {
        Ok(bytes) => {
            seen.lock().unwrap_or_else(PoisonError::into_inner).records = Some(bytes);
        }
        Err(error) => {
            let error = shipway_runtime::chain(&error);
            tracing::warn!(error, "the records could not be added up");
        }
    }
}

fn observe(metrics: &Metrics, seen: &Arc<Mutex<Seen>>, data: &DataDir) {
    let looks = || {
        let seen = Arc::clone(seen);
        move || *seen.lock().unwrap_or_else(PoisonError::into_inner)
    };
    let look = looks();
    metrics.observe(&names::STORE_LIVE, move |give| {
        let seen = look();
        if let Some(bytes) = seen.records {
            give(float(bytes), &[("what", "records")]);
        }
        if let Some(usage) = seen.usage {
            give(float(usage.blobs.content), &[("what", "blobs")]);
            give(float(usage.logs.content), &[("what", "logs")]);
        }
    });
    let look = looks();
    metrics.observe(&names::STORE_DISK, move |give| {
        if let Some(usage) = look().usage {
            give(float(usage.records.on_disk), &[("what", "records")]);
            give(float(usage.blobs.on_disk), &[("what", "blobs")]);
            give(float(usage.logs.on_disk), &[("what", "logs")]);
        }
    });
    let data = data.clone();
    metrics.observe(&names::STORE_FREE, move |give| {
        if let Some(free) = data.free() {
            give(float(free), &[]);
        }
    });
}
