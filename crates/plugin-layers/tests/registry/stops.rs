//! A build that is told to stop ends at once, wherever it is.

use std::sync::Arc;
use std::time::Duration;

use shipway_plugin::{BuildError, Builder};
use shipway_plugin_layers::LayersBuilder;
use tokio_util::sync::CancellationToken;

use crate::support::{Recorder, StallingProxy, Tree, bench, order};

#[tokio::test]
async fn a_transfer_under_way_is_dropped() {
    let Some(registry) = bench() else { return };
    // More than one request's head, less than the layer.
    let proxy = StallingProxy::start(registry.host(), 1 << 20).await;
    let noise: Vec<u8> = (0..8_u32 << 18)
        .flat_map(|n| (n.wrapping_mul(2_654_435_761)).to_le_bytes())
        .collect();
    let tree = Tree::new(&[("noise", &noise)]);
    let order = order(proxy.host(), &tree);
    let stop = CancellationToken::new();
    let recorder = Arc::new(Recorder::default());
    let builder = LayersBuilder::new();
    let build = builder.build(order, recorder, stop.clone());
    let stopping = async {
        proxy.stuck.cancelled().await;
        stop.cancel();
    };
    let (built, ()) = tokio::time::timeout(Duration::from_secs(20), async {
        tokio::join!(build, stopping)
    })
    .await
    .unwrap();
    assert!(matches!(built, Err(BuildError::Stopped)), "{built:?}");
    assert_eq!(registry.requests("PUT /v2/team/app/manifests"), 0);
    assert_eq!(std::fs::read_dir(tree.folder()).unwrap().count(), 2);
}

#[tokio::test]
async fn what_was_stopped_before_it_began_does_nothing() {
    let tree = Tree::new(&[("a", b"b")]);
    let stop = CancellationToken::new();
    stop.cancel();
    let recorder = Arc::new(Recorder::default());
    let built = LayersBuilder::new()
        .build(order("127.0.0.1:1", &tree), recorder, stop)
        .await;
    assert!(matches!(built, Err(BuildError::Stopped)), "{built:?}");
}
