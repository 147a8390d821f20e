//! What time alone brings about: leases that end.

use super::draft::Draft;
use super::{Board, Decision, Effect};
use crate::agent::Held;
use crate::ids::JobId;
use crate::job::JobState;
use crate::time::Timestamp;

impl Board {
    pub(super) fn tick(&self, now: Timestamp) -> Decision {
        let mut draft = Draft::new(self, now);
        let over: Vec<JobId> = self
            .timers
            .iter()
            .take_while(|(at, _)| *at <= now)
            .map(|(_, job)| *job)
            .filter(|job| self.leases.get(job).is_some_and(|until| *until <= now))
            .collect();
        for id in over {
            let Some(job) = self.jobs.get(&id) else {
                continue;
            };
            if let JobState::Granted(grant) = &job.state {
                draft.effect(Effect::Gone {
                    agent: grant.agent.clone(),
                    held: Held {
                        job: id,
                        attempt: job.attempt,
                    },
                    reason: "the lease ended without a renewal".to_owned(),
                });
                let reason = format!("agent {} did not renew its lease", grant.agent);
                draft.return_job(id, &reason, true);
            }
        }
        draft.finish()
    }
}
