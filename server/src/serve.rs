//! Opening the store, taking up the board where it was, and serving.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures::Stream;
use shipway_domain::board::Board;
use shipway_domain::time::Timestamp;
use shipway_proto::DESCRIPTORS;
use shipway_proto::v1::agents_server::AgentsServer;
use shipway_proto::v1::shipway_server::ShipwayServer;
use shipway_runtime::{Clock, Metrics, Tasks, telemetry, tls};
use shipway_store::{
    Blobs, Bounds, CommitError, Committer, DataDir, Logs, SledStore, Store, StoreError,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, oneshot};
use tokio_util::sync::CancellationToken;
use tonic::transport::server::Connected;
use tonic::transport::{Identity, Server as Transport, ServerTlsConfig};

use crate::admin;
use crate::config::{BadConfig, ServerConfig, TlsConfig};
use crate::coordinator::{Coordinator, OnlyReads};
use crate::disk;
use crate::front::{self, Front};
use crate::hub::Hub;
use crate::keeper::Keeper;
use crate::metrics::{self as measures, Facts, Measured, Reported};
use crate::rpc::agents::AgentService;
use crate::rpc::auth::Gate;
use crate::rpc::shipway::ShipwayService;
use crate::rpc::showing::Showings;
use crate::tokens::Tokens;
use crate::traces::{self, Export, Feed, Traces};

/// Batches that wait for the committing thread at most.
const COMMITS_WAITING: usize = 4;
/// Largest log of one attempt in bytes; what comes after is left out, and the log says so.
const LARGEST_LOG: u64 = 64 << 20;
/// HTTP/2 windows: large, so that h2's budget for small frames is large too (engineering-facts,
/// section 5, the live trap of h2).
const STREAM_WINDOW: u32 = 1024 * 1024;
const CONNECTION_WINDOW: u32 = 16 * 1024 * 1024;
/// Keep-alive on both ends: without it a partition is not noticed (design.md section 6).
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// File handles that are kept for the store, logs and blobs.
const FILES_KEPT: u64 = 256;

