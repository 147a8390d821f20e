//! Starting and stopping a simulator.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::calls::Call;
use crate::clock::{Clock, SimTime};
use crate::docker::Engine;
use crate::files::Files;
use crate::ids::Ids;
use crate::script::Script;
use crate::seed::{self, Seed};
use crate::shared::Shared;
use crate::tasks::Tasks;
use crate::world::World;
use crate::{SimError, control, digest, docker, ecs, persist, registry, tick, wire};

/// How long open connections may take to end at stop, in real time.
const STOP_GRACE: Duration = Duration::from_secs(3);

/// How to run a simulator.
#[derive(Clone, Debug)]
pub struct SimConfig {
    /// Where the AWS endpoint and the control API listen, on loopback; port 0 picks a free one.
    pub listen: SocketAddr,
    /// Simulated seconds per real second, 1 to 1,000; 0 starts paused (tests advance the clock).
    pub time_scale: f64,
    /// Directory in which state is kept between runs; without it state ends with the process.
    pub data: Option<PathBuf>,
    /// With `data`: whether what changes something is answered only once it is saved, so that nothing that
    /// was answered is lost when the process is killed.
    pub durable: bool,
    /// What tasks are made of.
    pub tasks: Tasks,
    /// Where ids and secrets start, for runs that shall repeat; random without it.
    pub id_seed: Option<u64>,
    /// When simulated time starts, for runs that shall repeat; now, or when saved state was saved,
    /// without it.
    pub start_at: Option<SimTime>,
}

impl Default for SimConfig {
    /// A free port on loopback, real speed, nothing kept, modelled tasks.
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            time_scale: 1.0,
            data: None,
            durable: false,
            tasks: Tasks::Modelled,
            id_seed: None,
            start_at: None,
        }
    }
}

/// A running simulator. Dropping it ends it without saving, and leaves containers behind; `stop` saves, and
/// removes them.
#[derive(Debug)]
pub struct Sim {
    shared: Arc<Shared>,
    address: SocketAddr,
    data: Option<PathBuf>,
    engine: Option<Arc<Engine>>,
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

/// Starts a simulator; it answers when this returns.
///
/// # Errors
/// When the configuration is out of range, a port cannot be bound, saved state cannot be read, or tasks shall
/// be containers and no engine answers.
pub async fn start(config: SimConfig) -> Result<Sim, SimError> {
    let scale = config.time_scale;
    if scale != 0.0 && !(1.0..=1000.0).contains(&scale) {
        return Err(SimError::TimeScale(scale));
    }
    if !config.listen.ip().is_loopback() {
        return Err(SimError::NotLoopback(config.listen));
    }
    let mut world = open(&config)?;
    let engine = match config.tasks {
        Tasks::Modelled => None,
        Tasks::Docker => Some(Arc::new(Engine::connect(instance(&config)?).await?)),
    };
    let clock = match config.start_at {
        Some(start) => Clock::at(start.max(world.saved_at), scale),
        None => Clock::starting(world.saved_at, scale),
    };
    ecs::external::lose_all(&mut world, clock.now());
    let listener = TcpListener::bind(config.listen)
        .await
        .map_err(|source| SimError::Listen {
            address: config.listen,
            source,
        })?;
    let address = listener.local_addr().map_err(SimError::Registry)?;
    let shared = Arc::new(Shared::new(clock, world));
    let stop = CancellationToken::new();
    let mut tasks = JoinSet::new();
    let hold = (config.durable && config.data.is_some()).then(|| persist::Hold {
        shared: Arc::clone(&shared),
        stop: stop.clone(),
    });
    let router = control::router()
        .fallback(wire::handle)
        .with_state(Arc::clone(&shared));
    let router = held(router, hold.as_ref());
    tasks.spawn(serve(listener, router, stop.clone()));
    tasks.spawn(registry::run(Arc::clone(&shared), hold, stop.clone()));
    tasks.spawn(tick::run(Arc::clone(&shared), stop.clone()));
    if let Some(engine) = engine.clone() {
        tasks.spawn(docker::run(Arc::clone(&shared), engine, stop.clone()));
    }
    if let Some(data) = config.data.clone() {
        tasks.spawn(persist::run(Arc::clone(&shared), data, stop.clone()));
    }
    Ok(Sim {
        shared,
        address,
        data: config.data,
        engine,
        stop,
        tasks,
    })
}

/// The saved world or a new one, its files and its registries open.
fn open(config: &SimConfig) -> Result<World, SimError> {
    let data = config.data.as_deref();
    let files = Files::open(data).map_err(|source| SimError::Data {
        path: data.map_or_else(std::env::temp_dir, Path::to_owned),
        source,
    })?;
    let ids = config.id_seed.map_or_else(Ids::default, Ids::seeded);
    let saved = data.map(persist::load).transpose()?.flatten();
    let mut world = saved.unwrap_or_else(|| World::with_ids(ids));
    world.files = files;
    world.tasks = config.tasks;
    world.sweep_files().map_err(|source| SimError::Data {
        path: data.map_or_else(std::env::temp_dir, Path::to_owned),
        source,
    })?;
    world.reopen_registries().map_err(SimError::Registry)?;
    Ok(world)
}

/// What this simulator calls itself in an engine: the same name whenever it has the same data directory.
fn instance(config: &SimConfig) -> Result<String, SimError> {
    let Some(data) = &config.data else {
        let number = getrandom::u64().unwrap_or_default();
        return Ok(format!("{number:016x}-{}", std::process::id()));
    };
    let path = data.canonicalize().map_err(|source| SimError::Data {
        path: data.clone(),
        source,
    })?;
    let name = digest::of(path.as_os_str().as_encoded_bytes());
    Ok(name.trim_start_matches("sha256:").to_owned())
}

/// The router, its answers held back until they are saved where that is wanted.
pub(crate) fn held(router: Router, hold: Option<&persist::Hold>) -> Router {
    match hold {
        Some(hold) => router.layer(from_fn_with_state(hold.clone(), persist::hold)),
        None => router,
    }
}

/// Serves one listener until `stop`.
pub(crate) async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) {
    let served = axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned());
    if let Err(error) = served.await {
        tracing::error!(%error, "a listener ended");
    }
}

