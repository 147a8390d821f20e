//! Jobs: what each kind does with its offer.

mod actions;
pub(crate) mod build;
mod login;
mod points;
mod repository;
pub(crate) mod rollout;
pub(crate) mod scan;
pub(crate) mod settle;
mod source;
pub(crate) mod task;
mod walker;

use std::sync::Arc;

use shipway_domain::checkpoint::Checkpoint;
use shipway_domain::document::Document;
use shipway_domain::event::StepResult;
use shipway_domain::ids::{AccountId, Region, Target};
use shipway_domain::job::{BuiltImage, Outcome};
use shipway_domain::spec::ReleaseSpec;
use shipway_domain::time::Timestamp;
use shipway_domain::verdict::{Finding, Verdict};
use shipway_plugin::{Place, Platform, PlatformError, RegionApi, Session};
use shipway_proto::v1;
use shipway_runtime::{Clock, Metrics, Steady};

use crate::client::Client;
use crate::running::{Gone, Running};
use crate::steps::Steps;

/// Why a job cannot go on.
pub(crate) enum Short {
    /// For this cause.
    Failed(Box<Finding>),
    /// Another attempt has it.
    Gone,
}

impl From<Finding> for Short {
    fn from(finding: Finding) -> Self {
        Self::Failed(Box::new(finding))
    }
}

impl From<PlatformError> for Short {
    fn from(error: PlatformError) -> Self {
        crate::failure::finding(&error).into()
    }
}

impl From<Gone> for Short {
    fn from(_: Gone) -> Self {
        Self::Gone
    }
}

/// What a walker works with.
pub(crate) struct Work {
    pub(crate) running: Arc<Running>,
    pub(crate) steps: Steps,
    pub(crate) client: Client,
    pub(crate) platform: Arc<dyn Platform>,
    pub(crate) metrics: Metrics,
    pub(crate) clock: Clock,
    /// The time of the job: waits for late calls hold whatever the clock is set to meanwhile.
    pub(crate) steady: Steady,
    pub(crate) spec: ReleaseSpec,
    pub(crate) offer: v1::Offer,
}

impl Work {
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.steady.millis())
    }

    /// How far the coordinator's time is ahead of the job's, in milliseconds.
    pub(crate) fn behind_coordinator(&self) -> i64 {
        let clock = i128::from(self.clock.millis()) - i128::from(self.steady.millis());
        self.running.behind_coordinator() + i64::try_from(clock).unwrap_or(0)
    }

    /// Makes a note durable at the coordinator, however long that takes.
    pub(crate) async fn note(&self, note: Checkpoint) -> Result<(), Gone> {
        points::before_note(&note);
        self.running.checkpoint(note.clone()).await?;
        points::after_note(&note);
        Ok(())
    }

    /// A handle on an account and region under this attempt's own name.
    pub(crate) async fn open(
        &self,
        account: &AccountId,
        region: &Region,
    ) -> Result<Arc<dyn RegionApi>, PlatformError> {
        let place = Place {
            account: account.clone(),
            region: region.clone(),
        };
        let held = self.running.held();
        let session = Session::Job {
            job: held.job,
            attempt: held.attempt,
        };
        self.platform.open(&place, &session).await
    }

    /// The task definition as it was submitted.
    pub(crate) async fn task_definition(&self) -> Result<Document, Short> {
        let fetched = tokio::select! {
            biased;
            fetched = self.client.blob(&self.spec.task_definition) => fetched,
            () = self.running.gone().cancelled() => return Err(Short::Gone),
        };
        let json = fetched.map_err(|error| Finding {
            code: "no-task-definition".to_owned(),
            cause: "the task definition could not be fetched from the coordinator".to_owned(),
            evidence: vec![format!("{error:#}")],
            remedy: "see the coordinator's log; deploy again".to_owned(),
        })?;
        let text = String::from_utf8(json).map_err(|error| bad_offer(&error))?;
        Ok(Document::parse(&text).map_err(|error| bad_offer(&error))?)
    }

    /// What a job of a target is about: the target, and the image of the release.
    pub(crate) fn target_and_image(&self) -> Result<(Target, BuiltImage), Short> {
        let missing = |what: &str| bad_offer(&format!("{what} is not set"));
        let target = self.offer.target.clone().ok_or_else(|| missing("target"))?;
        let image = self.offer.image.clone().ok_or_else(|| missing("image"))?;
        Ok((
            Target::try_from(target).map_err(|error| bad_offer(&error))?,
            BuiltImage::try_from(image).map_err(|error| bad_offer(&error))?,
        ))
    }

    /// The job has come to its end: so has the step that it was in.
    pub(crate) fn end_steps(&self, outcome: &Outcome) {
        let failed = match outcome {
            Outcome::RolledOut(report) => !matches!(report.verdict, Verdict::Live),
            Outcome::Failed(_) => true,
            Outcome::Built(_)
            | Outcome::Settled { .. }
            | Outcome::Stopped(_)
            | Outcome::Skipped { .. }
            | Outcome::Ran(_) => false,
        };
        self.steps.end(if failed {
            StepResult::Failed
        } else {
            StepResult::Done
        });
    }

    /// What earlier attempts noted.
    pub(crate) fn noted(&self) -> Result<Vec<Checkpoint>, Finding> {
        let notes = self
            .offer
            .checkpoints
            .iter()
            .cloned()
            .map(TryInto::try_into);
        notes
            .collect::<Result<_, _>>()
            .map_err(|error| bad_offer(&error))
    }

    /// Refuses to act with credentials of another account (design.md, property 2).
    pub(crate) async fn check_identity(
        &self,
        region: &dyn RegionApi,
        account: &AccountId,
    ) -> Result<(), Finding> {
        let caller = region
            .caller()
            .await
            .map_err(|error| crate::failure::finding(&error))?;
        if caller.account == account.as_str() {
            return Ok(());
        }
        Err(Finding {
            code: "wrong-account".to_owned(),
            cause: format!(
                "the agent's credentials belong to account {}, wanted is {account}",
                caller.account
            ),
            evidence: vec![caller.arn],
            remedy: "correct the role of this account in the agent's configuration".to_owned(),
        })
    }
}

/// An offer that this version cannot read.
pub(crate) fn bad_offer(error: &dyn std::fmt::Display) -> Finding {
    Finding {
        code: "bad-offer".to_owned(),
        cause: "the agent cannot read the job that it was offered".to_owned(),
        evidence: vec![error.to_string()],
        remedy: "see whether agent and coordinator are of versions that go together".to_owned(),
    }
}
