//! What RegisterTaskDefinition refuses.

use super::normalise::{cpu_units, memory_mib};
use super::{dependencies, fargate, forbidden};
use crate::ecs::names::{self, is_name, one_of};
use crate::wire::{ApiError, Input};

/// Most containers of one definition.
const MOST_CONTAINERS: usize = 10;
/// Largest definition in bytes.
const LARGEST: usize = 64 * 1024;

/// Checks an input; what is unknown is not looked at.
pub(super) fn check(input: &Input<'_>, size: usize) -> Result<(), ApiError> {
    let family = input.need_str("family")?;
    if !is_name(family) {
        return Err(names::client(
            "Family contains invalid characters: 1 to 255 letters, digits, hyphens and underscores are \
             allowed.",
        ));
    }
    if size > LARGEST {
        return Err(names::client(
            "Actual length of the task definition is greater than the maximum of 64 KiB.",
        ));
    }
    if input.get("containerDefinitions").is_none() {
        return Err(input.required("containerDefinitions"));
    }
    one_of(input, "networkMode", &["bridge", "host", "awsvpc", "none"])?;
    one_of(input, "pidMode", &["host", "task"])?;
    one_of(input, "ipcMode", &["host", "task", "none"])?;
    for compatibility in input.strings("requiresCompatibilities")? {
        if !["EC2", "FARGATE", "EXTERNAL", "MANAGED_INSTANCES"].contains(&compatibility) {
            return Err(ApiError::invalid_parameter(format!(
                "Value '{compatibility}' at 'requiresCompatibilities' failed to satisfy constraint: \
                 Member must satisfy enum value set: [EC2, FARGATE, EXTERNAL, MANAGED_INSTANCES]"
            )));
        }
    }
    let cpu = size_of(input, "cpu", cpu_units)?;
    let memory = size_of(input, "memory", memory_mib)?;
    let containers = input.structures("containerDefinitions")?;
    check_containers(&containers, cpu, memory)?;
    let fargate = input
        .strings("requiresCompatibilities")?
        .contains(&"FARGATE");
    if fargate {
        check_fargate(input, cpu, memory, &containers)?;
    } else if memory.is_none() {
        for container in &containers {
            if container.get("memory").is_none() && container.get("memoryReservation").is_none() {
                return Err(names::client(format!(
                    "Invalid setting for container '{}'. At least one of 'memory' or \
                     'memoryReservation' must be specified.",
                    container.str("name")?.unwrap_or_default()
                )));
            }
        }
    }
    Ok(())
}

fn size_of(
    input: &Input<'_>,
    name: &str,
    read: fn(&str) -> Option<u64>,
) -> Result<Option<u64>, ApiError> {
    let Some(text) = input.str(name)? else {
        return Ok(None);
    };
    let invalid = || names::client(format!("Invalid '{name}' setting for task: {text}"));
    read(text).map(Some).ok_or_else(invalid)
}

fn check_containers(
    containers: &[Input<'_>],
    cpu: Option<u64>,
    memory: Option<u64>,
) -> Result<(), ApiError> {
    if containers.is_empty() {
        return Err(names::client("Container list cannot be empty."));
    }
    if containers.len() > MOST_CONTAINERS {
        return Err(names::client(format!(
            "A task definition has at most {MOST_CONTAINERS} containers."
        )));
    }
    let mut seen = Vec::new();
    let (mut essential, mut all_cpu, mut all_memory) = (false, 0, 0);
    for container in containers {
        let name = container.str("name")?.unwrap_or_default();
        if !is_name(name) {
            return Err(names::client(
                "Container.name contains invalid characters or is blank.",
            ));
        }
        if seen.contains(&name) {
            return Err(names::client(format!(
                "Container name {name} is used twice."
            )));
        }
        seen.push(name);
        if container.str("image")?.unwrap_or_default().is_empty() {
            return Err(names::client(
                "Container.image should not be null or empty.",
            ));
        }
        one_of(container, "versionConsistency", &["enabled", "disabled"])?;
        essential |= container.bool("essential")?.unwrap_or(true);
        all_cpu = positive(container, "cpu")?.saturating_add(all_cpu);
        let reserved = positive(container, "memoryReservation")?;
        let limit = positive(container, "memory")?;
        all_memory = u64::saturating_add(all_memory, if reserved > 0 { reserved } else { limit });
    }
    dependencies::check(containers)?;
    if !essential {
        return Err(names::client(
            "A task definition needs at least one essential container.",
        ));
    }
    if memory.is_some_and(|task| all_memory > task) {
        return Err(names::client(
            "Invalid 'memory' setting for task: the containers need more than the task has.",
        ));
    }
    if cpu.is_some_and(|task| all_cpu > task) {
        return Err(names::client(
            "Invalid 'cpu' setting for task: the containers need more than the task has.",
        ));
    }
    Ok(())
}

fn positive(container: &Input<'_>, name: &str) -> Result<u64, ApiError> {
    let value = container.int(name)?.unwrap_or_default();
    u64::try_from(value)
        .map_err(|_| names::client(format!("Container.{name} must not be negative.")))
}

fn check_fargate(
    input: &Input<'_>,
    cpu: Option<u64>,
    memory: Option<u64>,
    containers: &[Input<'_>],
) -> Result<(), ApiError> {
    if input.str("networkMode")? != Some("awsvpc") {
        return Err(names::client(
            "Fargate only supports network mode 'awsvpc'.",
        ));
    }
    let (Some(cpu), Some(memory)) = (cpu, memory) else {
        return Err(names::client(
            "Fargate requires that 'cpu' and 'memory' be defined at the task level.",
        ));
    };
    if !fargate::offers(cpu, memory) {
        return Err(names::client(format!(
            "No Fargate configuration exists for given values: {cpu} CPU, {memory} memory. See the \
             Amazon ECS documentation for the valid values."
        )));
    }
    forbidden::check(input, containers)
}
