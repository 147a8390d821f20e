//! Members that are known have the type that ECS takes; it refuses `8080` where `"8080"` is meant.

use super::Problems;
use crate::document::{Document, Pointer};

/// Types of members; objects name their shape in [`SHAPES`].
#[derive(Clone, Copy)]
enum Kind {
    Text,
    Whole,
    Bool,
    Texts,
    /// An object of texts.
    Map,
    Object(&'static str),
    List(&'static str),
}
use Kind::{Bool, List, Map, Object, Text, Texts, Whole};

type Shape = (&'static str, &'static [(&'static str, Kind)]);

/// The members whose types matter most; any other member may be anything.
const SHAPES: [Shape; 17] = [
    (
        "task",
        &[
            ("family", Text),
            ("taskRoleArn", Text),
            ("executionRoleArn", Text),
            ("networkMode", Text),
            ("containerDefinitions", List("container")),
            ("volumes", List("volume")),
            ("requiresCompatibilities", Texts),
            ("cpu", Text),
            ("memory", Text),
            ("tags", List("tag")),
            ("pidMode", Text),
            ("ipcMode", Text),
            ("ephemeralStorage", Object("ephemeralStorage")),
            ("runtimePlatform", Object("runtimePlatform")),
            ("placementConstraints", List("")),
            ("enableFaultInjection", Bool),
        ],
    ),
    (
        "container",
        &[
            ("name", Text),
            ("image", Text),
            ("cpu", Whole),
            ("memory", Whole),
            ("memoryReservation", Whole),
            ("links", Texts),
            ("portMappings", List("port")),
            ("essential", Bool),
            ("entryPoint", Texts),
            ("command", Texts),
            ("environment", List("variable")),
            ("environmentFiles", List("")),
            ("mountPoints", List("mount")),
            ("volumesFrom", List("")),
            ("linuxParameters", Object("linux")),
            ("secrets", List("secret")),
            ("dependsOn", List("dependency")),
            ("startTimeout", Whole),
            ("stopTimeout", Whole),
            ("hostname", Text),
            ("user", Text),
            ("workingDirectory", Text),
            ("disableNetworking", Bool),
            ("privileged", Bool),
            ("readonlyRootFilesystem", Bool),
            ("dnsServers", Texts),
            ("dnsSearchDomains", Texts),
            ("extraHosts", List("")),
            ("dockerSecurityOptions", Texts),
            ("interactive", Bool),
            ("pseudoTerminal", Bool),
            ("dockerLabels", Map),
            ("ulimits", List("ulimit")),
            ("logConfiguration", Object("log")),
            ("healthCheck", Object("health")),
            ("resourceRequirements", List("")),
        ],
    ),
    ("volume", &[("name", Text), ("host", Object(""))]),
    ("tag", &[("key", Text), ("value", Text)]),
    ("ephemeralStorage", &[("sizeInGiB", Whole)]),
    (
        "runtimePlatform",
        &[("cpuArchitecture", Text), ("operatingSystemFamily", Text)],
    ),
    (
        "port",
        &[
            ("containerPort", Whole),
            ("hostPort", Whole),
            ("protocol", Text),
            ("name", Text),
        ],
    ),
    ("variable", &[("name", Text), ("value", Text)]),
    ("secret", &[("name", Text), ("valueFrom", Text)]),
    (
        "mount",
        &[
            ("sourceVolume", Text),
            ("containerPath", Text),
            ("readOnly", Bool),
        ],
    ),
    (
        "dependency",
        &[("containerName", Text), ("condition", Text)],
    ),
    (
        "ulimit",
        &[("name", Text), ("softLimit", Whole), ("hardLimit", Whole)],
    ),
    (
        "log",
        &[
            ("logDriver", Text),
            ("options", Map),
            ("secretOptions", List("secret")),
        ],
    ),
    (
        "health",
        &[
            ("command", Texts),
            ("interval", Whole),
            ("timeout", Whole),
            ("retries", Whole),
            ("startPeriod", Whole),
        ],
    ),
    (
        "linux",
        &[
            ("capabilities", Object("capabilities")),
            ("maxSwap", Whole),
            ("swappiness", Whole),
        ],
    ),
    ("capabilities", &[("add", Texts), ("drop", Texts)]),
    ("", &[]),
];

pub(super) fn check(definition: &Document, found: &mut Problems) {
    members(definition, &Pointer::root(), "task", found);
}

fn members(object: &Document, at: &Pointer, shape: &str, found: &mut Problems) {
    let shape = SHAPES.iter().find(|(name, _)| *name == shape);
    for (name, kind) in shape.map_or(&[][..], |(_, members)| members) {
        if let Some(value) = object.get(name) {
            member(value, &at.name(*name), *kind, found);
        }
    }
}

fn member(value: &Document, at: &Pointer, kind: Kind, found: &mut Problems) {
    match (kind, value) {
        (Bool, Document::Bool(_)) | (Text, Document::String(_)) | (_, Document::Null) => {}
        (Whole, _) if value.as_i64().is_some() => {}
        (Texts, Document::Array(items)) => {
            for (place, item) in items.iter().enumerate() {
                member(item, &at.index(place), Text, found);
            }
        }
        (Map, Document::Object(all)) => {
            for (name, value) in all {
                member(value, &at.name(name.as_str()), Text, found);
            }
        }
        (Object(shape), Document::Object(_)) => members(value, at, shape, found),
        (List(shape), Document::Array(items)) => {
            for (place, item) in items.iter().enumerate() {
                member(item, &at.index(place), Object(shape), found);
            }
        }
        _ => wrong(value, at, kind, found),
    }
}

fn wrong(value: &Document, at: &Pointer, kind: Kind, found: &mut Problems) {
    let wanted = match kind {
        Text => "a string",
        Whole => "a whole number",
        Bool => "true or false",
        Texts => "an array of strings",
        Map | Object(_) => "an object",
        List(_) => "an array of objects",
    };
    let hint = match (kind, value) {
        (Text, Document::Number(_) | Document::Bool(_)) => format!("write \"{value}\""),
        (Whole, Document::String(text)) if text.parse::<i64>().is_ok() => {
            format!("write {text} without quotes")
        }
        (Bool, Document::String(text)) if matches!(text.as_str(), "true" | "false") => {
            format!("write {text} without quotes")
        }
        (Texts, Document::String(text)) => format!("write [{}]", Document::from(text.as_str())),
        _ => format!("{wanted} is permitted here"),
    };
    found.add(
        at.clone(),
        format!("expected {wanted}, found {}", value.kind()),
        hint,
    );
}
