//! Events as plain lines with a clock, for logs of CI: one line per change, nothing rewritten. Pure.

use shipway_domain::event::{
    Event, EventKind, NoteLevel, Progress, Step, TaskCounts, in_plain_words,
};
use shipway_domain::time::Timestamp;

use crate::follow::block;
use crate::follow::ending::findings;
use crate::follow::job::Job;
use crate::follow::state::State;
use crate::follow::tasks::words_of_stage;
use crate::text::words::{answered, clock, span};

/// The line for an event that was just folded into `state`; `None` when it says nothing new.
pub(crate) fn line(state: &State, event: &Event) -> Option<String> {
    let job = event.job.and_then(|index| state.jobs.get(&index));
    let text = match &event.kind {
        EventKind::Submitted { by } => format!("submitted by {by}"),
        EventKind::Folded { by } => format!("release {by} takes its place"),
        EventKind::CancelAsked { by, reason } if reason.is_empty() => {
            format!("{by} asks to cancel it")
        }
        EventKind::CancelAsked { by, reason } => format!("{by} asks to cancel it: {reason}"),
        EventKind::Granted { agent, attempt } if attempt.0 > 1 => {
            format!("started on {agent}, attempt {attempt}")
        }
        EventKind::Granted { agent, .. } => format!("started on {agent}"),
        EventKind::Returned { reason } => format!("back in the queue: {reason}"),
        EventKind::Progress(progress) => return progress_line(state, event, job, progress),
        EventKind::Rested { verdict, summary } => format!("{verdict} (not final): {summary}"),
        EventKind::HookAnswered { stage, answer } => answered(stage, answer),
        EventKind::JobEnded(_) => ended(state, event.at, job?),
        EventKind::Ended { verdict } => {
            format!("{verdict} in {}", span(event.at.since(state.submitted)))
        }
        // It was told while it waited.
        EventKind::Waited(_) => return None,
    };
    Some(at(event.at, state, job, &text))
}

fn progress_line(
    state: &State,
    event: &Event,
    job: Option<&Job>,
    progress: &Progress,
) -> Option<String> {
    let text = match progress {
        // Of the others it is enough to hear the end.
        Progress::StepStarted { step, .. } if !takes_its_time(*step) => return None,
        Progress::StepStarted { step, .. } => format!("{} …", step.as_str()),
        Progress::StepEnded {
            step,
            result,
            detail,
            ..
        } => {
            let seen = job.and_then(|job| job.step(*step));
            if !takes_its_time(*step) && !seen.is_some_and(|seen| seen.is_worth_a_line(event.at)) {
                return None;
            }
            let word = result.as_str();
            // Of what took no time the time is no news.
            let took = seen
                .map(|seen| seen.took(event.at))
                .filter(|took| took.as_millis() >= 100);
            let time = took
                .map(|took| format!(" in {}", span(took)))
                .unwrap_or_default();
            let detail = if detail.is_empty() {
                String::new()
            } else {
                format!(": {detail}")
            };
            format!("{} {word}{time}{detail}", step.as_str())
        }
        Progress::Tasks(counts) => match counts.ends_about {
            Some(end) => format!("{}; done about {}Z", tasks(counts), clock(end)),
            None => tasks(counts),
        },
        Progress::ServiceEvent { message, .. } => {
            let words = in_plain_words(message);
            format!("ecs: {}", words.as_deref().unwrap_or(message))
        }
        Progress::Note { level, text } => match level {
            NoteLevel::Info => text.clone(),
            NoteLevel::Warning => format!("warning: {text}"),
        },
        // What matters of it is told by the counts; all of it by `shipway trace`.
        Progress::Task(_) => return None,
    };
    Some(at(event.at, state, job, &text))
}

/// Steps that are worth a line when they begin.
const fn takes_its_time(step: Step) -> bool {
    matches!(
        step,
        Step::Source
            | Step::Build
            | Step::Push
            | Step::Scan
            | Step::Follow
            | Step::Stop
            | Step::RunTask
    )
}

fn tasks(counts: &TaskCounts) -> String {
    let mut text = format!(
        "tasks: old {}, new {}",
        counts.old_running, counts.new_running
    );
    let healthy = counts.states.map_or(0, |states| states.healthy);
    if healthy > 0 {
        text.push_str(&format!(" ({healthy} healthy)"));
    }
    if counts.new_pending > 0 {
        text.push_str(&format!(" + {} starting", counts.new_pending));
    }
    if counts.failed > 0 {
        text.push_str(&format!(", {} failed", counts.failed));
    }
    let total = counts.old_running + counts.new_running + counts.new_pending;
    text.push_str(&format!(", total {total} of at most {}", counts.upper));
    if let Some(before) = counts.desired_before {
        text.push_str(&format!(", desired {} (was {before})", counts.desired));
    }
    if let Some(stage) = &counts.stage {
        text.push_str(&format!("; {}", words_of_stage(stage)));
    }
    if !counts.waiting_for.is_empty() {
        text.push_str(&format!("; waiting for {}", counts.waiting_for));
        if let Some(most) = counts.phase.as_ref().and_then(|phase| phase.at_most) {
            text.push_str(&format!(", at most {}", span(most)));
        }
    }
    text
}

fn ended(state: &State, now: Timestamp, job: &Job) -> String {
    let word = match (job.verdict(), &job.target) {
        (None, _) => String::new(),
        (Some(shipway_domain::verdict::Verdict::Live), None) => String::new(),
        (Some(shipway_domain::verdict::Verdict::Live), _) if job.is_task() => String::new(),
        (Some(verdict), _) => format!("{verdict}: "),
    };
    let took = job.took(now).map(|took| format!(" ({})", span(took)));
    let cause = findings(job).first().map(|finding| finding.code.as_str());
    let code = cause.map(|code| format!(" [{code}]"));
    format!(
        "{word}{}{}{}",
        block::summary(state, job),
        code.unwrap_or_default(),
        took.unwrap_or_default()
    )
}

/// A line about a job, or about the release.
pub(crate) fn at(at: Timestamp, state: &State, job: Option<&Job>, text: &str) -> String {
    let about = job.map_or_else(
        || format!("release {}", state.release),
        |job| state.label(job),
    );
    format!("{}Z  {about}: {}", clock(at), text.trim_end())
}

/// The first line: what is watched.
pub(crate) fn greeting(state: &State) -> String {
    let head = crate::follow::view::head(state).render(false);
    format!("{}Z  {head}", clock(state.submitted))
}

/// What an event says about tasks, if it does; an estimate alone is no news.
pub(crate) fn counts(event: &Event) -> Option<String> {
    match &event.kind {
        EventKind::Progress(Progress::Tasks(counts)) => Some(tasks(counts)),
        _ => None,
    }
}