/// Why the coordinator could not start or go on.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The settings cannot be used.
    #[error(transparent)]
    Config(#[from] BadConfig),
    /// The store could not be opened or read.
    #[error("the store could not be opened")]
    Store(#[from] StoreError),
    /// The address could not be bound.
    #[error("could not listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A certificate or key could not be read.
    #[error("could not read {path}")]
    Tls {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A thread could not be started.
    #[error("could not start the committing thread")]
    Thread(#[source] std::io::Error),
    /// The transport failed.
    #[error("the gRPC transport failed")]
    Transport(#[from] tonic::transport::Error),
    /// A commit failed: nothing more may be told. Start again; the store takes up where it was.
    #[error("a commit failed; the coordinator ends so that nothing is told that is not durable")]
    Commit(#[from] CommitError),
}

/// What a coordinator stands on: where it keeps what it is told.
pub struct Ground {
    /// The folder, and whether its disk has room.
    pub data: DataDir,
    /// The records.
    pub store: Arc<dyn Store>,
    /// What makes the records durable.
    pub committer: Committer,
    /// Contexts and task definitions.
    pub blobs: Blobs,
    /// Output of jobs.
    pub logs: Logs,
}

impl Ground {
    /// Opens what lies in the configured folder.
    ///
    /// # Errors
    /// See [`ServeError`].
    pub fn open(config: &ServerConfig) -> Result<Self, ServeError> {
        let data = disk::open(config)?;
        let store: Arc<dyn Store> = Arc::new(SledStore::open(&data)?);
        let blobs = Blobs::open(&data, config.max_blob_bytes)?;
        let logs = Logs::open(&data, LARGEST_LOG)?;
        let committer =
            Committer::start(Arc::clone(&store), COMMITS_WAITING).map_err(ServeError::Thread)?;
        Ok(Self {
            data,
            store,
            committer,
            blobs,
            logs,
        })
    }
}

/// A coordinator that listens.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    tls: bool,
    metrics: Metrics,
    metrics_address: Option<SocketAddr>,
    serving: tokio::task::JoinHandle<Result<(), tonic::transport::Error>>,
    coordinator: Coordinator,
    ended: oneshot::Receiver<Result<(), CommitError>>,
    stop_sessions: CancellationToken,
    stop_serving: CancellationToken,
    tasks: Tasks,
}

impl Server {
    /// Opens the store, takes up the board and listens. Must be called inside a runtime.
    ///
    /// # Errors
    /// See [`ServeError`].
    pub async fn start(config: ServerConfig, clock: Clock) -> Result<Self, ServeError> {
        config.validate()?;
        let ground = Ground::open(&config)?;
        let listener = listen(config.listen).await?;
        let address = listener.local_addr().map_err(|source| ServeError::Listen {
            address: config.listen,
            source,
        })?;
        let incoming = front::incoming(
            listener,
            most_connections(&config),
            front::STRANGERS,
            front::FIRST_CALL,
        );
        Self::start_on(config, clock, ground, address, incoming).await
    }

    /// The same on other ground, and with connections from elsewhere, such as those of a simulation. They
    /// come to `address`.
    ///
    /// # Errors
    /// See [`ServeError`].
    pub async fn start_on<I, C, E>(
        config: ServerConfig,
        clock: Clock,
        ground: Ground,
        address: SocketAddr,
        incoming: I,
    ) -> Result<Self, ServeError>
    where
        I: Stream<Item = Result<C, E>> + Send + 'static,
        C: AsyncRead + AsyncWrite + Connected + Unpin + Send + 'static,
        E: Into<Box<dyn std::error::Error + Send + Sync>> + Send + 'static,
    {
        let Ground {
            data,
            store,
            committer,
            blobs,
            logs,
        } = ground;
        let metrics = Metrics::start(
            &"shipway-server".into(),
            &config.telemetry,
            config.metrics.is_some(),
        );
        let board = take_up(&config, &*store, &clock, &metrics)?;
        let (blobs, logs) = (Arc::new(blobs), Arc::new(logs));
        let tasks = Tasks::new();
        let hub = Arc::new(Hub::default());
        let spans = logs.spans(traces::LARGEST_SPANS);
        // Where nothing waits for a disk there is none to look after.
        let room = store.waits().then(|| Arc::new(disk::at_start(&data)));
        let only_reads = room.as_ref().map(|room| {
            let (config, store, clock) = (config.clone(), Arc::clone(&store), clock.clone());
            let metrics = metrics.clone();
            OnlyReads {
                mode: room.subscribe(),
                take_up: Box::new(move || take_up(&config, &*store, &clock, &metrics)),
            }
        });
        measures::of_commits(&metrics, &committer);
        let (facts, heard) = Facts::channel(&metrics);
        let time = clock.steady();
        let (coordinator, ended) = Coordinator::start_with(
            board,
            committer,
            Arc::clone(&hub),
            clock.clone(),
            &tasks,
            facts,
            only_reads,
        );
        let gate = Gate::new(Arc::new(Tokens::of(&config.data)), config.tls.is_some());
        if config.tls.is_none() {
            tracing::info!(%address, "no TLS: listening on loopback only, callers need no token");
        }
        let front = Front::new(gate.clone());
        let stop_sessions = CancellationToken::new();
        let stop_serving = CancellationToken::new();
        let reported = Reported::new(&metrics, config.metrics.is_some());
        let measured = Measured {
            metrics: &metrics,
            coordinator: &coordinator,
            store: &store,
            data: &data,
            reported: &reported,
        };
        let listen = config.metrics.as_ref().map(|metrics| metrics.listen);
        let metrics_address = measured
            .start(listen, heard, &tasks, &stop_sessions)
            .await?;
        if let Some(room) = room {
            let looks = disk::look_after(data.clone(), room, stop_sessions.clone());
            drop(tasks.spawn("disk", looks));
            admin::serve(
                data.clone(),
                Arc::clone(&store),
                &tasks,
                stop_sessions.clone(),
            );
        }
        let keeper = Keeper::new(&coordinator, &store, &logs, &blobs, clock);
        tasks.spawn("keeper", keeper.run(stop_sessions.clone()));
        let traces = Traces {
            coordinator: coordinator.clone(),
            store: Arc::clone(&store),
            spans: spans.clone(),
            places: Arc::new(Semaphore::new(traces::AT_A_TIME)),
        };
        if let Some(exporter) = telemetry::exporter() {
            let feed = Arc::new(Feed::default());
            hub.feed(Arc::clone(&feed));
            let export = Export {
                traces: traces.clone(),
                feed,
                exporter,
                folder: config.data.clone(),
            };
            tasks.spawn("traces", export.run(stop_sessions.clone()));
        }
        let agents = AgentService {
            spans,
            coordinator: coordinator.clone(),
            blobs: Arc::clone(&blobs),
            logs: Arc::clone(&logs),
            gate: gate.clone(),
            tasks: tasks.clone(),
            reported,
            stop: stop_sessions.clone(),
        };
        let people = ShipwayService {
            traces,
            time,
            trace_url: config.trace_url.clone(),
            exported: telemetry::exporter().is_some(),
            showings: Showings::new(coordinator.clone(), Arc::clone(&store)),
            coordinator: coordinator.clone(),
            store,
            data,
            blobs,
            logs,
            gate,
            tasks: tasks.clone(),
            watchers: Arc::new(Semaphore::new(front::WATCHERS)),
            stop: stop_sessions.clone(),
        };
        let (health, health_service) = tonic_health::server::health_reporter();
        health.set_serving::<ShipwayServer<ShipwayService>>().await;
        health.set_serving::<AgentsServer<AgentService>>().await;
        let reflection = tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            .build_v1();
        let mut transport = transport(config.tls.as_ref())?.layer(front);
        let people = ShipwayServer::new(people).max_decoding_message_size(front::PIECE);
        let agents = AgentsServer::new(agents).max_decoding_message_size(front::AGENT_MESSAGE);
        let router = transport
            .add_service(health_service)
            .add_service(people)
            .add_service(agents);
        let router = match reflection {
            Ok(reflection) => router.add_service(reflection),
            Err(error) => {
                tracing::warn!(%error, "server reflection is off");
                router
            }
        };
        let token = stop_serving.clone();
        let serving = tasks.spawn("grpc", async move {
            router
                .serve_with_incoming_shutdown(incoming, token.cancelled_owned())
                .await
        });
        tracing::info!(%address, "coordinator is ready");
        let tls = config.tls.is_some();
        Ok(Self {
            address,
            tls,
            metrics,
            metrics_address,
            serving,
            coordinator,
            ended,
            stop_sessions,
            stop_serving,
            tasks,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// Where Prometheus finds its metrics, if it tells them.
    #[must_use]
    pub fn metrics_url(&self) -> Option<String> {
        self.metrics_address
            .map(|address| format!("http://{address}/metrics"))
    }

    /// A handle on the coordinator.
    #[must_use]
    pub const fn coordinator(&self) -> &Coordinator {
        &self.coordinator
    }

    /// Serves until `stop` is cancelled, then ends in good order within `drain`. Jobs go on: their
    /// agents come back to the next coordinator.
    ///
    /// # Errors
    /// See [`ServeError`].
    pub async fn run(self, stop: CancellationToken, drain: Duration) -> Result<(), ServeError> {
        let Self {
            serving,
            coordinator,
            mut ended,
            stop_sessions,
            stop_serving,
            tasks,
            metrics,
            ..
        } = self;
        let failed = tokio::select! {
            () = stop.cancelled() => None,
            result = &mut ended => Some(result),
        };
        tracing::info!("coordinator is shutting down");
        stop_serving.cancel();
        stop_sessions.cancel();
        drop(coordinator);
        if let Ok(Ok(result)) = tokio::time::timeout(drain, serving).await {
            result?;
        }
        tasks.wait(drain).await;
        metrics.end().await;
        match failed {
            Some(Ok(result)) => result.map_err(ServeError::Commit),
            Some(Err(_)) => Err(ServeError::Commit(CommitError::Ended)),
            None => match tokio::time::timeout(drain, ended).await {
                Ok(Ok(result)) => result.map_err(ServeError::Commit),
                // Calls that did not end in time are cut off; what was told is durable.
                Ok(Err(_)) | Err(_) => Ok(()),
            },
        }
    }
}

/// The board as the store kept it. What could not be read is reported, never skipped in silence.
fn take_up(
    config: &ServerConfig,
    store: &dyn Store,
    clock: &Clock,
    metrics: &Metrics,
) -> Result<Board, StoreError> {
    let policy = config.policy();
    let now = Timestamp::from_millis(clock.millis());
    let loaded = store.load_within(&Bounds::of(&policy, now))?;
    for damaged in &loaded.quarantined {
        measures::store_error(metrics, "quarantine");
        tracing::error!(
            what = damaged.what,
            problem = damaged.problem,
            "record in quarantine"
        );
    }
    let mut board = Board::new(policy);
    board.restore(
        now,
        loaded.next_release,
        &loaded.changes,
        loaded.keys,
        loaded.lives,
    );
    Ok(board)
}

/// As many connections as the settings say, and no more than there are file handles for: the store
/// must not go without.
fn most_connections(config: &ServerConfig) -> usize {
    let wanted = config.max_connections as usize;
    let Some(files) = shipway_runtime::files::limit() else {
        return wanted;
    };
    let possible = usize::try_from(files.saturating_sub(FILES_KEPT)).unwrap_or(usize::MAX);
    if possible < wanted {
        tracing::warn!(
            files,
            possible,
            wanted,
            "fewer connections than max_connections are possible: raise the limit of open files"
        );
    }
    possible.min(wanted).max(1)
}

async fn listen(address: SocketAddr) -> Result<TcpListener, ServeError> {
    TcpListener::bind(address)
        .await
        .map_err(|source| ServeError::Listen { address, source })
}

fn transport(tls: Option<&TlsConfig>) -> Result<Transport, ServeError> {
    let transport = Transport::builder()
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .http2_keepalive_interval(Some(KEEP_ALIVE))
        .http2_keepalive_timeout(Some(KEEP_ALIVE))
        .max_concurrent_streams(front::CALLS)
        .http2_max_header_list_size(front::HEADERS)
        .http2_max_pending_accept_reset_streams(Some(front::RESETS));
    let Some(tls) = tls else { return Ok(transport) };
    tls::install_provider();
    let read = |path: &std::path::Path| {
        std::fs::read(path).map_err(|source| ServeError::Tls {
            path: path.display().to_string(),
            source,
        })
    };
    let identity = Identity::from_pem(read(&tls.certificate)?, read(&tls.key)?);
    Ok(transport.tls_config(ServerTlsConfig::new().identity(identity))?)
}
