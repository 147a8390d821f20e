//! The first spans of a trace: all of the release, its submission, and then what each of its jobs did.

use std::collections::BTreeMap;

use super::{Context, Span, SpanId, Status, Trace, What, jobs, keys, queue};
use crate::event::{Event, EventKind, NoteLevel, Progress, Waited};
use crate::job::{Job, JobState, Outcome};
use crate::release::Release;
use crate::spec::{ReleaseSpec, Revision, Source};
use crate::time::Timestamp;
use crate::verdict::Verdict;

/// What is known of a release.
#[derive(Clone, Copy, Debug)]
pub struct Story<'a> {
    /// The release.
    pub release: &'a Release,
    /// What it asks for; without it, the trace does not say from which commit it was made.
    pub spec: Option<&'a ReleaseSpec>,
    /// Its jobs.
    pub jobs: &'a [Job],
    /// Its events, in order.
    pub events: &'a [Event],
    /// Why jobs of it wait now, by index.
    pub waits: &'a BTreeMap<u32, Vec<Waited>>,
}

/// A story whose events are sorted by job: a release may have a thousand jobs, and a hundred thousand events.
pub(super) struct Sorted<'a> {
    story: &'a Story<'a>,
    of: BTreeMap<u32, Vec<&'a Event>>,
}

impl<'a> std::ops::Deref for Sorted<'a> {
    type Target = Story<'a>;

    fn deref(&self) -> &Story<'a> {
        self.story
    }
}

impl<'a> Sorted<'a> {
    fn new(story: &'a Story<'a>) -> Self {
        let mut of: BTreeMap<u32, Vec<&Event>> = BTreeMap::new();
        for event in story.events {
            if let Some(job) = event.job {
                of.entry(job).or_default().push(event);
            }
        }
        Self { story, of }
    }

    /// Events of a job, in order.
    pub(super) fn of_job(&self, index: u32) -> impl DoubleEndedIterator<Item = &'a Event> {
        let events = self.of.get(&index).map_or(&[][..], Vec::as_slice);
        events.iter().copied()
    }

    /// When a job ended, and the number of the event that says so. It is one of its last.
    pub(super) fn end_of(&self, index: u32) -> Option<(Timestamp, u64, &'a Outcome)> {
        self.of_job(index)
            .rev()
            .find_map(|event| match &event.kind {
                EventKind::JobEnded(outcome) => Some((event.at, event.seq, outcome)),
                _ => None,
            })
    }
}

/// The trace of a release.
#[must_use]
pub fn of_release(story: &Story<'_>) -> Trace {
    let mut trace = as_told(story);
    fit_in(&mut trace.spans);
    trace
}

/// The same with the times as the records have them, whether or not they fit.
pub(crate) fn as_told(story: &Story<'_>) -> Trace {
    let context = Context::of(story.release);
    let story = &Sorted::new(story);
    let mut spans = vec![all(story, &context), submit(story, &context)];
    let mut rest: Vec<Vec<Span>> = Vec::new();
    for job in story.jobs {
        let queued = queue::spans(story, &context, job);
        rest.extend(queued.into_iter().map(|span| vec![span]));
        rest.push(jobs::spans(story, &context, job));
    }
    rest.retain(|part| !part.is_empty());
    // As it happened; a job and its parts stay together.
    rest.sort_by_key(|part| part[0].from);
    spans.extend(rest.into_iter().flatten());
    Trace { context, spans }
}

/// Lays each span into that which it is a part of: clocks may have been set in the middle of a release.
pub(super) fn fit_in(spans: &mut [Span]) {
    let mut known: BTreeMap<SpanId, (Timestamp, Option<Timestamp>)> = BTreeMap::new();
    for span in spans {
        let parent = span.parent.and_then(|parent| known.get(&parent));
        if let Some((from, until)) = parent {
            let last = until.unwrap_or(Timestamp::from_millis(u64::MAX));
            span.from = span.from.min(last).max(*from);
            span.until = span.until.map(|at| at.min(last).max(*from)).or(*until);
        }
        known.insert(span.id, (span.from, span.until));
    }
}

