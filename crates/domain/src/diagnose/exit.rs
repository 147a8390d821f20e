//! What the exit code of a container means, when ECS says no more than that it ended.

use crate::observe::{ContainerSeen, TaskSeen};
use crate::verdict::Finding;

/// Code of a container that has ended with 0, which a service's must not.
pub(crate) const ENDS: &str = "container-ends";

/// Codes, causes and remedies, for the documents.
pub(super) const KINDS: [(&str, &str, &str); 6] = [
    (
        "container-exits",
        "the new container exits with code N",
        "read the container's first lines of output: configuration, environment, migrations",
    ),
    (
        ENDS,
        "the new container ends by itself, without an error",
        "the command of a service must not return: run the server in the foreground",
    ),
    (
        "command-fails",
        "the container's command cannot be run",
        "see that the command exists in the image and may be executed",
    ),
    (
        "segmentation-fault",
        "the new container crashes with a segmentation fault",
        "see the app, and that its libraries fit the image and the processor",
    ),
    (
        "killed",
        "the container was killed (exit 137), and nobody had stopped its task",
        "see the memory of the task and its host: a child process or the host may have run out of it",
    ),
    (
        "stop-timeout",
        "the container was killed (exit 137): it did not end within the stop timeout",
        "let the app end on SIGTERM, or raise stopTimeout",
    ),
];

/// The finding of a task that stopped because of a container, if it is one.
pub(super) fn of(task: &TaskSeen) -> Option<Finding> {
    // Who stops a task gives a code of its own; without one the container is all that is known.
    let by_itself = match task.stop_code.as_deref() {
        None | Some("EssentialContainerExited" | "TaskFailedToStart") => true,
        Some("ServiceSchedulerInitiated") => false,
        // A person, or AWS: how the container took it is no failure of the deployment.
        Some(_) => return None,
    };
    let (container, code) = match failed(task) {
        Some(container) => (container, container.exit_code?),
        None if task.stop_code.as_deref() == Some("EssentialContainerExited") => {
            let first = task.containers.iter().find(|c| c.exit_code == Some(0))?;
            (first, 0)
        }
        None => return None,
    };
    let kind = match (code, by_itself) {
        (137, false) => "stop-timeout",
        // Whoever was stopped ended as it liked.
        (_, false) => return None,
        (0, true) => ENDS,
        (126 | 127, true) => "command-fails",
        (137, true) => "killed",
        (139, true) => "segmentation-fault",
        (_, true) => "container-exits",
    };
    let (code_name, cause, remedy) = *KINDS.iter().find(|(name, ..)| *name == kind)?;
    Some(Finding {
        code: code_name.to_owned(),
        cause: cause.replace("code N", &format!("code {code}")),
        evidence: vec![evidence(task, container, code)],
        remedy: remedy.to_owned(),
    })
}

/// The container that ended in a failure.
pub(super) fn failed(task: &TaskSeen) -> Option<&ContainerSeen> {
    task.containers.iter().find(|container| {
        // 143 is SIGTERM heeded.
        container
            .exit_code
            .is_some_and(|code| code != 0 && code != 143)
    })
}

fn evidence(task: &TaskSeen, container: &ContainerSeen, code: i32) -> String {
    let lived = task
        .started_at
        .zip(task.execution_stopped_at.or(task.stopped_at));
    let after = lived.map_or_else(String::new, |(from, to)| {
        format!(" about {} s after it started", to.since(from).as_secs())
    });
    let id = super::short(task);
    let when = super::when(task);
    format!(
        "task {id}, container {}, exit {code}{after}{when}",
        container.name
    )
}
