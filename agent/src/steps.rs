//! Turns what a walker does into the steps that people see, and its calls into parts of them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use shipway_domain::event::{NoteLevel, Progress, Step, StepResult};
use shipway_domain::trace::{Context, SpanId, attempt_span, step_span};
use shipway_plugin::Took;
use shipway_runtime::context;
use shipway_runtime::telemetry::{Ended, Field, LOG_ONLY, Sink};
use tracing::Span;

use crate::running::Running;
use crate::spans;

/// The step under way, and the span around it. Shared by a walker and those that work for it.
#[derive(Clone)]
pub(crate) struct Steps {
    running: Arc<Running>,
    /// The trace of the release.
    trace: Option<Context>,
    current: Arc<Mutex<Current>>,
}

#[derive(Default)]
struct Current {
    step: Option<(Step, Span)>,
    /// Steps that were begun.
    begun: u32,
    detail: String,
}

impl Steps {
    /// Steps of an attempt, whose release has this `traceparent`.
    pub(crate) fn new(running: Arc<Running>, trace_parent: &str) -> Self {
        Self {
            running,
            trace: Context::parse(trace_parent),
            current: Arc::default(),
        }
    }

    /// The trace of the release, when it has one, and the span of the attempt in it.
    pub(crate) fn attempt(&self) -> Option<(Context, SpanId)> {
        let held = self.running.held();
        let trace = self.trace?;
        Some((trace, attempt_span(trace.trace, held.job, held.attempt)))
    }

    /// The span of the step under way; between steps it is that of the attempt.
    pub(crate) fn span(&self) -> Option<(Context, SpanId)> {
        let (trace, attempt) = self.attempt()?;
        let current = self.lock();
        let held = self.running.held();
        let span = match current.step {
            Some(_) => step_span(trace.trace, held.job, held.attempt, current.begun),
            None => attempt,
        };
        Some((trace, span))
    }

    /// Begins a step, unless it is under way; the one before has done its work then. Gives the span
    /// that its lines of the log belong to.
    pub(crate) fn begin(&self, step: Step) -> Span {
        let mut current = self.lock();
        if let Some((under_way, span)) = &current.step
            && *under_way == step
        {
            return span.clone();
        }
        self.finish(&mut current, StepResult::Done);
        let span = tracing::info_span!(
            target: LOG_ONLY,
            "step",
            shipway.job.step = step.as_str()
        );
        current.begun += 1;
        let number = current.begun;
        self.running
            .progress(Progress::StepStarted { step, number });
        current.step = Some((step, span.clone()));
        span
    }

    /// The `traceparent` of the step under way; empty when the release has no trace.
    pub(crate) fn trace_parent(&self) -> String {
        self.span()
            .map_or_else(String::new, |(trace, span)| trace.with(span))
    }

    /// Tells of a stage of a build, as a part of the step under way.
    pub(crate) fn took(&self, stage: &Took) {
        let Some((_, parent)) = self.span() else {
            return;
        };
        self.ended(Ended {
            id: context::fresh_span(),
            parent: parent.0,
            name: stage.name.clone(),
            from: stage.from,
            until: stage.until,
            is_call: false,
            fields: vec![("shipway.build.cached".to_owned(), Field::Flag(stage.cached))],
            error: stage.error.clone(),
        });
    }

    /// A few words about what the step gave.
    pub(crate) fn detail(&self, detail: impl Into<String>) {
        self.lock().detail = detail.into();
    }

    /// Ends the step under way, if there is one.
    pub(crate) fn end(&self, result: StepResult) {
        self.finish(&mut self.lock(), result);
    }

    /// Tells people something beside the steps.
    pub(crate) fn note(&self, level: NoteLevel, text: impl Into<String>) {
        self.running.progress(Progress::Note {
            level,
            text: text.into(),
        });
    }

    fn finish(&self, current: &mut Current, result: StepResult) {
        let detail = std::mem::take(&mut current.detail);
        if let Some((step, _)) = current.step.take() {
            self.running.progress(Progress::StepEnded {
                step,
                number: current.begun,
                result,
                detail,
            });
        }
    }

    fn lock(&self) -> MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sink for Steps {
    fn current(&self) -> [u8; 8] {
        self.span().map_or([0; 8], |(_, span)| span.0)
    }

    fn ended(&self, span: Ended) {
        let ahead = self.running.behind_coordinator();
        self.running.span(spans::message(span, ahead));
    }
}
