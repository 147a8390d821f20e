//! How large what agents note and report may be, and how what is larger is cut.
//!
//! A record of the store has at most 64 KiB, and a commit that is refused ends the coordinator: a job's notes and
//! its outcome must fit into one record together. Sizes are in bytes of text with an allowance for what lies
//! around it in a message, so that they are never below those of the message.

use std::borrow::Cow;

use crate::checkpoint::Checkpoint;
use crate::event::Progress;
use crate::hook::Hook;
use crate::job::{Outcome, StopReason};
use crate::verdict::Finding;

/// Largest outcome of a job, in bytes; a resting job keeps its report instead.
pub const OUTCOME: usize = 24 * 1024;
/// Largest note, in bytes.
pub const NOTE: usize = 2 * 1024;
/// Largest sum of a job's notes, in bytes. An attempt notes some 2 KiB.
pub const NOTES: usize = 24 * 1024;
/// What the notes of a way back may take beyond [`NOTES`], in bytes: a job whose room is used up can still be
/// stopped and put back.
pub const NOTES_BACK: usize = 4 * 1024;
/// Longest text of progress, in bytes.
pub const TEXT: usize = 4 * 1024;
/// Events of a release for each of its jobs, and once more: beyond that the progress of its jobs is not kept.
pub const EVENTS_PER_JOB: u64 = 20_000;
/// Entries of progress in one message; an agent sends no more, and of what has more the rest is not kept.
pub const PROGRESS: usize = 4096;
/// Largest sum of a job's hooks with their answers, in bytes.
pub const HOOKS: usize = 6 * 1024;
/// Longest id of a hook, and longest name of a stage, in bytes.
pub const HOOK: usize = 256;
/// Longest reason of an answer in a job's record, in bytes; the event has all of it.
pub const REASON: usize = 256;
/// Hooks that are shown as waiting: ECS lets no service have more of them (ecs-facts 3.6).
const WAITING: usize = 20;
/// Characters of a text that breaks its rule which are said again.
pub const ECHO: usize = 80;

/// Events after which no more progress of a release with so many jobs is kept.
#[must_use]
pub const fn most_events(jobs: u32) -> u64 {
    // `u64::from` is not const.
    EVENTS_PER_JOB * (jobs as u64 + 1)
}

/// What lies around a text in a message, in bytes.
const AROUND: usize = 16;
/// What lies around a note, numbers and times included, in bytes.
const AROUND_NOTE: usize = 48;
/// Room for the mark of a cut, in bytes.
const MARK: usize = 48;

/// The beginning of a text that somebody gave, to say it again in a refusal: the rule must not drown in it.
#[must_use]
pub fn echo(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(ECHO) {
        None => Cow::Borrowed(text),
        Some((end, _)) => Cow::Owned(format!("{}... ({} bytes)", &text[..end], text.len())),
    }
}

/// Size of a note.
#[must_use]
pub fn note(note: &Checkpoint) -> usize {
    let texts: &[&str] = match note {
        Checkpoint::CreateRepositoryIntent
        | Checkpoint::SuspendIntent { .. }
        | Checkpoint::Suspended
        | Checkpoint::Resumed
        | Checkpoint::StopAsked => &[],
        Checkpoint::Pushed { digest } => &[digest],
        Checkpoint::RegisterIntent { family, .. } => &[family],
        Checkpoint::Registered { task_definition } | Checkpoint::Unchanged { task_definition } => {
            &[task_definition]
        }
        Checkpoint::UpdateIntent {
            task_definition,
            primary_before,
            deployment_before,
            serving_before,
            ..
        } => &[
            task_definition,
            primary_before,
            deployment_before.as_deref().unwrap_or_default(),
            serving_before,
        ],
        Checkpoint::Updated { primary } => &[primary],
        Checkpoint::Following { service_deployment } => &[service_deployment],
        Checkpoint::StopIntent {
            service_deployment,
            early,
        } => &[service_deployment, early.as_deref().unwrap_or_default()],
        Checkpoint::LateCall(late) => &[&late.call, &late.what, &late.done],
        Checkpoint::RunIntent {
            task_definition,
            launch,
            ..
        } => &[task_definition, launch],
        Checkpoint::Ran { task } => &[task],
        Checkpoint::AnswerIntent { hook, .. } | Checkpoint::Answered { hook } => &[hook],
    };
    AROUND_NOTE + texts.iter().map(|text| text.len()).sum::<usize>()
}

