//! Target groups: those of the seed, and those that services mention.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::wire::{ApiError, Ctx};
use crate::world::Region;

/// The seeded target groups of one region, by ARN.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct State {
    pub(crate) groups: BTreeMap<String, TargetGroup>,
}

/// A target group. One that a service mentions and nobody has seeded is like the default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TargetGroup {
    /// ARN.
    pub arn: String,
    /// ARN of the load balancer that sends requests to it.
    pub load_balancer: Option<String>,
    /// The VPC of its targets.
    pub vpc: String,
    /// Port of the group; targets have their own.
    pub port: u16,
    /// Path of the health check.
    pub health_check_path: String,
    /// Seconds between two health checks, 5 to 300. Only shown, as the next: the phases say when a target is healthy.
    pub health_check_interval_seconds: u32,
    /// How many checks in a row must pass, 2 to 10.
    pub healthy_threshold_count: u32,
    /// How long a target drains: the deregistration delay. Without it `draining` of the phases holds.
    pub deregistration_delay_seconds: Option<u32>,
}

impl Default for TargetGroup {
    fn default() -> Self {
        Self {
            arn: String::new(),
            load_balancer: None,
            vpc: "vpc-0a1b2c3d4e5f60718".to_owned(),
            port: 80,
            health_check_path: "/".to_owned(),
            health_check_interval_seconds: 30,
            healthy_threshold_count: 5,
            deregistration_delay_seconds: None,
        }
    }
}

impl TargetGroup {
    /// The name in its ARN: `...:targetgroup/<name>/<id>`.
    pub(super) fn name(&self) -> &str {
        name_in(&self.arn).unwrap_or_default()
    }

    /// Whether its ARN is one.
    fn has_arn(&self) -> bool {
        name_in(&self.arn).is_some()
    }

    /// What is wrong with a seeded target group, if anything is.
    pub(crate) fn check(&self) -> Result<(), String> {
        let arn = &self.arn;
        if !self.has_arn() {
            return Err(format!("`{arn}` is not the ARN of a target group"));
        }
        if !(5..=300).contains(&self.health_check_interval_seconds) {
            return Err(format!(
                "health_check_interval_seconds of {arn} is not in 5..=300"
            ));
        }
        if !(2..=10).contains(&self.healthy_threshold_count) {
            return Err(format!("healthy_threshold_count of {arn} is not in 2..=10"));
        }
        Ok(())
    }
}

fn name_in(arn: &str) -> Option<&str> {
    let (_, path) = arn
        .strip_prefix("arn:aws:elasticloadbalancing:")?
        .split_once(":targetgroup/")?;
    let (name, id) = path.split_once('/')?;
    (!name.is_empty() && !id.is_empty()).then_some(name)
}

impl State {
    /// The seeded deregistration delay of a target group.
    pub(crate) fn delay(&self, arn: &str) -> Option<Duration> {
        let seconds = self.groups.get(arn)?.deregistration_delay_seconds?;
        Some(Duration::from_secs(seconds.into()))
    }
}

/// All target groups of a region, by ARN.
pub(super) fn all(region: &Region) -> BTreeMap<String, TargetGroup> {
    let mentioned = region.ecs.target_groups().into_iter().map(|arn| {
        let group = TargetGroup {
            arn: arn.clone(),
            ..TargetGroup::default()
        };
        (arn, group)
    });
    let mut all: BTreeMap<_, _> = mentioned.filter(|(_, group)| group.has_arn()).collect();
    all.extend(region.elb.groups.clone());
    all
}

/// The target group of this ARN.
pub(super) fn find(region: &Region, arn: &str) -> Result<TargetGroup, ApiError> {
    all(region).remove(arn).ok_or_else(not_found)
}

pub(super) fn not_found() -> ApiError {
    ApiError::client("TargetGroupNotFound", "One or more target groups not found")
}

/// A region in which nothing has happened yet has nothing to find either.
pub(super) fn region<'w>(world: &'w mut crate::world::World, ctx: &Ctx) -> &'w Region {
    world.region(&ctx.account, &ctx.region)
}
