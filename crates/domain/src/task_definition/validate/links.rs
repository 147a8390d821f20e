//! Names inside a task definition lead to something: containers that are waited for, volumes.

use super::{Problems, containers, each};
use crate::document::Document;
use crate::task_definition::{container_names, items, text};

const CONDITIONS: [&str; 4] = ["START", "COMPLETE", "SUCCESS", "HEALTHY"];

pub(super) fn check(definition: &Document, found: &mut Problems) {
    for (at, container) in containers(definition) {
        for (at, dependency) in each(container, &at, "dependsOn") {
            found.one_of(dependency, &at, "condition", &CONDITIONS);
            let Some(name) = text(dependency, "containerName") else {
                continue;
            };
            let at = at.name("containerName");
            let others = || {
                container_names(definition).filter(|other| Some(*other) != text(container, "name"))
            };
            if !others().any(|other| other == name) {
                let names: Vec<&str> = others().collect();
                let message = format!("no other container is named {name:?}");
                found.add(at, message, permitted(&names));
            } else if text(dependency, "condition") == Some("HEALTHY")
                && !has_health_check(definition, name)
            {
                let message = format!("{name} has no healthCheck and never becomes HEALTHY");
                found.add(at, message, "give it a healthCheck, or wait for START");
            }
        }
        for (at, mount) in each(container, &at, "mountPoints") {
            let volumes: Vec<&str> = items(definition, "volumes")
                .iter()
                .filter_map(|volume| text(volume, "name"))
                .collect();
            if let Some(name) = text(mount, "sourceVolume").filter(|name| !volumes.contains(name)) {
                let message = format!("no volume is named {name:?}");
                found.add(at.name("sourceVolume"), message, permitted(&volumes));
            }
        }
    }
}

fn permitted(names: &[&str]) -> String {
    match names {
        [] => "there is none to name".to_owned(),
        names => format!("permitted: {}", names.join(", ")),
    }
}

fn has_health_check(definition: &Document, name: &str) -> bool {
    containers(definition).any(|(_, container)| {
        text(container, "name") == Some(name) && container.get("healthCheck").is_some()
    })
}
