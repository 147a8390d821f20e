//! The example in `deploy/server.toml` is a configuration that the coordinator takes.

use std::path::{Path, PathBuf};

use shipway_runtime::config::load;
use shipway_server::ServerConfig;

#[derive(serde::Serialize)]
struct NoFlags {}

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/server.toml")
}

fn loaded() -> ServerConfig {
    load(Some(&example()), "SHIPWAY_EXAMPLE_", &[], NoFlags {}).expect("the example can be read")
}

#[test]
fn the_example_configuration_is_valid() {
    loaded().validate().expect("the example can be used");
}

#[test]
fn the_leases_of_the_example_are_the_defaults() {
    let values = |config: ServerConfig| serde_json::to_value(config.lease).expect("numbers");
    assert_eq!(values(loaded()), values(ServerConfig::default()));
}

#[test]
fn the_room_on_the_disk_of_the_example_is_the_default() {
    let values = |config: ServerConfig| serde_json::to_value(config.disk).expect("numbers");
    assert_eq!(values(loaded()), values(ServerConfig::default()));
}

#[test]
fn the_history_of_the_example_is_the_default() {
    let values = |config: ServerConfig| serde_json::to_value(config.history).expect("numbers");
    assert_eq!(values(loaded()), values(ServerConfig::default()));
}

#[test]
fn more_room_than_a_disk_has_is_refused_by_the_name_of_the_setting() {
    let mut config = ServerConfig::default();
    config.disk.reserve_mib = 2 << 20;
    let error = config.validate().expect_err("2 TiB");
    assert!(
        error.to_string().contains("disk.reserve_mib is 2097152"),
        "{error}"
    );
}

#[test]
fn a_history_without_a_way_back_is_refused() {
    let mut config = loaded();
    config.history.keep_live = 1;
    let error = config.validate().expect_err("no way back").to_string();
    assert!(error.contains("history.keep_live is 1"), "{error}");
}

#[test]
fn the_example_names_every_key_of_the_configuration() {
    let text = std::fs::read_to_string(example()).expect("the example is there");
    let config = serde_json::to_value(loaded()).expect("settings are plain values");
    for (name, value) in config.as_object().expect("a table") {
        let lines = |start: String| text.lines().any(|line| line.starts_with(&start));
        match value.as_object() {
            None => assert!(lines(format!("{name} = ")), "{name} is missing"),
            Some(members) => {
                assert!(lines(format!("[{name}]")), "[{name}] is missing");
                for member in members.keys() {
                    assert!(lines(format!("{member} = ")), "{name}.{member} is missing");
                }
            }
        }
    }
}

#[test]
fn an_unknown_key_is_refused_by_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("server.toml");
    std::fs::write(&file, "listne = \"127.0.0.1:7433\"\n").expect("a file");
    let error = load::<ServerConfig, _>(Some(&file), "SHIPWAY_EXAMPLE_", &[], NoFlags {})
        .expect_err("the key does not exist");
    assert!(error.to_string().contains("listne"), "{error}");
}

#[test]
fn a_link_to_traces_that_leads_nowhere_is_refused() {
    for url in ["https://traces.example.com", "traces/{trace_id}"] {
        let mut config = loaded();
        config.trace_url = Some(url.to_owned());
        let error = config.validate().expect_err("no link").to_string();
        assert!(
            error.contains("{trace_id}") && error.contains(url),
            "{error}"
        );
    }
}
