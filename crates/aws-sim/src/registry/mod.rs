//! The image registries: the OCI distribution protocol on one loopback port per account and region.

use std::sync::Arc;

use axum::Router;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::shared::Shared;
use crate::sim::serve;

/// Serves every registry that is opened, until `stop`.
pub(crate) async fn run(shared: Arc<Shared>, stop: CancellationToken) {
    let opened = Arc::clone(&shared.world().sockets.opened);
    let mut servers = JoinSet::new();
    loop {
        let fresh = shared.world().sockets.take_fresh();
        for registry in fresh {
            match TcpListener::from_std(registry.listener) {
                Ok(listener) => {
                    servers.spawn(serve(listener, Router::new(), stop.clone()));
                }
                Err(error) => tracing::error!(%error, "a registry cannot be served"),
            }
        }
        tokio::select! {
            () = stop.cancelled() => break,
            () = opened.notified() => {}
        }
    }
    while servers.join_next().await.is_some() {}
}