/// Whether a job with these notes may note one more.
///
/// # Errors
/// What there is too much of, and what is permitted.
pub fn may_note(notes: &[Checkpoint], more: &Checkpoint) -> Result<(), String> {
    let size = note(more);
    if size > NOTE {
        return Err(format!(
            "a note has {size} bytes; at most {NOTE} are possible"
        ));
    }
    let goes_back = matches!(
        more,
        Checkpoint::StopIntent { .. } | Checkpoint::StopAsked | Checkpoint::Resumed
    );
    let most = if goes_back { NOTES + NOTES_BACK } else { NOTES };
    let all = notes.iter().map(note).sum::<usize>() + size;
    if all > most {
        return Err(format!(
            "{} notes have {all} bytes; at most {most} are possible",
            notes.len() + 1
        ));
    }
    Ok(())
}

/// The outcome, cut so that it has at most [`OUTCOME`] bytes; a cut text says so. An image is what rollouts
/// deploy: one that does not fit is a failure.
#[must_use]
pub fn fit(whole: Outcome) -> Outcome {
    if weigh(&whole) <= OUTCOME {
        return whole;
    }
    for (text, entries) in [(4096, 32), (1024, 16), (256, 4)] {
        // Each from the whole: a mark says what there was, not what an earlier cut had left.
        let mut outcome = whole.clone();
        shrink(&mut outcome, text, entries);
        if weigh(&outcome) <= OUTCOME {
            return outcome;
        }
    }
    let size = weigh(&whole);
    Outcome::Failed(Finding {
        code: "outcome-too-large".to_owned(),
        cause: format!(
            "the agent reported an image of {size} bytes; at most {OUTCOME} are possible"
        ),
        evidence: Vec::new(),
        remedy: "give the image fewer tags and platforms; deploy again".to_owned(),
    })
}

/// Progress with its text cut to [`TEXT`] bytes.
#[must_use]
pub fn fit_progress(mut item: Progress) -> Progress {
    match &mut item {
        Progress::StepStarted { .. } => {}
        Progress::StepEnded { detail, .. } => cut(detail, TEXT),
        Progress::Tasks(counts) => {
            cut(&mut counts.waiting_for, TEXT);
            if let Some(stage) = &mut counts.stage {
                cut(&mut stage.name, HOOK);
                // A cut id would name another hook, or none.
                let fits = |hook: &Hook| hook.id.len() <= HOOK && hook.stage.len() <= HOOK;
                stage.hooks.retain(fits);
                stage.hooks.truncate(WAITING);
            }
        }
        Progress::ServiceEvent { message, .. } => cut(message, TEXT),
        Progress::Note { text, .. } => cut(text, TEXT),
        Progress::Task(life) => {
            let texts = [&mut life.task, &mut life.task_definition];
            for text in texts.into_iter().chain([&mut life.stop_code]) {
                cut(text, HOOK);
            }
            cut(&mut life.reason, TEXT);
            if let Some((container, _)) = &mut life.exit {
                cut(container, HOOK);
            }
        }
    }
    item
}

/// The reason of an answer to a hook, cut to [`REASON`] bytes: it is a part of the job's record.
#[must_use]
pub fn fit_reason(reason: &str) -> String {
    let mut reason = reason.to_owned();
    cut(&mut reason, REASON);
    reason
}

