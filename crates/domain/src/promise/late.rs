//! Promise 2, the rest of it: what an old attempt's call does all the same is told in the events of its release.

use super::{Broken, History, Mutation, Operation, Promise};
use crate::agent::Held;
use crate::checkpoint::Checkpoint;
use crate::event::{EventKind, Progress};
use crate::late_call::LateCall;
use crate::time::Timestamp;

/// Once nothing goes on any more: calls that landed after a newer attempt of their job was granted, and updates that
/// landed after their job had ended. A registration is only seen by who needs a revision; calls of auto scaling are
/// looked at by what they leave (promise 4).
pub(super) fn check(history: &History) -> Vec<Broken> {
    let mutations = history.mutations.iter();
    mutations
        .filter_map(|mutation| {
            let held = mutation.by?;
            let since = lost_right(history, held)?;
            let call = told_as(history, mutation, held)?;
            let unreported = mutation.at > since && !is_told(history, held, call);
            unreported.then(|| {
                Broken::new(
                    Promise::Attempts,
                    format!(
                        "{call} of attempt {} of job {} landed late, at {}, and no event of its release says so",
                        held.attempt,
                        held.job,
                        mutation.at.millis()
                    ),
                )
            })
        })
        .collect()
}

/// Since when an attempt has no right to act any more: the grant of a newer one, or the end of its job.
fn lost_right(history: &History, held: Held) -> Option<Timestamp> {
    let newer = history.grants_of(held.job);
    let newer = newer.filter(|(attempt, _)| *attempt > held.attempt);
    let end = history.end_of(held.job);
    newer.map(|(_, at)| at).chain(end).min()
}

/// How a call is named in a report, if one is due.
fn told_as(history: &History, mutation: &Mutation, held: Held) -> Option<&'static str> {
    match mutation.operation {
        Operation::UpdateService { .. } => Some("ecs:UpdateService"),
        Operation::RegisterTaskDefinition => {
            let notes = &history.job(held.job)?.checkpoints;
            let used = |note: &Checkpoint| matches!(note, Checkpoint::Registered { .. });
            notes
                .iter()
                .any(used)
                .then_some("ecs:RegisterTaskDefinition")
        }
        Operation::CreateRepository
        | Operation::SetScaling { .. }
        | Operation::StopServiceDeployment
        | Operation::ContinueServiceDeployment
        | Operation::Other(_) => None,
    }
}

fn is_told(history: &History, held: Held, call: &str) -> bool {
    let opening = LateCall::opening(call);
    history.events_of(held.job.release).iter().any(|event| {
        event.job == Some(held.job.index)
            && matches!(&event.kind, EventKind::Progress(Progress::Note { text, .. })
                if text.starts_with(&opening))
    })
}
