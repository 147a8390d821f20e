//! The example in `deploy/agent.toml` is a configuration that the agent takes.

use std::path::{Path, PathBuf};

use shipway_agent::AgentConfig;
use shipway_domain::ids::Incarnation;
use shipway_plugin_ecs::EcsPlatform;
use shipway_runtime::config::load;

#[derive(serde::Serialize)]
struct NoFlags {}

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/agent.toml")
}

fn loaded() -> AgentConfig {
    load(Some(&example()), "SHIPWAY_EXAMPLE_", &[], NoFlags {}).expect("the example can be read")
}

#[test]
fn the_example_configuration_is_valid() {
    let config = loaded();
    let described = config
        .describe(Incarnation(1), Vec::new())
        .expect("an agent can be described by it");
    let names: Vec<&str> = described.accounts.iter().map(|a| a.name.as_str()).collect();
    assert_eq!(names, ["tools", "staging", "prod"]);
    let platform = config.platform().expect("the accounts are accounts");
    EcsPlatform::new(platform).expect("the platform takes the settings");
}

#[test]
fn the_example_names_every_key_of_the_configuration() {
    let text = std::fs::read_to_string(example()).expect("the example is there");
    let named = |start: String| {
        let mut lines = text.lines().map(|line| line.trim_start_matches("# "));
        lines.any(|line| line.starts_with(&start))
    };
    let config = serde_json::to_value(loaded()).expect("settings are plain values");
    for (name, value) in config.as_object().expect("a table") {
        let (head, members) = match value.as_array() {
            Some(items) => (format!("[[{name}]]"), items[0].as_object()),
            None if value.is_object() => (format!("[{name}]"), value.as_object()),
            None => (format!("{name} = "), None),
        };
        assert!(named(head), "{name} is missing");
        for member in members.into_iter().flat_map(|members| members.keys()) {
            assert!(named(format!("{member} = ")), "{name}.{member} is missing");
        }
    }
}
