//! The image registries: the OCI distribution protocol on one loopback port per account and region.

mod auth;
mod blobs;
mod error;
mod handle;
mod listing;
mod manifests;
mod presigned;
mod route;
mod uploads;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::persist::Hold;
use crate::shared::Shared;
use crate::sim::{held, serve};
use uploads::Upload;

/// One registry and what it needs to answer.
#[derive(Debug)]
struct Registry {
    shared: Arc<Shared>,
    account: String,
    region: String,
    /// `127.0.0.1:port`.
    host: String,
    /// Uploads under way, by id.
    uploads: Mutex<HashMap<String, Upload>>,
}

/// Serves every registry that is opened, until `stop`.
pub(crate) async fn run(shared: Arc<Shared>, hold: Option<Hold>, stop: CancellationToken) {
    let opened = Arc::clone(&shared.world().sockets.opened);
    let mut servers = JoinSet::new();
    loop {
        let fresh = shared.world().sockets.take_fresh();
        for socket in fresh {
            let host = socket
                .listener
                .local_addr()
                .map(|address| address.to_string());
            let listener = TcpListener::from_std(socket.listener);
            let (Ok(host), Ok(listener)) = (host, listener) else {
                tracing::error!(socket.account, socket.region, "a registry cannot be served");
                continue;
            };
            let registry = Arc::new(Registry {
                shared: Arc::clone(&shared),
                account: socket.account,
                region: socket.region,
                host,
                uploads: Mutex::default(),
            });
            let router = Router::new().fallback(handle::handle).with_state(registry);
            let router = held(router, hold.as_ref());
            servers.spawn(serve(listener, router, stop.clone()));
        }
        tokio::select! {
            () = stop.cancelled() => break,
            () = opened.notified() => {}
        }
    }
    while servers.join_next().await.is_some() {}
}
