//! The tasks of one rollout in the live view: bars, states in words, what is waited for, what was said.

use shipway_domain::event::{
    Phase, PhaseKind, Stage, Step, TaskCounts, TaskStates, in_plain_words,
};
use shipway_domain::hook::Weight;
use shipway_domain::time::Timestamp;

use crate::follow::job::{Job, Said};
use crate::follow::view::Detail;
use crate::text::line::{Line, Tone};
use crate::text::words::{clock, of_at_most, short_ids, so_far};

/// Bars longer than this are written as a number.
const LONGEST_BAR: u32 = 16;
/// Where the lines of a block begin.
const INDENT: &str = "     ";

/// The lines of the tasks, below the line that names the job; each as wide as `width` where it can be.
pub(crate) fn lines(
    tasks: &TaskCounts,
    job: &Job,
    now: Timestamp,
    detail: Detail,
    width: usize,
) -> Vec<Line> {
    let mut lines = vec![bars(tasks, job)];
    if detail >= Detail::Full {
        lines.extend(
            tasks
                .states
                .as_ref()
                .map(|states| states_line(tasks, states)),
        );
    }
    let stage = tasks.stage.as_ref().map(words_of_stage);
    lines.extend(stage.map(|stage| Line::default().and(Tone::Faint, format!("{INDENT}{stage}"))));
    let prefix = format!("{INDENT}waiting for ");
    lines.extend(waiting(tasks, job, now).map(|line| prefixed(&prefix, line)));
    if detail >= Detail::Full {
        lines.extend(said(job, width));
    }
    lines
}

/// Bars and what is waited for, for a job that has one line.
pub(crate) fn brief(tasks: &TaskCounts, job: &Job, now: Timestamp) -> Line {
    let bars = old_bar(tasks, job, Line::plain("   ")).and(Tone::Plain, " ");
    let bars = new_bar(tasks, bars);
    match waiting(tasks, job, now) {
        Some(waiting) => prefixed("   ", waiting).after(bars),
        None => bars,
    }
}

/// `stage PRODUCTION_TRAFFIC_SHIFT, 12.5 % of production traffic and 100 % of test traffic new`.
pub(crate) fn words_of_stage(stage: &Stage) -> String {
    let share = |weight: Option<Weight>, of: &str| {
        let weight = weight?;
        Some(format!("{weight} of {of} traffic"))
    };
    let shares = [
        share(stage.production, "production"),
        share(stage.test.filter(|test| *test > Weight(0)), "test"),
    ];
    let shares: Vec<String> = shares.into_iter().flatten().collect();
    let name = &stage.name;
    if shares.is_empty() {
        return format!("stage {name}");
    }
    format!("stage {name}, {} at the new tasks", shares.join(" and "))
}

fn prefixed(prefix: &str, line: Line) -> Line {
    line.after(Line::plain(prefix))
}

fn bars(tasks: &TaskCounts, job: &Job) -> Line {
    let line = Line::plain(format!("{INDENT}old "));
    let line = old_bar(tasks, job, line).until(22).and(Tone::Plain, "new ");
    let mut line = new_bar(tasks, line);
    if tasks.failed > 0 {
        line = line.and(Tone::Bad, format!(" {} failed", tasks.failed));
    }
    let total = tasks.old_running + tasks.new_running + tasks.new_pending;
    line = line.until(40).and(
        Tone::Plain,
        format!("total {total} of at most {}", tasks.upper),
    );
    if let Some(before) = tasks.desired_before {
        let text = format!(", desired {} (was {before})", tasks.desired);
        line = line.and(Tone::Warn, text);
    }
    match job
        .step(Step::Register)
        .filter(|seen| !seen.detail.is_empty())
    {
        Some(seen) => line.and(Tone::Faint, format!("   {}", seen.detail)),
        None => line,
    }
}

/// Old tasks: those that run, those that go, a dot for each that has gone.
fn old_bar(tasks: &TaskCounts, job: &Job, line: Line) -> Line {
    let states = tasks.states.unwrap_or_default();
    let going = states.draining + states.stopping;
    let gone = job.old_peak.saturating_sub(tasks.old_running + going);
    line.and(Tone::Plain, bar('■', tasks.old_running))
        .and(Tone::Plain, bar('□', going))
        .and(Tone::Faint, bar('·', gone))
}

