//! The Docker Engine, as far as tasks need it. Errors are texts as ECS shows them (ecs-facts 10).

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use bollard::Docker;
use bollard::auth::DockerCredentials;
use bollard::container::LogOutput;
use bollard::errors::Error;
use bollard::exec::{CreateExecOptions, StartExecResults};
use bollard::models::{ContainerCreateBody, ContainerInspectResponse};
use bollard::query_parameters::{
    CreateContainerOptions, CreateImageOptionsBuilder, KillContainerOptionsBuilder,
    ListContainersOptionsBuilder, LogsOptionsBuilder, RemoveContainerOptionsBuilder,
    RemoveImageOptions, WaitContainerOptions,
};
use ecs_model::Exit;
use futures::{Stream, StreamExt, TryStreamExt};
use tokio::sync::Semaphore;

use super::pause;
use crate::SimError;

/// The label that names the simulator a container belongs to.
pub(super) const INSTANCE: &str = "aws-sim.instance";
/// Pulls and starts at the same time.
const AT_ONCE: usize = 4;
/// How long an engine may take to answer when the simulator starts, in seconds.
const PATIENCE: u64 = 20;
/// Pause before an engine is asked again about a container that it should have watched.
const AGAIN: Duration = Duration::from_millis(200);
/// How much later than the end of a container its cause may be told.
const OUT_OF_MEMORY: Duration = Duration::from_secs(2);

/// An engine that answers.
#[derive(Debug)]
pub(crate) struct Engine {
    docker: Docker,
    /// Names this simulator to later ones with the same data directory.
    pub(super) instance: String,
    /// Images pulled from the simulator's own registries.
    pulled: Mutex<BTreeSet<String>>,
    /// Those who may pull or start something now.
    turns: Semaphore,
}

/// `CannotPullContainerError: Error response from daemon: ...`
fn text(kind: &str, error: &Error) -> String {
    match error {
        Error::DockerResponseServerError { message, .. }
        | Error::DockerStreamError { error: message } => {
            format!("{kind}: Error response from daemon: {}", message.trim())
        }
        other => format!("{kind}: {other}"),
    }
}

impl Engine {
    /// Finds the engine (`DOCKER_HOST`, or the usual socket) and makes what tasks need in it.
    pub(crate) async fn connect(instance: String) -> Result<Self, SimError> {
        let refused = |error: Error| SimError::Engine(error.to_string());
        let mut docker = Docker::connect_with_defaults().map_err(refused)?;
        docker.set_timeout(Duration::from_secs(PATIENCE));
        let docker = docker.negotiate_version().await.map_err(refused)?;
        let engine = Self {
            docker,
            instance,
            pulled: Mutex::default(),
            turns: Semaphore::new(AT_ONCE),
        };
        engine.make_pause().await?;
        engine.sweep().await;
        Ok(engine)
    }

    async fn make_pause(&self) -> Result<(), SimError> {
        let refused = |error: Error| SimError::Engine(error.to_string());
        let image = format!("{}:{}", pause::REPOSITORY, pause::TAG);
        if self.docker.inspect_image(&image).await.is_ok() {
            return Ok(());
        }
        let version = self.docker.version().await.map_err(refused)?;
        let architecture = version.arch.unwrap_or_default();
        let layer = pause::layer(&architecture).ok_or_else(|| {
            SimError::Engine(format!("{architecture} is neither amd64 nor arm64"))
        })?;
        let options = CreateImageOptionsBuilder::default()
            .from_src("-")
            .repo(pause::REPOSITORY)
            .tag(pause::TAG)
            .build();
        let body = bollard::body_full(layer.into());
        let made = self.docker.create_image(Some(options), Some(body), None);
        made.try_collect::<Vec<_>>().await.map_err(refused)?;
        Ok(())
    }