impl Sim {
    /// `http://address:port` of the AWS endpoint and the control API.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The clock; it can be paused, advanced and scaled.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    /// Adds to the world.
    ///
    /// # Errors
    /// When the seed is not consistent; what came before the problem is in the world.
    pub fn seed(&self, seed: &Seed) -> Result<(), SimError> {
        self.shared.seed(seed)
    }

    /// Adds a failure script.
    pub fn add_script(&self, script: Script) {
        self.shared.world().scripts.push(script);
        self.shared.changed();
    }

    /// Adds what image scans find, as `POST /_sim/findings` takes it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn add_findings(&self, findings: &serde_json::Value) -> Result<(), String> {
        control::take_findings(&self.shared, findings.to_string().as_bytes())
    }

    /// `host:port` of the registry of an account and region, opened if it was not yet.
    ///
    /// # Errors
    /// When no port can be bound.
    pub fn registry(&self, account: &str, region: &str) -> Result<String, SimError> {
        let host = self.shared.world().registry(account, region);
        host.map_err(SimError::Registry)
    }

    /// Calls at or after `since` (epoch seconds of simulated time), oldest first.
    #[must_use]
    pub fn calls(&self, since: f64) -> Vec<Call> {
        self.shared.calls.since(since)
    }

    /// Answers what is under way, saves, and ends.
    pub async fn stop(mut self) {
        self.stop.cancel();
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(STOP_GRACE, ended).await.is_err() {
            tracing::warn!("connections were still open at stop");
            self.tasks.shutdown().await;
        }
        if let Some(engine) = &self.engine {
            engine.sweep().await;
        }
        if let Some(data) = &self.data {
            persist::save_or_say(&self.shared, data);
        }
    }
}

impl Shared {
    /// Adds to the world.
    pub(crate) fn seed(&self, seed: &Seed) -> Result<(), SimError> {
        let mut world = self.world();
        let now = self.clock.now();
        let result = seed::apply(&mut world, now, seed);
        world.wake = Some(now);
        drop(world);
        self.changed();
        result
    }
}
