//! Turns what a walker does into the steps that people see.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use shipway_domain::event::{NoteLevel, Progress, Step, StepResult};
use tracing::Span;

use crate::running::Running;

/// The step under way, and the span around it. Shared by a walker and those that work for it.
#[derive(Clone)]
pub(crate) struct Steps {
    running: Arc<Running>,
    current: Arc<Mutex<Current>>,
}

#[derive(Default)]
struct Current {
    step: Option<(Step, Span)>,
    detail: String,
}

impl Steps {
    pub(crate) fn new(running: Arc<Running>) -> Self {
        Self {
            running,
            current: Arc::default(),
        }
    }

    /// Begins a step, unless it is under way; the one before has done its work then. Gives the span
    /// that its calls belong to.
    pub(crate) fn begin(&self, step: Step) -> Span {
        let mut current = self.lock();
        if let Some((under_way, span)) = &current.step
            && *under_way == step
        {
            return span.clone();
        }
        self.finish(&mut current, StepResult::Done);
        let span = tracing::info_span!(
            "step",
            otel.name = step.as_str(),
            shipway.job.step = step.as_str()
        );
        self.running.progress(Progress::StepStarted { step });
        current.step = Some((step, span.clone()));
        span
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
                result,
                detail,
            });
        }
    }

    fn lock(&self) -> MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
