//! Scaling activities: what was scaled, or why it was not.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::drive::At;
use super::page::paged;
use super::{DIMENSION, NAMESPACE, resource};
use crate::clock::SimTime;
use crate::ecs::Census;
use crate::wire::{ApiError, Ctx, Input};
use crate::world::World;

/// How long activities are kept: six weeks (ecs-facts 8).
const KEPT: Duration = Duration::from_secs(42 * 24 * 3600);
/// How many of one target are kept.
const MOST: usize = 200;

/// An activity.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Activity {
    id: String,
    cause: String,
    started: SimTime,
    ended: Option<SimTime>,
    status: Status,
    outcome: Outcome,
}

/// `StatusCode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Status {
    InProgress,
    Successful,
    Overridden,
    Failed,
}

/// What an activity is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Outcome {
    /// The desired count was set.
    Scaled(u32),
    /// A scheduled action set the bounds.
    Bounds(u32, u32),
    /// Nothing was scaled, for this reason.
    Held(NotScaled),
    /// A scheduled action could not be done.
    Refused(String),
}

/// `NotScaledReasons`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct NotScaled {
    pub(super) code: String,
    /// A member of the reason and its value.
    pub(super) detail: Option<(String, u32)>,
}

impl Activity {
    /// An activity that starts now.
    pub(super) fn new(world: &mut World, at: &At<'_>, outcome: Outcome, cause: String) -> Self {
        let status = match outcome {
            Outcome::Scaled(_) => Status::InProgress,
            Outcome::Bounds(..) => Status::Successful,
            Outcome::Held(_) | Outcome::Refused(_) => Status::Failed,
        };
        Self {
            id: world.ids.uuid(),
            cause,
            started: at.now,
            ended: (status == Status::Successful).then_some(at.now),
            status,
            outcome,
        }
    }

    /// Puts it first. One that scales takes the place of one that is still under way.
    pub(super) fn keep(self, world: &mut World, at: &At<'_>) {
        let state = &mut world.region(at.account, at.region).autoscaling;
        let known = state
            .activities
            .entry(at.resource.id.to_owned())
            .or_default();
        if self.scales() {
            let open = known
                .iter_mut()
                .filter(|old| old.status == Status::InProgress);
            for old in open {
                old.status = Status::Overridden;
                old.ended = Some(at.now);
            }
        }
        known.push_front(self);
        known.truncate(MOST);
        known.retain(|old| old.started + KEPT > at.now);
    }

    /// Whether it sets the desired count.
    pub(super) const fn scales(&self) -> bool {
        matches!(self.outcome, Outcome::Scaled(_))
    }

    pub(super) fn is_open(&self) -> bool {
        self.status == Status::InProgress
    }

    /// Ends it when the service has become what was asked of it.
    pub(super) fn settle(&mut self, census: Option<Census>, now: SimTime) {
        let Outcome::Scaled(wanted) = self.outcome else {
            return;
        };
        self.status = match census {
            None => Status::Failed,
            Some(census) if census.running == wanted => Status::Successful,
            Some(_) => return,
        };
        self.ended = Some(now);
    }

    fn show(&self, resource: &str) -> Value {
        let (description, message) = match (&self.outcome, self.status) {
            (Outcome::Scaled(count), status) => {
                let set = format!("Successfully set desired count to {count}.");
                let end = match status {
                    Status::InProgress => " Waiting for change to be fulfilled by ecs.",
                    Status::Successful => " Change successfully fulfilled by ecs.",
                    Status::Overridden => " Overridden by a later scaling activity.",
                    Status::Failed => " The service no longer exists.",
                };
                let message = Some(set + end);
                (format!("Setting desired count to {count}."), message)
            }
            (Outcome::Bounds(min, max), _) => (
                format!("Setting min capacity to {min} and max capacity to {max}"),
                Some(format!(
                    "Successfully set min capacity to {min} and max capacity to {max}"
                )),
            ),
            (Outcome::Held(_), _) => {
                let text = "Attempting to scale due to alarm triggered";
                (text.to_owned(), None)
            }
            (Outcome::Refused(problem), _) => (
                "Attempting to run a scheduled action".to_owned(),
                Some(problem.clone()),
            ),
        };
        let mut shown = json!({
            "ActivityId": self.id,
            "ServiceNamespace": NAMESPACE,
            "ResourceId": resource,
            "ScalableDimension": DIMENSION,
            "Description": description,
            "Cause": self.cause,
            "StartTime": self.started.json(),
            "StatusCode": format!("{:?}", self.status),
        });
        if let Some(ended) = self.ended {
            shown["EndTime"] = ended.json();
        }
        if let Some(message) = message {
            shown["StatusMessage"] = message.into();
        }
        if let Outcome::Held(reason) = &self.outcome {
            let mut reasons = json!({"Code": reason.code});
            if let Some((member, value)) = &reason.detail {
                reasons[member] = (*value).into();
            }
            shown["NotScaledReasons"] = json!([reasons]);
        }
        shown
    }
}

/// `DescribeScalingActivities`, newest first.
pub(super) fn describe(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let asked = resource::filter(input)?;
    let all = input
        .bool("IncludeNotScaledActivities")?
        .unwrap_or_default();
    let state = &world.region(&ctx.account, &ctx.region).autoscaling;
    let wanted = state.activities.iter();
    let wanted = wanted.filter(|(id, _)| asked.is_none_or(|asked| asked == *id));
    let mut found: Vec<(SimTime, Value)> = wanted
        .flat_map(|(id, known)| {
            let known = known.iter();
            let known =
                known.filter(|activity| all || !matches!(activity.outcome, Outcome::Held(_)));
            known.map(|activity| (activity.started, activity.show(id)))
        })
        .collect();
    found.sort_by_key(|(started, _)| std::cmp::Reverse(*started));
    let shown = found.into_iter().map(|(_, activity)| activity).collect();
    paged("ScalingActivities", shown, input)
}
