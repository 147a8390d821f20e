//! What stopped tasks and service events mean (ecs-facts section 10).
//!
//! Evidence counts only when it is of *this* deployment: tasks of our task definition, events since
//! the job began. A later version brings every row of the table.

use crate::observe::{ServiceDeploymentSeen, ServiceEventSeen, TaskSeen};
use crate::time::Timestamp;
use crate::verdict::Finding;

/// A cause that can be read off a text.
struct Rule {
    code: &'static str,
    /// All of these (lower case) must stand in the text.
    all: &'static [&'static str],
    /// And one of these, when there are any.
    any: &'static [&'static str],
    cause: &'static str,
    remedy: &'static str,
}

const RULES: &[Rule] = &[
    Rule {
        code: "image-not-found",
        all: &["cannotpullcontainererror"],
        any: &["manifest unknown", "not found", "failed to resolve ref"],
        cause: "the image cannot be pulled: it is not in the repository",
        remedy: "see whether a lifecycle rule expired it; build and deploy again",
    },
    Rule {
        code: "image-pull-denied",
        all: &["cannotpullcontainererror"],
        any: &[
            "403",
            "pull access denied",
            "no basic auth",
            "denied",
            "role has the permissions",
        ],
        cause: "the image cannot be pulled: the execution role or the repository policy forbids it",
        remedy: "allow the execution role to pull, and its account in the repository policy",
    },
    Rule {
        code: "image-pull-network",
        all: &["cannotpullcontainererror"],
        any: &[
            "i/o timeout",
            "dial tcp",
            "request canceled",
            "context canceled",
            "connection issue",
        ],
        cause: "the image cannot be pulled: there is no route to the registry",
        remedy: "give the subnets a NAT gateway, or endpoints for ecr.api, ecr.dkr and S3",
    },
    Rule {
        code: "image-pull-rate",
        all: &["cannotpullcontainererror"],
        any: &["toomanyrequests", "pull rate limit"],
        cause: "the image cannot be pulled: the registry's rate limit is reached",
        remedy: "use a pull-through cache, or credentials",
    },
    Rule {
        code: "wrong-architecture",
        all: &[],
        any: &[
            "does not contain descriptor matching platform",
            "exec format error",
        ],
        cause: "the image is built for another processor than the task asks for",
        remedy: "build for the platform of the task, or set runtimePlatform.cpuArchitecture",
    },
    Rule {
        code: "image-cannot-be-pulled",
        all: &["cannotpullcontainererror"],
        any: &[],
        cause: "the image cannot be pulled",
        remedy: "read the message below",
    },
    Rule {
        code: "secret-denied",
        all: &["resourceinitializationerror"],
        any: &["secret", "parameter store", "ssm", "accessdenied"],
        cause: "a secret of the task definition cannot be read",
        remedy: "let the execution role read it, and see that the ARN is right",
    },
    Rule {
        code: "log-group",
        all: &["resourceinitializationerror", "logging driver"],
        any: &[],
        cause: "the log group cannot be written",
        remedy: "create the log group, or let the execution role create it",
    },
    Rule {
        code: "out-of-memory",
        all: &[],
        any: &["outofmemoryerror", "killed due to memory usage"],
        cause: "the container was killed because it used more memory than it has",
        remedy: "raise the memory of the container or task",
    },
    Rule {
        code: "cannot-start",
        all: &[],
        any: &[
            "cannotstartcontainererror",
            "executable file not found",
            "cannotcreatecontainererror",
        ],
        cause: "the container cannot be started",
        remedy: "see command, entrypoint and user of the image",
    },
    Rule {
        code: "load-balancer-health",
        all: &["failed elb health checks"],
        any: &[],
        cause: "the load balancer finds the task unhealthy",
        remedy: "see path, port and status code of the health check, and the grace period",
    },
    Rule {
        code: "container-health",
        all: &["failed container health checks"],
        any: &[],
        cause: "the container's own health check fails",
        remedy: "see that the command exists in the image, and startPeriod",
    },
    Rule {
        code: "no-capacity",
        all: &[],
        any: &[
            "capacity is unavailable",
            "no container instance met all of its requirements",
            "limit on the number of",
        ],
        cause: "there is no capacity for the task",
        remedy: "add capacity, raise the quota, or lower the size of the task",
    },
    Rule {
        code: "subnet-full",
        all: &[],
        any: &[
            "insufficientfreeaddressesinsubnet",
            "unexpected ec2 error while attempting to create",
        ],
        cause: "the subnets have no free address",
        remedy: "use larger subnets, or lower maximum_percent",
    },
];

