//! What the tests share.

mod coordinator;
mod offers;
mod peer;
mod scene;

use std::time::Duration;

pub(crate) use coordinator::Coordinator;
pub(crate) use offers::{App, OTHER, OWNER, REPOSITORY, SERVICE, URI, image_at, place, target};
pub(crate) use peer::{Peer, Walked};
pub(crate) use scene::{BEGIN, Scene};

/// Longest time that anything may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits for something, and not for ever.
pub(crate) async fn patiently<T>(what: &str, work: impl Future<Output = T>) -> T {
    let ended = tokio::time::timeout(PATIENCE, work).await;
    ended.unwrap_or_else(|_| panic!("{what}: not within {} s", PATIENCE.as_secs()))
}