/// New tasks: those that are healthy, or run where more is not known; those that run; those on their way.
fn new_bar(tasks: &TaskCounts, line: Line) -> Line {
    let states = tasks.states.unwrap_or_default();
    let doubtful = states.checking + states.unhealthy;
    let doubtful = doubtful.min(tasks.new_running);
    line.and(Tone::Good, bar('■', tasks.new_running - doubtful))
        .and(Tone::Active, bar('▓', doubtful))
        .and(Tone::Active, bar('▒', tasks.new_pending))
}

fn bar(mark: char, number: u32) -> String {
    match number {
        0 => String::new(),
        1..=LONGEST_BAR => mark.to_string().repeat(number as usize),
        _ => format!("{mark}×{number} "),
    }
}

fn states_line(tasks: &TaskCounts, states: &TaskStates) -> Line {
    let old = counted(&[
        (tasks.old_running, "running"),
        (states.draining, "draining"),
        (states.stopping, "stopping"),
    ]);
    let new = new_words(states);
    Line::default().and(Tone::Faint, format!("{INDENT}old: {old}   new: {new}"))
}

/// The new tasks by state, as `2 healthy, 1 starting`.
pub(crate) fn new_words(states: &TaskStates) -> String {
    counted(&[
        (states.healthy, "healthy"),
        (states.unhealthy, "unhealthy"),
        (states.checking, "not healthy yet"),
        (states.starting, "starting"),
        (states.pulling, "pulling the image"),
        (states.provisioning, "getting a place"),
    ])
}

fn counted(parts: &[(u32, &str)]) -> String {
    let parts = parts.iter().filter(|(count, _)| *count > 0);
    let parts: Vec<String> = parts
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    if parts.is_empty() {
        "none".to_owned()
    } else {
        parts.join(", ")
    }
}

/// What is waited for, as `load balancer health of 1 task, 25 s of at most 90 s`.
fn waiting(tasks: &TaskCounts, job: &Job, now: Timestamp) -> Option<Line> {
    if tasks.waiting_for.is_empty() {
        return None;
    }
    let phase = tasks.phase.as_ref();
    let since = phase.and_then(|phase| phase.since);
    let waited = now.since(since.unwrap_or(job.waiting_since));
    let time = match phase {
        Some(Phase {
            at_most: Some(most),
            ..
        }) => of_at_most(waited, *most),
        Some(Phase {
            kind: PhaseKind::Draining,
            ..
        }) => format!(
            "{}; 300 s unless its target group says otherwise",
            so_far(waited)
        ),
        _ => so_far(waited),
    };
    if phase.is_some_and(|phase| phase.kind == PhaseKind::Approval) {
        // What to do must be seen whole, on however many lines.
        let text = format!("{}, {time}", tasks.waiting_for);
        return Some(Line::default().and_hanging(Tone::Active, text));
    }
    let line = Line::plain(tasks.waiting_for.clone());
    Some(line.and(Tone::Faint, format!(", {time}")))
}

/// What was said last: warnings on lines of their own, as much of the rest as fits on one.
fn said(job: &Job, width: usize) -> Vec<Line> {
    let (warnings, others): (Vec<&Said>, Vec<&Said>) =
        job.said.iter().partition(|said| said.warning);
    let text = |said: &Said| format!("{} {}", clock(said.at), in_words(&said.text, job));
    let mut lines: Vec<Line> = warnings
        .into_iter()
        .map(|said| Line::default().and(Tone::Warn, format!("{INDENT}{}", text(said))))
        .collect();
    let mut shown: Option<Line> = None;
    // The newest is the one that must be seen.
    for said in others.into_iter().rev() {
        let line = Line::default().and(Tone::Faint, format!("{INDENT}{}", text(said)));
        let longer = match &shown {
            None => line,
            Some(after) => after
                .clone()
                .unindented()
                .after(line.and(Tone::Faint, " · ")),
        };
        if shown.is_some() && longer.width() > width {
            break;
        }
        shown = Some(longer);
    }
    lines.extend(shown);
    lines
}

/// What ECS said, in plain words where it is known, else without the name of the service that stands above; with
/// short ids.
pub(crate) fn in_words(text: &str, job: &Job) -> String {
    if let Some(words) = in_plain_words(text) {
        return short_ids(&words);
    }
    let own = job
        .target
        .as_ref()
        .map(|target| format!("(service {}) ", target.service));
    let text = own.and_then(|own| text.strip_prefix(&own)).unwrap_or(text);
    short_ids(text)
}
