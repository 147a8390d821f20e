//! Looks which tasks want containers and gives each a runner.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::Engine;
use super::runner;
use crate::ecs::external::{self, TaskKey, Wish};
use crate::shared::Shared;

/// Runs until `stop`. What containers there are then is for the caller to sweep away.
pub(crate) async fn run(shared: Arc<Shared>, engine: Arc<Engine>, stop: CancellationToken) {
    let mut stops: BTreeMap<TaskKey, CancellationToken> = BTreeMap::new();
    let mut runners: JoinSet<TaskKey> = JoinSet::new();
    loop {
        let live: BTreeMap<TaskKey, Wish> = external::live(&shared.world()).into_iter().collect();
        for (key, stop) in &stops {
            if matches!(live.get(key), None | Some(Wish::Stop)) {
                stop.cancel();
            }
        }
        for (key, wish) in live {
            if wish == Wish::Start && !stops.contains_key(&key) {
                let stop = CancellationToken::new();
                stops.insert(key.clone(), stop.clone());
                let (shared, engine) = (Arc::clone(&shared), Arc::clone(&engine));
                runners.spawn(async move {
                    runner::run(shared, engine, key.clone(), stop).await;
                    key
                });
            }
        }
        tokio::select! {
            () = stop.cancelled() => break,
            () = shared.engine.notified() => {}
            Some(ended) = runners.join_next() => match ended {
                Ok(key) => drop(stops.remove(&key)),
                Err(error) => tracing::error!(%error, "a task's runner ended early"),
            },
        }
    }
    runners.shutdown().await;
}
