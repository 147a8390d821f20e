//! The steps of an attempt. One that the attempt did not live to end is ended with it.

use super::jobs::Try;
use super::{Context, Span, Status, What, attempt_span, keys, step_span};
use crate::event::{EventKind, Progress, Step, StepResult};
use crate::ids::JobId;

pub(super) fn spans(context: &Context, job: JobId, attempt: &Try<'_>) -> Vec<Span> {
    let parent = attempt_span(context.trace, job, attempt.number);
    let mut spans: Vec<Span> = Vec::new();
    // Agents of before did not number their steps.
    let mut begun = 0;
    let mut open: Option<(u32, usize)> = None;
    for event in &attempt.events {
        match &event.kind {
            EventKind::Progress(Progress::StepStarted { step, number }) => {
                begun += 1;
                let number = if *number == 0 { begun } else { *number };
                let id = step_span(context.trace, job, attempt.number, number);
                // How the attempt ends is told of its last step: one is settled once another has begun.
                if let Some(before) = spans.last_mut().filter(|step| step.until.is_some()) {
                    before.settled = Some(event.seq);
                }
                open = Some((number, spans.len()));
                spans.push(of_step(id, parent, *step).between(event.at, None));
            }
            EventKind::Progress(Progress::StepEnded {
                step,
                number,
                result,
                detail,
            }) => {
                let known = open.take();
                let known = known.filter(|(open, _)| *number == 0 || number == open);
                let place = known.map_or_else(
                    || {
                        // How it began was lost on the way.
                        begun += 1;
                        let number = if *number == 0 { begun } else { *number };
                        let id = step_span(context.trace, job, attempt.number, number);
                        spans.push(of_step(id, parent, *step).between(event.at, None));
                        spans.len() - 1
                    },
                    |(_, place)| place,
                );
                let is_last = place + 1 == spans.len();
                let span = &mut spans[place];
                span.until = Some(event.at.max(span.from));
                span.settled = (!is_last).then_some(event.seq);
                if !detail.is_empty() {
                    let detail = (keys::DETAIL.to_owned(), detail.as_str().into());
                    span.attributes.push(detail);
                }
                match result {
                    StepResult::Done => {}
                    StepResult::Skipped => {
                        span.attributes
                            .push((keys::SKIPPED.to_owned(), true.into()));
                    }
                    StepResult::Failed => span.status = Status::Error(String::new()),
                }
            }
            _ => {}
        }
    }
    if let Some((at, seq)) = attempt.end {
        for span in &mut spans {
            if span.until.is_none() {
                span.until = Some(at.max(span.from));
                span.settled = Some(seq);
                if attempt.lost.is_some() {
                    span.status = Status::Error("the attempt did not end it".to_owned());
                }
            }
            span.settled.get_or_insert(seq);
        }
        if let Some(last) = spans.last_mut() {
            last.settled = Some(seq);
        }
    }
    spans
}

fn of_step(id: super::SpanId, parent: super::SpanId, step: Step) -> Span {
    Span::new(id, parent, What::Step, step.as_str()).with(keys::STEP, step.as_str())
}