/// Causes that the stopped tasks and events of our deployment show, most frequent first.
#[must_use]
pub fn findings(
    stopped: &[TaskSeen],
    events: &[ServiceEventSeen],
    task_definition: &str,
    since: Timestamp,
) -> Vec<Finding> {
    let mut found: Vec<(Finding, usize)> = Vec::new();
    let ours = stopped
        .iter()
        .filter(|task| task.task_definition == task_definition);
    for finding in ours.filter_map(of_task) {
        add(&mut found, finding);
    }
    for event in events.iter().filter(|event| event.at >= since) {
        let text = event.message.to_lowercase();
        if let Some(rule) = RULES.iter().find(|rule| rule.matches(&text)) {
            add(&mut found, rule.finding(event.message.clone()));
        }
    }
    found.sort_by_key(|(_, times)| std::cmp::Reverse(*times));
    found.into_iter().map(|(finding, _)| finding).collect()
}

/// What is said when nothing explains the end.
#[must_use]
pub fn unexplained(deployment: &ServiceDeploymentSeen) -> Finding {
    let words = deployment
        .rollback
        .as_ref()
        .map(|rollback| rollback.reason.clone());
    Finding {
        code: "unexplained".to_owned(),
        cause: "ECS ended the deployment, and no stopped task says why".to_owned(),
        evidence: words
            .into_iter()
            .chain(deployment.status_reason.clone())
            .collect(),
        remedy: "look at the service's events and the logs of its tasks".to_owned(),
    }
}

impl Rule {
    fn matches(&self, text: &str) -> bool {
        self.all.iter().all(|part| text.contains(part))
            && (self.any.is_empty() || self.any.iter().any(|part| text.contains(part)))
    }

    fn finding(&self, evidence: String) -> Finding {
        Finding {
            code: self.code.to_owned(),
            cause: self.cause.to_owned(),
            evidence: vec![evidence],
            remedy: self.remedy.to_owned(),
        }
    }
}

/// The cause of one stopped task; `None` for what is normal (scaling in, SIGTERM, a person).
fn of_task(task: &TaskSeen) -> Option<Finding> {
    let reason = task.stopped_reason.as_deref().unwrap_or_default();
    if reason.to_lowercase().contains("scaling activity") {
        return None;
    }
    let reasons = task
        .containers
        .iter()
        .filter_map(|container| container.reason.as_deref());
    let words: Vec<&str> = std::iter::once(reason).chain(reasons).collect();
    let text = words.join(" ").to_lowercase();
    let id = task.arn.rsplit('/').next().unwrap_or(&task.arn);
    let id = id.get(..8).unwrap_or(id);
    if let Some(rule) = RULES.iter().find(|rule| rule.matches(&text)) {
        let said: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
        return Some(rule.finding(format!("task {id}: {}", said.join("; "))));
    }
    let exited = task.containers.iter().find(|container| {
        container
            .exit_code
            .is_some_and(|code| code != 0 && code != 143)
    })?;
    let code = exited.exit_code?;
    let lived = task
        .started_at
        .zip(task.execution_stopped_at.or(task.stopped_at));
    let after = lived.map_or_else(String::new, |(from, to)| {
        format!(" about {} s after it started", to.since(from).as_secs())
    });
    Some(Finding {
        code: "container-exits".to_owned(),
        cause: format!("the new container exits with code {code}"),
        evidence: vec![format!(
            "task {id}, container {}, exit {code}{after}",
            exited.name
        )],
        remedy: exit_remedy(code).to_owned(),
    })
}

const fn exit_remedy(code: i32) -> &'static str {
    match code {
        126 | 127 => "see that the command exists in the image and may be executed",
        137 => "it was killed: see its memory, and that it ends on SIGTERM within the stop timeout",
        139 => "it crashed with a segmentation fault: see the app",
        _ => "read the container's first lines of output: configuration, environment, migrations",
    }
}

/// Puts equal causes together, with at most five lines of evidence.
fn add(found: &mut Vec<(Finding, usize)>, finding: Finding) {
    let known = found
        .iter_mut()
        .find(|(known, _)| known.code == finding.code && known.cause == finding.cause);
    match known {
        Some((known, times)) => {
            *times += 1;
            for line in finding.evidence {
                if known.evidence.len() < 5 && !known.evidence.contains(&line) {
                    known.evidence.push(line);
                }
            }
        }
        None => found.push((finding, 1)),
    }
}
