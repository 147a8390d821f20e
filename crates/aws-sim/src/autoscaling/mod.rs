//! Application Auto Scaling of ECS services (ecs-facts 8): targets, policies, scheduled actions.
//!
//! Everything happens in [`tick`], which the world calls when the instant that [`next`] gave is
//! reached. Metrics come from the control API only: the simulator measures nothing.

mod activity;
mod control;
mod describe;
mod drive;
mod metric;
mod page;
mod policies;
mod policy;
mod register;
mod resource;
mod schedule;
mod scheduled;
mod tags;
mod track;

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use crate::clock::SimTime;
use crate::wire::{ApiError, Ctx, Operation};

use activity::Activity;
use metric::Reading;
use policy::Policy;
use scheduled::ScheduledAction;

pub(crate) use control::METRICS;
pub(crate) use drive::{next, tick};
pub(crate) use policies::alarms;

const NAMESPACE: &str = "ecs";
const DIMENSION: &str = "ecs:service:DesiredCount";

/// Everything of one account and region.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    /// By resource id.
    targets: BTreeMap<String, Target>,
    /// What metrics of services stand at: by resource id, then by metric type.
    metrics: BTreeMap<String, BTreeMap<String, Reading>>,
    /// By resource id, newest first. They outlive their target.
    activities: BTreeMap<String, VecDeque<Activity>>,
}

/// A service whose desired count is scaled.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Target {
    id: String,
    min: u32,
    max: u32,
    suspended: Suspended,
    /// What was suspended before, and until when that still is felt.
    #[serde(default)]
    before: Option<(Suspended, SimTime)>,
    created: SimTime,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    /// By name.
    #[serde(default)]
    policies: BTreeMap<String, Policy>,
    /// By name.
    #[serde(default)]
    actions: BTreeMap<String, ScheduledAction>,
    /// When the policies are to be looked at again.
    #[serde(default)]
    look: Option<SimTime>,
    /// Why nothing was scaled when something should have been, as long as that lasts.
    #[serde(default)]
    held: Option<String>,
}

impl Target {
    /// What scaling goes by at `now`: a change may take a while to be felt.
    fn in_force(&self, now: SimTime) -> Suspended {
        match self.before {
            Some((before, until)) if now < until => before,
            _ => self.suspended,
        }
    }
}

/// Which kinds of scaling are suspended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Suspended {
    dynamic_scaling_in_suspended: bool,
    dynamic_scaling_out_suspended: bool,
    scheduled_scaling_suspended: bool,
}

/// What it offers, and what answers it.
pub(crate) const OPERATIONS: &[Operation] = &[
    ("RegisterScalableTarget", register::register),
    ("DescribeScalableTargets", describe::describe),
    ("DeregisterScalableTarget", register::deregister),
    ("PutScalingPolicy", policies::put),
    ("DescribeScalingPolicies", policies::describe),
    ("DeleteScalingPolicy", policies::delete),
    ("PutScheduledAction", scheduled::put),
    ("DescribeScheduledActions", scheduled::describe),
    ("DeleteScheduledAction", scheduled::delete),
    ("DescribeScalingActivities", activity::describe),
    ("TagResource", tags::tag),
    ("UntagResource", tags::untag),
    ("ListTagsForResource", tags::list),
];

impl State {
    /// The target that a call is about.
    fn target(&mut self, resource: &str) -> Result<&mut Target, ApiError> {
        self.targets.get_mut(resource).ok_or_else(|| {
            resource::not_found(format!(
                "No scalable target registered for service namespace: {NAMESPACE}, resource ID: \
                 {resource}, scalable dimension: {DIMENSION}"
            ))
        })
    }
}

fn target_arn(ctx: &Ctx, target: &Target) -> String {
    ctx.arn(
        "application-autoscaling",
        &format!("scalable-target/{}", target.id),
    )
}
