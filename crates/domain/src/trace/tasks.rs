//! The lives of a rollout's tasks, rebuilt from the times that AWS reports (ecs-facts 1.4).

use std::collections::BTreeMap;

use super::fit::Fit;
use super::{Context, Span, Status, What, keys};
use crate::event::{EventKind, Mark, Progress, Step, TaskLife};
use crate::job::{Job, JobKind};
use crate::time::Timestamp;
use crate::trace::release::Sorted;
use crate::verdict::Finding;

/// How ECS begins to say that it wants fewer of a task: a rollout that goes back, or scaling.
const TAKEN_AWAY: &str = "Scaling activity initiated by";
const UNTIL_HEALTHY: &str = "until healthy";
/// Its name where nobody asks whether the task is healthy: it runs to its end.
const RUNNING: &str = "running";

/// The parts of a life: what one ends with, and what it is called.
const PARTS: [(Mark, &str); 9] = [
    (Mark::Created, ""),
    (Mark::PullStarted, "provisioning"),
    (Mark::PullStopped, "pull"),
    (Mark::Started, "start"),
    (Mark::Healthy, UNTIL_HEALTHY),
    (Mark::Stopping, "serving"),
    (Mark::Drained, "draining"),
    (Mark::Ended, "stopping"),
    (Mark::Stopped, "deprovisioning"),
];

/// Spans of the tasks, each before its parts.
pub(super) fn spans(story: &Sorted<'_>, context: &Context, job: &Job, parent: &Span) -> Vec<Span> {
    let (lives, fit) = lives(story, job, parent.from);
    let end = story.end_of(job.id.index);
    let ends_by_itself = matches!(job.kind, JobKind::Task { .. });
    let succeeded = end.is_some_and(|(_, _, outcome)| outcome.succeeded());
    let mut all: Vec<Vec<Span>> = Vec::new();
    for life in lives.values() {
        let path = format!("job {} task {}", job.id, life.task);
        let mut task = of_task(life, fit, parent);
        task.id = context.derive(&path);
        if ends_by_itself && succeeded {
            // That it stopped is what was wanted of it.
            task.status = Status::Ok;
        }
        let mut spans = vec![task];
        for (number, mut part) in parts(life, fit, &spans[0]).into_iter().enumerate() {
            part.id = context.derive(&format!("{path} {number}"));
            part.parent = Some(spans[0].id);
            if ends_by_itself && part.name == UNTIL_HEALTHY {
                RUNNING.clone_into(&mut part.name);
            }
            spans.push(part);
        }
        for span in &mut spans {
            // A task may be seen again as long as its job goes on.
            span.settled = end.map(|(_, seq, _)| seq);
        }
        all.push(spans);
    }
    all.sort_by_key(|spans| spans[0].from);
    all.into_iter().flatten().collect()
}

/// The newest that is known of each task.
fn lives<'a>(
    story: &'a Sorted<'_>,
    job: &Job,
    began: Timestamp,
) -> (BTreeMap<&'a str, TaskLife>, Fit) {
    let mut lives: BTreeMap<&str, TaskLife> = BTreeMap::new();
    let mut looks = Vec::new();
    let mut begin = None;
    for event in story.of_job(job.id.index) {
        match &event.kind {
            EventKind::Progress(Progress::Task(life)) => {
                let newest = life.marks.iter().filter(|(mark, _)| !mark.is_observed());
                if let Some(newest) = newest.map(|(_, at)| *at).max() {
                    looks.push((newest, event.at));
                }
                let known = lives
                    .entry(&life.task)
                    .or_insert_with(|| TaskLife::clone(life));
                // What an attempt has observed, one that takes over cannot.
                let observed = known.marks.iter().filter(|(mark, _)| mark.is_observed());
                let observed: Vec<(Mark, Timestamp)> = observed.copied().collect();
                *known = TaskLife::clone(life);
                for (mark, at) in observed {
                    known.marks.retain(|(other, _)| *other != mark);
                    known.mark(mark, at);
                }
            }
            EventKind::Progress(Progress::StepStarted {
                step: Step::Update | Step::RunTask,
                ..
            }) => {
                begin.get_or_insert(event.at);
            }
            _ => {}
        }
    }
    let new = lives.values().filter(|life| life.new);
    let made = new.filter_map(|life| life.at(Mark::Created)).min();
    let fit = Fit::of(begin.unwrap_or(began), made, looks.into_iter());
    (lives, fit)
}

