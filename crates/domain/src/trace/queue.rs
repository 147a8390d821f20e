//! A job in the queue: one span for each reason that it waited for.

use super::{Context, Span, What, keys};
use crate::event::{EventKind, Waited};
use crate::job::{Job, Outcome};
use crate::time::Timestamp;
use crate::trace::release::Sorted;

/// One wait of a job.
struct Wait<'a> {
    from: Timestamp,
    /// When it was over, and the number of the event that says so.
    end: Option<(Timestamp, u64)>,
    reasons: &'a [Waited],
}

pub(super) fn spans(story: &Sorted<'_>, context: &Context, job: &Job) -> Vec<Span> {
    let mut spans = Vec::new();
    for (number, wait) in waits(story, job).iter().enumerate() {
        let mut more = of_wait(story, context, job, number, wait);
        spans.append(&mut more);
    }
    spans
}

/// The waits of a job, in order: each ends with a grant, or with the job.
fn waits<'a>(story: &'a Sorted<'_>, job: &Job) -> Vec<Wait<'a>> {
    let index = job.id.index;
    let mut waits = Vec::new();
    let mut from = runnable(story, job);
    let mut reasons: &[Waited] = &[];
    for event in story.of_job(index) {
        match &event.kind {
            EventKind::Waited(waited) => reasons = waited,
            EventKind::Granted { .. } => {
                if let Some(from) = from.take() {
                    waits.push(Wait {
                        from,
                        end: Some((event.at, event.seq)),
                        reasons: std::mem::take(&mut reasons),
                    });
                }
            }
            EventKind::Returned { .. } => from = Some(event.at),
            // What rests is not in the queue.
            EventKind::Rested { .. } => from = None,
            EventKind::JobEnded(outcome) => {
                let from = from.take();
                let waited = !matches!(outcome, Outcome::Skipped { .. });
                if let Some(from) = from.filter(|_| waited) {
                    waits.push(Wait {
                        from,
                        end: Some((event.at, event.seq)),
                        reasons: std::mem::take(&mut reasons),
                    });
                }
            }
            _ => {}
        }
    }
    if let Some(from) = from {
        waits.push(Wait {
            from,
            end: None,
            reasons: story.waits.get(&index).map_or(&[], Vec::as_slice),
        });
    }
    waits
}

/// When the job could first be granted: it was there, and what it needs had ended. `None` while that is not so.
fn runnable(story: &Sorted<'_>, job: &Job) -> Option<Timestamp> {
    let mut from = story.release.submitted_at;
    for needed in &job.needs {
        let (at, _, outcome) = story.end_of(*needed)?;
        if !outcome.succeeded() {
            return None;
        }
        from = from.max(at);
    }
    Some(from)
}

fn of_wait(
    story: &Sorted<'_>,
    context: &Context,
    job: &Job,
    number: usize,
    wait: &Wait<'_>,
) -> Vec<Span> {
    let parent = context.release_span(story.release.id);
    let span = |place: usize, from: Timestamp, until: Option<Timestamp>| {
        let id = context.derive(&format!("job {} queue {number} {place}", job.id));
        let mut span = Span::new(id, parent, What::Queue, "queue")
            .between(from.max(wait.from), until)
            .with(keys::JOB, job.id.to_string())
            .with(keys::JOB_KIND, job.kind.as_str());
        if let Some(target) = job.kind.target() {
            span = super::jobs::at_target(span, target);
        }
        span.settled = wait.end.map(|(_, seq)| seq);
        span
    };
    let end = wait.end.map(|(at, _)| at);
    if wait.reasons.is_empty() {
        return vec![span(0, wait.from, end)];
    }
    let ends = wait.reasons.iter().skip(1);
    let ends = ends.map(|next| Some(next.from)).chain([end]);
    let mut spans = Vec::new();
    for (place, (reason, until)) in wait.reasons.iter().zip(ends).enumerate() {
        let until = match (until, end) {
            (Some(until), Some(end)) => Some(until.min(end)),
            (until, _) => until,
        };
        // The first reason is that of the wait from its beginning.
        let from = if place == 0 { wait.from } else { reason.from };
        let mut span = span(place, from, until)
            .with(keys::QUEUE_REASON, reason.code.as_str())
            .with(keys::QUEUE_TEXT, reason.text.as_str());
        if let Some(release) = reason.release {
            span = span.with(keys::QUEUE_RELEASE, release.to_string());
        }
        spans.push(span);
    }
    spans
}
