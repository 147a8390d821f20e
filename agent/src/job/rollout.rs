//! Walks the planner of a rollout: does what it says, tells it what was seen, until it says the end.

use std::collections::BTreeSet;
use std::time::Duration;

use shipway_domain::checkpoint::Checkpoint;
use shipway_domain::event::{NoteLevel, Progress, StepResult, TaskCounts};
use shipway_domain::ids::Target;
use shipway_domain::job::{BuiltImage, Outcome, RolloutReport};
use shipway_domain::planted::{self, Bug};
use shipway_domain::rollout::{Action, Next, Rollout, Saw, Wanted};
use shipway_domain::time::Timestamp;
use shipway_domain::verdict::{Finding, Verdict};
use tracing::Instrument as _;

use super::actions::{CALL_TIMEOUT, Hands};
use super::{Short, Work, bad_offer, points};
use crate::failure;
use crate::running::Gone;

/// Said while the coordinator is not heard of.
const NOT_CLEAR: &str = "the lease to be renewed by the coordinator; nothing is changed before";

/// Changes one target.
pub(crate) async fn run(mut work: Work) -> Result<Outcome, Gone> {
    let (rollout, hands) = match prepare(&work).await {
        Ok(prepared) => prepared,
        Err(Short::Gone) => return Err(Gone),
        Err(Short::Failed(finding)) => return Ok(not_begun(&work, *finding)),
    };
    let mut walker = Walker {
        rollout,
        hands,
        told: Told::default(),
    };
    let outcome = walker.walk(&mut work).await?;
    let failed = match &outcome {
        Outcome::RolledOut(report) => !matches!(report.verdict, Verdict::Live),
        Outcome::Failed(_) => true,
        Outcome::Built(_)
        | Outcome::Settled { .. }
        | Outcome::Stopped(_)
        | Outcome::Skipped { .. } => false,
    };
    work.steps.end(if failed {
        StepResult::Failed
    } else {
        StepResult::Done
    });
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
    let missing = |what: &str| bad_offer(&format!("{what} is not set"));
    let target = work.offer.target.clone().ok_or_else(|| missing("target"))?;
    let target = Target::try_from(target).map_err(|error| bad_offer(&error))?;
    let image = work.offer.image.clone().ok_or_else(|| missing("image"))?;
    let image = BuiltImage::try_from(image).map_err(|error| bad_offer(&error))?;
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

/// What was told already, so that it is told once.
#[derive(Default)]
struct Told {
    counts: Option<TaskCounts>,
    events: BTreeSet<String>,
    waiting: String,
}

struct Walker {
    rollout: Rollout,
    hands: Hands,
    told: Told,
}

impl Walker {
    async fn walk(&mut self, work: &mut Work) -> Result<Outcome, Gone> {
        let gone = work.running.gone().clone();
        let mut stop = work.running.stop();
        let mut late = None;
        loop {
            if gone.is_cancelled() {
                return Err(Gone);
            }
            if let Some(reason) = stop.borrow_and_update().clone() {
                self.rollout.stop(reason);
            }
            match self.rollout.next(work.now()) {
                Next::Do(action) => {
                    if action.changes_aws() && !work.running.is_clear() {
                        self.tell_waiting(work, NOT_CLEAR.to_owned());
                        work.running.clearance().await?;
                        // Time has passed: what was to be done may not be any more.
                        continue;
                    }
                    let span = work.steps.begin(action.step());
                    points::before(&action);
                    let saw = tokio::select! {
                        biased;
                        // What changes AWS is never cut off in the middle.
                        saw = self.hands.perform(&action).instrument(span) => Some(saw),
                        () = gone.cancelled(), if !action.changes_aws() => return Err(Gone),
                        _ = stop.changed(), if is_following(&action) => None,
                    };
                    points::after(&action);
                    if let Some(saw) = saw {
                        self.take_in(work, &action, saw);
                    }
                    if let Some(checkpoint) = late.take() {
                        work.running.checkpoint(checkpoint).await?;
                    }
                }
                Next::Note(checkpoint @ Checkpoint::UpdateIntent { .. })
                    if planted::has(Bug::IntentAfterAct) =>
                {
                    self.rollout.noted(checkpoint.clone());
                    late = Some(checkpoint);
                }
                Next::Note(checkpoint) => {
                    work.note(checkpoint.clone()).await?;
                    self.rollout.noted(checkpoint);
                }
                Next::Wait { until, reason } => {
                    self.tell_waiting(work, reason);
                    let span = until.since(work.now()).max(Duration::from_millis(50));
                    tokio::select! {
                        biased;
                        () = gone.cancelled() => return Err(Gone),
                        _ = stop.changed() => {}
                        () = tokio::time::sleep(span) => {}
                    }
                }
                Next::End(outcome) => return Ok(*outcome),
            }
        }
    }

    fn take_in(&mut self, work: &mut Work, action: &Action, saw: Saw) {
        if let Some(detail) = detail(action, &saw) {
            work.steps.detail(detail);
        }
        self.rollout.saw(work.now(), action, saw);
        for (level, text) in self.rollout.take_notes() {
            work.steps.note(level, text);
        }
        self.tell_events(work);
        let counts = self.rollout.counts();
        if counts != self.told.counts {
            if let Some(counts) = &counts {
                work.running.progress(Progress::Tasks(counts.clone()));
            }
            self.told.counts = counts;
        }
    }

    /// Words of ECS about our deployment, each once, oldest first.
    fn tell_events(&mut self, work: &Work) {
        let mut events: Vec<_> = self.rollout.events().collect();
        events.reverse();
        for event in events {
            if self.told.events.insert(event.id.clone()) {
                let (at, message) = (event.at, event.message.clone());
                work.running
                    .progress(Progress::ServiceEvent { at, message });
            }
        }
    }

    fn tell_waiting(&mut self, work: &Work, reason: String) {
        if self.told.waiting != reason {
            work.steps.note(NoteLevel::Info, format!("waits: {reason}"));
            self.told.waiting = reason;
        }
    }
}

/// Whether it only looks at how a deployment goes on: somebody may ask to stop it meanwhile.
const fn is_following(action: &Action) -> bool {
    matches!(action, Action::Follow { .. } | Action::WatchTasks { .. })
}

/// A few words about what an action gave.
fn detail(action: &Action, saw: &Saw) -> Option<String> {
    let name = |arn: &str| arn.rsplit('/').next().unwrap_or(arn).to_owned();
    match (action, saw) {
        (_, Saw::Caller(caller)) => Some(caller.arn.clone()),
        (_, Saw::Registered(arn)) => Some(name(arn)),
        (_, Saw::Service(Some(service))) => Some(format!(
            "{} of {} tasks run",
            service.running, service.desired
        )),
        (_, Saw::Updated(service)) => Some(
            service
                .primary()
                .map_or_else(String::new, |entry| entry.id.clone()),
        ),
        // What is told of it is told by the counts.
        (Action::WatchTasks { .. }, _) => None,
        (_, Saw::RunningTasks(tasks)) => Some(format!("{} running tasks", tasks.len())),
        (Action::PutTags { tags }, Saw::Tagged(refused)) if refused.is_empty() => {
            Some(tags.join(", "))
        }
        _ => None,
    }
}
