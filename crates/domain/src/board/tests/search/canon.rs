//! The same board with other numbers is the same board: times count from now, attempts as none or some,
//! releases in their order.

use std::collections::BTreeMap;

use super::state::State;
use crate::checkpoint::Checkpoint;
use crate::ids::{JobId, ReleaseId};
use crate::job::{Job, JobKind, JobState, Outcome, StopReason};

/// What tells a state from others, for what may happen next.
pub(super) fn canon(state: &State) -> Box<[u8]> {
    let board = &state.board;
    let mut ids: BTreeMap<ReleaseId, u8> = BTreeMap::new();
    for release in board.open_releases() {
        ids.insert(release.id, 0);
    }
    for record in board.targets() {
        ids.extend(record.debt.as_ref().map(|debt| (debt.by.release, 0)));
    }
    for (index, place) in ids.values_mut().enumerate() {
        *place = u8::try_from(index).unwrap();
    }
    let mut out = vec![state.submitted, state.faults];
    for release in board.open_releases() {
        out.extend([ids[&release.id], release.priority.level()]);
        out.push(match release.kind {
            crate::spec::ReleaseKind::Deploy => 0,
            crate::spec::ReleaseKind::Rollback { .. } => 1,
            crate::spec::ReleaseKind::Settle => 2,
        });
        let place = format!("{}{}", release.app, release.key.as_str().len());
        out.extend(place.as_bytes());
        for job in board.jobs_of(release.id) {
            of_job(state, job, &ids, &mut out);
        }
    }
    out.push(254);
    for record in board.targets() {
        out.push(match record.slot {
            Some(job) => number(job, &ids),
            None => 253,
        });
        out.push(match &record.debt {
            Some(debt) => number(debt.by, &ids),
            None => 253,
        });
    }
    for seat in board.agents() {
        out.extend(seat.description.id.as_str().as_bytes());
        out.push(u8::try_from(seat.description.incarnation.0).unwrap());
        out.extend([u8::from(seat.connected), u8::from(seat.draining)]);
    }
    out.into_boxed_slice()
}

fn number(job: JobId, ids: &BTreeMap<ReleaseId, u8>) -> u8 {
    ids.get(&job.release).map_or(252, |place| place * 4) + u8::try_from(job.index).unwrap()
}

fn of_job(state: &State, job: &Job, ids: &BTreeMap<ReleaseId, u8>, out: &mut Vec<u8>) {
    out.extend([number(job.id, ids), u8::from(job.attempt.0 > 0)]);
    // Later losses only make the wait longer.
    out.push(u8::try_from(job.fruitless.min(3)).unwrap());
    out.push(match &job.kind {
        JobKind::Build => 0,
        JobKind::Rollout { .. } => 1,
        JobKind::Settle { .. } => 2,
        JobKind::Task { .. } => 3,
    });
    out.push(match &job.stop {
        None => 0,
        Some(StopReason::Cancelled { .. }) => 1,
        Some(StopReason::Folded { .. }) => 2,
        Some(StopReason::Undone { .. }) => 3,
    });
    out.push(u8::try_from(job.checkpoints.len()).unwrap());
    out.extend(job.checkpoints.iter().map(|note| match note {
        Checkpoint::SuspendIntent { .. } => 1,
        Checkpoint::Resumed => 2,
        _ => 3,
    }));
    let ahead =
        |at: crate::time::Timestamp| u8::try_from(at.since(state.now).as_secs().min(4)).unwrap();
    match &job.state {
        JobState::Queued {
            not_before,
            resting,
        } => {
            out.extend([0, ahead(*not_before)]);
            out.push(resting.as_ref().map_or(0, |r| 1 + r.verdict as u8));
        }
        JobState::Granted(grant) => {
            out.extend([1, ahead(state.board.leases[&job.id])]);
            out.extend(grant.agent.as_str().as_bytes());
            out.push(u8::try_from(grant.incarnation.0).unwrap());
            out.extend([u8::from(grant.accepted), u8::from(grant.progressed)]);
        }
        JobState::Ended(outcome) => {
            let built = matches!(outcome, Outcome::Built(_));
            out.extend([2, outcome.verdict() as u8, u8::from(built)]);
            out.push(u8::from(outcome.succeeded()));
        }
    }
}
