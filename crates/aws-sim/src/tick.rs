//! The task that lets things happen by themselves: it sleeps until the next simulated deadline.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::shared::Shared;

/// Runs until `stop`.
pub(crate) async fn run(shared: Arc<Shared>, stop: CancellationToken) {
    loop {
        let (happened, wake) = {
            let mut world = shared.world();
            let now = shared.clock.now();
            let due = world.wake.is_none_or(|wake| wake <= now);
            if due {
                world.wake = Some(now);
                world.catch_up(now);
            }
            (due, world.wake)
        };
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
