//! The live view: what is known of a release, as lines for a terminal. Pure.

use shipway_domain::event::{Step, StepResult};
use shipway_domain::spec::ReleaseKind;
use shipway_domain::time::Timestamp;

use crate::follow::block;
use crate::follow::job::{Job, StepSeen};
use crate::follow::state::State;
use crate::text::line::{Line, Tone};
use crate::text::words::{count, short_ids};

/// How much is told of each job; less when the terminal is small.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Detail {
    /// One line for each job that goes on or went wrong; the others are counted.
    Counted,
    /// One line each.
    Brief,
    /// Bars and what is waited for.
    Lean,
    /// All there is.
    Full,
}

/// The lines of the view, at most `height` of at most `width` columns.
pub(crate) fn lines(state: &State, now: Timestamp, width: usize, height: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    for detail in [Detail::Full, Detail::Lean, Detail::Brief, Detail::Counted] {
        let whole = uncut(state, now, detail, width);
        lines = if detail == Detail::Full {
            whole.into_iter().flat_map(|line| line.fit(width)).collect()
        } else {
            whole.into_iter().map(|line| line.cut(width)).collect()
        };
        if lines.len() <= height {
            break;
        }
    }
    if lines.len() > height {
        let hidden = lines.len() + 1 - height;
        lines.truncate(height.saturating_sub(1));
        lines.push(Line::default().and(Tone::Faint, format!(" … {hidden} more lines")));
    }
    lines
}

fn uncut(state: &State, now: Timestamp, detail: Detail, width: usize) -> Vec<Line> {
    let mut lines = vec![head(state), Line::default()];
    for job in state.jobs.values().filter(|job| job.target.is_none()) {
        lines.extend(build(state, job, now, detail));
    }
    let waves = state.waves();
    let mut wave = None;
    let mut quiet = 0;
    for job in state.of_targets() {
        if detail == Detail::Counted && !block::is_worth_a_line(job) {
            quiet += 1;
            continue;
        }
        if waves > 1 && job.wave != wave {
            wave = job.wave;
            let number = wave.map_or(0, |wave| wave + 1);
            lines.push(Line::default().and(Tone::Faint, format!(" wave {number} of {waves}")));
        }
        lines.extend(block::lines(state, job, now, detail, width));
    }
    if quiet > 0 {
        let text = format!(" · {} ended well or wait", count(quiet, "more target"));
        lines.push(Line::default().and(Tone::Faint, text));
    }
    lines.push(Line::default());
    lines.push(Line::default().and(
        Tone::Faint,
        format!(
            "Ctrl-C leaves it running; come back with: shipway watch {}",
            state.release
        ),
    ));
    lines
}

/// What stays on the screen when the release has ended or rests.
pub(crate) fn finished(state: &State, now: Timestamp, width: usize) -> Vec<Line> {
    let mut lines = vec![head(state), Line::default()];
    let builds = state.jobs.values().filter(|job| job.target.is_none());
    for job in builds.filter(|job| !job.steps.is_empty()) {
        lines.extend(build(state, job, now, Detail::Full));
        lines.push(Line::default());
    }
    lines.extend(crate::follow::ending::lines(state, now, width));
    lines
}

/// `web → prod   release 7k3m   commit 4f1c2d9 "Faster cart"   2 targets, 1 wave`.
pub(crate) fn head(state: &State) -> Line {
    let mut line = Line::default()
        .and(Tone::Strong, format!("{} → {}", state.app, state.env))
        .and(Tone::Plain, format!("   release {}", state.release));
    if let ReleaseKind::Rollback { undoes, .. } = state.kind {
        line = line.and(Tone::Warn, format!("   takes back {undoes}"));
    }
    if !state.title.is_empty() {
        line = line.and(Tone::Plain, format!("   {}", state.title));
    }
    let targets = count(state.targets().count(), "target");
    let waves = count(state.waves().max(1), "wave");
    line.and(Tone::Faint, format!("   {targets}, {waves}"))
}

/// A job without target: each of its steps on a line of its own.
fn build(state: &State, job: &Job, now: Timestamp, detail: Detail) -> Vec<Line> {
    if detail < Detail::Full || job.steps.is_empty() {
        return vec![block::first_line(state, job, now)];
    }
    let mut lines = Vec::new();
    for seen in job.told_steps(now) {
        lines.push(step_line(seen, job.detail(seen), now));
    }
    if let Some(wait) = job.wait.as_ref().filter(|_| job.verdict().is_none()) {
        let line = Line::plain(format!(" · {}", job.kind)).until(state.name_column());
        lines.push(block::waits(line, wait, job, now));
    }
    let builds = |seen: &&StepSeen| seen.step == Step::Build || seen.step == Step::Push;
    let under_way = job
        .steps
        .last()
        .filter(builds)
        .is_some_and(|seen| seen.end.is_none());
    if under_way {
        lines.extend(block::output(job));
    }
    let warnings = job.said.iter().filter(|said| said.warning);
    lines.extend(
        warnings.map(|said| Line::default().and(Tone::Warn, format!("     {}", said.text))),
    );
    lines
}

fn step_line(seen: &StepSeen, detail: &str, now: Timestamp) -> Line {
    let (mark, tone) = mark_of_step(seen);
    let time = match seen.end {
        Some((_, StepResult::Skipped)) => "–".to_owned(),
        _ => seen.time(now),
    };
    let line = Line::plain(" ").and(tone, mark).and(
        Tone::Plain,
        format!(" {:<11}{time:>10}", seen.step.as_str()),
    );
    if detail.is_empty() {
        line
    } else {
        line.and(Tone::Faint, format!("   {}", short_ids(detail)))
    }
}

/// The mark of a step and its tone.
pub(crate) const fn mark_of_step(seen: &StepSeen) -> (&'static str, Tone) {
    match seen.end {
        None => ("▸", Tone::Active),
        Some((_, StepResult::Done)) => ("✓", Tone::Good),
        Some((_, StepResult::Skipped)) => ("–", Tone::Faint),
        Some((_, StepResult::Failed)) => ("✗", Tone::Bad),
    }
}
