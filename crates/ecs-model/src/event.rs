//! What a service says about itself: the texts of `events[]` (ecs-facts 1.6).

use serde::{Deserialize, Serialize};

use crate::time::Time;

/// An entry of `events[]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Its id.
    pub id: String,
    /// When it was said.
    pub created_at: Time,
    /// The text.
    pub message: String,
}

/// What there is to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Say<'a> {
    Started(&'a [String]),
    Registered(usize, &'a str),
    Draining(usize),
    Deregistered(usize, &'a str),
    StoppedTasks(&'a [String]),
    TaskUnhealthy(&'a str, &'a str, Option<&'a str>),
    NoPlace(&'a str),
    Impaired,
    Deadlock,
    SteadyState,
    Completed(&'a str),
    Failed(&'a str),
    GaveUp(&'a str, &'a str),
    RollingBack(&'a str, &'a str),
}

impl Say<'_> {
    /// The text, for a service of this name.
    pub(crate) fn text(&self, service: &str) -> String {
        let me = format!("(service {service})");
        match self {
            Self::Started(tasks) => {
                format!("{me} has started {} tasks: {}.", tasks.len(), list(tasks))
            }
            Self::Registered(count, group) => {
                format!("{me} registered {count} targets in (target-group {group})")
            }
            Self::Draining(count) => {
                format!("{me} has begun draining connections on {count} tasks.")
            }
            Self::Deregistered(count, group) => {
                format!("{me} deregistered {count} targets in (target-group {group})")
            }
            Self::StoppedTasks(tasks) => format!(
                "{me} has stopped {} running tasks: {}.",
                tasks.len(),
                list(tasks)
            ),
            Self::TaskUnhealthy(task, reason, Some(group)) => format!(
                "{me} (task {task}) is unhealthy in (target-group {group}) due to (reason {reason})"
            ),
            Self::TaskUnhealthy(task, reason, None) => {
                format!("{me} (task {task}) is unhealthy due to (reason {reason})")
            }
            Self::NoPlace(reason) => {
                format!("{me} was unable to place a task. Reason: {reason}")
            }
            Self::Impaired => {
                format!("{me} is unable to consistently start tasks successfully.")
            }
            Self::Deadlock => format!(
                "{me} was unable to stop or start tasks during a deployment because of the service \
                 deployment configuration. Update the minimumHealthyPercent or maximumPercent value \
                 and try again."
            ),
            Self::SteadyState => format!("{me} has reached a steady state."),
            Self::Completed(id) => format!("{me} (deployment {id}) deployment completed."),
            Self::Failed(id) => {
                format!("{me} (deployment {id}) deployment failed: tasks failed to start.")
            }
            Self::GaveUp(id, reason) => {
                format!("{me} (deployment {id}) deployment failed: {reason}")
            }
            Self::RollingBack(id, to) => {
                format!("{me} (deployment {id}) rolling back to deployment {to}.")
            }
        }
    }
}

fn list(tasks: &[String]) -> String {
    let each: Vec<String> = tasks.iter().map(|id| format!("(task {id})")).collect();
    each.join(" ")
}
