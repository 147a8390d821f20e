//! What a submission asks for, resolved: no file of the submitter's machine is needed any more.

use std::time::Duration;

use crate::gate::Gates;
use crate::ids::{
    AccountId, AppName, ClusterName, Digest, EnvName, Region, ReleaseId, RepositoryName, Target,
};
use crate::scan::ScanGate;

/// One submission, with everything that the agents need to carry it out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseSpec {
    /// The app.
    pub app: AppName,
    /// The environment of the app.
    pub env: EnvName,
    /// What kind of release it is.
    pub kind: ReleaseKind,
    /// Where the image comes from.
    pub source: Source,
    /// How the image is built; `None` when `source` is an image.
    pub build: Option<BuildSettings>,
    /// Where the image is pushed to, and under which tags.
    pub image: ImageSettings,
    /// Blob with the task definition (JSON as `register-task-definition --cli-input-json` takes it).
    pub task_definition: Digest,
    /// Names of the containers that get the image.
    pub containers: Vec<String>,
    /// The services to change, in waves.
    pub targets: Vec<TargetSpec>,
    /// How they are changed.
    pub rollout: RolloutSettings,
    /// Place among the waiting.
    pub priority: Priority,
    /// Which vulnerabilities keep the image from being deployed; `None`: its scans are not asked for.
    pub scan: Option<ScanGate>,
    /// One-off tasks before and after each rollout; a rollback runs none.
    pub gates: Gates,
}

/// Why a release exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReleaseKind {
    /// Somebody wants something new to serve.
    Deploy,
    /// Somebody wants something old back; `undoes` is the release whose work is taken back.
    Rollback {
        /// The release that is undone.
        undoes: ReleaseId,
        /// The release whose image and task definition come back.
        to: ReleaseId,
    },
    /// The coordinator pays a debt of a target that no living job pays.
    Settle,
}

impl ReleaseKind {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deploy => "deploy",
            Self::Rollback { .. } => "rollback",
            Self::Settle => "settle",
        }
    }
}

/// Where an image comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A tree that the submitter uploaded as a blob.
    Context {
        /// The tar, as a blob.
        blob: Digest,
        /// Commit that the tree was made from, when it was a git work tree.
        revision: Option<Revision>,
    },
    /// A commit that the agent fetches.
    Commit {
        /// URL of the repository.
        repository: String,
        /// Folder inside the repository that holds the manifest, "" for its root.
        folder: String,
        /// Full commit hash.
        revision: Revision,
    },
    /// An image that exists already: a reference with tag or digest.
    Image {
        /// The reference as given.
        reference: String,
    },
}

/// A commit, as people know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    /// Full hash, 40 or 64 hexadecimal digits.
    pub commit: String,
    /// First line of its message, may be empty.
    pub subject: String,
    /// Time of the commit in seconds since the epoch; the time that goes into the image.
    pub committed_at: u64,
    /// Whether the work tree had changes that the commit does not hold.
    pub dirty: bool,
    /// Where the repository is kept, when known.
    pub repository: Option<String>,
}

impl Revision {
    /// The first seven digits of the hash, with `-dirty` for a changed work tree.
    #[must_use]
    pub fn short(&self) -> String {
        let hash: String = self.commit.chars().take(7).collect();
        if self.dirty {
            format!("{hash}-dirty")
        } else {
            hash
        }
    }
}

/// How an image is built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildSettings {
    /// The builder and what it alone needs.
    pub builder: Builder,
    /// Platforms such as `linux/amd64`; empty means the platform of the task definition.
    pub platforms: Vec<String>,
    /// Secrets for the build, by name.
    pub secrets: Vec<BuildSecret>,
}

impl BuildSettings {
    /// Name of the builder, as agents announce it.
    #[must_use]
    pub const fn builder_name(&self) -> &'static str {
        match self.builder {
            Builder::Docker(_) => "docker",
            Builder::Layers(_) => "layers",
        }
    }
}

/// The builders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Builder {
    /// A Dockerfile, by BuildKit in a Docker Engine.
    Docker(DockerBuild),
    /// Files on a base image, without a daemon.
    Layers(LayersBuild),
}

/// What a Dockerfile build needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DockerBuild {
    /// Dockerfile, relative to the context.
    pub dockerfile: String,
    /// Stage to build; `None` is the last.
    pub target: Option<String>,
    /// Build arguments. They can be read from the image: never put a secret here.
    pub args: Vec<(String, String)>,
    /// Whether cached steps may be used, and references to import a cache from.
    pub cache: BuildCache,
}

/// What a build may reuse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildCache {
    /// Whether steps cached by the engine are used.
    pub enabled: bool,
    /// Images whose inline cache is imported.
    pub from: Vec<String>,
}

impl Default for BuildCache {
    fn default() -> Self {
        Self {
            enabled: true,
            from: Vec::new(),
        }
    }
}

/// What an image made of files needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LayersBuild {
    /// Base image; `None` starts from scratch.
    pub base: Option<String>,
    /// What is copied, one layer each, in order.
    pub files: Vec<CopyFiles>,
    /// Entrypoint; empty keeps the base's.
    pub entrypoint: Vec<String>,
    /// Command; empty keeps the base's unless an entrypoint is given.
    pub command: Vec<String>,
    /// Environment, on top of the base's.
    pub env: Vec<(String, String)>,
    /// Labels, on top of the base's.
    pub labels: Vec<(String, String)>,
    /// User; `None` keeps the base's.
    pub user: Option<String>,
    /// Working directory; `None` keeps the base's.
    pub workdir: Option<String>,
    /// Exposed ports, such as `8080/tcp`.
    pub ports: Vec<String>,
}

