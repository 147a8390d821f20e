//! Runs one container of a task: its dependencies, its log, its checks, its end.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bollard::models::{ContainerCreateBody, HealthConfig, HostConfig, HostConfigLogConfig};
use ecs_model::Exit;
use futures::StreamExt;

use super::Engine;
use super::check;
use super::known::State;
use super::runner::Runner;
use crate::ecs::Real;
use crate::ecs::external::{ContainerOrder, LogStream};
use crate::shared::Shared;

/// The least memory an engine gives to a container, in MiB.
const LEAST_MEMORY: i64 = 6;
/// How long the last lines of a container that has ended may take, in real time.
const LAST_LINES: Duration = Duration::from_secs(2);

/// Runs the container until it has ended and everybody knows.
pub(super) async fn run(runner: Arc<Runner>, index: usize, network: String) {
    let order = &runner.order.containers[index];
    let mut real = Real::default();
    let may_start = tokio::select! {
        biased;
        () = runner.ending.cancelled() => return,
        met = dependencies(&runner, order) => met,
    };
    if let Err(reason) = may_start {
        return fail(&runner, index, real, None, reason);
    }
    let id = match runner.make(body(order, &network), &order.name).await {
        Ok(id) => id,
        Err(reason) => return fail(&runner, index, real, None, reason),
    };
    real.id = Some(id.clone());
    if let Err(reason) = runner.engine.start(&id).await {
        let code = runner.engine.failed_start(&id).await;
        return fail(&runner, index, real, code, reason);
    }
    real.started = true;
    runner.note(index, &real);
    change(&runner, index, |state| state.started = true);

    let exit = accompany(&runner, index, &id, &real).await;
    real.healthy = runner.known.borrow().containers[index].healthy;
    real.exit = Some(exit.clone());
    runner.note(index, &real);
    change(&runner, index, |state| state.exit = Some(exit));
}

/// Keeps the log of a running container and checks it, until it has ended or was stopped.
async fn accompany(runner: &Runner, index: usize, id: &str, real: &Real) -> Exit {
    let order = &runner.order.containers[index];
    let mut end = pin!(async {
        tokio::select! {
            exit = runner.engine.ended_by_itself(id) => exit,
            () = runner.ending.cancelled() => stop(runner, order, id).await,
        }
    });
    let mut log = pin!(async {
        if let Some(stream) = &order.log {
            keep_log(&runner.engine, &runner.shared, stream, id).await;
        }
    });
    let mut checks = pin!(async {
        if let Some(wanted) = &order.check {
            let mut real = real.clone();
            check::run(runner, wanted, id, |healthy| {
                real.healthy = Some(healthy);
                runner.note(index, &real);
                change(runner, index, |state| state.healthy = Some(healthy));
            })
            .await;
        }
    });
    let (mut logging, mut checking) = (true, true);
    loop {
        tokio::select! {
            exit = &mut end => {
                if logging {
                    drop(tokio::time::timeout(LAST_LINES, log).await);
                }
                return exit;
            }
            () = &mut log, if logging => logging = false,
            () = &mut checks, if checking => checking = false,
        }
    }
}

/// Waits for the containers that this one depends on.
async fn dependencies(runner: &Runner, order: &ContainerOrder) -> Result<(), String> {
    let refuse = |name: &str, why: &str| {
        format!(
            "dependency graph: failed to resolve container ordering dependency [{name}] for target [{}] as {why}",
            order.name
        )
    };
    for (name, condition) in &order.depends_on {
        let mut all = runner.order.containers.iter();
        let Some(index) = all.position(|other| other.name == *name) else {
            return Err(refuse(name, "dependency does not exist"));
        };
        let mut known = runner.known.subscribe();
        let met = known.wait_for(|known| known.containers[index].meets(*condition).is_some());
        let patience = async {
            match runner.order.containers[index].start_timeout {
                Some(patience) => {
                    let clock = &runner.shared.clock;
                    clock.sleep_until(clock.now() + patience).await;
                }
                None => std::future::pending().await,
            }
        };
        let verdict = tokio::select! {
            met = met => met.ok().and_then(|known| known.containers[index].meets(*condition)),
            () = patience => Some(Err("dependency did not come up within its startTimeout")),
        };
        if let Some(Err(why)) = verdict {
            return Err(refuse(name, why));
        }
    }
    Ok(())
}

/// The stop signal, patience in simulated time, then SIGKILL.
async fn stop(runner: &Runner, order: &ContainerOrder, id: &str) -> Exit {
    let clock = &runner.shared.clock;
    let signal = runner.engine.stop_signal(id).await;
    runner.engine.signal(id, &signal).await;
    let timeout = clock.sleep_until(clock.now() + order.stop_timeout);
    tokio::select! {
        exit = runner.engine.ended(id) => return exit,
        () = timeout => {}
    }
    runner.engine.signal(id, "SIGKILL").await;
    runner.engine.ended(id).await
}

fn fail(runner: &Runner, index: usize, mut real: Real, code: Option<i32>, reason: String) {
    real.id = real.id.filter(|_| code.is_some());
    real.exit = Some(Exit {
        code: code.unwrap_or_default(),
        reason: Some(reason.clone()),
    });
    runner.note(index, &real);
    change(runner, index, |state| state.failure = Some(reason));
}

fn change(runner: &Runner, index: usize, change: impl FnOnce(&mut State)) {
    runner
        .known
        .send_modify(|known| change(&mut known.containers[index]));
}

async fn keep_log(engine: &Engine, shared: &Shared, to: &LogStream, id: &str) {
    let mut output = pin!(engine.output(id));
    while let Some(output) = output.next().await {
        let text = output.to_string();
        let now = shared.clock.now();
        let mut world = shared.world();
        let store = &mut world.region(&to.account, &to.region).logs;
        for line in text.lines() {
            store.write(&to.group, &to.stream, now, line);
        }
        drop(world);
        shared.save.notify_one();
    }
}

fn body(order: &ContainerOrder, network: &str) -> ContainerCreateBody {
    let memory = order.memory.map(|mib| mib.max(LEAST_MEMORY) << 20);
    let rotated = [("max-size", "1m"), ("max-file", "2")];
    let rotated = rotated.map(|(name, value)| (name.to_owned(), value.to_owned()));
    ContainerCreateBody {
        image: Some(order.image.clone()),
        env: Some(order.environment.clone()),
        cmd: order.command.clone(),
        entrypoint: order.entry_point.clone(),
        user: order.user.clone(),
        working_dir: order.directory.clone(),
        // Only checks of the task definition count (ecs-facts 1.3).
        healthcheck: Some(HealthConfig {
            test: Some(vec!["NONE".to_owned()]),
            ..HealthConfig::default()
        }),
        host_config: Some(HostConfig {
            network_mode: Some(network.to_owned()),
            memory,
            // No swap: a limit that is reached kills.
            memory_swap: memory,
            readonly_rootfs: Some(order.read_only),
            init: Some(order.init),
            log_config: Some(HostConfigLogConfig {
                typ: Some("json-file".to_owned()),
                config: Some(rotated.into()),
            }),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    }
}
