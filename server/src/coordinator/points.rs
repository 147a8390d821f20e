//! Where a crash test may let the process die: around commits and the answers that wait for them.

use shipway_domain::board::Effect;
use shipway_runtime::failpoint;

use super::task::Deed;

/// The process comes to `when` with these deeds; says it for each that somebody waits for.
pub(super) fn pass(deeds: &[Deed], when: &str) {
    if cfg!(debug_assertions) {
        for what in deeds.iter().filter_map(waited_for) {
            hit(what, when);
        }
    }
}

/// The process comes to `when` with what [`waited_for`] named.
pub(super) fn hit(what: &str, when: &str) {
    failpoint::hit(|| format!("server.{what}.{when}"));
}

/// What somebody waits for, if anybody does.
pub(super) const fn waited_for(deed: &Deed) -> Option<&'static str> {
    match deed {
        Deed::Submitted(_) => Some("submit"),
        Deed::Answered(_) => Some("answer"),
        Deed::Effect(Effect::CheckpointKept { .. }) => Some("note"),
        Deed::Effect(Effect::FinishedKept { .. }) => Some("finish"),
        Deed::Effect(_) | Deed::Events { .. } | Deed::Call(_) | Deed::Fact(_) => None,
    }
}
