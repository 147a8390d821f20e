//! Conversations as earlier versions had them, held once more with today's programs: the bytes of an earlier
//! agent and command line with today's coordinator, and those of an earlier coordinator with today's agent
//! and command line.
//!
//! `recordings/VERSION.txt` is what a version said, message by message. When the version of the workspace
//! grows, `SHIPWAY_RECORD=1 cargo test --workspace --test recorded` writes the file of the new one. **Files are
//! added, never changed**: a conversation that cannot be held any more is a change that a rolling restart
//! does not survive.

mod agent;
mod command_line;
mod coordinator;
mod meaning;
mod raw;
mod record;
mod recording;
mod scene;

use std::time::Duration;

/// Longest time that anything may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits for something, and not for ever.
async fn patiently<T>(what: &str, work: impl Future<Output = T>) -> T {
    let ended = tokio::time::timeout(PATIENCE, work).await;
    ended.unwrap_or_else(|_| panic!("{what}: not within {} s", PATIENCE.as_secs()))
}
