//! Promises with a time: how soon things go on after something died.

use std::time::Duration;

use super::debt::{wanted, words};
use super::{Broken, History, Promise};
use crate::ids::JobId;
use crate::time::Timestamp;

/// No scaling is left suspended `within` of `from` (the coordinator came back), or of the end of the job
/// that had suspended it, whichever is later. Looks at what AWS shows and at the ends of jobs.
#[must_use]
pub fn debts_paid_within(history: &History, from: Timestamp, within: Duration) -> Vec<Broken> {
    let mut all = Vec::new();
    for (target, shown) in &history.flags {
        for (index, suspended) in shown.iter().enumerate() {
            let Some(held) = suspended.by else { continue };
            let before = wanted(&shown[..index]).unwrap_or_default();
            if before.contains(&suspended.flags) {
                continue;
            }
            let Some(end) = history.end_of(held.job) else {
                continue;
            };
            let due = end.max(from).plus(within);
            let changed = shown.get(index + 1).map(|next| next.at);
            if changed.is_none_or(|at| at > due) {
                all.push(Broken::new(
                    Promise::Debts,
                    format!(
                        "auto scaling of {target} ({}, set by job {}) was not put back by {}",
                        words(suspended.flags),
                        held.job,
                        due.millis()
                    ),
                ));
            }
        }
    }
    all
}

/// A job goes on `within` of `from`: by then a new attempt of it is granted, or it has ended.
///
/// # Errors
/// [`Broken`] says what happened instead.
pub fn goes_on_within(
    history: &History,
    job: JobId,
    from: Timestamp,
    within: Duration,
) -> Result<(), Broken> {
    let granted = history.grants_of(job).map(|(_, at)| at);
    let next = granted
        .chain(history.end_of(job))
        .filter(|at| *at >= from)
        .min();
    let text = match next {
        Some(at) if at <= from.plus(within) => return Ok(()),
        Some(at) => format!("went on only {} ms later", at.since(from).as_millis()),
        None => "never went on".to_owned(),
    };
    Err(Broken::new(
        Promise::Reasons,
        format!(
            "job {job} was to go on within {} s of {} and {text}",
            within.as_secs_f32(),
            from.millis()
        ),
    ))
}
