//! Answering hooks that pause a deployment: what waits is what the job's agent has reported last, so that nobody
//! answers a hook that they cannot have seen.

use super::draft::Draft;
use super::{Board, Decision, Effect, Refusal};
use crate::agent::Held;
use crate::event::{EventKind, TaskCounts};
use crate::history::TargetPattern;
use crate::hook::{Hook, HookAction, HookAnswer};
use crate::ids::{JobId, ReleaseId, Target};
use crate::job::{Job, JobState};
use crate::size;
use crate::time::Timestamp;

/// What somebody answers.
#[derive(Clone, Debug)]
pub struct Answering {
    /// The release.
    pub release: ReleaseId,
    /// Where, when that is said.
    pub target: Option<TargetPattern>,
    /// ECS's id of the run of the hook; `None` is whatever waits.
    pub hook: Option<String>,
    /// What.
    pub action: HookAction,
    /// Who.
    pub by: String,
    /// Why; may be empty.
    pub reason: String,
}

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// Where.
    pub target: Target,
    /// The hooks, with their answers.
    pub hooks: Vec<Hook>,
}

impl Board {
    pub(super) fn answer(
        &self,
        now: Timestamp,
        answering: &Answering,
    ) -> Result<Decision, Refusal> {
        let release = answering.release;
        if !self.releases.contains_key(&release) {
            return Err(if self.was_given(release) {
                Refusal::AlreadyEnded(release)
            } else {
                Refusal::NoSuchRelease(release)
            });
        }
        let (job, target) = self.asked(answering)?;
        if job.stop.is_some() {
            return Err(Refusal::Stopping(release));
        }
        let mut draft = Draft::new(self, now);
        let id = job.id;
        let mut answered = Vec::new();
        for hook in job.hooks.iter().filter(|hook| answering.means(hook)) {
            let answer = HookAnswer {
                hook: hook.id.clone(),
                action: answering.action,
                by: answering.by.clone(),
                reason: answering.reason.clone(),
                at: now,
            };
            give(&mut draft, id, &answer);
            let kind = EventKind::HookAnswered {
                stage: hook.stage.clone(),
                answer: answer.clone(),
            };
            draft.event(id.release, Some(id.index), kind);
            answered.push(Hook {
                answer: Some(answer),
                ..hook.clone()
            });
        }
        let mut decision = draft.finish();
        decision.answered = Some(Answered {
            target: target.clone(),
            hooks: answered,
        });
        Ok(decision)
    }

    /// The one job that is meant, which has a hook that waits.
    fn asked(&self, answering: &Answering) -> Result<(&Job, &Target), Refusal> {
        let release = answering.release;
        let matches = |target: &Target| {
            let pattern = answering.target.as_ref();
            pattern.is_none_or(|pattern| pattern.matches(target))
        };
        let open = self.jobs_of(release).filter_map(|job| {
            let target = job.kind.target()?;
            let over = matches!(job.state, JobState::Ended(_));
            (!over && matches(target)).then_some((job, target))
        });
        let open: Vec<(&Job, &Target)> = open.collect();
        let waits = |job: &Job| job.hooks.iter().any(|hook| answering.means(hook));
        let waiting: Vec<_> = open.iter().filter(|(job, _)| waits(job)).collect();
        match waiting[..] {
            [one] => Ok(*one),
            [] => Err(nothing_waits(answering, &open)),
            _ => Err(Refusal::SeveralWait {
                release,
                targets: waiting
                    .iter()
                    .map(|(_, target)| (*target).clone())
                    .collect(),
            }),
        }
    }
}

impl Answering {
    /// Whether this is a hook that waits and is meant.
    fn means(&self, hook: &Hook) -> bool {
        let named = self.hook.as_ref();
        hook.answer.is_none() && named.is_none_or(|id| *id == hook.id)
    }
}

/// Why there is nothing to answer, or not that.
fn nothing_waits(answering: &Answering, open: &[(&Job, &Target)]) -> Refusal {
    let hooks = || open.iter().flat_map(|(job, _)| &job.hooks);
    let is_named = |hook: &&Hook| answering.hook.as_ref().is_none_or(|id| *id == hook.id);
    let named = hooks().filter(is_named);
    if let Some(hook) = named.max_by_key(|hook| hook.answer.as_ref().map(|answer| answer.at))
        && let Some(answer) = &hook.answer
    {
        return Refusal::AlreadyAnswered {
            answer: Box::new(answer.clone()),
        };
    }
    Refusal::NothingWaits {
        release: answering.release,
        hook: answering.hook.clone(),
        waiting: hooks()
            .filter(|hook| hook.answer.is_none())
            .map(|hook| hook.id.clone())
            .collect(),
    }
}

/// Keeps the answer with the job, and tells the agent that has it; who gets it later finds it in the offer.
fn give(draft: &mut Draft<'_>, id: JobId, answer: &HookAnswer) {
    let now = draft.now;
    let Some(job) = draft.job_mut(id) else { return };
    for hook in &mut job.hooks {
        if hook.id == answer.hook {
            // The event has all of the reason.
            hook.answer = Some(HookAnswer {
                reason: size::fit_reason(&answer.reason),
                ..answer.clone()
            });
        }
    }
    fit(&mut job.hooks);
    let attempt = job.attempt;
    match &mut job.state {
        JobState::Granted(grant) => {
            let agent = grant.agent.clone();
            draft.effect(Effect::Answer {
                agent,
                held: Held { job: id, attempt },
                answer: answer.clone(),
            });
        }
        // One that rests is looked at again at once, so that the answer is handed on.
        JobState::Queued { not_before, .. } => *not_before = now.min(*not_before),
        JobState::Ended(_) => {}
    }
}

/// Takes in which hooks wait, as an agent has reported it.
pub(super) fn saw_hooks(draft: &mut Draft<'_>, id: JobId, counts: &TaskCounts) {
    let Some(job) = draft.job(id) else { return };
    let reported = counts.stage.as_ref().map_or(&[][..], |stage| &stage.hooks);
    let mut hooks: Vec<Hook> = job.hooks.clone();
    // What does not wait any more, and was not answered here, needs no answer.
    hooks.retain(|hook| hook.answer.is_some() || reported.iter().any(|seen| seen.id == hook.id));
    for seen in reported {
        let fits = seen.id.len() <= size::HOOK && seen.stage.len() <= size::HOOK;
        if fits && hooks.iter().all(|hook| hook.id != seen.id) {
            hooks.push(Hook {
                answer: None,
                ..seen.clone()
            });
        }
    }
    fit(&mut hooks);
    if hooks != job.hooks
        && let Some(job) = draft.job_mut(id)
    {
        job.hooks = hooks;
    }
}

/// Keeps as many as a job's record has room for. Those that were answered long ago go first: the events of the release
/// have all answers.
fn fit(hooks: &mut Vec<Hook>) {
    while hooks.iter().map(size::hook).sum::<usize>() > size::HOOKS {
        let answered = |hook: &Hook| hook.answer.as_ref().map(|answer| answer.at);
        let oldest = hooks.iter().enumerate();
        let oldest = oldest.filter_map(|(place, hook)| Some((answered(hook)?, place)));
        match oldest.min() {
            Some((_, place)) => drop(hooks.remove(place)),
            None => drop(hooks.pop()),
        }
    }
}
