//! Promise 4: every debt is paid: flags of auto scaling are what they were before the first suspension.

use super::{Broken, FlagsShown, History, Moment, Promise};
use crate::change::Change;
use crate::checkpoint::{Checkpoint, ScalingFlags};
use crate::ids::Target;
use crate::job::{Job, JobKind, JobState};
use crate::target::{Debt, TargetRecord};

fn broken(what: String) -> Broken {
    Broken::new(Promise::Debts, what)
}

pub(super) fn words(flags: ScalingFlags) -> String {
    let one = |on: bool, word: &str| on.then(|| word.to_owned());
    let on: Vec<String> = [
        one(flags.scale_in, "scale-in"),
        one(flags.scale_out, "scale-out"),
        one(flags.scheduled, "scheduled"),
    ]
    .into_iter()
    .flatten()
    .collect();
    if on.is_empty() {
        "nothing suspended".to_owned()
    } else {
        format!("{} suspended", on.join(", "))
    }
}

/// A target's record followed another one, in a commit with these changes.
pub(super) fn committed(
    history: &History,
    target: &TargetRecord,
    commit: &[Change],
) -> Option<Broken> {
    let before = history.targets.get(&target.target)?.debt.as_ref()?;
    let jobs = commit.iter().filter_map(|change| match change {
        Change::Job(job) => Some(job.as_ref()),
        _ => None,
    });
    changed(&target.target, before, target.debt.as_ref(), jobs)
}

/// A debt goes when a job of the target notes that it is paid, and does not change while it stands.
pub(super) fn changed<'a>(
    target: &Target,
    before: &Debt,
    now: Option<&Debt>,
    mut jobs: impl Iterator<Item = &'a Job>,
) -> Option<Broken> {
    match now {
        Some(now) if now.before == before.before && now.by == before.by => None,
        Some(now) => Some(broken(format!(
            "the debt of {target} was left by job {} with {}, and was rewritten by job {} to {}: \
             the flags before the first suspension stand",
            before.by,
            words(before.before),
            now.by,
            words(now.before)
        ))),
        None => {
            let paid = jobs.any(|job| {
                job.kind.target() == Some(target) && job.checkpoints.contains(&Checkpoint::Resumed)
            });
            (!paid).then(|| {
                broken(format!(
                    "the debt of {target}, left by job {}, is gone without a note that it was paid",
                    before.by
                ))
            })
        }
    }
}

/// A debt has somebody who will pay it: a job of the target that was granted, or a settle in line.
pub(super) fn has_payer<'a>(
    record: &TargetRecord,
    mut open: impl Iterator<Item = &'a Job>,
) -> Option<Broken> {
    let debt = record.debt.as_ref()?;
    let payer = open.any(|job| {
        job.kind.target() == Some(&record.target)
            && !matches!(job.state, JobState::Ended(_))
            && (matches!(job.kind, JobKind::Settle { .. }) || record.slot == Some(job.id))
    });
    (!payer).then(|| {
        broken(format!(
            "{} is owed its auto scaling ({}, left by job {}), but no job of it is under way and no \
             settle is queued",
            record.target,
            words(debt.before),
            debt.by
        ))
    })
}

pub(super) fn check(history: &History, moment: Moment) -> Vec<Broken> {
    let mut all = Vec::new();
    for record in history.targets.values() {
        let jobs = history.jobs.values().map(AsRef::as_ref);
        all.extend(has_payer(record, jobs.filter(|job| !history.ended(job.id))));
        if let (Moment::Rest, Some(debt)) = (moment, &record.debt) {
            all.push(broken(format!(
                "{} is still owed its auto scaling ({}), left by job {}",
                record.target,
                words(debt.before),
                debt.by
            )));
        }
    }
    if moment == Moment::Rest {
        for (target, shown) in &history.flags {
            all.extend(as_before(target, shown));
        }
    }
    all
}

/// Flags of these, as they must be once nothing is owed.
pub(super) fn wanted(shown: &[FlagsShown]) -> Option<Vec<ScalingFlags>> {
    let mut wanted = vec![shown.first()?.flags];
    let mut suspended = false;
    for shown in shown {
        match shown.by {
            // Somebody else's flags stand; if they are what we set, nobody can tell whose they are.
            None if suspended && shown.flags == ScalingFlags::ALL => wanted.push(shown.flags),
            None => {
                wanted = vec![shown.flags];
                suspended = false;
            }
            Some(_) => suspended = shown.flags == ScalingFlags::ALL,
        }
    }
    Some(wanted)
}

fn as_before(target: &Target, shown: &[FlagsShown]) -> Option<Broken> {
    let wanted = wanted(shown)?;
    let last = shown.last()?;
    (!wanted.contains(&last.flags)).then(|| {
        let by = last.by.map_or_else(
            || "somebody else".to_owned(),
            |held| format!("attempt {} of job {}", held.attempt, held.job),
        );
        broken(format!(
            "auto scaling of {target} shows {} (set by {by}), but had {} before Shipway touched it",
            words(last.flags),
            words(wanted[0])
        ))
    })
}
