//! Answers of people to hooks that pause our deployment: handed on to ECS, once each, and told in the verdict.

use super::{Action, Asked, CallFailed, FailureKind, Next, Rollout, Seen};
use crate::checkpoint::Checkpoint;
use crate::event::NoteLevel;
use crate::hook::{HookAction, HookAnswer};
use crate::observe::{ServiceDeploymentSeen, ServiceDeploymentStatus};
use crate::time::Timestamp;
use crate::verdict::Finding;

/// What is remembered of a run of a hook that was seen to wait.
#[derive(Clone, Debug)]
pub(super) struct Paused {
    id: String,
    stage: String,
    on_timeout: Option<HookAction>,
}

impl Seen {
    /// A poll has shown hooks: ECS says what follows their timeout only while they wait.
    pub(super) fn saw_hooks(&mut self, deployment: &ServiceDeploymentSeen) {
        for hook in deployment.awaiting() {
            if self.paused.iter().any(|known| known.id == hook.id) {
                continue;
            }
            self.paused.push(Paused {
                id: hook.id.clone(),
                stage: deployment.lifecycle_stage.clone().unwrap_or_default(),
                on_timeout: hook.on_timeout,
            });
        }
    }

    fn paused(&self, hook: &str) -> Option<&Paused> {
        self.paused.iter().find(|known| known.id == hook)
    }
}

impl Rollout {
    /// Somebody answered a hook. The first answer to it stands.
    pub fn answer(&mut self, answer: HookAnswer) {
        if !self.answers.iter().any(|known| known.hook == answer.hook) {
            self.answers.push(answer);
        }
    }

    /// Hands an answer on to ECS, if there is one to a hook that waits. A run of a hook is answered once: a call that
    /// an attempt before this one has sent, and whose outcome is not noted, makes this one be refused at worst.
    pub(super) fn hand_on_answers(
        &self,
        now: Timestamp,
        deployment: &ServiceDeploymentSeen,
    ) -> Option<Next> {
        let answered = |hook: &str| {
            self.has(|note| matches!(note, Checkpoint::Answered { hook: known } if known == hook))
        };
        if let Some(hook) = self.seen.answered.iter().find(|hook| !answered(hook)) {
            return Some(Next::Note(Checkpoint::Answered { hook: hook.clone() }));
        }
        if let Some(next) = self.tell_late_answer(now, deployment) {
            return Some(next);
        }
        // Going back answers all of them.
        if self.stop.is_some()
            || self.early().is_some()
            || deployment.status != ServiceDeploymentStatus::InProgress
        {
            return None;
        }
        let waits = |hook: &str| deployment.awaiting().any(|seen| seen.id == hook);
        let due = self.answers.iter().find(|answer| {
            let hook = answer.hook.as_str();
            waits(hook) && !answered(hook) && !self.seen.unanswerable.contains(hook)
        })?;
        let intent = Checkpoint::AnswerIntent {
            hook: due.hook.clone(),
            action: due.action,
        };
        if !self.has(|note| *note == intent) {
            return Some(Next::Note(intent));
        }
        Some(Next::Do(Action::Continue {
            service_deployment: deployment.arn.clone(),
            hook: due.hook.clone(),
            action: due.action,
        }))
    }

    /// The hook that an attempt before this one was about to answer does not wait any more, and nobody noted why.
    fn tell_late_answer(&self, now: Timestamp, deployment: &ServiceDeploymentSeen) -> Option<Next> {
        let inherited = self.noted.iter().take(self.inherited);
        let unheard = inherited.filter_map(|note| match note {
            Checkpoint::AnswerIntent { hook, action } => Some((hook, action)),
            _ => None,
        });
        let (hook, action) = unheard.into_iter().find(|(hook, _)| {
            let mut runs = deployment.hooks.iter();
            let over = ["SUCCEEDED", "FAILED"];
            runs.any(|run| run.id == **hook && over.contains(&run.status.as_str()))
                && !self.has(
                    |note| matches!(note, Checkpoint::Answered { hook: known } if known == *hook),
                )
        })?;
        let what = format!("the answer {} to hook {hook}", action.as_str());
        let call = "ecs:ContinueServiceDeployment";
        let told = self.tell_late(call, now, what, "goes on from there");
        Some(told.unwrap_or_else(|| Next::Note(Checkpoint::Answered { hook: hook.clone() })))
    }

