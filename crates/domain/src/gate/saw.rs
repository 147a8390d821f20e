//! Taking in what an action brought to light.

use super::GateRun;
use crate::diagnose::LINES;
use crate::event::NoteLevel;
use crate::event::TaskLife;
use crate::observe::TaskSeen;
use crate::rollout::{Action, CallFailed, FailureKind, Saw, refusal, wrong_account};
use crate::time::Timestamp;

impl GateRun {
    /// What came of `action`, at `now`.
    pub fn saw(&mut self, now: Timestamp, action: &Action, saw: Saw) {
        if let Saw::Failed(failed) = saw {
            self.saw_failure(now, action, failed);
            return;
        }
        self.failing = None;
        match saw {
            Saw::Caller(caller) => {
                self.seen.identity_at = Some(now);
                self.seen.fatal = wrong_account(&caller, &self.wanted.target);
            }
            Saw::Service(service) => {
                self.seen.service_missing = service.is_none();
                self.seen.service = service.map(|service| *service);
            }
            Saw::FoundRevision(found) => self.seen.own_revision = Some((found, now)),
            Saw::Registered(arn) => self.seen.registered = Some(arn),
            Saw::TaskRun { task, refused } => {
                self.seen.run = task;
                self.seen.no_place =
                    Some((refused, now)).filter(|(refused, _)| !refused.is_empty());
            }
            Saw::Task(task) => match action {
                Action::FindTask { .. } => {
                    self.seen.searched_at = Some(now);
                    self.seen.run = task.map(|task| task.arn);
                }
                _ => self.saw_task(now, task.map(|task| *task)),
            },
            Saw::TaskStopAsked => self.seen.stop_sent = true,
            Saw::Log { lines, after } => {
                self.seen.log_read_at = Some(now);
                self.seen.log_dry = lines.is_empty();
                self.seen.log_after = after;
                self.seen.lines.extend(lines.iter().cloned());
                let more = self.seen.lines.len().saturating_sub(LINES);
                self.seen.lines.drain(..more);
                self.output.extend(lines);
            }
            _ => {}
        }
    }

    fn saw_task(&mut self, now: Timestamp, task: Option<TaskSeen>) {
        self.seen.looked_at = Some(now);
        let Some(task) = task else {
            // Right after RunTask it may not show yet, an hour after its end not any more (ecs-facts 1.4, 5.4).
            self.seen.vanished += 1;
            self.seen.task = None;
            let failed = CallFailed {
                call: "ecs:DescribeTasks".to_owned(),
                kind: FailureKind::Passing,
                message: "the task does not show".to_owned(),
            };
            self.count_failure(now, failed);
            return;
        };
        self.seen.vanished = 0;
        if task.last_status == "STOPPED" && self.seen.ended_at.is_none() {
            self.seen.ended_at = Some(now);
        }
        let life = self.life.get_or_insert_with(|| TaskLife {
            new: true,
            ..TaskLife::default()
        });
        life.look(&task);
        self.seen.task = Some(task);
    }

    fn saw_failure(&mut self, now: Timestamp, action: &Action, failed: CallFailed) {
        match action {
            Action::ReadLog { .. } => {
                // It is for people, and decides nothing; what is refused once is not asked for again.
                self.seen.log_read_at = Some(now);
                self.seen.log_dry = true;
                if matches!(failed.kind, FailureKind::Passing | FailureKind::Uncertain) {
                    return;
                }
                self.seen.log_denied = true;
                let text = format!("the task's output cannot be read: {}", failed.message);
                self.remarks.push((NoteLevel::Warning, text));
                return;
            }
            Action::RunTask(_) => match failed.kind {
                FailureKind::Uncertain => {
                    self.seen.run_uncertain_at = Some(now);
                    self.seen.searched_at = None;
                }
                // The token is known to ECS with other members: something was started by it.
                FailureKind::Conflict => {
                    self.seen.run_uncertain_at = Some(now);
                    self.seen.searched_at = None;
                    self.seen.token_taken = true;
                }
                FailureKind::Passing => {}
                // That call started nothing. One before it may have.
                FailureKind::Credentials
                | FailureKind::Denied
                | FailureKind::NotFound
                | FailureKind::Invalid => {
                    self.seen.refused = Some(refusal(&failed));
                    return;
                }
            },
            Action::StopTask { .. } if failed.kind == FailureKind::NotFound => {
                // It has ended meanwhile: the next look says how.
                self.seen.stop_sent = true;
                return;
            }
            Action::Register { .. } if failed.kind == FailureKind::Uncertain => {
                self.seen.register_uncertain = true;
                self.seen.own_revision = None;
            }
            Action::Register { .. } if failed.kind == FailureKind::Conflict => {}
            _ if matches!(failed.kind, FailureKind::Passing | FailureKind::Uncertain) => {}
            _ if !self.may_run() => {
                self.seen.fatal.get_or_insert_with(|| refusal(&failed));
                return;
            }
            // What runs is looked at again: credentials are renewed, policies corrected.
            _ => {}
        }
        self.count_failure(now, failed);
    }

    fn count_failure(&mut self, now: Timestamp, failed: CallFailed) {
        let times = self.failing.as_ref().map_or(0, |(_, times, _)| *times);
        self.failing = Some((failed, times + 1, now));
    }
}