/// Size of a hook with its answer in a job's record.
#[must_use]
pub fn hook(hook: &Hook) -> usize {
    let answer = hook.answer.as_ref().map_or(0, |answer| {
        AROUND_NOTE + answer.hook.len() + answer.by.len() + answer.reason.len()
    });
    AROUND_NOTE + hook.id.len() + hook.stage.len() + answer
}

fn weigh(outcome: &Outcome) -> usize {
    let text = |text: &str| text.len() + AROUND;
    let finding = |finding: &Finding| {
        text(&finding.code)
            + text(&finding.cause)
            + text(&finding.remedy)
            + finding.evidence.iter().map(|e| text(e)).sum::<usize>()
    };
    let known = match outcome {
        Outcome::Built(image) => {
            text(&image.name)
                + text(&image.builder)
                + text(image.digest.as_str())
                + image
                    .accepted
                    .iter()
                    .map(|d| text(d.as_str()))
                    .sum::<usize>()
                + image.tags.iter().map(|tag| text(tag)).sum::<usize>()
                + image.scan.as_deref().map_or(0, text)
        }
        Outcome::RolledOut(report) => {
            let ids = [
                report.image_digest.as_ref().map(crate::ids::Digest::as_str),
                report.task_definition.as_deref(),
                report.serving.as_deref(),
                report.service_deployment.as_deref(),
            ];
            text(&report.summary)
                + ids.into_iter().flatten().map(text).sum::<usize>()
                + report.findings.iter().map(finding).sum::<usize>()
        }
        Outcome::Settled { what } => text(what),
        Outcome::Failed(cause) => finding(cause),
        Outcome::Stopped(StopReason::Cancelled { by, reason }) => text(by) + text(reason),
        Outcome::Stopped(_) | Outcome::Skipped { .. } => 0,
        Outcome::Ran(run) => {
            text(&run.task) + text(&run.task_definition) + text(run.image_digest.as_str())
        }
    };
    known + 4 * AROUND
}

fn shrink(outcome: &mut Outcome, text: usize, entries: usize) {
    match outcome {
        Outcome::Built(_) | Outcome::Skipped { .. } => {}
        Outcome::RolledOut(report) => {
            cut(&mut report.summary, text);
            let ids = [
                &mut report.task_definition,
                &mut report.serving,
                &mut report.service_deployment,
            ];
            for id in ids.into_iter().flatten() {
                cut(id, text);
            }
            if report.findings.len() > entries {
                let more = report.findings.len() - entries;
                report.findings.truncate(entries);
                report
                    .summary
                    .push_str(&format!(" [cut: {more} more findings]"));
            }
            for finding in &mut report.findings {
                shrink_finding(finding, text, entries);
            }
        }
        Outcome::Settled { what } => cut(what, text),
        Outcome::Failed(finding) => shrink_finding(finding, text, entries),
        Outcome::Stopped(StopReason::Cancelled { by, reason }) => {
            cut(by, text);
            cut(reason, text);
        }
        Outcome::Stopped(_) => {}
        Outcome::Ran(run) => {
            cut(&mut run.task, text);
            cut(&mut run.task_definition, text);
        }
    }
}

fn shrink_finding(finding: &mut Finding, text: usize, entries: usize) {
    let lines = finding.evidence.len();
    if lines > entries {
        finding.evidence.truncate(entries - 1);
        finding
            .evidence
            .push(format!("[cut: {} more lines]", lines + 1 - entries));
    }
    for part in [&mut finding.code, &mut finding.cause, &mut finding.remedy]
        .into_iter()
        .chain(&mut finding.evidence)
    {
        cut(part, text);
    }
}

/// Cuts a text to `most` bytes, with a mark that says so.
fn cut(text: &mut String, most: usize) {
    let size = text.len();
    if size <= most {
        return;
    }
    let mut end = most.saturating_sub(MARK);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    text.push_str(&format!(" [cut: it had {size} bytes]"));
}

#[cfg(test)]
mod tests;
