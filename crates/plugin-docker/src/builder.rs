//! The builder: from an order to a pushed image with a proven digest.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use shipway_plugin::{BuildError, BuildOrder, BuildProgress, Builder, Built};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::classic;
use crate::containerd;
use crate::engine::{Engine, EngineError};
use crate::facts::Store;
use crate::job::Job;
use crate::order;
use crate::redact::Redactor;
use crate::solve;
use crate::turns::Turns;

/// Its name in manifests and errors.
pub(crate) const NAME: &str = "docker";

/// How long an engine may take to say what it is.
const PROBE: Duration = Duration::from_secs(10);

/// Builds Dockerfiles with BuildKit in a Docker Engine.
///
/// Things to know when writing Dockerfiles for it:
/// - A step that used a secret stays cached when the secret changes (build-facts 3, "Secrets"); a
///   build argument with a version of the secret forces it to run again.
/// - Base images are asked for at their registry in each build, with the login of the order if they
///   come from the order's registry, as nobody otherwise. An image that only this engine has is
///   no base.
/// - With the classic image store two runs of the same order give images with different digests,
///   unless all steps come from the cache.
/// - Every context stays in the engine's build cache until the engine clears that up by its own rules.
#[derive(Debug)]
pub struct DockerBuilder {
    engine: Engine,
    turns: Turns,
}

impl DockerBuilder {
    /// With the engine that listens at this unix socket.
    #[must_use]
    pub fn new(socket: PathBuf) -> Self {
        Self {
            engine: Engine::new(socket),
            turns: Turns::default(),
        }
    }

    /// With the engine at an address as in `DOCKER_HOST`: `unix:///var/run/docker.sock`.
    ///
    /// # Errors
    /// [`BuildError::Unavailable`] for anything but a unix socket with an absolute path.
    pub fn from_host(host: &str) -> Result<Self, BuildError> {
        match host.strip_prefix("unix://") {
            Some(path) if path.starts_with('/') => Ok(Self::new(PathBuf::from(path))),
            _ => Err(unavailable(format!(
                "{host:?} is not the address of a unix socket, such as unix:///var/run/docker.sock"
            ))),
        }
    }
}

const fn unavailable(reason: String) -> BuildError {
    BuildError::Unavailable {
        builder: NAME,
        reason,
    }
}

#[async_trait]
impl Builder for DockerBuilder {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn probe(&self) -> Result<String, BuildError> {
        let at = self.engine.socket().display();
        let asking = async {
            let facts = self.engine.facts().await;
            let facts = facts.map_err(|error| unavailable(error.to_string()))?;
            solve::ping(&self.engine).await.map_err(|status| {
                unavailable(format!(
                    "BuildKit of the Docker Engine {} at {at} does not answer: {}",
                    facts.version,
                    status.message()
                ))
            })?;
            Ok(facts.to_string())
        };
        timeout(PROBE, asking).await.unwrap_or_else(|_| {
            Err(unavailable(format!(
                "the Docker Engine at {at} did not answer within {} s",
                PROBE.as_secs()
            )))
        })
    }

    async fn build(
        &self,
        order: BuildOrder,
        progress: Arc<dyn BuildProgress>,
        stop: CancellationToken,
    ) -> Result<Built, BuildError> {
        let settings = order::settings(&order)?;
        tokio::fs::metadata(&order.context).await.map_err(|error| {
            BuildError::Invalid(format!(
                "the context {} cannot be read: {error}",
                order.context.display()
            ))
        })?;
        let asking = stop.run_until_cancelled(self.engine.facts()).await;
        let facts = asking
            .ok_or(BuildError::Stopped)?
            .map_err(EngineError::into_build_error)?;
        order::check_platforms(&order, &facts)?;
        let redact = Redactor::new(order.secrets.iter().map(|(_, secret)| secret));
        let job = Job {
            engine: &self.engine,
            order: &order,
            settings,
            progress: &*progress,
            redact: &redact,
            stop: &stop,
        };
        match facts.store {
            Store::Classic => Box::pin(classic::build(&job, &self.turns)).await,
            Store::Containerd => Box::pin(containerd::build(&job)).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_unix_sockets_are_spoken_to() {
        assert!(DockerBuilder::from_host("unix:///var/run/docker.sock").is_ok());
        for host in ["tcp://127.0.0.1:2375", "ssh://host", "unix://relative", ""] {
            let text = DockerBuilder::from_host(host).unwrap_err().to_string();
            assert!(text.contains("unix:///var/run/docker.sock"), "{text}");
        }
    }

    #[tokio::test]
    async fn an_engine_that_is_not_there_is_unavailable() {
        let builder = DockerBuilder::new(PathBuf::from("/nowhere/docker.sock"));
        let text = builder.probe().await.unwrap_err().to_string();
        assert!(text.contains("/nowhere/docker.sock"), "{text}");
    }
}
