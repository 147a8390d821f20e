//! Eventual consistency: what DescribeServices still shows for a while after a mutation (ecs-facts 5.4).

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Service;
use super::show::Address;
use crate::clock::SimTime;
use crate::ecs::Settings;
use crate::ecs::drive::sim_time;

/// What a service looked like before its last mutation.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Stale {
    until: SimTime,
    /// None when it did not exist.
    shown: Option<Value>,
}

impl Stale {
    /// For a mutation now; none while the switch is off.
    pub(super) fn since(
        now: SimTime,
        settings: &Settings,
        shown: impl FnOnce() -> Option<Value>,
    ) -> Option<Self> {
        let lag = settings.stale_reads();
        (!lag.is_zero()).then(|| Self {
            until: now + lag,
            shown: shown(),
        })
    }
}

impl Service {
    /// What a reader sees instead of the truth at `now`: the outer option is none when that is over.
    pub(super) fn stale(&self, now: SimTime) -> Option<Option<&Value>> {
        let stale = self.stale.as_ref().filter(|stale| now < stale.until)?;
        Some(stale.shown.as_ref())
    }

    /// `currentServiceDeployment` names a new service deployment only after the delay that is set.
    pub(super) fn lag(
        &self,
        at: &Address<'_>,
        now: SimTime,
        settings: &Settings,
        shown: &mut Value,
    ) {
        let delay = settings.current_deployment();
        if delay.is_zero() {
            return;
        }
        let newest_first = self.model.service_deployments().iter().rev();
        let mut old_enough = newest_first.filter(|known| sim_time(known.created_at) + delay <= now);
        match (old_enough.next(), shown.as_object_mut()) {
            (Some(known), Some(members)) => {
                let arn = at.deployment(&known.id);
                members.insert("currentServiceDeployment".to_owned(), arn.into());
            }
            (None, Some(members)) => {
                members.shift_remove("currentServiceDeployment");
            }
            _ => {}
        }
    }
}