/// One copy from the context into the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyFiles {
    /// File or folder, relative to the context; a folder is copied with its content.
    pub from: String,
    /// Absolute path in the image.
    pub to: String,
}

/// A secret that a build may read through a BuildKit mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildSecret {
    /// Id that the Dockerfile names.
    pub id: String,
    /// Where the agent finds the value.
    pub from: SecretSource,
}

/// Where an agent finds the value of a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// A variable of the agent's environment.
    Env(String),
    /// A file on the agent's machine.
    File(String),
    /// Secrets Manager, by ARN or name in the account of the image.
    SecretsManager(String),
    /// SSM Parameter Store, by ARN or name in the account of the image.
    Ssm(String),
}

/// Where an image goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageSettings {
    /// Account that owns the repository.
    pub account: AccountId,
    /// Region of the repository.
    pub region: Region,
    /// The repository.
    pub repository: RepositoryName,
    /// Tags, resolved; each is set on what is pushed.
    pub tags: Vec<ImageTag>,
    /// What the repository is created with, when it does not exist; `None`: it must exist.
    pub create: Option<RepositorySettings>,
    /// Whether Shipway sets the repository policy so that the accounts of all targets can pull;
    /// otherwise it only checks.
    pub set_policy: bool,
}

/// A tag of a release's image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageTag {
    /// The tag.
    pub tag: String,
    /// Whether it is expected to move from image to image (`prod-latest`).
    pub moving: bool,
}

/// What a repository is created with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepositorySettings {
    /// Scan each image when it is pushed.
    pub scan_on_push: bool,
    /// Whether tags may move.
    pub mutability: TagMutability,
    /// Expire all but the newest so many images; `None` keeps all.
    pub keep_last: Option<u32>,
}

/// Whether tags of a repository may move (ecs-facts 7.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TagMutability {
    /// Every tag may move.
    Mutable,
    /// No tag may move, but those that match one of the wildcards.
    Immutable {
        /// Wildcards of the tags that may move, at most 5.
        except: Vec<String>,
    },
}

/// One target of a release and when its turn comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetSpec {
    /// The service.
    pub target: Target,
    /// Wave, from 0; a wave starts when all of the one before are live.
    pub wave: u32,
}

impl TargetSpec {
    /// The cluster of the target.
    #[must_use]
    pub const fn cluster(&self) -> &ClusterName {
        &self.target.cluster
    }
}

/// How services are changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RolloutSettings {
    /// Lower bound of healthy tasks, in percent of desired, 0 to 100.
    pub minimum_healthy_percent: u32,
    /// Upper bound of running tasks, in percent of desired, 100 to 400.
    pub maximum_percent: u32,
    /// Time in which ECS ignores failing health checks of a new task; `None` leaves it as it is.
    pub health_check_grace_period: Option<Duration>,
    /// The circuit breaker.
    pub breaker: Breaker,
    /// What happens to auto scaling during the rollout.
    pub autoscaling: Autoscaling,
    /// How long the rollout is watched before the verdict is `unknown`.
    pub timeout: Duration,
    /// Start a deployment although nothing differs.
    pub force: bool,
    /// Containers of the new revision that end within seconds of their start after which the rollout is stopped and
    /// rolled back, 1 to 200; 0: it is never stopped early, whatever is plain.
    pub stop_early_after: u32,
    /// Revisions of the task definition that Shipway registered for the service of which the newest so many stay, 1 to
    /// 50, once a rollout ended live; `None`: none is ever deregistered.
    pub keep_revisions: Option<u32>,
}

impl RolloutSettings {
    /// [`RolloutSettings::stop_early_after`] when nothing is said.
    pub const STOP_EARLY_AFTER: u32 = 3;
    /// The largest [`RolloutSettings::stop_early_after`]: that of the circuit breaker (ecs-facts 2.2).
    pub const LATEST_STOP: u32 = 200;
    /// The largest [`RolloutSettings::keep_revisions`]: with as many again they fit one page of ECS.
    pub const MOST_REVISIONS: u32 = 50;
}

/// The deployment circuit breaker of ECS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Breaker {
    /// On, with rollback.
    On,
    /// Off, for a reason that somebody wrote down.
    Off {
        /// The reason.
        reason: String,
    },
}

/// What happens to auto scaling during a rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Autoscaling {
    /// It is left alone.
    Keep,
    /// It is suspended, and put back as it was.
    Suspend,
}

/// Place among the waiting: 0 to 100, higher first; 50 when nothing is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Priority(u8);

impl Priority {
    /// A priority from 0 to 100, or `None` beyond that.
    #[must_use]
    pub const fn new(level: u8) -> Option<Self> {
        if level <= 100 {
            Some(Self(level))
        } else {
            None
        }
    }

    /// The level, 0 to 100.
    #[must_use]
    pub const fn level(self) -> u8 {
        self.0
    }
}

impl Default for Priority {
    fn default() -> Self {
        Self(50)
    }
}
