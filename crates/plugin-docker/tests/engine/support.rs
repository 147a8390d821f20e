//! What every test of this kind stands on.

mod context;
mod engine;
mod orders;
mod recorder;
mod registry;
mod wire;

pub(crate) use context::{Context, nonce};
pub(crate) use engine::{Proxy, engine, local_names, running_tools, store_is_classic};
pub(crate) use orders::{Logins, docker, order};
pub(crate) use recorder::{Event, Recorder};
pub(crate) use registry::{PASSWORD, Registry, USER};

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use shipway_plugin::{BuildError, BuildOrder, Builder, Built};
use shipway_plugin_docker::DockerBuilder;
use tokio_util::sync::CancellationToken;

/// Engine and registry, or `None` after saying loudly that the test is skipped.
pub(crate) fn bench(protected: bool) -> Option<(DockerBuilder, Registry)> {
    let found = engine().and_then(|socket| Ok((socket, Registry::start(protected)?)));
    match found {
        Ok((socket, registry)) => Some((DockerBuilder::new(socket), registry)),
        Err(missing) => {
            let required = std::env::var_os("SHIPWAY_REQUIRE_DOCKER").is_some_and(|v| v == "1");
            assert!(!required, "SHIPWAY_REQUIRE_DOCKER=1, but {missing}");
            // Past the harness, which keeps to itself what a test that passes prints.
            let said = format!("SKIPPED: {missing}\n");
            drop(std::io::Write::write_all(
                &mut std::io::stderr(),
                said.as_bytes(),
            ));
            None
        }
    }
}

/// Runs a build to its end.
pub(crate) async fn build(
    builder: &DockerBuilder,
    order: &BuildOrder,
    recorder: &Arc<Recorder>,
) -> Result<Built, BuildError> {
    let stop = CancellationToken::new();
    builder.build(order.clone(), recorder.clone(), stop).await
}

/// Waits until the condition holds, at most 10 s.
pub(crate) async fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let waiting = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(10), waiting).await;
    assert!(waited.is_ok(), "not within 10 s: {what}");
}

/// Where the engine listens.
pub(crate) fn socket() -> PathBuf {
    let host = std::env::var_os("DOCKER_HOST").and_then(|host| host.into_string().ok());
    let path = host
        .as_deref()
        .and_then(|host| host.strip_prefix("unix://"));
    PathBuf::from(path.unwrap_or("/var/run/docker.sock"))
}