    /// Pulls an image; with a password from a registry of the simulator, whose images it forgets at its end.
    pub(super) async fn pull(
        &self,
        image: &str,
        platform: &str,
        password: Option<&str>,
    ) -> Result<(), String> {
        let _turn = self.turns.acquire().await;
        // Without a tag an engine would pull all of them.
        let name = image.rsplit('/').next().unwrap_or(image);
        let tag = if name.contains([':', '@']) {
            ""
        } else {
            ":latest"
        };
        let options = CreateImageOptionsBuilder::default()
            .from_image(&format!("{image}{tag}"))
            .platform(platform)
            .build();
        let credentials = password.map(|password| DockerCredentials {
            username: Some("AWS".to_owned()),
            password: Some(password.to_owned()),
            ..DockerCredentials::default()
        });
        if credentials.is_some() {
            let mut pulled = self.pulled.lock().unwrap_or_else(PoisonError::into_inner);
            pulled.insert(image.to_owned());
        }
        let pulled = self.docker.create_image(Some(options), None, credentials);
        let pulled = pulled.try_collect::<Vec<_>>().await;
        pulled.map_err(|error| text("CannotPullContainerError", &error))?;
        Ok(())
    }

    /// Whether the engine has an image, and the digest under which a registry knows it.
    pub(super) async fn image(&self, image: &str) -> Option<Option<String>> {
        let found = self.docker.inspect_image(image).await.ok()?;
        let repository = image.split('@').next().unwrap_or(image);
        let mut digests = found.repo_digests.into_iter().flatten();
        let digest = digests.find_map(|known| {
            let (name, digest) = known.split_once('@')?;
            let rest = repository.strip_prefix(name)?;
            (rest.is_empty() || rest.starts_with(':')).then(|| digest.to_owned())
        });
        Some(digest)
    }

    /// Makes a container that is labelled as this simulator's.
    pub(super) async fn create(&self, mut body: ContainerCreateBody) -> Result<String, String> {
        let _turn = self.turns.acquire().await;
        let label = (INSTANCE.to_owned(), self.instance.clone());
        body.labels.get_or_insert_default().extend([label]);
        let made = self
            .docker
            .create_container(None::<CreateContainerOptions>, body);
        let made = made.await;
        Ok(made
            .map_err(|error| text("CannotCreateContainerError", &error))?
            .id)
    }

    /// Starts a container.
    pub(super) async fn start(&self, id: &str) -> Result<(), String> {
        let _turn = self.turns.acquire().await;
        let started = self.docker.start_container(id, None).await;
        started.map_err(|error| text("CannotStartContainerError", &error))
    }

