//! Rules of the task itself: its name, its containers as a whole, network mode and platform.

use super::{MAX_BYTES, Problems, containers};
use crate::document::{Document, Pointer};
use crate::task_definition::{items, text};

const MAX_CONTAINERS: usize = 10;
const NETWORK_MODES: [&str; 4] = ["awsvpc", "bridge", "host", "none"];
const ARCHITECTURES: [&str; 2] = ["X86_64", "ARM64"];
const SYSTEMS: [&str; 10] = [
    "LINUX",
    "WINDOWS_SERVER_2025_FULL",
    "WINDOWS_SERVER_2025_CORE",
    "WINDOWS_SERVER_2022_FULL",
    "WINDOWS_SERVER_2022_CORE",
    "WINDOWS_SERVER_2019_FULL",
    "WINDOWS_SERVER_2019_CORE",
    "WINDOWS_SERVER_2016_FULL",
    "WINDOWS_SERVER_2004_CORE",
    "WINDOWS_SERVER_20H2_CORE",
];
const COMPATIBILITIES: [&str; 4] = ["EC2", "FARGATE", "EXTERNAL", "MANAGED_INSTANCES"];

pub(super) fn check(definition: &Document, found: &mut Problems) {
    let root = Pointer::root();
    let bytes = definition.to_string().len();
    if bytes > MAX_BYTES {
        found.add(
            root.clone(),
            format!("it has {bytes} bytes of JSON"),
            format!(
                "ECS takes at most {MAX_BYTES}; long values fit in environmentFiles or secrets"
            ),
        );
    }
    family(definition, found);
    all_containers(definition, found);
    found.one_of(definition, &root, "networkMode", &NETWORK_MODES);
    for (place, item) in items(definition, "requiresCompatibilities")
        .iter()
        .enumerate()
    {
        let at = root.name("requiresCompatibilities").index(place);
        if let Some(name) = item.as_str().filter(|name| !COMPATIBILITIES.contains(name)) {
            let hint = format!("permitted: {}", COMPATIBILITIES.join(", "));
            found.add(at, format!("{name:?} does not exist"), hint);
        }
    }
    if let Some(platform) = definition.get("runtimePlatform") {
        let at = root.name("runtimePlatform");
        found.one_of(platform, &at, "cpuArchitecture", &ARCHITECTURES);
        found.one_of(platform, &at, "operatingSystemFamily", &SYSTEMS);
    }
}

fn family(definition: &Document, found: &mut Problems) {
    const RULE: &str = "a family has 1 to 255 of letters, digits, '-' and '_'";
    let root = Pointer::root();
    match definition.get("family") {
        None => found.missing(definition, &root, "family", RULE),
        Some(Document::String(family)) if !is_name(family) => {
            found.add(
                root.name("family"),
                format!("{family:?} is no family name"),
                RULE,
            );
        }
        Some(_) => {}
    }
}

fn all_containers(definition: &Document, found: &mut Problems) {
    let root = Pointer::root();
    let at = root.name("containerDefinitions");
    match definition.get("containerDefinitions") {
        None => {
            let hint = "a task definition needs at least one container";
            found.missing(definition, &root, "containerDefinitions", hint);
        }
        Some(Document::Array(all)) if all.is_empty() => {
            found.add(
                at,
                "there are no containers",
                "a task definition needs at least one",
            );
        }
        Some(Document::Array(all)) => {
            if all.len() > MAX_CONTAINERS {
                let message = format!("there are {} containers", all.len());
                found.add(
                    at.clone(),
                    message,
                    format!("at most {MAX_CONTAINERS} are permitted"),
                );
            }
            let optional = |container: &Document| {
                container.get("essential").and_then(Document::as_bool) == Some(false)
            };
            if all.iter().all(optional) {
                let hint = "set essential to true on the container whose end is the task's end";
                found.add(at, "no container is essential", hint);
            }
        }
        Some(_) => {}
    }
    let mut names = Vec::new();
    for (at, container) in containers(definition) {
        let Some(name) = text(container, "name") else {
            continue;
        };
        if names.contains(&name) {
            let message = format!("a second container is named {name:?}");
            found.add(
                at.name("name"),
                message,
                "names of containers are unique in a task",
            );
        }
        names.push(name);
    }
}

/// The rule of families and of containers' names.
pub(super) fn is_name(text: &str) -> bool {
    (1..=255).contains(&text.len())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}
