//! Hooks as JSON objects.

use serde_json::{Value, json};
use shipway_domain::hook::{Hook, HookAction};

use crate::text::words::rfc3339;

/// The object for a hook that waits, or waited.
pub(crate) fn object(hook: &Hook) -> Value {
    json!({
        "hook": hook.id,
        "stage": hook.stage,
        "expires": hook.expires_at.map(rfc3339),
        "on_timeout": hook.on_timeout.map(action),
    })
}

/// The word for an answer.
pub(crate) const fn action(action: HookAction) -> &'static str {
    match action {
        HookAction::Continue => "continue",
        HookAction::Rollback => "rollback",
    }
}
