//! `[env.NAME]`: where an environment lives, and how it is changed.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

/// An environment: one or more ECS services, in waves, and how they are changed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EnvironmentFile {
    /// The services to change.
    #[schemars(length(min = 1))]
    pub(crate) targets: Vec<TargetFile>,
    /// How many tasks may be missing or run at once. Default: "balanced".
    pub(crate) strategy: Option<StrategyName>,
    /// Instead of a strategy: healthy tasks that must stay, in percent of desired. Default: 100.
    #[schemars(range(min = 0, max = 100))]
    pub(crate) minimum_healthy_percent: Option<u32>,
    /// Instead of a strategy: tasks that may run at once, in percent of desired. Default: 200.
    #[schemars(range(min = 100, max = 400))]
    pub(crate) maximum_percent: Option<u32>,
    /// Time in which ECS ignores failing health checks of a new task, such as "60s". Default: as the service has it.
    pub(crate) health_check_grace_period: Option<String>,
    /// The deployment circuit breaker with rollback. Default: true. Off only with a reason: { enabled = false, reason = "…" }.
    pub(crate) circuit_breaker: Option<BreakerFile>,
    /// What happens to auto scaling during the rollout. Default: "keep".
    #[serde(default)]
    pub(crate) autoscaling: AutoscalingName,
    /// How long the rollout is watched before its verdict is "unknown", such as "20m". Default: "20m".
    pub(crate) timeout: Option<String>,
    /// Containers of the new revision that end within seconds of their start after which the rollout is stopped and rolled back; so it is at once when its image or a secret cannot be had. 0: never. Default: 3.
    #[schemars(range(min = 0, max = 200))]
    pub(crate) stop_early_after: Option<u32>,
    /// After a rollout that ended live, older revisions that Shipway registered for the service and nothing uses are deregistered; so many of the newest stay. Default: none is deregistered.
    #[schemars(range(min = 1, max = 50))]
    pub(crate) keep_revisions: Option<u32>,
    /// Start a deployment although nothing differs. Default: false.
    #[serde(default)]
    pub(crate) force: bool,
    /// Place among the waiting, higher first. Default: 50.
    #[schemars(range(min = 0, max = 100))]
    pub(crate) priority: Option<u8>,
    /// Another task definition file for this environment alone, relative to this file.
    pub(crate) task_definition: Option<String>,
    /// Values for ${NAME} in the task definition; they go before those of [task_definition.variables].
    #[serde(default)]
    pub(crate) variables: BTreeMap<String, String>,
    /// A task that runs before the rollout of each target, such as the migration of a database: once for a release and a target. Unless it ends with exit code 0, the target stays as it is. A rollback runs none.
    pub(crate) before: Option<GateFile>,
    /// A task that runs after each rollout that came to be live, such as a smoke test. Unless it ends with exit code 0, the release fails, and the next wave does not begin.
    pub(crate) after: Option<GateFile>,
}

/// A one-off task: the task definition of the environment and the image of the release, with another command, in the network and on the capacity of the target's service.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GateFile {
    /// What the container runs, such as ["./migrate", "up"].
    #[schemars(length(min = 1))]
    pub(crate) command: Vec<String>,
    /// The container that runs it and whose exit code counts; it gets the image and is essential. Default: the first that gets the image.
    pub(crate) container: Option<String>,
    /// Variables of its environment, beside those of the task definition. They can be read in the console: never put a secret here.
    #[serde(default)]
    pub(crate) environment: BTreeMap<String, String>,
    /// How long it may take, "10s" to "12h"; then it is stopped, and has failed. Default: "10m".
    pub(crate) timeout: Option<String>,
}

/// One ECS service.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TargetFile {
    /// Account of the cluster: 12 digits, or a name of [accounts].
    pub(crate) account: String,
    /// Region of the cluster, such as "eu-west-1".
    pub(crate) region: String,
    /// Name of the cluster.
    pub(crate) cluster: String,
    /// Name of the service.
    pub(crate) service: String,
    /// A wave starts when all targets of the one before are live. Default: 0, the first.
    #[serde(default)]
    #[schemars(range(min = 0, max = 100))]
    pub(crate) wave: u32,
}

/// How many tasks may be missing or run at once.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StrategyName {
    /// All stay healthy, at most 150 percent run.
    Conservative,
    /// All stay healthy, at most 200 percent run.
    Balanced,
    /// Half may be missing, at most 200 percent run.
    Aggressive,
}

/// The deployment circuit breaker.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum BreakerFile {
    /// true; to switch it off, a reason has to be given.
    Switch(bool),
    /// On, or off for a reason.
    Explained(BreakerTable),
}

/// The deployment circuit breaker, with the reason when it is off.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BreakerTable {
    /// Whether it is on.
    pub(crate) enabled: bool,
    /// Why it is off.
    pub(crate) reason: Option<String>,
}

/// What happens to auto scaling during the rollout.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AutoscalingName {
    /// It is left alone.
    #[default]
    Keep,
    /// It is suspended, and put back exactly as it was.
    Suspend,
}
