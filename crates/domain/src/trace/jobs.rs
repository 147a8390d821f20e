//! A job with its attempts.

use super::{Context, Span, SpanId, Status, What, attempt_span, keys, steps, tasks};
use crate::event::{Event, EventKind, NoteLevel, Progress};
use crate::hook::HookAction;
use crate::ids::{AgentId, Attempt, Target};
use crate::job::{BuiltImage, Job, JobKind, JobState, Outcome, RolloutReport, StopReason};
use crate::time::Timestamp;
use crate::trace::release::Sorted;
use crate::verdict::{Finding, Verdict};

/// An attempt, with what it reported.
pub(super) struct Try<'a> {
    pub(super) agent: &'a AgentId,
    pub(super) number: Attempt,
    pub(super) from: Timestamp,
    pub(super) end: Option<(Timestamp, u64)>,
    /// Why it ended, when that was no end of its job.
    pub(super) lost: Option<String>,
    pub(super) events: Vec<&'a Event>,
}

/// The job, its attempts with their steps, and the tasks of its rollout; nothing of a job that was never granted.
pub(super) fn spans(story: &Sorted<'_>, context: &Context, job: &Job) -> Vec<Span> {
    let tries = tries(story, job.id.index);
    let Some(first) = tries.first() else {
        return Vec::new();
    };
    let end = story.end_of(job.id.index);
    let id = context.derive(&format!("job {}", job.id));
    let parent = context.release_span(story.release.id);
    let mut span = Span::new(id, parent, What::Job, name(job))
        .between(first.from, end.map(|(at, ..)| at))
        .with(keys::JOB, job.id.to_string())
        .with(keys::JOB_KIND, job.kind.as_str());
    if let Some(target) = job.kind.target() {
        span = at_target(span, target);
    }
    if let Some(wave) = job.kind.wave() {
        span = span.with(keys::WAVE, wave);
    }
    tell(&mut span, story, job.id.index);
    let mut spans = Vec::new();
    let mut before: Option<SpanId> = None;
    for attempt in &tries {
        let its = attempt_span(context.trace, job.id, attempt.number);
        // An attempt that ended otherwise has nothing of the job's end.
        let outcome = end.filter(|(_, seq, _)| attempt.end.is_some_and(|end| end.1 == *seq));
        spans.push(of_attempt(
            id,
            its,
            before,
            attempt,
            outcome.map(|end| end.2),
        ));
        spans.extend(steps::spans(context, job.id, attempt));
        before = Some(its);
    }
    let mut lives = tasks::spans(story, context, job, &span);
    if let Some((at, seq, outcome)) = end {
        span.settled = Some(seq);
        span = ended(span, outcome);
        for finding in findings(outcome) {
            let place = tasks::where_it_happened(finding, &lives);
            // Of the attempt that came to the end: what of another one was told is told.
            let last = spans.last().filter(|last| last.settled == Some(seq));
            let last = last.is_some_and(|last| last.what == What::Step);
            let last = last.then(|| spans.len() - 1);
            match (place, last) {
                (Some(place), _) => {
                    let until = lives[place].until.unwrap_or(at);
                    find(&mut lives[place], until, finding);
                }
                (None, Some(place)) => find(&mut spans[place], at, finding),
                (None, None) => find(&mut span, at, finding),
            }
        }
    }
    if let JobState::Queued {
        resting: Some(report),
        ..
    } = &job.state
    {
        // The job may yet go on, and these are told no more then: its span is not settled before its end.
        let rested = |event: &&Event| matches!(event.kind, EventKind::Rested { .. });
        let at = story.of_job(job.id.index).rev().find(rested);
        for finding in &report.findings {
            find(&mut span, at.map_or(job.since, |event| event.at), finding);
        }
    }
    spans.insert(0, span);
    spans.extend(lives);
    spans
}

