//! The port of builders: an image out of a context, pushed, with its digest.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use shipway_domain::ids::Digest;
use shipway_domain::spec::BuildSettings;
use tokio_util::sync::CancellationToken;

use crate::registry::LoginSource;
use crate::secret::Secret;

/// Makes images and pushes them.
#[async_trait]
pub trait Builder: Send + Sync {
    /// Its name, as manifests and agents say it: `docker`, `layers`.
    fn name(&self) -> &'static str;

    /// Whether it can work here and now, and as what ("Docker Engine 28.2, BuildKit").
    ///
    /// # Errors
    /// [`BuildError::Unavailable`] says what is missing.
    async fn probe(&self) -> Result<String, BuildError>;

    /// Builds and pushes. A build may be run again after a crash: it must not matter.
    /// When `stop` is cancelled the build ends at once with [`BuildError::Stopped`].
    ///
    /// # Errors
    /// See [`BuildError`].
    async fn build(
        &self,
        order: BuildOrder,
        progress: Arc<dyn BuildProgress>,
        stop: CancellationToken,
    ) -> Result<Built, BuildError>;
}

/// What to build and where to push it.
#[derive(Clone)]
pub struct BuildOrder {
    /// The context: a tar file (not compressed) as `shipway-context` makes it.
    pub context: PathBuf,
    /// How.
    pub settings: BuildSettings,
    /// Platform to build for, such as `linux/amd64`. Several give an index.
    pub platforms: Vec<String>,
    /// `host/repository`, without tag.
    pub image: String,
    /// Tags to push, at least one; the first names the content and is never moved.
    pub tags: Vec<String>,
    /// Labels of the image config (`org.opencontainers.image.revision` and others).
    pub labels: Vec<(String, String)>,
    /// Time that goes into the image, seconds since the epoch.
    pub source_date_epoch: u64,
    /// Secrets by the id that the Dockerfile names.
    pub secrets: Vec<(String, Secret)>,
    /// A fresh login for each push.
    pub login: Arc<dyn LoginSource>,
    /// W3C `traceparent` of the build, for builders that trace; empty without one.
    pub trace_parent: String,
}

/// Told while a build runs. Calls must not block: an implementation hands on or drops.
pub trait BuildProgress: Send + Sync {
    /// The build proper is over and the push begins.
    fn pushing(&self);
    /// Output of the build: whole lines, without the newline.
    fn line(&self, stream: LogStream, line: &str);
    /// A stage (BuildKit vertex) changed: its name and whether it came from the cache.
    fn stage(&self, name: &str, cached: bool, done: bool);
    /// A stage is over, and took this time.
    fn took(&self, _stage: &Took) {}
}

/// When a stage ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Took {
    /// Its name.
    pub name: String,
    /// When it began, by the builder's clock.
    pub from: SystemTime,
    /// When it ended.
    pub until: SystemTime,
    /// Whether it came from the cache.
    pub cached: bool,
    /// Why it failed, if it did.
    pub error: Option<String>,
}

/// Where a line of output came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogStream {
    /// Standard output of a build step.
    Out,
    /// Standard error of a build step.
    Err,
    /// The builder's own words.
    Builder,
}

/// A pushed image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Built {
    /// Digest that was pushed and proved to be in the registry.
    pub digest: Digest,
    /// When the digest is an index: the manifests of its platforms.
    pub manifests: Vec<Digest>,
    /// Stages or layers in all.
    pub stages: u32,
    /// Stages or layers that were there already.
    pub cached: u32,
    /// Bytes sent to the registry, as far as known.
    pub bytes_pushed: u64,
}

/// How a build can fail.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The builder cannot work here.
    #[error("the {builder} builder cannot work here: {reason}")]
    Unavailable {
        /// Its name.
        builder: &'static str,
        /// What is missing.
        reason: String,
    },
    /// A step of the build failed: the app's own fault.
    #[error("the build failed at {step}: {message}")]
    Failed {
        /// The failing step ("RUN make", Dockerfile line when known).
        step: String,
        /// What it said.
        message: String,
        /// Exit code, when there is one.
        exit_code: Option<i32>,
    },
    /// The order itself cannot be carried out (Dockerfile missing, base image of another platform).
    #[error("the build cannot be done: {0}")]
    Invalid(String),
    /// The registry refused the push.
    #[error("the push to {image} was refused: {message}")]
    Push {
        /// Image that was pushed.
        image: String,
        /// What the registry or engine said.
        message: String,
        /// Whether it was about authorisation (after one retry with a fresh login).
        authorisation: bool,
    },
    /// Engine or registry broke off; the same build may work in a moment.
    #[error("{0}")]
    Interrupted(String),
    /// It was asked to stop.
    #[error("the build was stopped")]
    Stopped,
}
