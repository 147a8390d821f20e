//! A rollout: what its planner needs, and what is said when it cannot begin.

use shipway_domain::job::{Outcome, RolloutReport};
use shipway_domain::rollout::{Rollout, Wanted};
use shipway_domain::time::Timestamp;
use shipway_domain::verdict::{Finding, Verdict};

use super::actions::{CALL_TIMEOUT, Hands};
use super::walker::Walker;
use super::{Short, Work};
use crate::failure;
use crate::running::Gone;

/// Changes one target.
pub(crate) async fn run(mut work: Work) -> Result<Outcome, Gone> {
    let (rollout, hands) = match prepare(&work).await {
        Ok(prepared) => prepared,
        Err(Short::Gone) => return Err(Gone),
        Err(Short::Failed(finding)) => return Ok(not_begun(&work, *finding)),
    };
    let outcome = Walker::new(rollout, hands).walk(&mut work).await?;
    work.end_steps(&outcome);
    Ok(outcome)
}

/// This attempt could not begin. What one before it began goes on in ECS, whatever hinders us.
fn not_begun(work: &Work, finding: Finding) -> Outcome {
    let begun = work.offer.checkpoints.iter().any(|note| {
        use shipway_proto::v1::checkpoint::Checkpoint;
        matches!(note.checkpoint, Some(Checkpoint::UpdateIntent(_)))
    });
    if !begun {
        return Outcome::Failed(finding);
    }
    Outcome::RolledOut(RolloutReport::unseen(
        Verdict::Unknown,
        format!("what was begun cannot be looked at: {}", finding.cause),
        vec![finding],
    ))
}

async fn prepare(work: &Work) -> Result<(Rollout, Hands), Short> {
    let (target, image) = work.target_and_image()?;
    let spec = &work.spec;
    let task_definition = work.task_definition().await?;
    let open = |account, region| work.open(account, region);
    let region = open(&target.account, &target.region).await;
    let region = region.map_err(|error| failure::finding(&error))?;
    let moving: Vec<String> = spec
        .image
        .tags
        .iter()
        .filter(|tag| tag.moving)
        .map(|tag| tag.tag.clone())
        .collect();
    // Only tags need the account of the image, which this agent may not have.
    let registry = open(&spec.image.account, &spec.image.region).await.ok();
    let noted = work.noted()?;
    let stop = work.running.stop().borrow().clone();
    let wanted = Wanted {
        job: work.running.held().job,
        attempt: work.running.held().attempt,
        kind: spec.kind,
        app: spec.app.clone(),
        env: spec.env.clone(),
        target: target.clone(),
        image: image.clone(),
        task_definition,
        containers: spec.containers.clone(),
        settings: spec.rollout.clone(),
        moving_tags: moving,
        debt: work.offer.debt.map(Into::into),
        proven: work.offer.proven.clone(),
        started_at: Timestamp::from_millis(work.offer.started_ms),
        call_timeout: CALL_TIMEOUT,
    };
    let hands = Hands {
        target,
        region,
        registry,
        image: spec.image.clone(),
        digest: image.digest,
    };
    Ok((Rollout::new(wanted, noted, stop), hands))
}
