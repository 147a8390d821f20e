//! What holds of every board, and between two boards of which one follows the other.

use super::{Broken, Promise, attempt, debt, end, reason};
use crate::board::{Board, Decision};
use crate::job::{Job, JobState};

/// What is wrong with a board by itself, between any two calls.
#[must_use]
pub fn always(board: &Board) -> Vec<Broken> {
    let jobs = || board.all_jobs();
    let mut all = attempt::slots(jobs(), |target| {
        board.target(target).and_then(|record| record.slot)
    });
    for release in board.open_releases() {
        let of: Vec<&Job> = board.jobs_of(release.id).collect();
        all.extend(end::release_ends(release, &of));
    }
    for record in board.targets() {
        all.extend(debt::has_payer(record, jobs()));
        if let Some(holder) = record.slot
            && board.job(holder).is_none_or(|job| {
                job.kind.target() != Some(&record.target) || matches!(job.state, JobState::Ended(_))
            })
        {
            all.push(Broken::new(
                Promise::Attempts,
                format!(
                    "the slot of {} is held by job {holder}, which has ended or does not change it",
                    record.target
                ),
            ));
        }
    }
    all.extend(jobs().filter_map(reason::says_why));
    all.extend(
        board
            .audit()
            .into_iter()
            .map(|what| Broken::new(Promise::Reasons, what)),
    );
    all
}

/// What is wrong with a board once all that could be granted is: whatever waits says why. Includes
/// [`always`].
#[must_use]
pub fn settled(board: &Board) -> Vec<Broken> {
    let mut all = always(board);
    for job in board.all_jobs() {
        if matches!(job.state, JobState::Queued { .. })
            && board
                .wait_of(job.id)
                .is_none_or(|wait| wait.text.trim().is_empty())
        {
            all.push(Broken::new(
                Promise::Reasons,
                format!("job {} waits, and there is no reason to show", job.id),
            ));
        }
    }
    all
}

/// What went wrong from one board to one that follows it. (Ended releases leave the board.)
#[must_use]
pub fn between(before: &Board, after: &Board) -> Vec<Broken> {
    let mut all = Vec::new();
    for old in before.all_jobs() {
        match after.job(old.id) {
            Some(new) => {
                all.extend(attempt::changed(old, new));
                all.extend(end::changed(old, new));
            }
            None if after.release(old.id.release).is_some() => all.push(Broken::new(
                Promise::Ends,
                format!("job {} is gone, and its release is not", old.id),
            )),
            None => {}
        }
    }
    for old in before.targets() {
        let Some(new) = after.target(&old.target) else {
            all.push(Broken::new(
                Promise::Debts,
                format!("the record of {} is gone", old.target),
            ));
            continue;
        };
        if let Some(owed) = &old.debt {
            let (owed_to, now) = (&old.target, new.debt.as_ref());
            all.extend(debt::changed(owed_to, owed, now, after.all_jobs()));
        }
        if let Some(holder) = old.slot
            && new.slot != Some(holder)
            && after
                .job(holder)
                .is_some_and(|job| !matches!(job.state, JobState::Ended(_)))
        {
            all.push(Broken::new(
                Promise::Attempts,
                format!(
                    "job {holder} lost the slot of {} before it ended",
                    old.target
                ),
            ));
        }
    }
    all
}

/// What is wrong with a decision about a message of an attempt that does not stand: it changes nothing.
#[must_use]
pub fn ignored(decision: &Decision) -> Option<Broken> {
    let changes = decision.changes.len() + decision.agents.len();
    (changes > 0).then(|| {
        Broken::new(
            Promise::Attempts,
            format!("a message of an attempt that does not stand made {changes} changes"),
        )
    })
}
