//! How the task of a gate ends, and what is said about it.

use std::time::Duration;

use super::GateRun;
use crate::diagnose::{self, stream_of};
use crate::job::{Outcome, RolloutReport, TaskRun};
use crate::observe::{ServiceEventSeen, TaskSeen};
use crate::rollout::{Action, Next};
use crate::time::Timestamp;
use crate::verdict::{Finding, Verdict};

/// How long a task may take to stop: its `stopTimeout` is 120 s at most (ecs-facts 1.3), and its network goes after that.
pub(super) const STOPS: Duration = Duration::from_secs(5 * 60);
/// Lines reach CloudWatch a little after they were printed: so long after the end they are read for.
const LAST_LINES: Duration = Duration::from_secs(2);
/// So long at most.
const LONGEST_READING: Duration = Duration::from_secs(30);

impl GateRun {
    /// Reads what the task has printed since the last time, if its output can be read at all.
    pub(super) fn read_on(&self) -> Option<Next> {
        if self.seen.log_denied {
            return None;
        }
        let task = self.seen.task.as_ref()?;
        // Before it runs there is nothing.
        task.started_at?;
        let definition = &self.wanted.task_definition;
        let stream = stream_of(task, &self.wanted.gate.container, definition)?;
        Some(Next::Do(Action::ReadLog {
            stream,
            after: self.seen.log_after.clone(),
        }))
    }

    /// What is left of the output of a task that has ended.
    pub(super) fn read_to_the_end(&self, now: Timestamp, ended_at: Timestamp) -> Option<Next> {
        let next = self.read_on()?;
        let until = ended_at.plus(LAST_LINES);
        let read_at = self.seen.log_read_at.unwrap_or(Timestamp::ZERO);
        if now > ended_at.plus(LONGEST_READING) || (read_at >= until && self.seen.log_dry) {
            return None;
        }
        if self.seen.log_dry && now < until {
            return Some(Next::Wait {
                until,
                reason: "the last lines of its output".to_owned(),
            });
        }
        Some(next)
    }

    /// The task has ended: its exit code decides.
    pub(super) fn conclude(&self, task: &TaskSeen) -> Next {
        let mut containers = task.containers.iter();
        let container = containers.find(|container| container.name == self.wanted.gate.container);
        let code = container.and_then(|container| container.exit_code);
        let found = diagnose::findings(
            std::slice::from_ref(task),
            &[],
            &task.task_definition,
            Timestamp::ZERO,
        );
        if code == Some(0) && is_done(task, found.first()) {
            return Next::End(Box::new(Outcome::Ran(TaskRun {
                task: task.arn.clone(),
                task_definition: task.task_definition.clone(),
                image_digest: self.wanted.image.digest.clone(),
                millis: lived(task),
            })));
        }
        if let Some(reason) = &self.stop {
            return Next::End(Box::new(Outcome::Stopped(reason.clone())));
        }
        if self.seen.stop_sent {
            return self.give_up(self.overdue("it did not end in time, and was stopped"));
        }
        let finding = found.into_iter().next().unwrap_or_else(|| {
            let code =
                code.map_or_else(|| "no exit code".to_owned(), |code| format!("exit {code}"));
            let said = task.stopped_reason.iter().cloned();
            Finding {
                code: "task-failed".to_owned(),
                cause: format!(
                    "its container {} ended with {code}",
                    self.wanted.gate.container
                ),
                evidence: std::iter::once(format!("task {}", short(&task.arn)))
                    .chain(said)
                    .collect(),
                remedy: "read the output of the task; deploy again".to_owned(),
            }
        });
        self.give_up(Finding {
            cause: self.of_the_task(&finding.cause),
            ..finding
        })
    }

    /// Why it is not done in time.
    pub(super) fn overdue(&self, what: &str) -> Finding {
        let seconds = self.wanted.gate.timeout.as_secs();
        Finding {
            code: "task-timeout".to_owned(),
            cause: self.of_the_task(what),
            evidence: vec![format!("its timeout is {seconds} s")],
            remedy: "see what it waits for in its output; raise its timeout, or make it quicker"
                .to_owned(),
        }
    }

    /// ECS had no place for the task until its time was over.
    pub(super) fn no_place(&self, reasons: &[String]) -> Next {
        let events: Vec<ServiceEventSeen> = reasons
            .iter()
            .map(|reason| ServiceEventSeen {
                message: reason.clone(),
                ..ServiceEventSeen::default()
            })
            .collect();
        let known = diagnose::findings(&[], &events, "", Timestamp::ZERO);
        let (code, remedy) = known.into_iter().next().map_or_else(
            || {
                (
                    "no-capacity".to_owned(),
                    "add capacity to the cluster".to_owned(),
                )
            },
            |finding| (finding.code, finding.remedy),
        );
        self.give_up(Finding {
            code,
            cause: self.of_the_task("ECS found no place for it in time"),
            evidence: reasons.to_vec(),
            remedy,
        })
    }

