//! What happens to releases and jobs.

use shipway_domain::board::WaitCode;
use shipway_domain::event::{Event, EventKind, Waited};
use shipway_domain::ids::{AgentId, Attempt, ReleaseId};
use shipway_domain::time::Timestamp;
use shipway_domain::verdict::Verdict;

use crate::error::{ConversionError, Problem};
use crate::fields::{alternative, enumeration, name, required};
use crate::v1;
use crate::v1::event::{
    CancelAsked, Ended, Folded, Granted, HookAnswered, Kind, Reason, Rested, Returned, Submitted,
    Waited as WaitedMessage,
};

impl From<&Event> for v1::Event {
    fn from(event: &Event) -> Self {
        Self {
            seq: event.seq,
            at_ms: event.at.millis(),
            job: event.job,
            kind: Some((&event.kind).into()),
        }
    }
}

impl TryFrom<v1::Event> for Event {
    type Error = ConversionError;

    fn try_from(message: v1::Event) -> Result<Self, ConversionError> {
        Ok(Self {
            seq: message.seq,
            at: Timestamp::from_millis(message.at_ms),
            job: message.job,
            kind: alternative(message.kind)?.try_into()?,
        })
    }
}

impl From<&EventKind> for Kind {
    fn from(kind: &EventKind) -> Self {
        match kind {
            EventKind::Submitted { by } => Self::Submitted(Submitted { by: by.clone() }),
            EventKind::Folded { by } => Self::Folded(Folded { by: by.number() }),
            EventKind::CancelAsked { by, reason } => Self::CancelAsked(CancelAsked {
                by: by.clone(),
                reason: reason.clone(),
            }),
            EventKind::Granted { agent, attempt } => Self::Granted(Granted {
                agent: agent.as_str().to_owned(),
                attempt: attempt.0,
            }),
            EventKind::Returned { reason } => Self::Returned(Returned {
                reason: reason.clone(),
            }),
            EventKind::Progress(progress) => Self::Progress(progress.into()),
            EventKind::Rested { verdict, summary } => Self::Rested(Rested {
                verdict: v1::Verdict::from(*verdict).into(),
                summary: summary.clone(),
            }),
            EventKind::JobEnded(outcome) => Self::JobEnded(outcome.into()),
            EventKind::Ended { verdict } => Self::Ended(Ended {
                verdict: v1::Verdict::from(*verdict).into(),
            }),
            EventKind::HookAnswered { stage, answer } => Self::HookAnswered(HookAnswered {
                stage: stage.clone(),
                answer: Some(answer.into()),
            }),
            EventKind::Waited(waited) => Self::Waited(WaitedMessage {
                reasons: waited.iter().map(Into::into).collect(),
            }),
        }
    }
}

impl TryFrom<Kind> for EventKind {
    type Error = ConversionError;

    fn try_from(kind: Kind) -> Result<Self, ConversionError> {
        Ok(match kind {
            Kind::Submitted(Submitted { by }) => Self::Submitted { by },
            Kind::Folded(Folded { by }) => Self::Folded {
                by: ReleaseId::from_number(by),
            },
            Kind::CancelAsked(CancelAsked { by, reason }) => Self::CancelAsked { by, reason },
            Kind::Granted(granted) => Self::Granted {
                agent: name("granted.agent", granted.agent, AgentId::new)?,
                attempt: Attempt(granted.attempt),
            },
            Kind::Returned(Returned { reason }) => Self::Returned { reason },
            Kind::Progress(progress) => {
                Self::Progress(progress.try_into().map_err(under("progress"))?)
            }
            Kind::Rested(rested) => Self::Rested {
                verdict: verdict("rested.verdict", rested.verdict)?,
                summary: rested.summary,
            },
            Kind::JobEnded(outcome) => {
                Self::JobEnded(outcome.try_into().map_err(under("job_ended"))?)
            }
            Kind::Ended(ended) => Self::Ended {
                verdict: verdict("ended.verdict", ended.verdict)?,
            },
            Kind::HookAnswered(HookAnswered { stage, answer }) => Self::HookAnswered {
                stage,
                answer: required("hook_answered.answer", answer)?,
            },
            Kind::Waited(WaitedMessage { reasons }) => {
                let reasons = reasons.into_iter().map(TryInto::try_into);
                let reasons: Result<_, ConversionError> = reasons.collect();
                Self::Waited(reasons.map_err(under("waited.reasons"))?)
            }
        })
    }
}

impl From<&Waited> for Reason {
    fn from(waited: &Waited) -> Self {
        Self {
            code: waited.code.as_str().to_owned(),
            release: waited.release.map(ReleaseId::number),
            text: waited.text.clone(),
            from_ms: waited.from.millis(),
        }
    }
}

impl TryFrom<Reason> for Waited {
    type Error = ConversionError;

    fn try_from(reason: Reason) -> Result<Self, ConversionError> {
        let code = WaitCode::parse(&reason.code);
        Ok(Self {
            code: code.ok_or_else(|| unknown("code", "reason to wait", reason.code))?,
            release: reason.release.map(ReleaseId::from_number),
            text: reason.text,
            from: Timestamp::from_millis(reason.from_ms),
        })
    }
}

fn unknown(field: &str, what: &'static str, given: String) -> ConversionError {
    ConversionError::field(field, Problem::UnknownWord { what, given })
}

fn under(field: &'static str) -> impl FnOnce(ConversionError) -> ConversionError {
    move |error| error.under(field)
}

fn verdict(field: &str, value: i32) -> Result<Verdict, ConversionError> {
    enumeration::<v1::Verdict, _>(field, value)
}
