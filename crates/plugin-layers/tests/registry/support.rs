//! What every test of this kind stands on.

mod orders;
mod proxy;
mod recorder;
mod registry;
mod tools;

pub(crate) use orders::{Logins, Tree, layers, order};
pub(crate) use proxy::StallingProxy;
pub(crate) use recorder::Recorder;
pub(crate) use registry::{PASSWORD, Registry, USER};
pub(crate) use tools::{docker, engine, skopeo};

use std::sync::Arc;

use shipway_plugin::{BuildError, BuildOrder, Builder, Built};
use shipway_plugin_layers::LayersBuilder;
use tokio_util::sync::CancellationToken;

/// What was found, or `None` after saying loudly that the test is skipped.
pub(crate) fn found<T>(found: Result<T, String>) -> Option<T> {
    found.map_or_else(
        |missing| {
            let required = std::env::var_os("SHIPWAY_REQUIRE_DOCKER").is_some_and(|v| v == "1");
            assert!(!required, "SHIPWAY_REQUIRE_DOCKER=1, but {missing}");
            // Past the harness, which keeps to itself what a test that passes prints.
            let said = format!("SKIPPED: {missing}\n");
            drop(std::io::Write::write_all(
                &mut std::io::stderr(),
                said.as_bytes(),
            ));
            None
        },
        Some,
    )
}

/// A registry that lets anybody in, and skopeo to look into it.
pub(crate) fn bench() -> Option<Registry> {
    found(skopeo::probe().and_then(|()| Registry::start(false)))
}

/// Runs a build to its end.
pub(crate) async fn build(order: &BuildOrder) -> (Result<Built, BuildError>, Arc<Recorder>) {
    let recorder = Arc::new(Recorder::default());
    let stop = CancellationToken::new();
    let builder = LayersBuilder::new();
    let built = builder.build(order.clone(), recorder.clone(), stop);
    (built.await, recorder)
}

/// Runs a build that must succeed.
pub(crate) async fn built(order: &BuildOrder) -> (Built, Arc<Recorder>) {
    let (built, recorder) = build(order).await;
    (
        built.unwrap_or_else(|e| panic!("{e}: {:?}", recorder.lines())),
        recorder,
    )
}