    /// The job fails, and says so with what the task printed last.
    pub(super) fn give_up(&self, finding: Finding) -> Next {
        // A call that may have started it is found out about first.
        if self.may_run() && self.seen.ended_at.is_none() && self.is_blind() {
            return self.rest(&finding.cause);
        }
        let mut findings = [finding];
        let task = self.task().map(short).unwrap_or_default();
        diagnose::quote(&mut findings, task, &self.seen.lines);
        let [finding] = findings;
        Next::End(Box::new(Outcome::Failed(finding)))
    }

    /// Whether the task may run without being seen.
    fn is_blind(&self) -> bool {
        self.seen.fatal.is_some()
    }

    /// Whether the task ran cannot be known any more: it is not run a second time.
    pub(super) fn lost(&self, what: &str) -> Next {
        let cause = self.of_the_task("it cannot be known whether, and how, it ended");
        let finding = Finding {
            code: "task-lost".to_owned(),
            cause: cause.clone(),
            evidence: vec![what.to_owned()],
            remedy: "see by its output, or by what it does, whether it ran; then cancel the release, and deploy again \
                     if it has to run"
                .to_owned(),
        };
        let report = RolloutReport::unseen(Verdict::Stuck, cause, vec![finding]);
        Next::End(Box::new(Outcome::RolledOut(report)))
    }

    /// We stop waiting, ECS does not: the job rests, and is looked at again.
    pub(super) fn rest(&self, summary: &str) -> Next {
        let summary = self.of_the_task(summary);
        let report = RolloutReport::unseen(Verdict::Unknown, summary, Vec::new());
        Next::End(Box::new(Outcome::RolledOut(report)))
    }

    /// What to do while calls fail: wait a little longer each time, and stop at the deadline.
    pub(super) fn while_failing(&self, now: Timestamp) -> Option<Next> {
        let (failed, times, at) = self.failing.as_ref()?;
        let text = format!("{}: {}", failed.call, failed.message);
        if now > self.deadline().plus(STOPS) {
            return Some(if self.may_run() {
                self.rest(&format!("AWS cannot be seen: {text}"))
            } else {
                Next::End(Box::new(Outcome::Failed(Finding {
                    code: "aws-unreachable".to_owned(),
                    cause: self.of_the_task("AWS did not answer in its time; it was not started"),
                    evidence: vec![text],
                    remedy: "see whether the agent reaches AWS with its credentials; deploy again"
                        .to_owned(),
                })))
            });
        }
        let wait = Duration::from_secs(1 << (*times).min(4));
        let until = at.plus(wait);
        (now < until).then(|| Next::Wait {
            until,
            reason: format!("{} failed ({}); tried again", failed.call, failed.message),
        })
    }

    /// For StopTask: shows in the console.
    pub(super) fn stop_words(&self) -> String {
        let release = self.wanted.job.release;
        match &self.stop {
            Some(_) => format!("release {release} of Shipway was asked to stop"),
            None => format!(
                "not done within the {} s that release {release} of Shipway gives it",
                self.wanted.gate.timeout.as_secs()
            ),
        }
    }

    pub(super) fn waiting(&self, task: &TaskSeen) -> String {
        let id = short(&task.arn);
        if self.seen.stop_sent {
            return format!("task {id} to stop");
        }
        match task.last_status.as_str() {
            "RUNNING" => format!(
                "task {id} to end, at most {} s",
                self.wanted.gate.timeout.as_secs()
            ),
            status => format!("task {id} to run (it is {status})"),
        }
    }

    fn of_the_task(&self, what: &str) -> String {
        format!("the task {} the rollout: {what}", self.wanted.when.as_str())
    }
}

/// Whether a task whose container ended with 0 has done its work. One that was stopped, by whomever, may say 0 as well:
/// it heeded SIGTERM. So may one whose child was killed for its memory (ecs-facts section 10).
fn is_done(task: &TaskSeen, found: Option<&Finding>) -> bool {
    let by_itself = matches!(
        task.stop_code.as_deref(),
        None | Some("EssentialContainerExited")
    );
    by_itself && found.is_none_or(|finding| finding.code == diagnose::ENDS)
}

/// How long its containers ran, in milliseconds.
fn lived(task: &TaskSeen) -> u64 {
    let ended = task.execution_stopped_at.or(task.stopped_at);
    let lived = task.started_at.zip(ended);
    lived.map_or(0, |(from, to)| {
        u64::try_from(to.since(from).as_millis()).unwrap_or(u64::MAX)
    })
}

/// The task's id, short enough to read.
fn short(arn: &str) -> &str {
    let id = arn.rsplit('/').next().unwrap_or(arn);
    id.get(..8).unwrap_or(id)
}
