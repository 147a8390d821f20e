//! The coordinator as a host: the real one, on a simulated disk and network.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use shipway_domain::promise::board;
use shipway_runtime::Clock;
use shipway_server::config::LeaseConfig;
use shipway_server::{Ground, Server, ServerConfig};
use shipway_store::{Blobs, Committer, DataDir, Logs, Store};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::diary::Diary;
use crate::facts::Facts;
use crate::ground::Disk;
use crate::lots::Lots;
use crate::{aws, net};

/// Batches that wait at most, as in the real one.
const WAITING: usize = 4;
const LARGEST: u64 = 1 << 20;
/// Time between two looks at the board.
const LOOK: Duration = Duration::from_secs(7);

/// What the host needs each time it starts.
#[derive(Clone)]
pub(crate) struct Coordinator {
    pub(crate) disk: Disk,
    pub(crate) folder: Arc<TempDir>,
    pub(crate) lease: LeaseConfig,
    pub(crate) diary: Diary,
    pub(crate) facts: Facts,
    pub(crate) lots: Lots,
    /// Asks the one that runs to end in good order.
    pub(crate) stop: Arc<Mutex<CancellationToken>>,
    /// The clock of the one that runs.
    pub(crate) clock: Arc<Mutex<Option<Clock>>>,
}

impl Coordinator {
    pub(crate) async fn run(self) -> turmoil::Result {
        self.diary.note("server", "starts");
        let lease = Duration::from_secs(self.lease.seconds);
        self.facts.started(&self.diary, lease);
        let stop = CancellationToken::new();
        *self.stop.lock().expect("no panic") = stop.clone();
        let config = ServerConfig {
            data: self.folder.path().to_owned(),
            lease: self.lease.clone(),
            drain_seconds: 5,
            ..ServerConfig::default()
        };
        let data = DataDir::open(&config.data)?.with_low_water(0);
        let records = self.disk.open(&self.facts);
        let blobs = Blobs::over(self.disk.blobs.clone(), LARGEST);
        blobs.keep(aws::DEFINITION.as_bytes().into()).await?;
        let (committer, batches) = Committer::by_hand(WAITING);
        let committing = self.disk.clone().commit(
            Arc::clone(&records),
            batches,
            self.lots.clone(),
            self.diary.clone(),
            self.facts.clone(),
        );
        tokio::task::spawn_local(committing);
        let store: Arc<dyn Store> = records;
        let ground = Ground {
            logs: Logs::open(&data, LARGEST)?,
            data,
            store,
            committer,
            blobs,
        };
        let clock = Clock::of_tokio(self.diary.millis());
        *self.clock.lock().expect("no panic") = Some(clock.clone());
        let address = SocketAddr::from(([0, 0, 0, 0], net::PORT));
        let incoming = net::incoming().await?;
        let server = Server::start_on(config, clock, ground, address, incoming).await?;
        let audit = audit(server.coordinator().clone(), self.facts.clone());
        tokio::task::spawn_local(audit);
        server.run(stop, Duration::from_secs(5)).await?;
        self.diary.note("server", "ended in good order");
        Ok(())
    }
}

/// Looks at the board now and then, until there is none.
async fn audit(coordinator: shipway_server::Coordinator, facts: Facts) {
    loop {
        let Ok(broken) = coordinator.read(board::always).await else {
            return;
        };
        for broken in broken {
            facts.broken(format!("the board: {broken}"));
        }
        tokio::time::sleep(LOOK).await;
    }
}