    /// ECS did not take an answer. True when that is all there is to it: the hook waits no more.
    pub(super) fn saw_no_answer(&mut self, hook: &str, failed: &CallFailed) -> bool {
        let passed = matches!(
            failed.kind,
            FailureKind::Conflict | FailureKind::NotFound | FailureKind::Invalid
        );
        if passed {
            self.seen.unanswerable.insert(hook.to_owned());
            let text = format!(
                "the answer to hook {hook} was not taken, it waits no more: {}",
                failed.message
            );
            self.remarks.push((NoteLevel::Warning, text));
        }
        // How it goes on is seen by the next poll.
        self.seen.deployment = None;
        passed
    }

    /// When somebody last answered: the time of the rollout begins anew with it.
    pub(super) fn answered_at(&self) -> Option<Timestamp> {
        self.answers.iter().map(|answer| answer.at).max()
    }

    /// The answer that sent our deployment back, if one did.
    pub(super) fn rejection(&self) -> Option<&HookAnswer> {
        if self.asked() != Asked::Nobody {
            return None;
        }
        self.answers.iter().find(|answer| {
            let intent = Checkpoint::AnswerIntent {
                hook: answer.hook.clone(),
                action: HookAction::Rollback,
            };
            answer.action == HookAction::Rollback && self.has(|note| *note == intent)
        })
    }

    /// The hook whose timeout sent our deployment back, if one did.
    pub(super) fn unanswered<'a>(&self, deployment: &'a ServiceDeploymentSeen) -> Option<&'a str> {
        let reason = deployment.rollback.as_ref().map(|back| &back.reason);
        let mut reasons = reason.into_iter().chain(&deployment.status_reason);
        let blamed = reasons.any(|reason| reason.to_lowercase().contains("hook"));
        let mut timed_out = deployment.hooks.iter().filter(|hook| {
            let paused = self.seen.paused(&hook.id);
            let then = hook
                .on_timeout
                .or_else(|| paused.and_then(|paused| paused.on_timeout));
            let rolls_back = then.map_or(blamed, |then| then == HookAction::Rollback);
            hook.status == "TIMED_OUT" && rolls_back
        });
        timed_out.next().map(|hook| hook.id.as_str())
    }

    /// What people have to do with the end of our deployment.
    pub(super) fn found_at_hooks(&self, deployment: &ServiceDeploymentSeen) -> Option<Finding> {
        if let Some(answer) = self.rejection() {
            let mut evidence = vec![format!(
                "{}: hook {}{}",
                answer.at,
                answer.hook,
                self.at(&answer.hook)
            )];
            if !answer.reason.is_empty() {
                evidence.insert(0, format!("{}: {}", answer.by, answer.reason));
            }
            return Some(Finding {
                code: "rejected".to_owned(),
                cause: format!("{} rejected the deployment", answer.by),
                evidence,
                remedy: "ask who rejected it; deploy again once the reason is gone".to_owned(),
            });
        }
        let hook = self.unanswered(deployment)?;
        Some(Finding {
            code: "no-answer".to_owned(),
            cause: "nobody approved the deployment in time, and ECS rolled it back".to_owned(),
            evidence: vec![format!("hook {hook}{} timed out", self.at(hook))],
            remedy: "deploy again and answer with shipway approve; give the hook more time in \
                     timeoutConfiguration.timeoutInMinutes"
                .to_owned(),
        })
    }

    fn at(&self, hook: &str) -> String {
        let stage = self.seen.paused(hook).map(|paused| paused.stage.as_str());
        match stage {
            None | Some("") => String::new(),
            Some(stage) => format!(" at {stage}"),
        }
    }
}