fn all(story: &Sorted<'_>, context: &Context) -> Span {
    let release = story.release;
    let id = context.release_span(release.id);
    let name = format!(
        "{} {} → {}",
        release.kind.as_str(),
        release.app,
        release.env
    );
    let mut span = Span::new(id, id, What::Release, name)
        .between(release.began_at, release.ended_at)
        .with(keys::RELEASE, release.id.to_string())
        .with(keys::RELEASE_KIND, release.kind.as_str())
        .with(keys::APP, release.app.as_str())
        .with(keys::ENV, release.env.as_str())
        .with(keys::DEPLOYMENT_ID, release.id.to_string())
        .with(keys::DEPLOYMENT_NAME, release.app.as_str())
        .with(keys::SUBMITTER, release.submitter.as_str())
        .with(keys::TITLE, release.title.as_str());
    span.parent = context.caller;
    if let Some((repository, revision)) = story.spec.and_then(source) {
        span = span.with(keys::COMMIT, revision.commit.as_str());
        if let Some(repository) = repository {
            span = span.with(keys::REPOSITORY, repository);
        }
    }
    for event in story.events.iter().filter(|event| event.job.is_none()) {
        tell(&mut span, event);
    }
    if let Some(verdict) = release.verdict {
        span = span.with(keys::VERDICT, verdict.as_str());
        if verdict.is_final() {
            let (status, word) = end(story, verdict);
            span = span.with(keys::DEPLOYMENT_STATUS, word);
            span.status = status;
        }
    }
    span
}

fn tell(span: &mut Span, event: &Event) {
    match &event.kind {
        EventKind::CancelAsked { by, reason } => {
            let message = match reason.as_str() {
                "" => format!("cancel asked for by {by}"),
                reason => format!("cancel asked for by {by}: {reason}"),
            };
            span.moment(event.at, "cancel", [(keys::MESSAGE, message.into())]);
        }
        EventKind::Folded { by } => {
            let message = format!("release {by} took its place");
            span.moment(event.at, "folded", [(keys::MESSAGE, message.into())]);
        }
        EventKind::Progress(Progress::Note {
            level: NoteLevel::Warning,
            text,
        }) => {
            let message = text.as_str().into();
            span.moment(event.at, "warning", [(keys::MESSAGE, message)]);
        }
        EventKind::Ended { verdict } => {
            span.settled = Some(event.seq);
            let verdict = verdict.as_str().into();
            span.moment(event.at, "verdict", [(keys::VERDICT, verdict)]);
        }
        _ => {}
    }
}

fn end(story: &Sorted<'_>, verdict: Verdict) -> (Status, &'static str) {
    match verdict {
        Verdict::Live => (Status::Ok, "succeeded"),
        // It failed at nothing: a newer one was wanted instead.
        Verdict::Superseded => (Status::Unset, "failed"),
        _ => (Status::Error(why(story, verdict)), "failed"),
    }
}

/// The cause of the end in one line: that of the first job that has one.
fn why(story: &Sorted<'_>, verdict: Verdict) -> String {
    let outcomes = story.jobs.iter().filter_map(|job| match &job.state {
        JobState::Ended(outcome) => Some(outcome),
        JobState::Queued { .. } | JobState::Granted(_) => None,
    });
    let mut causes = outcomes.filter_map(|outcome| match outcome {
        Outcome::Failed(finding) => Some(finding.cause.clone()),
        Outcome::RolledOut(report) if report.verdict != Verdict::Live => {
            Some(match report.findings.first() {
                Some(finding) => finding.cause.clone(),
                None => report.summary.clone(),
            })
        }
        _ => None,
    });
    causes
        .find(|cause| !cause.is_empty())
        .unwrap_or_else(|| verdict.as_str().to_owned())
}

fn submit(story: &Sorted<'_>, context: &Context) -> Span {
    let release = story.release;
    let id = context.derive(&format!("submit {}", release.id));
    let parent = context.release_span(release.id);
    let mut span = Span::new(id, parent, What::Submit, "submit")
        .between(release.began_at, Some(release.submitted_at))
        .with(keys::SUBMITTER, release.submitter.as_str());
    span.settled = Some(1);
    span
}

fn source(spec: &ReleaseSpec) -> Option<(Option<&str>, &Revision)> {
    match &spec.source {
        Source::Context { revision, .. } => Some((None, revision.as_ref()?)),
        Source::Commit {
            repository,
            revision,
            ..
        } => Some((Some(repository), revision)),
        Source::Image { .. } => None,
    }
}
