//! What `dependsOn` may say: containers that are there, and that do not wait for each other in a circle.

use std::collections::{BTreeMap, BTreeSet};

use crate::ecs::names;
use crate::wire::{ApiError, Input};

/// Checks the dependencies of all containers. For a circle no text of AWS is known: it is worded like
/// the one for `links`.
pub(super) fn check(containers: &[Input<'_>]) -> Result<(), ApiError> {
    let mut essential = BTreeMap::new();
    for container in containers {
        let name = container.str("name")?.unwrap_or_default();
        essential.insert(name, container.bool("essential")?.unwrap_or(true));
    }
    let mut waits: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for container in containers {
        let name = container.str("name")?.unwrap_or_default();
        for needed in container.structures("dependsOn")? {
            let other = needed.str("containerName")?.unwrap_or_default();
            let Some(is_essential) = essential.get_key_value(other) else {
                return Err(names::client(format!(
                    "Cannot depend on container + '{other}' because it does not exist"
                )));
            };
            let ends = matches!(needed.str("condition")?, Some("SUCCESS" | "COMPLETE"));
            if ends && *is_essential.1 {
                return Err(names::client(
                    "A dependency container with SUCCESS or COMPLETE condition cannot be an essential \
                     container",
                ));
            }
            waits.entry(name).or_default().insert(*is_essential.0);
        }
    }
    // Takes away, again and again, who waits for nobody; who is left waits in a circle.
    loop {
        let free: Vec<&str> = waits
            .iter()
            .filter(|(_, needed)| needed.iter().all(|other| !waits.contains_key(other)))
            .map(|(name, _)| *name)
            .collect();
        if waits.is_empty() {
            return Ok(());
        }
        if free.is_empty() {
            return Err(names::client(
                "Container dependencies should not have a cycle",
            ));
        }
        waits.retain(|name, _| !free.contains(name));
    }
}
