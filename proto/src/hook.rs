//! Hooks that pause deployments, and what people answer.

use shipway_domain::hook::{Hook, HookAction, HookAnswer};
use shipway_domain::time::Timestamp;

use crate::error::{ConversionError, Problem};
use crate::fields::{enumeration, optional};
use crate::v1;

impl From<HookAction> for v1::HookAction {
    fn from(action: HookAction) -> Self {
        match action {
            HookAction::Continue => Self::Continue,
            HookAction::Rollback => Self::Rollback,
        }
    }
}

impl TryFrom<v1::HookAction> for HookAction {
    type Error = ConversionError;

    fn try_from(action: v1::HookAction) -> Result<Self, ConversionError> {
        match action {
            v1::HookAction::Unspecified => Err(ConversionError::here(Problem::Missing)),
            v1::HookAction::Continue => Ok(Self::Continue),
            v1::HookAction::Rollback => Ok(Self::Rollback),
        }
    }
}

/// An action that may be unspecified, and one of a newer version, say nothing.
pub(crate) fn may_say(action: i32) -> Option<HookAction> {
    v1::HookAction::try_from(action).ok()?.try_into().ok()
}

impl From<&Hook> for v1::Hook {
    fn from(hook: &Hook) -> Self {
        let on_timeout = hook.on_timeout.map(v1::HookAction::from);
        Self {
            id: hook.id.clone(),
            stage: hook.stage.clone(),
            expires_ms: hook.expires_at.map(Timestamp::millis),
            on_timeout: on_timeout.unwrap_or_default().into(),
            answer: hook.answer.as_ref().map(Into::into),
        }
    }
}

impl TryFrom<v1::Hook> for Hook {
    type Error = ConversionError;

    fn try_from(message: v1::Hook) -> Result<Self, ConversionError> {
        Ok(Self {
            id: message.id,
            stage: message.stage,
            expires_at: message.expires_ms.map(Timestamp::from_millis),
            on_timeout: may_say(message.on_timeout),
            answer: optional("answer", message.answer)?,
        })
    }
}

impl From<&HookAnswer> for v1::HookAnswer {
    fn from(answer: &HookAnswer) -> Self {
        Self {
            hook: answer.hook.clone(),
            action: v1::HookAction::from(answer.action).into(),
            by: answer.by.clone(),
            reason: answer.reason.clone(),
            at_ms: answer.at.millis(),
        }
    }
}

impl TryFrom<v1::HookAnswer> for HookAnswer {
    type Error = ConversionError;

    fn try_from(message: v1::HookAnswer) -> Result<Self, ConversionError> {
        Ok(Self {
            hook: message.hook,
            action: enumeration::<v1::HookAction, _>("action", message.action)?,
            by: message.by,
            reason: message.reason,
            at: Timestamp::from_millis(message.at_ms),
        })
    }
}
