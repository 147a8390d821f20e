//! The ends: what is put back first, which verdict it is, and what is said about it.

use std::time::Duration;

use super::{Action, Asked, Next, Rollout, verdict_of};
use crate::diagnose;
use crate::job::{Outcome, RolloutReport};
use crate::late_call::LateCall;
use crate::observe::{ServiceDeploymentSeen, ServiceDeploymentStatus, ServiceSeen};
use crate::planted::{self, Bug};
use crate::time::Timestamp;
use crate::verdict::{Finding, Verdict};

impl Rollout {
    /// Our deployment has come to an end in ECS.
    pub(super) fn conclude(&self, now: Timestamp, deployment: &ServiceDeploymentSeen) -> Next {
        let Some(ours) = self
            .update_intent()
            .map(|intent| intent.task_definition.to_owned())
        else {
            return self.rest("the intent of the update is not recorded");
        };
        // What is told about the end is what the service shows after it.
        if self.seen.service_at < self.seen_end() {
            return Next::Do(Action::Follow {
                service_deployment: Some(deployment.arn.clone()),
                with_service: true,
            });
        }
        if let Some(next) = self.look_back() {
            return next;
        }
        let later = match deployment.status {
            ServiceDeploymentStatus::Successful | ServiceDeploymentStatus::Stopped => {
                // When the service's PRIMARY is ours there is none; else the list says.
                match self.seen.later {
                    Some(later) => later,
                    None => {
                        return Next::Do(Action::ListDeployments {
                            since: deployment.created_at,
                        });
                    }
                }
            }
            _ => false,
        };
        if later && let Some(next) = self.adopt_later(deployment, &ours) {
            return next;
        }
        let verdict = verdict_of(&deployment.status, self.asked(), later);
        if planted::has(Bug::LiveAfterRollback) && verdict == Verdict::RolledBack {
            return self.end(Verdict::Live, String::new(), Some(ours), Vec::new(), false);
        }
        if verdict == Verdict::Live {
            return self.verify(now, &ours);
        }
        let blame = matches!(
            verdict,
            Verdict::RolledBack | Verdict::Failed | Verdict::Stopped
        );
        if blame && self.seen.stopped.is_none() {
            return Next::Do(Action::StoppedTasks { under_way: false });
        }
        if blame && let Some(next) = self.last_words(&ours) {
            return next;
        }
        let findings = if blame {
            self.findings(deployment, &ours)
        } else {
            Vec::new()
        };
        let summary = self.summary(verdict, deployment);
        self.end(verdict, summary, Some(ours), findings, false)
    }

    pub(super) fn live(
        &self,
        task_definition: &str,
        service: &ServiceSeen,
        unchanged: bool,
    ) -> Next {
        let running = self
            .seen
            .tasks
            .as_ref()
            .and_then(|(tasks, _)| self.proof(tasks, task_definition, service.desired).ok())
            .unwrap_or_default();
        let summary = if service.desired == 0 {
            "desired count is 0: nothing runs, and nothing was verified".to_owned()
        } else if unchanged {
            format!("{running} of {} tasks serve it already", service.desired)
        } else {
            format!(
                "{running} of {} tasks serve {}",
                service.desired,
                self.wanted.image.digest.short()
            )
        };
        let task_definition = Some(task_definition.to_owned());
        self.end(
            Verdict::Live,
            summary,
            task_definition,
            Vec::new(),
            unchanged,
        )
    }

    /// Nothing was changed by an UpdateService of ours, and nothing will be.
    pub(super) fn end_untouched(&self) -> Next {
        let Some(reason) = self.stop.clone() else {
            return self.rest("nobody asked to stop");
        };
        self.put_back_or(Outcome::Stopped(reason))
    }

    /// The job fails before it changed the service.
    pub(super) fn fail(&self, finding: Finding) -> Next {
        if self.update_intent().is_some() {
            return self.fail_after(finding);
        }
        self.put_back_or(Outcome::Failed(finding))
    }

