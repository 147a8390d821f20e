//! A way to a registry that gets stuck.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Hands on what clients send, up to a number of bytes in all; from then on nothing moves.
pub(crate) struct StallingProxy {
    host: String,
    /// Cancelled when it is stuck.
    pub(crate) stuck: CancellationToken,
    _traffic: JoinSet<()>,
}

impl StallingProxy {
    pub(crate) async fn start(registry: String, after: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let (stuck, count) = (CancellationToken::new(), Arc::new(AtomicU64::new(0)));
        let mut traffic = JoinSet::new();
        let stuck_now = stuck.clone();
        traffic.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let registry = TcpStream::connect(&registry).await.unwrap();
                let (mut from_client, mut to_client) = client.into_split();
                let (mut from_registry, mut to_registry) = registry.into_split();
                // How a connection ends is not the proxy's business.
                connections.spawn(async move {
                    tokio::io::copy(&mut from_registry, &mut to_client)
                        .await
                        .ok();
                });
                let (stuck, count) = (stuck_now.clone(), Arc::clone(&count));
                connections.spawn(async move {
                    let mut piece = vec![0; 1 << 14];
                    while let Ok(read @ 1..) = from_client.read(&mut piece).await {
                        if count.fetch_add(read as u64, Ordering::SeqCst) > after {
                            stuck.cancel();
                            std::future::pending::<()>().await;
                        }
                        to_registry.write_all(&piece[..read]).await.ok();
                    }
                });
            }
        });
        Self {
            host,
            stuck,
            _traffic: traffic,
        }
    }

    /// `host:port`.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }
}
