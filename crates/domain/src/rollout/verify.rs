//! The proof: every running task of our revision serves a digest that we pushed.

use std::time::Duration;

use super::{Action, Next, Rollout};
use crate::observe::TaskSeen;
use crate::time::Timestamp;
use crate::verdict::Finding;

/// How long tasks may take to show themselves and their digests after ECS says SUCCESSFUL.
const PATIENCE: Duration = Duration::from_secs(60);
/// Time between two looks.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// Why the proof does not hold (yet).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Doubt {
    /// No task of ours runs, or one does not report its digest yet.
    NotYet(String),
    /// A task serves something else.
    Other(String),
}

impl Rollout {
    /// Whether the running tasks of `task_definition` prove that our digest serves. With desired
    /// 0 nothing runs, and that is what is said.
    pub(super) fn proof(
        &self,
        tasks: &[TaskSeen],
        task_definition: &str,
        desired: u32,
    ) -> Result<u32, Doubt> {
        if desired == 0 {
            return Ok(0);
        }
        let mut running = 0;
        for task in tasks {
            if task.task_definition != task_definition || task.last_status != "RUNNING" {
                continue;
            }
            running += 1;
            for name in &self.wanted.containers {
                self.proves(task, name)?;
            }
        }
        if running == 0 {
            let text = format!("no task of {task_definition} is running");
            return Err(Doubt::NotYet(text));
        }
        Ok(running)
    }

    fn proves(&self, task: &TaskSeen, name: &str) -> Result<(), Doubt> {
        let container = task
            .containers
            .iter()
            .find(|container| container.name == name);
        match container.and_then(|container| container.image_digest.as_ref()) {
            None => Err(Doubt::NotYet(format!(
                "container {name} of task {} reports no digest",
                short(&task.arn)
            ))),
            Some(digest) if self.wanted.image.accepted.contains(digest) => Ok(()),
            Some(digest) => Err(Doubt::Other(format!(
                "container {name} of task {} runs {digest}, pushed was {}",
                short(&task.arn),
                self.wanted.image.digest
            ))),
        }
    }

    /// Our deployment is SUCCESSFUL and the newest: look at its tasks until they prove it.
    pub(super) fn verify(&self, now: Timestamp, task_definition: &str) -> Next {
        let Some(service) = &self.seen.service else {
            return Next::Do(Action::DescribeService);
        };
        if let Some(next) = self.deleted() {
            return next;
        }
        let Some((tasks, at)) = &self.seen.tasks else {
            return Next::Do(Action::RunningTasks);
        };
        let Err(doubt) = self.proof(tasks, task_definition, service.desired) else {
            return self
                .until_they_stay(now, task_definition, *at)
                .unwrap_or_else(|| self.live(task_definition, service, false));
        };
        match doubt {
            Doubt::Other(evidence) => self.fail_after(Finding {
                code: "digest-differs".to_owned(),
                cause: "ECS runs another image than the one that was pushed".to_owned(),
                evidence: vec![evidence],
                remedy: "see whether version consistency is switched off for the container, \
                             or a tag was moved; deploy again with --force"
                    .to_owned(),
            }),
            Doubt::NotYet(evidence) => {
                let since = self.seen.ended_at.unwrap_or(now);
                // ECS saw them healthy: where none is left, they may have died since.
                if self.seen.dead_at_end.is_none() {
                    return Next::Do(Action::StoppedTasks { under_way: false });
                }
                if now < since.plus(PATIENCE) {
                    if now >= at.plus(LOOK_AGAIN) {
                        return Next::Do(Action::RunningTasks);
                    }
                    let reason = format!("{evidence}, yet");
                    return Next::Wait {
                        until: at.plus(LOOK_AGAIN),
                        reason,
                    };
                }
                self.not_serving(evidence)
            }
        }
    }

    pub(super) fn not_serving(&self, evidence: String) -> Next {
        if self.seen.stopped.is_none() {
            return Next::Do(Action::StoppedTasks { under_way: false });
        }
        if let Some(next) = self.registered().and_then(|ours| self.last_words(ours)) {
            return next;
        }
        self.fail_after(Finding {
            code: "not-serving".to_owned(),
            cause: "ECS calls the deployment successful, but its tasks do not stay up".to_owned(),
            evidence: vec![evidence],
            remedy: "give the container a health check, so that ECS sees what you see".to_owned(),
        })
    }
}

/// The part of a task ARN that people use.
pub(super) fn short(arn: &str) -> &str {
    arn.rsplit('/')
        .next()
        .map_or(arn, |id| id.get(..8).unwrap_or(id))
}
