//! Turns what a walker does into the steps that people see.

use std::sync::Arc;

use shipway_domain::event::{NoteLevel, Progress, Step, StepResult};
use tracing::Span;

use crate::running::Running;

/// The step under way, and the span around it.
pub(crate) struct Steps {
    running: Arc<Running>,
    current: Option<(Step, Span)>,
    detail: String,
}

impl Steps {
    pub(crate) const fn new(running: Arc<Running>) -> Self {
        Self {
            running,
            current: None,
            detail: String::new(),
        }
    }

    /// Begins a step, unless it is under way; the one before has done its work then. Gives the span
    /// that its calls belong to.
    pub(crate) fn begin(&mut self, step: Step) -> Span {
        if let Some((current, span)) = &self.current
            && *current == step
        {
            return span.clone();
        }
        self.end(StepResult::Done);
        let span = tracing::info_span!(
            "step",
            otel.name = step.as_str(),
            shipway.job.step = step.as_str()
        );
        self.running.progress(Progress::StepStarted { step });
        self.current = Some((step, span.clone()));
        span
    }

    /// A few words about what the step gave.
    pub(crate) fn detail(&mut self, detail: impl Into<String>) {
        self.detail = detail.into();
    }

    /// Ends the step under way, if there is one.
    pub(crate) fn end(&mut self, result: StepResult) {
        let detail = std::mem::take(&mut self.detail);
        if let Some((step, _)) = self.current.take() {
            self.running.progress(Progress::StepEnded {
                step,
                result,
                detail,
            });
        }
    }

    /// Tells people something beside the steps.
    pub(crate) fn note(&self, level: NoteLevel, text: impl Into<String>) {
        self.running.progress(Progress::Note {
            level,
            text: text.into(),
        });
    }
}
