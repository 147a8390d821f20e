//! What Fargate needs, and what it does not have (ecs-facts 6.4).

use super::{Problems, containers, each};
use crate::document::{Document, Pointer};
use crate::task_definition::sizes::fargate;
use crate::task_definition::{cpu_units, items, memory_mib, text};

/// Members of a container that Fargate refuses.
const REFUSED: [&str; 6] = [
    "disableNetworking",
    "dnsSearchDomains",
    "dnsServers",
    "dockerSecurityOptions",
    "extraHosts",
    "links",
];
const LOG_DRIVERS: [&str; 3] = ["awslogs", "splunk", "awsfirelens"];
const MAX_OPEN_FILES: i64 = 1_048_576;

pub(super) fn check(definition: &Document, found: &mut Problems) {
    let root = Pointer::root();
    let network = text(definition, "networkMode");
    let wrong = match network {
        None if definition.get("networkMode").is_none() => {
            Some("networkMode is missing".to_owned())
        }
        Some(mode @ ("bridge" | "host" | "none")) => {
            Some(format!("networkMode {mode} is not possible on Fargate"))
        }
        _ => None,
    };
    if let Some(message) = wrong {
        found.add(
            root.name("networkMode"),
            message,
            "Fargate needs networkMode \"awsvpc\"",
        );
    }
    size(definition, found);
    for name in ["ipcMode", "placementConstraints"] {
        refuse(definition, &root, name, found);
    }
    if text(definition, "pidMode").is_some_and(|mode| mode != "task") {
        let message = "pidMode host is not possible on Fargate";
        found.add(root.name("pidMode"), message, "permitted: task");
    }
    if let Some(storage) = definition.get("ephemeralStorage") {
        let at = root.name("ephemeralStorage");
        found.range(
            storage,
            &at,
            "sizeInGiB",
            21,
            200,
            "20 come without it; permitted: ",
        );
    }
    for (at, volume) in each(definition, &root, "volumes") {
        let host = volume.get("host");
        if host.is_some_and(|host| text(host, "sourcePath").is_some()) {
            let at = at.name("host").name("sourcePath");
            found.add(
                at,
                "Fargate has no host to mount from",
                "remove it, or use EFS",
            );
        }
    }
    for (at, container) in containers(definition) {
        one(container, &at, found);
    }
    execution_role(definition, found);
}

/// The table of sizes.
fn size(definition: &Document, found: &mut Problems) {
    let root = Pointer::root();
    let system = definition
        .get("runtimePlatform")
        .and_then(|platform| text(platform, "operatingSystemFamily"));
    let sizes = fargate(system.is_some_and(|system| system.starts_with("WINDOWS")));
    let all: Vec<String> = sizes.iter().map(|size| size.cpu.to_string()).collect();
    let permitted = format!("permitted cpu: {}", all.join(", "));
    for (name, hint) in [
        ("cpu", permitted.as_str()),
        ("memory", "Fargate needs the memory of the task"),
    ] {
        if definition.get(name).is_none() {
            found.missing(definition, &root, name, hint);
        }
    }
    let Some(cpu) = text(definition, "cpu").and_then(cpu_units) else {
        return;
    };
    let Some(size) = sizes.iter().find(|size| size.cpu == cpu) else {
        let message = format!("cpu {cpu} is no size of Fargate");
        found.add(root.name("cpu"), message, permitted);
        return;
    };
    let memory = text(definition, "memory").and_then(memory_mib);
    if let Some(memory) = memory.filter(|memory| !size.memory.contains(memory)) {
        let message = format!("memory {memory} does not go with cpu {cpu} on Fargate");
        let hint = format!("permitted with cpu {cpu}: {} MiB", size.memory_text());
        found.add(root.name("memory"), message, hint);
    }
}

fn one(container: &Document, at: &Pointer, found: &mut Problems) {
    for name in REFUSED {
        refuse(container, at, name, found);
    }
    if container.get("privileged").and_then(Document::as_bool) == Some(true) {
        found.add(
            at.name("privileged"),
            "privileged is not possible on Fargate",
            "remove it",
        );
    }
    for name in ["startTimeout", "stopTimeout"] {
        found.range(
            container,
            at,
            name,
            2,
            120,
            "permitted on Fargate: seconds, ",
        );
    }
    for (at, requirement) in each(container, at, "resourceRequirements") {
        if text(requirement, "type") == Some("GPU") {
            found.add(at, "Fargate has no GPU", "remove it, or use EC2");
        }
    }
    if let Some(linux) = container.get("linuxParameters") {
        let at = at.name("linuxParameters");
        for name in ["maxSwap", "swappiness"] {
            refuse(linux, &at, name, found);
        }
        let capabilities = linux.get("capabilities").cloned().unwrap_or_default();
        for (at, added) in each(&capabilities, &at.name("capabilities"), "add") {
            if let Some(name) = added.as_str().filter(|name| *name != "SYS_PTRACE") {
                let message = format!("capability {name} cannot be added on Fargate");
                found.add(at, message, "permitted: SYS_PTRACE");
            }
        }
    }
    for (at, limit) in each(container, at, "ulimits") {
        if text(limit, "name") == Some("nofile") {
            for name in ["softLimit", "hardLimit"] {
                found.range(
                    limit,
                    &at,
                    name,
                    0,
                    MAX_OPEN_FILES,
                    "permitted on Fargate: ",
                );
            }
        }
    }
    if let Some(log) = container.get("logConfiguration") {
        let at = at.name("logConfiguration");
        found.one_of(log, &at, "logDriver", &LOG_DRIVERS);
        let options = log.get("options").cloned().unwrap_or_default();
        if text(log, "logDriver") == Some("awslogs")
            && options.get("awslogs-stream-prefix").is_none()
        {
            let hint = "on Fargate the driver awslogs needs it";
            found.missing(&options, &at.name("options"), "awslogs-stream-prefix", hint);
        }
    }
}

/// Pulling from ECR, awslogs and secrets happen before the app's own role exists.
fn execution_role(definition: &Document, found: &mut Problems) {
    if definition.get("executionRoleArn").is_some() {
        return;
    }
    let reason = |container: &Document| {
        let log = container.get("logConfiguration");
        if text(container, "image").is_some_and(|image| image.contains(".dkr.ecr.")) {
            Some("pull from ECR")
        } else if log.is_some_and(|log| text(log, "logDriver") == Some("awslogs")) {
            Some("write logs with awslogs")
        } else if !items(container, "secrets").is_empty() {
            Some("read secrets")
        } else {
            None
        }
    };
    let first =
        containers(definition).find_map(|(_, container)| Some((container, reason(container)?)));
    if let Some((container, reason)) = first {
        let name = text(container, "name").unwrap_or_default();
        let hint = format!("on Fargate {name} needs a role to {reason}");
        found.missing(definition, &Pointer::root(), "executionRoleArn", &hint);
    }
}

/// A member that Fargate does not have; empty or false ones do no harm.
fn refuse(parent: &Document, at: &Pointer, name: &str, found: &mut Problems) {
    let harmless = match parent.get(name) {
        None | Some(Document::Null | Document::Bool(false)) => true,
        Some(Document::Array(items)) => items.is_empty(),
        Some(_) => false,
    };
    if !harmless {
        found.add(
            at.name(name),
            format!("{name} is not possible on Fargate"),
            "remove it, or use EC2",
        );
    }
}
