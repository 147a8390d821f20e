//! The block of one job in the live view: its line, its tasks as bars, what it waits for.

use shipway_domain::event::{Step, StepResult};
use shipway_domain::job::Outcome;
use shipway_domain::time::Timestamp;
use shipway_domain::verdict::Verdict;
use shipway_proto::v1::JobPhase;

use crate::follow::job::{Job, Wait};
use crate::follow::state::State;
use crate::follow::tasks;
use crate::follow::view::{Detail, mark_of_step};
use crate::text::line::{Line, Tone};
use crate::text::verdict;
use crate::text::words::{roughly, so_far, span};

/// Steps shown on the line of steps.
const STEPS_SHOWN: usize = 5;

/// Whether a job goes on or went wrong, so that it keeps its line in the smallest view.
pub(crate) fn is_worth_a_line(job: &Job) -> bool {
    match job.verdict() {
        Some(verdict) => verdict != Verdict::Live,
        None => job.phase == JobPhase::Running,
    }
}

/// The lines of a job with a target.
pub(crate) fn lines(
    state: &State,
    job: &Job,
    now: Timestamp,
    detail: Detail,
    width: usize,
) -> Vec<Line> {
    let first = first_line(state, job, now);
    if job.verdict().is_some() || job.phase != JobPhase::Running {
        return vec![first];
    }
    if detail < Detail::Lean {
        let tasks = job.tasks.as_ref();
        let tasks = tasks.map(|counts| tasks::brief(counts, job, now).after(first.clone()));
        return vec![tasks.unwrap_or(first)];
    }
    let first = match &job.agent {
        Some(agent) => first.and(Tone::Faint, format!("   on {agent}")),
        None => first,
    };
    let mut lines = vec![first];
    let follows = job
        .steps
        .last()
        .is_some_and(|seen| seen.step == Step::Follow);
    let tasks = job.tasks.as_ref();
    // While tasks are replaced they say it all.
    let tasks_say_more = follows && tasks.is_some();
    if !job.steps.is_empty() && !tasks_say_more && detail == Detail::Full {
        lines.push(steps(job, now));
    }
    if let Some(counts) = tasks {
        lines.extend(tasks::lines(counts, job, now, detail, width));
    }
    if job.is_task() && detail == Detail::Full {
        lines.extend(output(job));
    }
    lines
}

/// The last lines of a job's output.
pub(crate) fn output(job: &Job) -> impl Iterator<Item = Line> {
    let lines = job.output.iter();
    lines.map(|text| Line::default().and(Tone::Faint, format!("     | {text}")))
}

/// The line that names a job and says where it stands.
pub(crate) fn first_line(state: &State, job: &Job, now: Timestamp) -> Line {
    let name = state.label(job);
    let in_words = if job.verdict().is_some() {
        span
    } else {
        so_far
    };
    let took = job.took(now).map(in_words).unwrap_or_default();
    let begin = |mark: &str, tone| {
        Line::plain(" ")
            .and(tone, mark)
            .and(Tone::Plain, format!(" {name}"))
    };
    if let Some(verdict) = job.verdict() {
        let (mark, tone) = verdict::mark(verdict);
        // A build or a task is not live; it is done.
        let is_done = job.target.is_none() || job.is_task();
        let word = if is_done && verdict == Verdict::Live {
            String::new()
        } else {
            format!("{verdict}   ")
        };
        return begin(mark, tone)
            .until(state.name_column())
            .and(tone, word)
            .and(Tone::Plain, summary(state, job))
            .and(Tone::Faint, format!("   {took}"));
    }
    match (&job.outcome, job.phase) {
        (Some(Outcome::Skipped { .. }), _) => begin("·", Tone::Faint)
            .until(state.name_column())
            .and(Tone::Faint, summary(state, job)),
        (_, JobPhase::Running) => {
            let line = begin("▸", Tone::Active)
                .until(state.name_column())
                .and(Tone::Plain, took);
            match expected(job, now) {
                Some(expected) => line.and(Tone::Faint, expected),
                None => line,
            }
        }
        _ => match &job.wait {
            Some(wait) => {
                let line = begin("·", Tone::Faint).until(state.name_column());
                waits(line, wait, job, now)
            }
            None => begin("·", Tone::Faint),
        },
    }
}

/// How long it will have taken, when its own pace tells that.
fn expected(job: &Job, now: Timestamp) -> Option<String> {
    let end = job.tasks.as_ref()?.ends_about?;
    let all = roughly(end.since(job.first_granted?));
    Some(if now > end {
        format!(", about {all} were expected")
    } else {
        format!(" of about {all}")
    })
}

/// What a job came to, in a few words.
pub(crate) fn summary(state: &State, job: &Job) -> String {
    match &job.outcome {
        Some(Outcome::RolledOut(report)) => report.summary.clone(),
        Some(Outcome::Built(image)) => {
            let how = if image.reused { "found" } else { "pushed" };
            let name = image
                .name
                .split_once('/')
                .map_or(image.name.as_str(), |(_, name)| name);
            format!(
                "{how} {name}@{}",
                crate::text::words::short_digest(&image.digest)
            )
        }
        Some(Outcome::Settled { what }) => what.clone(),
        Some(Outcome::Ran(run)) => {
            let id = run.task.rsplit('/').next().unwrap_or(&run.task);
            let ran = span(std::time::Duration::from_millis(run.millis));
            format!("task {} ran {ran}, exit 0", id.get(..8).unwrap_or(id))
        }
        Some(Outcome::Failed(finding)) => finding.cause.clone(),
        Some(Outcome::Stopped(reason)) => {
            let text = crate::text::reason::stop(reason);
            // The verdict stands before it.
            text.strip_prefix("cancelled ").unwrap_or(&text).to_owned()
        }
        Some(Outcome::Skipped { needed }) => {
            let name = state.jobs.get(&needed.index).map(|job| state.label(job));
            format!(
                "not started: {} did not succeed",
                name.unwrap_or_else(|| needed.to_string())
            )
        }
        None => job
            .rested
            .as_ref()
            .map(|(_, text)| text.clone())
            .unwrap_or_default(),
    }
}

/// The line with the reason of a wait.
pub(crate) fn waits(line: Line, wait: &Wait, job: &Job, now: Timestamp) -> Line {
    let waited = so_far(now.since(job.since));
    line.and(Tone::Faint, format!("waits {waited}: "))
        .and_hanging(Tone::Plain, &wait.text)
}

fn steps(job: &Job, now: Timestamp) -> Line {
    let mut line = Line::plain("     ");
    let from = job.steps.len().saturating_sub(STEPS_SHOWN);
    for (place, seen) in job.steps[from..].iter().enumerate() {
        let (mark, tone) = mark_of_step(seen);
        let gap = if place == 0 { "" } else { "  " };
        line = line
            .and(tone, format!("{gap}{mark} "))
            .and(Tone::Plain, seen.step.as_str());
        if !matches!(seen.end, Some((_, StepResult::Skipped))) {
            line = line.and(Tone::Faint, format!(" {}", seen.time(now)));
        }
    }
    line
}
