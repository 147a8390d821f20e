//! The task that lets things happen by themselves: it sleeps until the next simulated deadline.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::shared::Shared;

/// How long the world is held at a time while many services move at once, in real time: callers wait for
/// two or three of these.
const SLICE: Duration = Duration::from_micros(250);

/// Runs until `stop`.
pub(crate) async fn run(shared: Arc<Shared>, stop: CancellationToken) {
    loop {
        let (happened, done, wake) = {
            let mut world = shared.world();
            let now = shared.clock.now();
            let due = world.wake.is_none_or(|wake| wake <= now);
            let mut done = true;
            if due {
                world.wake = Some(now);
                done = world.catch_up_within(now, SLICE);
            }
            (due, done, world.wake)
        };
        if !done && !stop.is_cancelled() {
            tokio::task::yield_now().await;
            continue;
        }
        if happened {
            shared.save.notify_one();
        }
        shared.engine.notify_one();
        let deadline = async {
            match wake {
                Some(wake) => shared.clock.sleep_until(wake).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = shared.tick.notified() => {}
            () = deadline => tokio::task::yield_now().await,
        }
    }
}
