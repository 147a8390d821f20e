//! The task of a gate: what its planner needs.

use shipway_domain::gate::{GateRun, Gated, When};
use shipway_domain::job::{Outcome, RolloutReport};
use shipway_domain::time::Timestamp;
use shipway_domain::verdict::{Finding, Verdict};

use super::actions::{CALL_TIMEOUT, Hands};
use super::walker::Walker;
use super::{Short, Work, bad_offer};
use crate::failure;
use crate::running::Gone;

/// Runs it to its end.
pub(crate) async fn run(mut work: Work) -> Result<Outcome, Gone> {
    let (planner, hands) = match prepare(&work).await {
        Ok(prepared) => prepared,
        Err(Short::Gone) => return Err(Gone),
        Err(Short::Failed(finding)) => return Ok(not_begun(&work, *finding)),
    };
    let outcome = Walker::new(planner, hands).walk(&mut work).await?;
    work.end_steps(&outcome);
    Ok(outcome)
}

/// This attempt could not begin. What one before it started runs on in ECS, whatever hinders us.
fn not_begun(work: &Work, finding: Finding) -> Outcome {
    let begun = work.offer.checkpoints.iter().any(|note| {
        use shipway_proto::v1::checkpoint::Checkpoint;
        matches!(note.checkpoint, Some(Checkpoint::RunIntent(_)))
    });
    if !begun {
        return Outcome::Failed(finding);
    }
    let summary = format!("what was begun cannot be looked at: {}", finding.cause);
    Outcome::RolledOut(RolloutReport::unseen(
        Verdict::Unknown,
        summary,
        vec![finding],
    ))
}

async fn prepare(work: &Work) -> Result<(GateRun, Hands), Short> {
    let (target, image) = work.target_and_image()?;
    let when = if work.offer.after {
        When::After
    } else {
        When::Before
    };
    let gate = work.spec.gates.at(when).cloned();
    let gate = gate.ok_or_else(|| bad_offer(&format!("the task {} is not set", when.as_str())))?;
    let task_definition = work.task_definition().await?;
    let region = work.open(&target.account, &target.region).await;
    let region = region.map_err(|error| failure::finding(&error))?;
    let held = work.running.held();
    let hands = Hands {
        target: target.clone(),
        region,
        registry: None,
        image: work.spec.image.clone(),
        digest: image.digest.clone(),
    };
    let wanted = Gated {
        job: held.job,
        attempt: held.attempt,
        app: work.spec.app.clone(),
        env: work.spec.env.clone(),
        target,
        when,
        gate,
        image,
        task_definition,
        containers: work.spec.containers.clone(),
        started_at: Timestamp::from_millis(work.offer.started_ms),
        call_timeout: CALL_TIMEOUT,
    };
    let stop = work.running.stop().borrow().clone();
    Ok((GateRun::new(wanted, work.noted()?, stop), hands))
}
