//! What a claim needs of the world around a platform, and cannot ask the platform for.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use shipway_domain::ids::{Digest, RepositoryName};
use shipway_domain::observe::ScalingSeen;
use shipway_domain::scan::Vulnerability;
use shipway_domain::spec::SecretSource;
use shipway_domain::time::Timestamp;

use crate::{Place, Platform};

/// The world around a platform under test. It has one place with the cluster [`CLUSTER`](super::CLUSTER),
/// and nothing else to begin with.
#[async_trait]
pub trait World: Send + Sync {
    /// The platform.
    fn platform(&self) -> Arc<dyn Platform>;

    /// The place that the platform may act in.
    fn place(&self) -> Place;

    /// Shortest and longest time between two common polls.
    fn polling(&self) -> (Duration, Duration);

    /// The time of day in AWS.
    fn now(&self) -> Timestamp;

    /// Lets so much time pass in AWS. More may have passed.
    async fn pass(&self, span: Duration);

    /// Makes a service that has been steady for a while, of a family with its name whose first revision is
    /// [`definition`](super::definition) with this image: bounds 100 and 200, the breaker on, with rollback.
    async fn make_service(&self, name: &str, desired: u32, image: &str);

    /// Makes the service scalable.
    async fn make_scalable(&self, service: &str, as_seen: ScalingSeen);

    /// Decides what becomes of all tasks with this image from now on; others run.
    async fn decide(&self, image: &str, fate: Fate);

    /// Pushes an image with this content to a repository that exists.
    async fn push(&self, repository: &RepositoryName, tag: &str, content: &[u8]) -> Digest;

    /// Decides what scans of this image find from now on; those of others find nothing. Basic scanning: nothing
    /// is said of a fix.
    async fn scan_finds(&self, digest: &Digest, found: &Vulnerability);

    /// To how many images the lifecycle policy of a repository keeps it; `None` without a policy.
    async fn keeps_last(&self, repository: &RepositoryName) -> Option<u32>;

    /// Keeps a secret where the source says; one of the agent's own is not asked for.
    async fn keep_secret(&self, at: &SecretSource, value: &str);
}

/// What becomes of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Its container exits.
    Exits {
        /// Exit code.
        code: i32,
        /// So long after it came to RUNNING.
        after: Duration,
    },
    /// Its image cannot be pulled.
    CannotPull,
}