    /// The job fails after it changed the service.
    pub(super) fn fail_after(&self, finding: Finding) -> Next {
        let summary = finding.cause.clone();
        let ours = self.registered().map(str::to_owned);
        let mut findings = vec![finding];
        if let (Some(stopped), Some(ours)) = (&self.seen.stopped, &ours) {
            let events = self
                .seen
                .service
                .as_ref()
                .map_or(&[][..], |s| s.events.as_slice());
            findings.extend(diagnose::findings(
                stopped,
                events,
                ours,
                self.events_since(),
            ));
            self.quote(&mut findings);
        }
        self.end(Verdict::Failed, summary, ours, findings, false)
    }

    /// We stop waiting, ECS does not: the job rests, slot and debts stay.
    pub(super) fn rest(&self, summary: &str) -> Next {
        let ours = self.registered().map(str::to_owned);
        let report = self.report(
            Verdict::Unknown,
            summary.to_owned(),
            ours,
            Vec::new(),
            false,
        );
        Next::End(Box::new(Outcome::RolledOut(report)))
    }

    fn end(
        &self,
        verdict: Verdict,
        summary: String,
        task_definition: Option<String>,
        findings: Vec<Finding>,
        unchanged: bool,
    ) -> Next {
        if verdict == Verdict::Live && !self.seen.tagged && !self.wanted.moving_tags.is_empty() {
            return Next::Do(Action::PutTags {
                tags: self.wanted.moving_tags.clone(),
            });
        }
        let report = self.report(verdict, summary, task_definition, findings, unchanged);
        let next = self.put_back_or(Outcome::RolledOut(report));
        if verdict == Verdict::Live && !unchanged && matches!(next, Next::End(_)) {
            return self.clean().unwrap_or(next);
        }
        next
    }

    fn put_back_or(&self, outcome: Outcome) -> Next {
        self.put_back()
            .unwrap_or_else(|| Next::End(Box::new(outcome)))
    }

    /// Tasks that run. Where the tasks themselves were looked at, that is later than any look at the
    /// service: it may still show those that were being replaced.
    fn running(&self) -> u32 {
        match (&self.seen.tasks, &self.seen.service) {
            (Some((tasks, _)), _) => {
                let running = tasks.iter().filter(|task| task.last_status == "RUNNING");
                u32::try_from(running.count()).unwrap_or(u32::MAX)
            }
            (None, service) => service.as_ref().map_or(0, |service| service.running),
        }
    }

    fn report(
        &self,
        verdict: Verdict,
        summary: String,
        task_definition: Option<String>,
        mut findings: Vec<Finding>,
        unchanged: bool,
    ) -> RolloutReport {
        findings.extend(self.late_calls().map(LateCall::finding));
        let service = self.seen.service.as_ref();
        RolloutReport {
            verdict,
            unchanged,
            summary,
            image_digest: Some(self.wanted.image.digest.clone()),
            task_definition,
            serving: service.map(|service| service.task_definition.clone()),
            service_deployment: self.following().map(str::to_owned),
            running: self.running(),
            desired: service.map_or(0, |service| service.desired),
            findings,
        }
    }

    fn findings(&self, deployment: &ServiceDeploymentSeen, ours: &str) -> Vec<Finding> {
        let stopped = self.seen.stopped.as_deref().unwrap_or_default();
        let events = self
            .seen
            .service
            .as_ref()
            .map_or(&[][..], |s| s.events.as_slice());
        let mut findings: Vec<Finding> = self.found_at_hooks(deployment).into_iter().collect();
        findings.extend(diagnose::alarm(deployment));
        findings.extend(diagnose::findings(
            stopped,
            events,
            ours,
            self.events_since(),
        ));
        self.blame_targets(&mut findings);
        if findings.is_empty() {
            findings.push(diagnose::unexplained(deployment));
        }
        self.quote(&mut findings);
        findings
    }

