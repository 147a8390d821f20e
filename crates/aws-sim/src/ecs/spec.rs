//! What a task definition says about its tasks, as far as the simulator acts on it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::external::pairs;
use super::log::LogTarget;
use crate::image::Platform;

/// A task definition as its tasks see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Spec {
    /// ARN.
    pub(super) definition: String,
    pub(super) family: String,
    pub(super) containers: Vec<ContainerSpec>,
    pub(super) cpu: Option<String>,
    pub(super) memory: Option<String>,
    pub(super) windows: bool,
    pub(super) arm: bool,
    pub(super) awsvpc: bool,
    pub(super) execution_role: Option<String>,
    pub(super) ephemeral_gib: Option<i64>,
    /// The longest of its containers.
    pub(super) stop_timeout: Duration,
    /// Of its essential containers, when one has any.
    pub(super) health_check: Option<HealthCheck>,
}

/// A container of a task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct ContainerSpec {
    pub(super) name: String,
    pub(super) image: String,
    pub(super) essential: bool,
    /// `versionConsistency`: the tag is resolved once for all tasks of a revision.
    pub(super) consistent: bool,
    pub(super) cpu: i64,
    pub(super) memory: Option<i64>,
    pub(super) memory_reservation: Option<i64>,
    pub(super) health_check: bool,
    #[serde(default)]
    pub(super) log: Option<LogTarget>,
    /// `valueFrom` of its secrets.
    #[serde(default)]
    pub(super) secrets: Vec<String>,
}

/// The pace of a container health check (ecs-facts 1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct HealthCheck {
    pub(super) interval: Duration,
    pub(super) retries: u32,
    pub(super) start_period: Duration,
}

/// Default of `stopTimeout` in seconds.
const STOP_TIMEOUT: u64 = 30;
/// No span of a task definition is longer, in seconds; AWS allows far less.
const A_DAY: u64 = 86_400;

impl Spec {
    /// Reads a normalised task definition.
    pub(super) fn of(definition: String, body: &Map<String, Value>) -> Self {
        let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
        let platform = |name: &str| body.get("runtimePlatform")?.get(name)?.as_str();
        let containers = body.get("containerDefinitions").and_then(Value::as_array);
        let containers = containers.map_or(&[][..], Vec::as_slice);
        let timeouts = containers
            .iter()
            .map(|container| seconds(container, "stopTimeout", STOP_TIMEOUT));
        let essential = containers
            .iter()
            .filter(|container| is_essential(container));
        Self {
            definition,
            family: text("family").unwrap_or_default(),
            containers: containers.iter().map(container).collect(),
            cpu: text("cpu"),
            memory: text("memory"),
            windows: platform("operatingSystemFamily").is_some_and(|os| os.starts_with("WINDOWS")),
            arm: platform("cpuArchitecture") == Some("ARM64"),
            awsvpc: text("networkMode").as_deref() == Some("awsvpc"),
            execution_role: text("executionRoleArn"),
            ephemeral_gib: body
                .get("ephemeralStorage")
                .and_then(|storage| storage.get("sizeInGiB")?.as_i64()),
            stop_timeout: timeouts.max().unwrap_or(Duration::from_secs(STOP_TIMEOUT)),
            health_check: essential.filter_map(health_check).next(),
        }
    }

    /// What its images are built for.
    pub(super) const fn platform(&self) -> Platform<'static> {
        Platform {
            os: if self.windows { "windows" } else { "linux" },
            architecture: if self.arm { "arm64" } else { "amd64" },
        }
    }
}

fn is_essential(container: &Value) -> bool {
    container
        .get("essential")
        .and_then(Value::as_bool)
        .unwrap_or(true)
}

fn seconds(from: &Value, name: &str, otherwise: u64) -> Duration {
    let given = from.get(name).and_then(Value::as_u64);
    Duration::from_secs(given.unwrap_or(otherwise).min(A_DAY))
}

fn container(container: &Value) -> ContainerSpec {
    let text = |name: &str| {
        let text = container.get(name).and_then(Value::as_str);
        text.unwrap_or_default().to_owned()
    };
    let number = |name: &str| container.get(name).and_then(Value::as_i64);
    ContainerSpec {
        name: text("name"),
        image: text("image"),
        essential: is_essential(container),
        consistent: text("versionConsistency") != "disabled",
        cpu: number("cpu").unwrap_or_default(),
        memory: number("memory"),
        memory_reservation: number("memoryReservation"),
        health_check: health_check(container).is_some(),
        log: LogTarget::of(container),
        secrets: pairs(container.get("secrets"), "valueFrom")
            .map(|(_, from)| from.to_owned())
            .collect(),
    }
}

fn health_check(container: &Value) -> Option<HealthCheck> {
    let check = container.get("healthCheck")?;
    let command = check.get("command")?.as_array()?;
    if command.first()?.as_str() == Some("NONE") {
        return None;
    }
    let retries = check.get("retries").and_then(Value::as_u64).unwrap_or(3);
    Some(HealthCheck {
        interval: seconds(check, "interval", 30),
        retries: u32::try_from(retries.min(10)).unwrap_or(3),
        start_period: seconds(check, "startPeriod", 0),
    })
}
