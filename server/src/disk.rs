//! The disk under the data folder: what is fit, and who looks after the room on it.

use std::sync::Arc;
use std::time::Duration;

use shipway_store::{DataDir, LowDisk};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::config::{BadConfig, ServerConfig};
use crate::serve::ServeError;

/// How often the room is looked at while nobody writes.
const LOOK: Duration = Duration::from_millis(500);

/// Opens the data folder with what the settings say about its disk.
pub(crate) fn open(config: &ServerConfig) -> Result<DataDir, ServeError> {
    let disk = &config.disk;
    let data = DataDir::open(&config.data)?
        .with_low_water(disk.low_water_mib << 20)
        .with_reserve(disk.reserve_mib << 20);
    if let Some(kind) = data.unfit() {
        if disk.refuse_unfit {
            let path = config.data.clone();
            return Err(BadConfig::UnfitDisk { path, kind }.into());
        }
        tracing::warn!(
            path = %config.data.display(),
            "the data folder lies on {kind}: acknowledged data may be lost in a power failure; use a \
             local disk with ext4 or XFS (disk.refuse_unfit = true makes this an error)"
        );
    }
    Ok(data)
}

/// What is known about the room at the start: a coordinator that finds too little of it for running
/// work only answers.
pub(crate) fn at_start(data: &DataDir) -> watch::Sender<Option<LowDisk>> {
    let low = data.accepts_reports().err();
    if let Some(low) = &low {
        tracing::error!(
            "read-only: {low}; queries and watches are answered, all else is refused until there is room"
        );
    }
    watch::Sender::new(low)
}

/// Looks after the room until `stop`: gives the reserve up and makes it again, and says when a read-only
/// coordinator may go on: once the low-water mark is free.
pub(crate) async fn look_after(
    data: DataDir,
    room: Arc<watch::Sender<Option<LowDisk>>>,
    stop: CancellationToken,
) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = stop.cancelled() => return,
        }
        let data = data.clone();
        let looked = tokio::task::spawn_blocking(move || {
            data.tend();
            data.accepts_new_work().err()
        });
        let Ok(low) = looked.await else { return };
        room.send_if_modified(|known| {
            // Once it takes changes it goes on until a write fails.
            let changes = known.is_some() && *known != low;
            if changes {
                known.clone_from(&low);
            }
            changes
        });
    }
}
