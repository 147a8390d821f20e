//! What attempts say about their jobs. Only the attempt that stands is heard.

use super::answer::saw_hooks;
use super::draft::Draft;
use super::{Board, Decision, Effect, Report};
use crate::agent::Held;
use crate::checkpoint::Checkpoint;
use crate::event::{EventKind, NoteLevel, Progress, Told};
use crate::ids::{AgentId, Incarnation};
use crate::job::{JobKind, JobState, Outcome, RolloutReport};
use crate::scan;
use crate::size;
use crate::target::Debt;
use crate::time::Timestamp;
use crate::verdict::{Finding, Verdict};

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
                let effect = match note(&mut draft, held, checkpoint) {
                    Ok(()) => Effect::CheckpointKept {
                        agent: agent.clone(),
                        held,
                        number,
                    },
                    Err(reason) => {
                        give_up(&mut draft, held, too_many_notes(&reason));
                        Effect::Gone {
                            agent: agent.clone(),
                            held,
                            reason,
                        }
                    }
                };
                draft.effect(effect);
            }
            Report::Unreadable { what } => {
                give_up(&mut draft, held, unreadable(&what));
                draft.effect(Effect::Gone {
                    agent: agent.clone(),
                    held,
                    reason: format!("the coordinator cannot read what the job said: {what}"),
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

fn progress(draft: &mut Draft<'_>, held: Held, items: Vec<Told>) {
    mark_progress(draft, held);
    let counts = items.iter().rev().find_map(|item| match &item.what {
        Progress::Tasks(counts) => Some(counts),
        _ => None,
    });
    // Of the counts only the newest matter, and those whether their event is kept or not.
    if let Some(counts) = counts {
        saw_hooks(draft, held.job, counts);
    }
    let (release, index) = (held.job.release, Some(held.job.index));
    let granted = draft.job(held.job).map_or(draft.now, |job| job.since);
    for Told { at, what } in items {
        if !draft.has_room_for_progress(release) {
            return;
        }
        // Nothing of an attempt happens before it was granted, nor after it was heard, whatever clock said so.
        let at = at.map_or(draft.now, |at| at.max(granted).min(draft.now));
        let what = EventKind::Progress(size::fit_progress(what));
        draft.event_at(at, release, index, what);
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

/// Keeps a note; or says why the job's record has no room for it.
fn note(draft: &mut Draft<'_>, held: Held, checkpoint: Checkpoint) -> Result<(), String> {
    mark_progress(draft, held);
    let now = draft.now;
    let Some(job) = draft.job_mut(held.job) else {
        return Ok(());
    };
    // An agent that came back sends again what it does not know to be kept.
    if job.checkpoints.last() == Some(&checkpoint) {
        return Ok(());
    }
    // An update that is throttled for days renews its intent all the time.
    let renews = |last: &Checkpoint| checkpoint.renews(last);
    let stay = job.checkpoints.len() - usize::from(job.checkpoints.last().is_some_and(renews));
    size::may_note(&job.checkpoints[..stay], &checkpoint)?;
    job.checkpoints.truncate(stay);
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
        return Ok(());
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
        | Checkpoint::LateCall(_)
        | Checkpoint::RunIntent { .. }
        | Checkpoint::Ran { .. }
        | Checkpoint::AnswerIntent { .. }
        | Checkpoint::Answered { .. } => {}
    }
    Ok(())
}

/// A job whose notes cannot be kept cannot go on: it must not act without them. A build fails; a rollout, which
/// may have changed its target, keeps its slot and waits for a person; a debt is tried again, for ever.
fn give_up(draft: &mut Draft<'_>, held: Held, finding: Finding) {
    let Some(kind) = draft.job(held.job).map(|job| job.kind.clone()) else {
        return;
    };
    match kind {
        JobKind::Build => draft.end_job(held.job, Outcome::Failed(finding)),
        JobKind::Rollout { .. } | JobKind::Task { .. } => {
            let report =
                RolloutReport::unseen(Verdict::Stuck, finding.cause.clone(), vec![finding]);
            draft.rest_job(held.job, report);
        }
        JobKind::Settle { .. } => draft.return_job(held.job, &finding.cause, true),
    }
}

fn too_many_notes(reason: &str) -> Finding {
    Finding {
        code: "too-many-notes".to_owned(),
        cause: format!("the agent noted more than a job's record can hold: {reason}"),
        evidence: Vec::new(),
        remedy: "look at the agent's log; cancel the release, and deploy again".to_owned(),
    }
}

/// Said again at each reconnection otherwise, and by the next attempt of the same agent: for ever.
fn unreadable(what: &str) -> Finding {
    Finding {
        code: "unreadable-report".to_owned(),
        cause: "the agent sent a note or an end that this coordinator cannot read".to_owned(),
        evidence: vec![size::echo(what).into_owned()],
        remedy: "see that agents and coordinator are of versions that fit (shipway agents); then cancel the release, \
                 and deploy again"
            .to_owned(),
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
    let outcome = scanned(draft, held, outcome);
    // Whatever an agent of another version sends, and the quote above: it must fit into the job's record.
    match size::fit(outcome) {
        Outcome::RolledOut(report) if !report.verdict.is_final() => {
            draft.rest_job(held.job, report);
        }
        outcome => draft.end_job(held.job, outcome),
    }
}

/// An image of a release with a gate comes with what let it pass; an agent of an earlier version says nothing.
fn scanned(draft: &Draft<'_>, held: Held, outcome: Outcome) -> Outcome {
    let gated = || {
        let spec = draft.board.specs.get(&held.job.release);
        spec.is_some_and(|spec| spec.scan.is_some())
    };
    match &outcome {
        Outcome::Built(image) if image.scan.is_none() && gated() => {
            Outcome::Failed(scan::not_scanned())
        }
        _ => outcome,
    }
}

/// Whether a job of this kind can come to this end by what its agent says.
const fn fits(kind: &JobKind, outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Built(_) => matches!(kind, JobKind::Build),
        // The task of a gate rests with a report, too, and ends without one.
        Outcome::RolledOut(report) => match kind {
            JobKind::Rollout { .. } => true,
            JobKind::Task { .. } => !report.verdict.is_final(),
            JobKind::Build | JobKind::Settle { .. } => false,
        },
        Outcome::Ran(_) => matches!(kind, JobKind::Task { .. }),
        Outcome::Settled { .. } => matches!(kind, JobKind::Settle { .. }),
        Outcome::Failed(_) | Outcome::Stopped(_) => true,
        // Nothing that was started is skipped.
        Outcome::Skipped { .. } => false,
    }
}
