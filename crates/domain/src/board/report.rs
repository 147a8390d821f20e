//! What attempts say about their jobs. Only the attempt that stands is heard.

use super::draft::Draft;
use super::{Board, Decision, Effect, Report};
use crate::agent::Held;
use crate::checkpoint::Checkpoint;
use crate::event::{EventKind, NoteLevel, Progress};
use crate::ids::{AgentId, Incarnation};
use crate::job::{JobKind, JobState, Outcome};
use crate::target::Debt;
use crate::time::Timestamp;
use crate::verdict::Finding;

impl Board {
    pub(super) fn report(
        &self,
        now: Timestamp,
        agent: &AgentId,
        incarnation: Incarnation,
        held: Held,
        report: Report,
    ) -> Decision {
        let mut draft = Draft::new(self, now);
        if self.grants(agent, incarnation, held).is_none() {
            self.answer_stale(&mut draft, agent, held, &report);
            return draft.finish();
        }
        match report {
            Report::Accept => accept(&mut draft, held),
            Report::Decline { reason } => {
                draft.return_job(
                    held.job,
                    &format!("agent {agent} declined: {reason}"),
                    false,
                );
            }
            Report::Progress(items) => progress(&mut draft, held, items),
            Report::Checkpoint { number, checkpoint } => {
                note(&mut draft, held, checkpoint);
                draft.effect(Effect::CheckpointKept {
                    agent: agent.clone(),
                    held,
                    number,
                });
            }
            Report::Finished(outcome) => {
                finished(&mut draft, held, outcome);
                draft.effect(Effect::FinishedKept {
                    agent: agent.clone(),
                    held,
                });
            }
        }
        draft.finish()
    }

    /// A message of an attempt that does not stand changes nothing. The end of a job that this
    /// very attempt has ended was heard before: it is acknowledged again.
    fn answer_stale(&self, draft: &mut Draft<'_>, agent: &AgentId, held: Held, report: &Report) {
        let heard = self.jobs.get(&held.job).is_some_and(|job| {
            job.attempt == held.attempt && matches!(job.state, JobState::Ended(_))
        });
        if heard && matches!(report, Report::Finished(_)) {
            draft.effect(Effect::FinishedKept {
                agent: agent.clone(),
                held,
            });
            return;
        }
        draft.effect(Effect::Gone {
            agent: agent.clone(),
            held,
            reason: "this attempt does not stand any more".to_owned(),
        });
    }
}

fn accept(draft: &mut Draft<'_>, held: Held) {
    if let Some(job) = draft.job_mut(held.job)
        && let JobState::Granted(grant) = &mut job.state
    {
        grant.accepted = true;
    }
}

fn progress(draft: &mut Draft<'_>, held: Held, items: Vec<Progress>) {
    mark_progress(draft, held);
    for item in items {
        draft.event(
            held.job.release,
            Some(held.job.index),
            EventKind::Progress(item),
        );
    }
}

/// The first sign of life of an attempt makes earlier losses forgotten.
fn mark_progress(draft: &mut Draft<'_>, held: Held) {
    let fresh = draft.job(held.job).is_some_and(|job| match &job.state {
        JobState::Granted(grant) => !grant.progressed,
        JobState::Queued { .. } | JobState::Ended(_) => false,
    });
    if fresh
        && let Some(job) = draft.job_mut(held.job)
        && let JobState::Granted(grant) = &mut job.state
    {
        grant.progressed = true;
        job.fruitless = 0;
    }
}

fn note(draft: &mut Draft<'_>, held: Held, checkpoint: Checkpoint) {
    mark_progress(draft, held);
    let now = draft.now;
    let Some(job) = draft.job_mut(held.job) else {
        return;
    };
    // An agent that came back sends again what it does not know to be kept.
    if job.checkpoints.last() == Some(&checkpoint) {
        return;
    }
    job.checkpoints.push(checkpoint.clone());
    let target = job.kind.target().cloned();
    if let Checkpoint::LateCall(late) = &checkpoint {
        let note = Progress::Note {
            level: NoteLevel::Warning,
            text: late.text(),
        };
        let (release, index) = (held.job.release, held.job.index);
        draft.event(release, Some(index), EventKind::Progress(note));
    }
    let Some(target) = target else {
        return;
    };
    match checkpoint {
        Checkpoint::SuspendIntent { before } => {
            let record = draft.target_mut(&target);
            // The first flags stand: a second suspension finds what the first one left.
            if record.debt.is_none() {
                record.debt = Some(Debt {
                    by: held.job,
                    before,
                    since: now,
                });
            }
        }
        Checkpoint::Resumed => draft.target_mut(&target).debt = None,
        Checkpoint::CreateRepositoryIntent
        | Checkpoint::Pushed { .. }
        | Checkpoint::RegisterIntent { .. }
        | Checkpoint::Registered { .. }
        | Checkpoint::Suspended
        | Checkpoint::UpdateIntent { .. }
        | Checkpoint::Updated { .. }
        | Checkpoint::Following { .. }
        | Checkpoint::StopIntent { .. }
        | Checkpoint::StopAsked
        | Checkpoint::Unchanged { .. }
        | Checkpoint::LateCall(_) => {}
    }
}

fn finished(draft: &mut Draft<'_>, held: Held, outcome: Outcome) {
    let Some(job) = draft.job(held.job) else {
        return;
    };
    // An agent that says what such a job cannot come to must not make a release live by it.
    let outcome = if fits(&job.kind, &outcome) {
        outcome
    } else {
        Outcome::Failed(Finding {
            code: "wrong-outcome".to_owned(),
            cause: format!(
                "the agent reported an end that a {} job cannot come to",
                job.kind.as_str()
            ),
            evidence: vec![format!("{outcome:?}")],
            remedy: "see that agents and coordinator are of versions that fit; deploy again"
                .to_owned(),
        })
    };
    match outcome {
        Outcome::RolledOut(report) if !report.verdict.is_final() => {
            draft.rest_job(held.job, report);
        }
        outcome => draft.end_job(held.job, outcome),
    }
}

/// Whether a job of this kind can come to this end by what its agent says.
const fn fits(kind: &JobKind, outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Built(_) => matches!(kind, JobKind::Build),
        Outcome::RolledOut(_) => matches!(kind, JobKind::Rollout { .. }),
        Outcome::Settled { .. } => matches!(kind, JobKind::Settle { .. }),
        Outcome::Failed(_) | Outcome::Stopped(_) => true,
        // Nothing that was started is skipped.
        Outcome::Skipped { .. } => false,
    }
}
