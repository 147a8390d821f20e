//! Where a crash test may let the process die: around notes and acts.

use shipway_domain::checkpoint::Checkpoint;
use shipway_domain::rollout::Action;
use shipway_runtime::failpoint;

/// Before a note is handed in.
pub(super) fn before_note(note: &Checkpoint) {
    let intent = match note {
        Checkpoint::CreateRepositoryIntent => "create-repository",
        Checkpoint::RegisterIntent { .. } => "register",
        Checkpoint::SuspendIntent { .. } => "suspend-scaling",
        Checkpoint::UpdateIntent { .. } => "update",
        Checkpoint::StopIntent { .. } => "stop",
        Checkpoint::RunIntent { .. } => "run-task",
        Checkpoint::AnswerIntent { .. } => "answer",
        Checkpoint::Pushed { .. } => return failpoint::hit(|| "agent.pushed.before-note"),
        Checkpoint::Following { .. } => return failpoint::hit(|| "agent.following.before-note"),
        // These follow at once on an act that has a point behind it.
        Checkpoint::Registered { .. }
        | Checkpoint::Suspended
        | Checkpoint::Resumed
        | Checkpoint::Updated { .. }
        | Checkpoint::StopAsked
        | Checkpoint::Unchanged { .. }
        | Checkpoint::LateCall(_)
        | Checkpoint::Ran { .. }
        | Checkpoint::Answered { .. } => return,
    };
    failpoint::hit(|| format!("agent.{intent}.before-intent"));
}

/// After the coordinator has said that a note is durable.
pub(super) fn after_note(note: &Checkpoint) {
    let outcome = match note {
        Checkpoint::Registered { .. } => "register",
        Checkpoint::Suspended => "suspend-scaling",
        Checkpoint::Resumed => "resume-scaling",
        Checkpoint::Updated { .. } => "update",
        Checkpoint::StopAsked => "stop",
        Checkpoint::Answered { .. } => "answer",
        Checkpoint::Pushed { .. } => "pushed",
        Checkpoint::Following { .. } => "following",
        Checkpoint::Ran { .. } => "run-task",
        // The act that follows at once has a point before it.
        Checkpoint::CreateRepositoryIntent
        | Checkpoint::RegisterIntent { .. }
        | Checkpoint::SuspendIntent { .. }
        | Checkpoint::UpdateIntent { .. }
        | Checkpoint::StopIntent { .. }
        | Checkpoint::Unchanged { .. }
        | Checkpoint::LateCall(_)
        | Checkpoint::RunIntent { .. }
        | Checkpoint::AnswerIntent { .. } => return,
    };
    failpoint::hit(|| format!("agent.{outcome}.after-note"));
}

/// Right before a call that changes AWS.
pub(super) fn before_act(act: &str) {
    failpoint::hit(|| format!("agent.{act}.before-act"));
}

/// Right after a call that changes AWS, whatever it gave.
pub(super) fn after_act(act: &str) {
    failpoint::hit(|| format!("agent.{act}.after-act"));
}

/// Whether an action has points: it changes AWS, and something depends on it.
const fn has_points(action: &Action) -> bool {
    action.changes_aws() && !matches!(action, Action::Deregister { .. })
}

/// [`before_act`] for an action of a rollout; reading has no point.
pub(super) fn before(action: &Action) {
    if has_points(action) {
        before_act(action.step().as_str());
    }
}

/// [`after_act`] for an action of a rollout.
pub(super) fn after(action: &Action) {
    if has_points(action) {
        after_act(action.step().as_str());
    }
}
