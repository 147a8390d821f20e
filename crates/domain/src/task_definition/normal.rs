//! The form of a task definition in which what means the same is the same (ecs-facts 6.1).

use super::{DESCRIBE_ONLY, cpu_units, memory_mib, text, whole};
use crate::document::{Document, Number};

/// Arrays whose order means nothing, and the member that names their items.
const NAMED: [(&str, &str); 12] = [
    ("containerDefinitions", "name"),
    ("environment", "name"),
    ("secrets", "name"),
    ("secretOptions", "name"),
    ("volumes", "name"),
    ("ulimits", "name"),
    ("properties", "name"),
    ("dependsOn", "containerName"),
    ("mountPoints", "containerPath"),
    ("systemControls", "namespace"),
    ("resourceRequirements", "type"),
    ("inferenceAccelerators", "deviceName"),
];

/// Named arrays of pairs, and the member that holds the value.
const PAIRS: [(&str, &str); 4] = [
    ("environment", "value"),
    ("secrets", "valueFrom"),
    ("secretOptions", "valueFrom"),
    ("properties", "value"),
];

/// Arrays of texts whose order means nothing.
const SETS: [&str; 3] = ["requiresCompatibilities", "add", "drop"];

/// What ECS takes for a member that is not there: (inside of what, member, value). Describe fills
/// some of them in, and none of them changes anything.
const DEFAULTS: [(&str, &str, Plain); 18] = [
    ("", "enableFaultInjection", Plain::Bool(false)),
    (
        "runtimePlatform",
        "operatingSystemFamily",
        Plain::Text("LINUX"),
    ),
    ("runtimePlatform", "cpuArchitecture", Plain::Text("X86_64")),
    ("containerDefinitions", "cpu", Plain::Whole(0)),
    ("containerDefinitions", "essential", Plain::Bool(true)),
    ("containerDefinitions", "privileged", Plain::Bool(false)),
    (
        "containerDefinitions",
        "readonlyRootFilesystem",
        Plain::Bool(false),
    ),
    ("containerDefinitions", "interactive", Plain::Bool(false)),
    ("containerDefinitions", "pseudoTerminal", Plain::Bool(false)),
    (
        "containerDefinitions",
        "disableNetworking",
        Plain::Bool(false),
    ),
    (
        "containerDefinitions",
        "versionConsistency",
        Plain::Text("enabled"),
    ),
    ("portMappings", "protocol", Plain::Text("tcp")),
    ("mountPoints", "readOnly", Plain::Bool(false)),
    ("volumesFrom", "readOnly", Plain::Bool(false)),
    ("healthCheck", "interval", Plain::Whole(30)),
    ("healthCheck", "timeout", Plain::Whole(5)),
    ("healthCheck", "retries", Plain::Whole(3)),
    ("healthCheck", "startPeriod", Plain::Whole(0)),
];

