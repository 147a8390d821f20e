//! The builders that work here.

use std::sync::Arc;

use anyhow::Context as _;
use shipway_plugin::Builder;
use shipway_plugin_docker::DockerBuilder;
use shipway_plugin_layers::LayersBuilder;

use crate::config::AgentConfig;

/// Where an engine usually listens.
const USUAL: &str = "unix:///var/run/docker.sock";

/// The builders that the settings ask for and that answer. An engine that is named but does not
/// answer is an error; with `auto` it is left out.
///
/// # Errors
/// When a named engine does not answer.
pub async fn builders(config: &AgentConfig) -> anyhow::Result<Vec<Arc<dyn Builder>>> {
    let mut builders: Vec<Arc<dyn Builder>> = Vec::new();
    let (address, named) = match config.docker.as_str() {
        "off" => (None, false),
        "auto" => (Some(USUAL), false),
        address => (Some(address), true),
    };
    if let Some(address) = address {
        let docker =
            DockerBuilder::from_host(address).with_context(|| format!("docker is {address:?}"))?;
        match docker.probe().await {
            Ok(found) => {
                tracing::info!(found, "builds with docker");
                builders.push(Arc::new(docker));
            }
            Err(error) if named => return Err(error).context("docker was asked for"),
            Err(error) => tracing::info!(%error, "no docker engine; builds from files only"),
        }
    }
    if config.layers {
        builders.push(Arc::new(LayersBuilder::new()));
    }
    Ok(builders)
}
