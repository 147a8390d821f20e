//! What a job reports while it runs.

use shipway_domain::event::{Mark, NoteLevel, Progress, Step, StepResult, TaskLife};
use shipway_domain::time::Timestamp;

use crate::error::{ConversionError, Problem};
use crate::fields::{alternative, enumeration};
use crate::v1;
use crate::v1::progress::{Note, Progress as Kind, ServiceEvent, StepEnded, StepStarted};

impl From<&Progress> for v1::Progress {
    fn from(progress: &Progress) -> Self {
        let progress = match progress {
            Progress::StepStarted { step, number } => Kind::StepStarted(StepStarted {
                step: step.as_str().to_owned(),
                number: *number,
            }),
            Progress::StepEnded {
                step,
                number,
                result,
                detail,
            } => Kind::StepEnded(StepEnded {
                step: step.as_str().to_owned(),
                number: *number,
                result: v1::StepResult::from(*result).into(),
                detail: detail.clone(),
            }),
            Progress::Tasks(counts) => Kind::Tasks(counts.into()),
            Progress::ServiceEvent { at, message } => Kind::ServiceEvent(ServiceEvent {
                at_ms: at.millis(),
                message: message.clone(),
            }),
            Progress::Note { level, text } => Kind::Note(Note {
                warning: *level == NoteLevel::Warning,
                text: text.clone(),
            }),
            Progress::Task(life) => Kind::Task((&**life).into()),
        };
        Self {
            progress: Some(progress),
        }
    }
}

impl TryFrom<v1::Progress> for Progress {
    type Error = ConversionError;

    fn try_from(message: v1::Progress) -> Result<Self, ConversionError> {
        Ok(match alternative(message.progress)? {
            Kind::StepStarted(started) => Self::StepStarted {
                step: step("step_started.step", started.step)?,
                number: started.number,
            },
            Kind::StepEnded(ended) => Self::StepEnded {
                step: step("step_ended.step", ended.step)?,
                number: ended.number,
                result: enumeration::<v1::StepResult, _>("step_ended.result", ended.result)?,
                detail: ended.detail,
            },
            Kind::Tasks(counts) => Self::Tasks(counts.into()),
            Kind::ServiceEvent(ServiceEvent { at_ms, message }) => Self::ServiceEvent {
                at: Timestamp::from_millis(at_ms),
                message,
            },
            Kind::Note(Note { warning, text }) => Self::Note {
                level: if warning {
                    NoteLevel::Warning
                } else {
                    NoteLevel::Info
                },
                text,
            },
            Kind::Task(life) => Self::Task(Box::new(
                life.try_into()
                    .map_err(|error: ConversionError| error.under("task"))?,
            )),
        })
    }
}

impl From<&TaskLife> for v1::TaskLife {
    fn from(life: &TaskLife) -> Self {
        let marks = life.marks.iter();
        let marks = marks.map(|(what, at)| v1::task_life::Mark {
            what: what.as_str().to_owned(),
            at_ms: at.millis(),
        });
        Self {
            task: life.task.clone(),
            task_definition: life.task_definition.clone(),
            new: life.new,
            marks: marks.collect(),
            stop_code: life.stop_code.clone(),
            reason: life.reason.clone(),
            exit: life
                .exit
                .clone()
                .map(|(container, code)| v1::task_life::Exit { container, code }),
        }
    }
}

impl TryFrom<v1::TaskLife> for TaskLife {
    type Error = ConversionError;

    fn try_from(message: v1::TaskLife) -> Result<Self, ConversionError> {
        let mut life = Self {
            task: message.task,
            task_definition: message.task_definition,
            new: message.new,
            marks: Vec::new(),
            stop_code: message.stop_code,
            reason: message.reason,
            exit: message.exit.map(|exit| (exit.container, exit.code)),
        };
        for mark in message.marks {
            let what = Mark::parse(&mark.what).ok_or_else(|| {
                let problem = Problem::UnknownWord {
                    what: "mark of a task",
                    given: mark.what,
                };
                ConversionError::field("marks", problem)
            })?;
            life.mark(what, Timestamp::from_millis(mark.at_ms));
        }
        Ok(life)
    }
}

fn step(field: &str, word: String) -> Result<Step, ConversionError> {
    Step::parse(&word).ok_or_else(|| {
        let problem = Problem::UnknownWord {
            what: "step",
            given: word,
        };
        ConversionError::field(field, problem)
    })
}

impl From<StepResult> for v1::StepResult {
    fn from(result: StepResult) -> Self {
        match result {
            StepResult::Done => Self::Done,
            StepResult::Skipped => Self::Skipped,
            StepResult::Failed => Self::Failed,
        }
    }
}

impl TryFrom<v1::StepResult> for StepResult {
    type Error = ConversionError;

    fn try_from(result: v1::StepResult) -> Result<Self, ConversionError> {
        match result {
            v1::StepResult::Unspecified => Err(ConversionError::here(Problem::Missing)),
            v1::StepResult::Done => Ok(Self::Done),
            v1::StepResult::Skipped => Ok(Self::Skipped),
            v1::StepResult::Failed => Ok(Self::Failed),
        }
    }
}
