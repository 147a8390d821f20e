//! Whether a task's target is healthy: its port accepts connections.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;

use super::runner::Runner;
use crate::ecs::external::Network;

/// Between two looks at a port that refuses, in real time.
const OFTEN: Duration = Duration::from_millis(100);
/// Between two looks at one that accepts.
const SELDOM: Duration = Duration::from_secs(1);
/// How long a connection may take, in real time.
const CONNECTING: Duration = Duration::from_secs(1);

/// Looks at the port that is registered in a target group, if one is, for as long as the task runs. A port that
/// refuses for `patience` is unhealthy.
pub(super) async fn probe(runner: Arc<Runner>) {
    let Some(target) = &runner.order.target else {
        return;
    };
    let Some(host) = address(&runner, target.container).await else {
        return;
    };
    let clock = &runner.shared.clock;
    let mut refused_since = clock.now();
    loop {
        let connection = TcpStream::connect((host.as_str(), target.port));
        let connected = tokio::time::timeout(CONNECTING, connection).await;
        let accepts = matches!(connected, Ok(Ok(_)));
        let now = clock.now();
        let verdict = if accepts {
            refused_since = now;
            Some(true)
        } else {
            (now.since(refused_since) >= target.patience).then_some(false)
        };
        if let Some(verdict) = verdict {
            runner.known.send_if_modified(|known| {
                let before = known.target.replace(verdict);
                before != known.target
            });
        }
        tokio::time::sleep(if accepts { SELDOM } else { OFTEN }).await;
    }
}

async fn address(runner: &Runner, container: usize) -> Option<String> {
    match runner.order.network {
        Network::Host => Some("127.0.0.1".to_owned()),
        Network::None => None,
        Network::Shared => runner.address("").await,
        Network::Bridge => {
            runner
                .address(&runner.order.containers[container].name)
                .await
        }
    }
}
