//! What Fargate does not allow in a task definition (ecs-facts 6.4).

use serde_json::Value;

use crate::ecs::names;
use crate::wire::{ApiError, Input};

/// Members of containers that must be absent, false or empty.
const OF_CONTAINERS: [&str; 7] = [
    "privileged",
    "links",
    "disableNetworking",
    "dnsSearchDomains",
    "dnsServers",
    "dockerSecurityOptions",
    "extraHosts",
];

/// Log drivers that Fargate has.
const LOG_DRIVERS: [&str; 3] = ["awslogs", "splunk", "awsfirelens"];

/// Refuses what Fargate does not allow.
pub(super) fn check(input: &Input<'_>, containers: &[Input<'_>]) -> Result<(), ApiError> {
    if input.str("ipcMode")?.is_some() {
        return Err(names::client("Fargate does not support ipcMode."));
    }
    if input.str("pidMode")? == Some("host") {
        return Err(names::client("Fargate only supports pidMode 'task'."));
    }
    if !is_unset(input.get("placementConstraints")) {
        return Err(names::client(
            "Fargate does not support placementConstraints.",
        ));
    }
    if let Some(storage) = input.structure("ephemeralStorage")? {
        let size = storage.int("sizeInGiB")?;
        if !size.is_some_and(|size| (21..=200).contains(&size)) {
            return Err(names::client(
                "ephemeralStorage.sizeInGiB must be in 21..200.",
            ));
        }
    }
    containers.iter().try_for_each(check_container)
}

fn check_container(container: &Input<'_>) -> Result<(), ApiError> {
    if let Some(name) = OF_CONTAINERS
        .iter()
        .find(|name| !is_unset(container.get(name)))
    {
        return Err(names::client(format!("Fargate does not support {name}.")));
    }
    let timeout = container.int("stopTimeout")?;
    if timeout.is_some_and(|seconds| !(2..=120).contains(&seconds)) {
        return Err(names::client(
            "On Fargate stopTimeout must be in 2..120 seconds.",
        ));
    }
    for needed in container.structures("resourceRequirements")? {
        if needed.str("type")? == Some("GPU") {
            return Err(names::client("Fargate does not support GPUs."));
        }
    }
    if let Some(logs) = container.structure("logConfiguration")? {
        let driver = logs.need_str("logDriver")?;
        if !LOG_DRIVERS.contains(&driver) {
            return Err(names::client(format!(
                "Log driver '{driver}' is not supported on Fargate: {}.",
                LOG_DRIVERS.join(", ")
            )));
        }
    }
    if let Some(linux) = container.structure("linuxParameters")? {
        for name in ["maxSwap", "swappiness"] {
            if linux.get(name).is_some() {
                return Err(names::client(format!("Fargate does not support {name}.")));
            }
        }
        if let Some(capabilities) = linux.structure("capabilities")?
            && capabilities
                .strings("add")?
                .iter()
                .any(|one| *one != "SYS_PTRACE")
        {
            return Err(names::client(
                "On Fargate only SYS_PTRACE can be added to capabilities.",
            ));
        }
    }
    Ok(())
}

fn is_unset(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null | Value::Bool(false)) => true,
        Some(Value::Array(items)) => items.is_empty(),
        Some(_) => false,
    }
}