    /// Waits until a container has ended; one that has gone counts as killed.
    pub(super) async fn ended(&self, id: &str) -> Exit {
        loop {
            let waits = self.docker.wait_container(id, None::<WaitContainerOptions>);
            // Whatever it says, the container's own state is more precise.
            drop(waits.collect::<Vec<_>>().await);
            match self.inspect(id).await {
                Some(found) => {
                    if let Some(exit) = exit(found) {
                        return exit;
                    }
                }
                None => return killed(),
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// The same for one that nobody here stops: an engine may tell that it was killed for want of memory
    /// only after it told that it has ended.
    pub(super) async fn ended_by_itself(&self, id: &str) -> Exit {
        let mut seen = self.ended(id).await;
        let begin = Instant::now();
        while seen.code == 137 && seen.reason.is_none() && begin.elapsed() < OUT_OF_MEMORY {
            tokio::time::sleep(AGAIN).await;
            seen = self.ended(id).await;
        }
        seen
    }

    /// The exit of a container that could not be started: 126, 127 or 128.
    pub(super) async fn failed_start(&self, id: &str) -> Option<i32> {
        exit(self.inspect(id).await?).map(|exit| exit.code)
    }

    async fn inspect(&self, id: &str) -> Option<ContainerInspectResponse> {
        loop {
            match self.docker.inspect_container(id, None).await {
                Ok(found) => return Some(found),
                Err(Error::DockerResponseServerError { .. }) => return None,
                Err(error) => tracing::warn!(%error, "the engine does not answer"),
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// The signal that asks it to stop: `STOPSIGNAL` of its image.
    pub(super) async fn stop_signal(&self, id: &str) -> String {
        let config = self.inspect(id).await.and_then(|found| found.config);
        let signal = config.and_then(|config| config.stop_signal);
        signal.unwrap_or_else(|| "SIGTERM".to_owned())
    }

    /// Sends a signal. A container that has ended does not hear it.
    pub(super) async fn signal(&self, id: &str, signal: &str) {
        let options = KillContainerOptionsBuilder::default()
            .signal(signal)
            .build();
        if let Err(error) = self.docker.kill_container(id, Some(options)).await {
            tracing::debug!(%error, id, signal, "not delivered");
        }
    }

    /// Its address on the engine's bridge.
    pub(super) async fn address(&self, id: &str) -> Option<String> {
        let networks = self.inspect(id).await?.network_settings?.networks?;
        let mut addresses = networks.into_values().filter_map(|one| one.ip_address);
        addresses.find(|address| !address.is_empty())
    }

    /// What a container writes, from its first line on, until it ends.
    pub(super) fn output(&self, id: &str) -> impl Stream<Item = LogOutput> + use<> {
        let options = LogsOptionsBuilder::default()
            .follow(true)
            .stdout(true)
            .stderr(true)
            .build();
        self.docker
            .logs(id, Some(options))
            .filter_map(async |output| output.ok())
    }

    /// Runs a command in a container; gives its exit code, `None` when it could not be run.
    pub(super) async fn exec(&self, id: &str, command: &[String]) -> Option<i64> {
        let options = CreateExecOptions {
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            cmd: Some(command.to_vec()),
            ..CreateExecOptions::default()
        };
        let exec = self.docker.create_exec(id, options).await.ok()?.id;
        let started = self.docker.start_exec(&exec, None).await.ok()?;
        if let StartExecResults::Attached { mut output, .. } = started {
            while output.next().await.is_some() {}
        }
        self.docker.inspect_exec(&exec).await.ok()?.exit_code
    }

    /// Removes a container, running or not.
    pub(super) async fn remove(&self, id: &str) {
        let options = RemoveContainerOptionsBuilder::default()
            .force(true)
            .v(true)
            .build();
        if let Err(error) = self.docker.remove_container(id, Some(options)).await {
            tracing::debug!(%error, id, "not removed");
        }
    }

    /// Removes every container of this simulator, or of a dead one with the same data directory.
    pub(crate) async fn sweep(&self) {
        let label = format!("{INSTANCE}={}", self.instance);
        let filters = HashMap::from([("label", vec![label.as_str()])]);
        // What was on its way when its maker was stopped may come up after a first look.
        for _ in 0..3 {
            let options = ListContainersOptionsBuilder::default()
                .all(true)
                .filters(&filters)
                .build();
            let found = match self.docker.list_containers(Some(options)).await {
                Ok(found) => found,
                Err(error) => {
                    tracing::warn!(%error, "containers of tasks may be left over");
                    return;
                }
            };
            if found.is_empty() {
                break;
            }
            let ids = found.into_iter().filter_map(|container| container.id);
            let removals = ids.map(async |id| self.remove(&id).await);
            futures::future::join_all(removals).await;
        }
        let pulled =
            std::mem::take(&mut *self.pulled.lock().unwrap_or_else(PoisonError::into_inner));
        for image in pulled {
            let options = None::<RemoveImageOptions>;
            if let Err(error) = self.docker.remove_image(&image, options, None).await {
                tracing::debug!(%error, image, "not removed");
            }
        }
    }
}

fn killed() -> Exit {
    Exit {
        code: 137,
        reason: None,
    }
}

/// How a container has ended, if it has.
fn exit(found: ContainerInspectResponse) -> Option<Exit> {
    let state = found.state?;
    if state.running == Some(true) || state.started_at.is_none() {
        return None;
    }
    let code = state.exit_code.and_then(|code| i32::try_from(code).ok());
    let starved = state.oom_killed == Some(true);
    Some(Exit {
        code: code.unwrap_or(137),
        reason: starved
            .then(|| "OutOfMemoryError: Container killed due to memory usage".to_owned()),
    })
}
