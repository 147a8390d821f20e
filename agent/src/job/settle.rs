//! Pays the debt of a target: auto scaling as it was before the first suspension.

use std::time::Duration;

use shipway_domain::checkpoint::{Checkpoint, ScalingFlags};
use shipway_domain::event::{NoteLevel, Step, StepResult};
use shipway_domain::ids::Target;
use shipway_domain::job::Outcome;
use shipway_domain::late_call::LateCall;
use shipway_domain::planted::{self, Bug};
use shipway_domain::verdict::Finding;
use shipway_plugin::PlatformError;

use super::actions::CALL_TIMEOUT;
use super::{Work, bad_offer, points};
use crate::failure;
use crate::running::Gone;

/// After this, a call that had no answer has landed or never will: twice the limit of a call, as for rollouts.
const LANDS: Duration = Duration::from_secs(2 * CALL_TIMEOUT.as_secs());
/// First and longest wait between two tries; a debt is tried for ever.
const AGAIN: (u64, u64) = (2, 30);

/// What is known of calls that had no answer.
struct Sent {
    /// Until then, by uptime, they may land.
    lands: Duration,
    /// Whether flags were seen, or set, as they should be.
    back: bool,
}

/// Pays, however often it takes.
pub(crate) async fn run(work: Work) -> Result<Outcome, Gone> {
    let mut wait = AGAIN.0;
    let mut told = None;
    // What an attempt before this one sent may still be on its way.
    let inherits = work.running.held().attempt.0 > 1;
    let lands = if inherits {
        work.clock.uptime() + LANDS
    } else {
        Duration::ZERO
    };
    let mut sent = Sent { lands, back: false };
    loop {
        match pay(&work, &mut sent).await? {
            Ok(what) => return Ok(Outcome::Settled { what }),
            Err(finding) => {
                let why = finding.evidence.join("; ");
                let text = format!("{} ({why}); tried again until it works", finding.cause);
                // Each cause once: a debt may be tried for days.
                if told.replace(text.clone()).as_ref() != Some(&text) {
                    work.steps.note(NoteLevel::Warning, text);
                }
            }
        }
        tokio::select! {
            biased;
            () = tokio::time::sleep(Duration::from_secs(wait)) => {}
            () = work.running.gone().cancelled() => return Err(Gone),
        }
        wait = (wait * 2).min(AGAIN.1);
    }
}

/// Pays, unless something hinders it.
async fn pay(work: &Work, sent: &mut Sent) -> Result<Result<String, Finding>, Gone> {
    let Some(Ok(target)) = work.offer.target.clone().map(Target::try_from) else {
        return Ok(Err(bad_offer(&"target is not set")));
    };
    let Some(before) = work.offer.debt.map(ScalingFlags::from) else {
        return Ok(Ok("nothing was owed".to_owned()));
    };
    work.steps.begin(Step::ResumeScaling);
    let found = async {
        let region = work.open(&target.account, &target.region).await?;
        let scaling = region.scaling(&target.cluster, &target.service).await?;
        Ok::<_, PlatformError>((region, scaling))
    };
    let (region, scaling) = match found.await {
        Ok(found) => found,
        Err(error) => return Ok(Err(failure::finding(&error))),
    };
    if let Err(finding) = work.check_identity(&*region, &target.account).await {
        return Ok(Err(finding));
    }
    let what = match scaling {
        None => "the scalable target is gone",
        Some(scaling) if scaling.suspended == before => "it was put back already",
        // Only what we set is ours to change.
        Some(scaling) if scaling.suspended != ScalingFlags::ALL => "somebody else has set it",
        Some(_) => {
            if std::mem::take(&mut sent.back) {
                tell_late(work).await?;
            }
            work.running.clearance().await?;
            points::before_act("settle");
            let set = region
                .set_scaling(&target.cluster, &target.service, before)
                .await;
            points::after_act("settle");
            if let Err(error) = set
                && !planted::has(Bug::SettledUnseen)
            {
                if error.kind.may_have_happened() {
                    sent.lands = work.clock.uptime() + LANDS;
                }
                return Ok(Err(failure::finding(&error)));
            }
            "auto scaling is put back"
        }
    };
    sent.back = true;
    if work.clock.uptime() < sent.lands {
        return Ok(Err(Finding {
            code: "may-still-land".to_owned(),
            cause: "auto scaling is put back, but a call without an answer may still land"
                .to_owned(),
            evidence: vec![what.to_owned()],
            remedy: String::new(),
        }));
    }
    work.running.checkpoint(Checkpoint::Resumed).await?;
    shipway_runtime::failpoint::hit(|| "agent.settle.after-note");
    work.steps.end(StepResult::Done);
    Ok(Ok(what.to_owned()))
}

/// Flags that were put back are suspended again: a call of whoever had the debt before has landed late.
async fn tell_late(work: &Work) -> Result<(), Gone> {
    let at = work.now();
    let late = LateCall {
        call: "application-autoscaling:RegisterScalableTarget".to_owned(),
        found_by: work.running.held().attempt,
        at,
        what: format!("auto scaling was suspended again, seen at {at}"),
        done: "puts it back once more".to_owned(),
    };
    work.note(Checkpoint::LateCall(late)).await
}
