//! Whether old revisions of a target may be deregistered on request: nobody is changing it.

use super::{Board, Refusal};
use crate::ids::Target;
use crate::spec::RolloutSettings;

impl Board {
    /// The task definition that was last proven on a target, of whose revisions the newest `keep` are to stay. A look alone,
    /// that changes nothing, is always allowed.
    ///
    /// # Errors
    /// [`Refusal::TargetHeld`] while a job holds the target, [`Refusal::BadSpec`] when that many cannot be kept.
    pub fn plan_clean(
        &self,
        target: &Target,
        keep: u32,
        looks_only: bool,
    ) -> Result<Option<&str>, Refusal> {
        let most = RolloutSettings::MOST_REVISIONS;
        if !(1..=most).contains(&keep) {
            let problem = format!("{keep} revisions cannot be kept; 1 to {most} are possible");
            return Err(Refusal::BadSpec { problem });
        }
        let record = self.target(target);
        match record.and_then(|record| record.slot) {
            Some(job) if !looks_only => Err(Refusal::TargetHeld {
                target: target.clone(),
                job,
            }),
            _ => {
                let proven = record.and_then(|record| record.proven.as_ref());
                Ok(proven.map(|proven| proven.task_definition.as_str()))
            }
        }
    }
}