fn of_task(life: &TaskLife, fit: Fit, parent: &Span) -> Span {
    let short = short(&life.task);
    let (what, name) = if life.new {
        (What::NewTask, format!("task {short}"))
    } else {
        (What::OldTask, format!("task {short} (old)"))
    };
    let begin = first(life, fit, parent);
    let until = life.at(Mark::Stopped).or_else(|| life.at(Mark::Ended));
    let until = until.map(|at| parent.within(fit.place(at)));
    let mut span = Span::new(parent.id, parent.id, what, name)
        .between(begin, until.or(parent.until))
        .with(keys::TASK, life.task.as_str())
        .with(keys::TASK_SIDE, if life.new { "new" } else { "old" });
    let definition = life.task_definition.rsplit('/').next().unwrap_or_default();
    if let Some((family, revision)) = definition.rsplit_once(':') {
        span = span
            .with(keys::FAMILY, family)
            .with(keys::REVISION, revision);
    }
    if fit.is_needed() {
        span = span.with(keys::FITTED, true);
    }
    let texts = [
        (keys::STOP_CODE, &life.stop_code),
        (keys::STOP_REASON, &life.reason),
    ];
    for (key, text) in texts {
        if !text.is_empty() {
            span = span.with(key, text.as_str());
        }
    }
    if let Some((container, code)) = &life.exit {
        span = span
            .with(keys::EXIT_CONTAINER, container.as_str())
            .with(keys::EXIT, super::Value::Number((*code).into()));
    }
    // An old one that goes is what is wanted; a new one that goes is not, unless it is taken away (ecs-facts 10).
    let goes = life.at(Mark::Stopping).is_some() && !life.reason.is_empty();
    if life.new && goes && !life.reason.starts_with(TAKEN_AWAY) {
        span.status = Status::Error(life.reason.clone());
    }
    span
}

/// When a task is shown to begin: an old one has served since long before its job.
fn first(life: &TaskLife, fit: Fit, parent: &Span) -> Timestamp {
    let made = life.at(Mark::Created).filter(|_| life.new);
    made.map_or(parent.from, |at| parent.within(fit.place(at)))
}

/// The parts of a life, one after the other, and the one that goes on.
fn parts(life: &TaskLife, fit: Fit, task: &Span) -> Vec<Span> {
    let mut parts: Vec<Span> = Vec::new();
    let part = |after: Option<Mark>, from, until| {
        part_after(life, after)
            .map(|name| Span::new(task.id, task.id, What::Part, name).between(from, until))
    };
    // An old one is shown from when it serves.
    let mut last = if life.new { None } else { Some(Mark::Healthy) };
    let mut from = task.from;
    for (place, (mark, at)) in life.marks.iter().enumerate() {
        if Some(*mark) <= last || *mark == Mark::Draining {
            continue;
        }
        let placed = if mark.is_observed() {
            // A look comes late: by what AWS says happened after it, it had happened.
            let mut later = life.marks[place + 1..].iter();
            let next = later.find(|(later, _)| !later.is_observed());
            next.map_or(*at, |(_, next)| fit.place(*next).min(*at))
        } else {
            fit.place(*at)
        };
        let at = task.within(placed).max(from);
        if let Some(mut part) = part(last, from, Some(at)) {
            if mark.is_observed() {
                part = part.with(keys::OBSERVED, true);
            }
            parts.push(part);
        }
        (last, from) = (Some(*mark), at);
    }
    if !matches!(last, Some(Mark::Ended | Mark::Stopped)) {
        parts.extend(part(last, from, task.until));
    }
    parts
}

/// What a task does after this mark; nothing before it was made.
fn part_after(life: &TaskLife, mark: Option<Mark>) -> Option<&'static str> {
    let mark = mark?;
    // Whoever saw no connections drain saw it stop.
    let skipped = mark == Mark::Stopping && life.at(Mark::Draining).is_none();
    let mut after = PARTS.iter().filter(|(ends, _)| *ends > mark);
    after.nth(usize::from(skipped)).map(|(_, name)| *name)
}

/// The task that the evidence of a finding names.
pub(super) fn where_it_happened(finding: &Finding, spans: &[Span]) -> Option<usize> {
    let names = |span: &Span| {
        let task = span.attributes.iter().find_map(|(key, value)| match value {
            super::Value::Text(text) if key == keys::TASK => Some(short(text)),
            _ => None,
        });
        task.is_some_and(|task| finding.evidence.iter().any(|line| line.contains(task)))
    };
    let tasks = |span: &Span| matches!(span.what, What::NewTask | What::OldTask);
    spans.iter().position(|span| tasks(span) && names(span))
}

/// The part of a task's ARN that people use.
fn short(arn: &str) -> &str {
    let id = arn.rsplit('/').next().unwrap_or(arn);
    id.get(..8).unwrap_or(id)
}
