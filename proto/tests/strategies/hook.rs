//! Arbitrary hooks and answers.

use proptest::option::of;
use proptest::prelude::*;
use shipway_domain::event::Stage;
use shipway_domain::hook::{Hook, HookAction, HookAnswer, Weight};

use super::{text, timestamp};

/// An arbitrary action.
pub(crate) fn hook_action() -> impl Strategy<Value = HookAction> {
    prop_oneof![Just(HookAction::Continue), Just(HookAction::Rollback)]
}

prop_compose! {
    /// An arbitrary answer.
    pub(crate) fn answer()(
        (hook, by, reason) in (text(), text(), text()),
        action in hook_action(),
        at in timestamp(),
    ) -> HookAnswer {
        HookAnswer { hook, action, by, reason, at }
    }
}

prop_compose! {
    /// An arbitrary hook.
    pub(crate) fn hook()(
        (id, stage) in (text(), text()),
        expires_at in of(timestamp()),
        on_timeout in of(hook_action()),
        answer in of(answer()),
    ) -> Hook {
        Hook { id, stage, expires_at, on_timeout, answer }
    }
}

prop_compose! {
    /// An arbitrary stage.
    pub(crate) fn stage()(
        name in text(),
        (production, test) in (of(any::<u32>()), of(any::<u32>())),
        hooks in prop::collection::vec(hook(), 0..3),
    ) -> Stage {
        Stage { name, production: production.map(Weight), test: test.map(Weight), hooks }
    }
}