fn tries<'a>(story: &'a Sorted<'_>, index: u32) -> Vec<Try<'a>> {
    let mut tries: Vec<Try<'a>> = Vec::new();
    for event in story.of_job(index) {
        let over = match &event.kind {
            EventKind::Granted { agent, attempt } => {
                close(&mut tries, event, Some("granted again"));
                tries.push(Try {
                    agent,
                    number: *attempt,
                    from: event.at,
                    end: None,
                    lost: None,
                    events: Vec::new(),
                });
                continue;
            }
            EventKind::Returned { reason } => Some(Some(reason.as_str())),
            EventKind::Rested { .. } | EventKind::JobEnded(_) => Some(None),
            _ => None,
        };
        if let Some(lost) = over {
            close(&mut tries, event, lost);
        } else if let Some(attempt) = tries.last_mut().filter(|attempt| attempt.end.is_none()) {
            attempt.events.push(event);
        }
    }
    tries
}

/// The attempt under way, if there is one, has ended with this event.
fn close(tries: &mut [Try<'_>], event: &Event, lost: Option<&str>) {
    if let Some(attempt) = tries.last_mut()
        && attempt.end.is_none()
    {
        attempt.end = Some((event.at, event.seq));
        attempt.lost = lost.map(ToOwned::to_owned);
    }
}

fn of_attempt(
    job: SpanId,
    id: SpanId,
    before: Option<SpanId>,
    attempt: &Try<'_>,
    outcome: Option<&Outcome>,
) -> Span {
    let name = format!("attempt {}", attempt.number.0);
    let mut span = Span::new(id, job, What::Attempt, name)
        .between(attempt.from, attempt.end.map(|(at, _)| at))
        .with(keys::ATTEMPT, attempt.number.0)
        .with(keys::AGENT, attempt.agent.as_str());
    span.links.extend(before);
    span.settled = attempt.end.map(|(_, seq)| seq);
    match (&attempt.lost, outcome) {
        (Some(lost), _) => {
            span = span.with(keys::ERROR, "attempt-lost");
            span.status = Status::Error(lost.clone());
        }
        (None, Some(Outcome::Failed(finding))) => {
            span.status = Status::Error(finding.cause.clone());
        }
        (None, _) => {}
    }
    for event in &attempt.events {
        if let EventKind::Progress(Progress::Note { level, text }) = &event.kind {
            let name = match level {
                NoteLevel::Info => "note",
                NoteLevel::Warning => "warning",
            };
            span.moment(event.at, name, [(keys::MESSAGE, text.as_str().into())]);
        }
    }
    span
}

/// What happened to a job as a whole.
fn tell(span: &mut Span, story: &Sorted<'_>, index: u32) {
    let mut stage = String::new();
    for event in story.of_job(index) {
        match &event.kind {
            EventKind::Progress(Progress::ServiceEvent { message, .. }) => {
                let message = message.as_str().into();
                span.moment(event.at, "ecs", [(keys::MESSAGE, message)]);
            }
            EventKind::Progress(Progress::Tasks(counts)) => {
                if let Some(now) = counts.stage.as_ref().filter(|now| now.name != stage) {
                    stage.clone_from(&now.name);
                    let name = stage.as_str().into();
                    span.moment(event.at, "lifecycle-stage", [(keys::MESSAGE, name)]);
                }
            }
            EventKind::Rested { verdict, summary } => {
                let attributes = [
                    (keys::VERDICT, verdict.as_str().into()),
                    (keys::MESSAGE, summary.as_str().into()),
                ];
                span.moment(event.at, "rests", attributes);
            }
            EventKind::HookAnswered { stage, answer } => {
                let action = match answer.action {
                    HookAction::Continue => "continue",
                    HookAction::Rollback => "rollback",
                };
                let message = format!("{action} at {stage} by {}: {}", answer.by, answer.reason);
                span.moment(event.at, "answer", [(keys::MESSAGE, message.into())]);
            }
            EventKind::JobEnded(outcome) => {
                let verdict = outcome.verdict().as_str().into();
                span.moment(event.at, "verdict", [(keys::VERDICT, verdict)]);
            }
            _ => {}
        }
    }
}

fn ended(span: Span, outcome: &Outcome) -> Span {
    let mut span = span.with(keys::VERDICT, outcome.verdict().as_str());
    match outcome {
        Outcome::Built(image) => {
            span = built(span, image);
            span.status = Status::Ok;
        }
        Outcome::RolledOut(report) => span = rolled_out(span, report),
        Outcome::Settled { what } => {
            span = span.with(keys::SUMMARY, what.as_str());
            span.status = Status::Ok;
        }
        Outcome::Ran(run) => {
            span = span
                .with(keys::TASK, run.task.as_str())
                .with(keys::TASK_DEFINITION, run.task_definition.as_str());
            span.status = Status::Ok;
        }
        Outcome::Failed(finding) => {
            span = span.with(keys::ERROR, finding.code.as_str());
            span.status = Status::Error(finding.cause.clone());
        }
        // It failed at nothing: a newer one was wanted instead.
        Outcome::Stopped(StopReason::Folded { .. }) => {}
        Outcome::Stopped(reason) => {
            span = span.with(keys::ERROR, outcome.verdict().as_str());
            span.status = Status::Error(stopped(reason));
        }
        Outcome::Skipped { .. } => {}
    }
    span
}

fn built(span: Span, image: &BuiltImage) -> Span {
    span.with(keys::IMAGE, image.name.as_str())
        .with(keys::DIGEST, image.digest.to_string())
        .with(keys::BUILDER, image.builder.as_str())
        .with(keys::REUSED, image.reused)
        .with(
            keys::BYTES_PUSHED,
            super::Value::Number(i64::try_from(image.bytes_pushed).unwrap_or(i64::MAX)),
        )
}

fn rolled_out(mut span: Span, report: &RolloutReport) -> Span {
    span = span.with(keys::SUMMARY, report.summary.as_str());
    let texts = [
        (keys::DEPLOYMENT, &report.service_deployment),
        (keys::TASK_DEFINITION, &report.task_definition),
    ];
    for (key, text) in texts {
        if let Some(text) = text {
            span = span.with(key, text.as_str());
        }
    }
    if let Some(digest) = &report.image_digest {
        span = span.with(keys::DIGEST, digest.to_string());
    }
    match (report.verdict, report.findings.first()) {
        (Verdict::Live, _) => span.status = Status::Ok,
        (_, Some(finding)) => {
            span = span.with(keys::ERROR, finding.code.as_str());
            span.status = Status::Error(finding.cause.clone());
        }
        (verdict, None) => {
            span = span.with(keys::ERROR, verdict.as_str());
            span.status = Status::Error(report.summary.clone());
        }
    }
    span
}

fn stopped(reason: &StopReason) -> String {
    match reason {
        StopReason::Cancelled { by, reason } if reason.is_empty() => format!("cancelled by {by}"),
        StopReason::Cancelled { by, reason } => format!("cancelled by {by}: {reason}"),
        StopReason::Folded { by } => format!("release {by} took its place"),
        StopReason::Undone { by } => format!("release {by} undoes it"),
    }
}

fn findings(outcome: &Outcome) -> &[Finding] {
    match outcome {
        Outcome::Failed(finding) => std::slice::from_ref(finding),
        Outcome::RolledOut(report) => &report.findings,
        _ => &[],
    }
}

fn find(span: &mut Span, at: Timestamp, finding: &Finding) {
    let attributes = [
        (keys::FINDING, finding.code.as_str().into()),
        (keys::CAUSE, finding.cause.as_str().into()),
        (keys::EVIDENCE, finding.evidence.join("\n").into()),
        (keys::REMEDY, finding.remedy.as_str().into()),
    ];
    span.moment(at, "finding", attributes);
    let no_cause = match &span.status {
        Status::Unset => true,
        Status::Error(cause) => cause.is_empty(),
        Status::Ok => false,
    };
    if no_cause {
        span.status = Status::Error(finding.cause.clone());
    }
}

fn name(job: &Job) -> String {
    let Some(target) = job.kind.target() else {
        return job.kind.as_str().to_owned();
    };
    let (region, cluster, service) = (&target.region, &target.cluster, &target.service);
    match &job.kind {
        JobKind::Task { when, .. } => {
            format!("task {} {region} {cluster}/{service}", when.as_str())
        }
        kind => format!("{} {region} {cluster}/{service}", kind.as_str()),
    }
}

pub(super) fn at_target(span: Span, target: &Target) -> Span {
    span.with(keys::CLOUD, "aws")
        .with(keys::ACCOUNT, target.account.as_str())
        .with(keys::REGION, target.region.as_str())
        .with(keys::ECS_CLUSTER, target.cluster.as_str())
        .with(keys::ECS_SERVICE, target.service.as_str())
}