    /// A look at what the container that failed has said last, unless it was had.
    pub(super) fn last_words(&self, ours: &str) -> Option<Next> {
        if self.seen.lines.is_some() {
            return None;
        }
        let stopped = self.seen.stopped.as_deref().unwrap_or_default();
        let stream = diagnose::last_words(stopped, ours, &self.wanted.task_definition)?;
        Some(Next::Do(Action::LastWords(stream)))
    }

    fn quote(&self, findings: &mut [Finding]) {
        if let Some((task, lines)) = &self.seen.lines {
            diagnose::quote(findings, task, lines);
        }
    }

    fn summary(&self, verdict: Verdict, deployment: &ServiceDeploymentSeen) -> String {
        let before = self
            .update_intent()
            .map_or("what ran before", |intent| intent.serving_before);
        let before = before.rsplit('/').next().unwrap_or(before);
        let reason = deployment
            .rollback
            .as_ref()
            .map(|rollback| rollback.reason.clone())
            .filter(|reason| !reason.is_empty())
            .or_else(|| deployment.status_reason.clone())
            .unwrap_or_default();
        let with = |text: String| {
            if reason.is_empty() {
                text
            } else {
                format!("{text}; ECS says: {reason}")
            }
        };
        match verdict {
            Verdict::RolledBack => match (self.stopped_early(), self.rejection()) {
                (Some(why), _) => format!("stopped early: {why}; {before} serves again"),
                (None, Some(answer)) => format!("{answer}; {before} serves again"),
                (None, None) if self.unanswered(deployment).is_some() => {
                    with(format!("nobody approved it in time; {before} serves again"))
                }
                (None, None) => with(format!("{before} serves again")),
            },
            Verdict::Cancelled => match self.asked() {
                Asked::Undo => format!("stopped by a rollback; {before} serves again"),
                Asked::Cancel | Asked::Nobody | Asked::Early => {
                    format!("cancelled; {before} serves again")
                }
            },
            Verdict::Superseded => "a later deployment took its place".to_owned(),
            Verdict::Stopped => with("the deployment was stopped in the middle".to_owned()),
            Verdict::Failed if deployment.status == ServiceDeploymentStatus::Stopped => with(
                "it was stopped early, and ECS put nothing back: the service is in between"
                    .to_owned(),
            ),
            Verdict::Failed => {
                with("the rollback failed, too: the service is in between".to_owned())
            }
            Verdict::Live | Verdict::Unknown | Verdict::Stuck => reason,
        }
    }

    /// What to do while calls fail: wait a little longer each time, and stop at the deadline.
    pub(super) fn while_failing(&self, now: Timestamp) -> Option<Next> {
        let failing = self.failing.as_ref()?;
        if now > self.deadline() && !failing.after_the_end {
            let text = format!("{}: {}", failing.last.call, failing.last.message);
            if self.update_intent().is_some() {
                return Some(self.rest(&format!("AWS cannot be seen: {text}")));
            }
            return Some(Next::End(Box::new(Outcome::Failed(Finding {
                code: "aws-unreachable".to_owned(),
                cause: "AWS did not answer within the time of the rollout; nothing was changed"
                    .to_owned(),
                evidence: vec![text],
                remedy: "see whether the agent reaches AWS with its credentials; deploy again"
                    .to_owned(),
            }))));
        }
        let wait = Duration::from_secs(1 << failing.times.min(5));
        let until = failing.at.plus(wait.min(Duration::from_secs(20)));
        (now < until).then(|| Next::Wait {
            until,
            reason: format!(
                "{} failed ({}); tried again",
                failing.last.call, failing.last.message
            ),
        })
    }

    /// When the end of our deployment was first seen.
    fn seen_end(&self) -> Timestamp {
        self.seen
            .ended_at
            .unwrap_or(Timestamp::from_millis(u64::MAX))
    }
}