enum Plain {
    Bool(bool),
    Text(&'static str),
    Whole(i64),
}

impl Plain {
    fn is(&self, document: &Document) -> bool {
        match self {
            Self::Bool(value) => document.as_bool() == Some(*value),
            Self::Text(value) => document.as_str() == Some(*value),
            Self::Whole(value) => document.as_i64() == Some(*value),
        }
    }
}

/// The normal form: describe-only fields and tags are gone, and so is whatever says what ECS would
/// take anyway (`essential: true`, `cpu: 0`, empty arrays); lists without order are objects by name;
/// sizes and numbers are spelled one way; members are sorted. It is for comparing, not for ECS.
#[must_use]
pub fn normalise(definition: &Document) -> Document {
    let mut definition = definition.clone();
    for name in DESCRIBE_ONLY.iter().chain(&["tags"]) {
        definition.remove(name);
    }
    respell(&mut definition, "cpu", cpu_units);
    respell(&mut definition, "memory", memory_mib);
    let network = text(&definition, "networkMode").unwrap_or_default();
    normal(&definition, "", network)
}

/// `"1 vCPU"` is `"1024"`, `"2GB"` is `"2048"`, and a number is as good as its text.
fn respell(definition: &mut Document, name: &str, read: fn(&str) -> Option<u32>) {
    let size = match definition.get(name) {
        Some(Document::String(text)) => read(text).map(i64::from),
        other => other.and_then(Document::as_i64),
    };
    if let Some(size) = size {
        definition.set(name, size.to_string());
    }
}

/// A value that stands in, or is an item of, the member called `within`.
fn normal(value: &Document, within: &str, network: &str) -> Document {
    match value {
        Document::Object(members) => {
            let host_port_follows = within == "portMappings" && host_port_follows(value, network);
            let mut members: Vec<(String, Document)> = members
                .iter()
                .filter(|(name, value)| !is_default(within, name, value))
                .filter(|(name, _)| !(host_port_follows && name == "hostPort"))
                .map(|(name, value)| (name.clone(), normal(value, name, network)))
                .filter(|(_, value)| !is_empty(value))
                .collect();
            members.sort_by(|(a, _), (b, _)| a.cmp(b));
            Document::Object(members)
        }
        Document::Array(items) => {
            let items = items.iter().map(|item| normal(item, within, network));
            list(items.collect(), within)
        }
        Document::Number(number) => {
            let whole = number.as_i64().map(Number::from);
            Document::Number(whole.unwrap_or_else(|| number.clone()))
        }
        other => other.clone(),
    }
}

/// The array called `name`, by the names of its items or sorted when its order means nothing.
fn list(mut items: Vec<Document>, name: &str) -> Document {
    if SETS.contains(&name) {
        items.sort_by_key(ToString::to_string);
    }
    let named: Option<Vec<(String, Document)>> = items
        .iter()
        .map(|item| Some((key_of(item, name)?, value_of(item, name))))
        .collect();
    let Some(mut named) = named else {
        return Document::Array(items);
    };
    named.sort_by(|(a, _), (b, _)| a.cmp(b));
    if named.is_empty() || named.windows(2).any(|pair| pair[0].0 == pair[1].0) {
        return Document::Array(items);
    }
    Document::Object(named)
}

/// The name of an item of the array called `list`, where order means nothing.
fn key_of(item: &Document, list: &str) -> Option<String> {
    if list == "portMappings" {
        let port = item
            .get("containerPort")
            .or_else(|| item.get("containerPortRange"))?;
        let port = port
            .as_str()
            .map_or_else(|| port.to_string(), ToOwned::to_owned);
        let protocol = text(item, "protocol").unwrap_or("tcp");
        return Some(format!("{port}/{protocol}"));
    }
    let (_, key) = NAMED.iter().find(|(name, _)| *name == list)?;
    text(item, key).map(ToOwned::to_owned)
}

/// A pair is its value; anything else stays whole.
fn value_of(item: &Document, list: &str) -> Document {
    let value = PAIRS.iter().find(|(name, _)| *name == list);
    let value = value.filter(|_| item.members().len() <= 2);
    let value = value.and_then(|(_, member)| item.get(member));
    value.unwrap_or(item).clone()
}

/// In these network modes the port of the host is the container's; 0 is what bridge takes anyway.
fn host_port_follows(mapping: &Document, network: &str) -> bool {
    let host = whole(mapping, "hostPort");
    let same = host == whole(mapping, "containerPort");
    host == Some(0) || (same && matches!(network, "awsvpc" | "host"))
}

fn is_default(within: &str, name: &str, value: &Document) -> bool {
    DEFAULTS
        .iter()
        .any(|(place, default, plain)| *place == within && *default == name && plain.is(value))
}

fn is_empty(value: &Document) -> bool {
    match value {
        Document::Null => true,
        Document::Array(items) => items.is_empty(),
        Document::Object(members) => members.is_empty(),
        _ => false,
    }
}
