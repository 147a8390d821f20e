//! The image config: what the base says, and what the order says on top.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use shipway_domain::spec::LayersBuild;

use crate::layer::Layer;
use crate::order::Plan;
use crate::platform::Platform;

/// What a process finds when nothing says otherwise; docker gives the same to images from scratch.
const PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The config's bytes. `base` is the config of the base image; fields that we do not know stay.
pub(crate) fn image_config(
    plan: &Plan,
    platform: &Platform,
    base: Option<&Map<String, Value>>,
    layers: &[Layer],
) -> Vec<u8> {
    let mut config = base.cloned().unwrap_or_default();
    // Traces of how docker once made the base, and its triggers, which no builder but docker runs.
    for old in [
        "id",
        "parent",
        "container",
        "container_config",
        "docker_version",
    ] {
        config.shift_remove(old);
    }
    config.insert("architecture".to_owned(), json!(platform.architecture));
    config.insert("os".to_owned(), json!(platform.os));
    if let Some(variant) = &platform.variant {
        config.insert("variant".to_owned(), json!(variant));
    }
    config.insert("created".to_owned(), json!(plan.created));
    let run = run_config(config.get("config"), &plan.build, &plan.labels);
    config.insert("config".to_owned(), run);
    let diff_ids = layers.iter().map(|l| json!(l.sums.diff_id.as_str()));
    append(&mut config, &["rootfs", "diff_ids"], diff_ids);
    let history = layers.iter().map(|layer| {
        json!({
            "created": plan.created,
            "created_by": format!("shipway: copy {}", layer.name),
        })
    });
    append(&mut config, &["history"], history);
    Value::Object(config).to_string().into_bytes()
}

/// Appends to the list at a path of keys, which is made when it is not there.
fn append(config: &mut Map<String, Value>, path: &[&str], items: impl Iterator<Item = Value>) {
    match path {
        [] => {}
        [key] => {
            let list = config.entry(*key).or_insert_with(|| json!([]));
            if !list.is_array() {
                *list = json!([]);
            }
            if let Value::Array(list) = list {
                list.extend(items);
            }
        }
        [key, rest @ ..] => {
            let map = config
                .entry(*key)
                .or_insert_with(|| json!({"type": "layers"}));
            if let Value::Object(map) = map {
                append(map, rest, items);
            }
        }
    }
}

/// The part that says how a container is run.
fn run_config(base: Option<&Value>, build: &LayersBuild, labels: &[(String, String)]) -> Value {
    let from_scratch = base.is_none();
    let mut run = base.and_then(Value::as_object).cloned().unwrap_or_default();
    run.shift_remove("OnBuild");
    let set = |run: &mut Map<String, Value>, key: &str, value: Value| {
        run.insert(key.to_owned(), value);
    };

    let mut env = strings(run.get("Env"));
    if from_scratch {
        env.push(PATH.to_owned());
    }
    for (name, value) in &build.env {
        let line = format!("{name}={value}");
        let same = |old: &&mut String| old.split_once('=').is_some_and(|(n, _)| n == name);
        match env.iter_mut().find(same) {
            Some(old) => *old = line,
            None => env.push(line),
        }
    }
    set(&mut run, "Env", json!(env));

    if !build.entrypoint.is_empty() {
        set(&mut run, "Entrypoint", json!(build.entrypoint));
        // The base's command was meant for the base's entrypoint.
        run.shift_remove("Cmd");
    }
    if !build.command.is_empty() {
        set(&mut run, "Cmd", json!(build.command));
    }
    if let Some(user) = &build.user {
        set(&mut run, "User", json!(user));
    }
    if let Some(workdir) = &build.workdir {
        set(&mut run, "WorkingDir", json!(workdir));
    }
    let mut ports = object(run.get("ExposedPorts"));
    for port in &build.ports {
        let slash = if port.contains('/') { "" } else { "/tcp" };
        ports.insert(format!("{port}{slash}"), json!({}));
    }
    if !ports.is_empty() {
        set(&mut run, "ExposedPorts", json!(ports));
    }
    let mut all = object(run.get("Labels"));
    for (name, value) in build.labels.iter().chain(labels) {
        all.insert(name.clone(), json!(value));
    }
    if !all.is_empty() {
        set(&mut run, "Labels", json!(all));
    }
    Value::Object(run)
}

fn strings(value: Option<&Value>) -> Vec<String> {
    let list = value.and_then(Value::as_array).into_iter().flatten();
    list.filter_map(|v| v.as_str().map(str::to_owned)).collect()
}

/// The members of an object, sorted: the order in which they were said makes no other image.
fn object(value: Option<&Value>) -> BTreeMap<String, Value> {
    let members = value.and_then(Value::as_object).into_iter().flatten();
    members.map(|(k, v)| (k.clone(), v.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base() -> Value {
        json!({
            "Env": ["PATH=/bin", "A=1"], "Entrypoint": ["/start"], "Cmd": ["serve"],
            "User": "app", "WorkingDir": "/srv", "Labels": {"z": "1", "a": "2"},
            "ExposedPorts": {"80/tcp": {}}, "OnBuild": ["RUN x"], "StopSignal": "SIGINT",
        })
    }

    fn words(list: &[&str]) -> Vec<String> {
        list.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn what_is_not_said_stays_the_bases() {
        let run = run_config(Some(&base()), &LayersBuild::default(), &[]);
        let mut want = base();
        want.as_object_mut().unwrap().remove("OnBuild");
        assert_eq!(run, want);
    }

    #[test]
    fn an_entrypoint_takes_the_bases_command_away() {
        let entrypoint = LayersBuild {
            entrypoint: words(&["/app"]),
            ..LayersBuild::default()
        };
        let run = run_config(Some(&base()), &entrypoint, &[]);
        assert_eq!(run["Entrypoint"], json!(["/app"]));
        assert_eq!(run.get("Cmd"), None);

        let command = LayersBuild {
            command: words(&["other"]),
            ..LayersBuild::default()
        };
        let run = run_config(Some(&base()), &command, &[]);
        assert_eq!(run["Entrypoint"], json!(["/start"]));
        assert_eq!(run["Cmd"], json!(["other"]));
    }

    #[test]
    fn env_ports_and_labels_go_on_top() {
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        let build = LayersBuild {
            env: vec![pair("A", "2"), pair("B", "x=y")],
            labels: vec![pair("a", "3"), pair("rev", "user's")],
            ports: words(&["8080", "53/udp"]),
            ..LayersBuild::default()
        };
        let run = run_config(Some(&base()), &build, &[pair("rev", "true")]);
        assert_eq!(run["Env"], json!(["PATH=/bin", "A=2", "B=x=y"]));
        assert_eq!(run["Labels"], json!({"a": "3", "rev": "true", "z": "1"}));
        let ports: Vec<&String> = run["ExposedPorts"].as_object().unwrap().keys().collect();
        assert_eq!(ports, ["53/udp", "80/tcp", "8080/tcp"]);
        let scratch = run_config(None, &build, &[]);
        assert_eq!(scratch["Env"], json!([PATH, "A=2", "B=x=y"]));
    }
}
