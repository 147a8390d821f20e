//! Services that a rollout does not touch, and why.

use super::Rollout;
use crate::bounds::{Bounds, Percentages};
use crate::ids::Target;
use crate::observe::{CallerSeen, ServiceSeen};
use crate::verdict::Finding;

/// Why this service cannot be changed by a deployment of ours, if it cannot.
pub(crate) fn unfit(service: &ServiceSeen) -> Option<Finding> {
    let finding = |code: &str, cause: String, remedy: &str| {
        Some(Finding {
            code: code.to_owned(),
            cause,
            evidence: vec![format!("service {}", service.arn)],
            remedy: remedy.to_owned(),
        })
    };
    if service.status != "ACTIVE" {
        let name = service.arn.rsplit('/').next().unwrap_or_default();
        return finding(
            "service-not-active",
            format!("the service {name} is {}", service.status),
            "create the service again, or name another one in the manifest",
        );
    }
    if !service.controller.is_empty() && service.controller != "ECS" {
        return finding(
            "controller-not-ecs",
            format!(
                "deployments of the service are controlled by {}",
                service.controller
            ),
            "shipway changes services with the deployment controller ECS only",
        );
    }
    // Express-mode services belong to their gateway: an update goes behind its back (ecs-facts 3.9).
    if service.managed_by == "ECS" {
        return finding(
            "express-service",
            "the service is managed by ECS express mode".to_owned(),
            "deploy to a service of your own",
        );
    }
    None
}

impl Rollout {
    /// Why these percentages can move no task of a service this small, if they cannot (ecs-facts 1.1).
    pub(super) fn deadlock(&self, service: &ServiceSeen) -> Option<Finding> {
        // Where both revisions have all their tasks, percentages hold nothing up.
        if !service.is_rolling() {
            return None;
        }
        let desired = service.desired;
        let settings = &self.wanted.settings;
        let percentages = Percentages {
            minimum_healthy: settings.minimum_healthy_percent,
            maximum: settings.maximum_percent,
        };
        percentages.is_stuck(desired).then(|| {
            let Percentages {
                minimum_healthy,
                maximum,
            } = percentages;
            let Bounds { lower, upper } = percentages.of(desired);
            Finding {
                code: "deadlock-by-percentages".to_owned(),
                cause: format!(
                    "with {minimum_healthy}/{maximum} percent of {desired} tasks ECS may neither \
                     stop nor start one, and would wait for ever"
                ),
                evidence: vec![format!(
                    "at least {lower} must stay, at most {upper} may run"
                )],
                remedy: way_out(percentages, desired),
            }
        })
    }
}

/// There is nothing to change.
pub(crate) fn no_service(target: &Target) -> Finding {
    Finding {
        code: "service-missing".to_owned(),
        cause: format!(
            "there is no service {} in cluster {}",
            target.service, target.cluster
        ),
        evidence: vec![format!(
            "account {}, region {}",
            target.account, target.region
        )],
        remedy: "create the service first, or correct the target in the manifest".to_owned(),
    }
}

/// Refuses to act with credentials of another account (design.md, property 2).
pub(crate) fn wrong_account(caller: &CallerSeen, target: &Target) -> Option<Finding> {
    (caller.account != target.account.as_str()).then(|| Finding {
        code: "wrong-account".to_owned(),
        cause: format!(
            "the agent's credentials belong to account {}, the target is in {}",
            caller.account, target.account
        ),
        evidence: vec![caller.arn.clone()],
        remedy: "correct the role of this account in the agent's configuration".to_owned(),
    })
}

/// The smallest change of percentages, or of the count, with which tasks move.
fn way_out(percentages: Percentages, desired: u32) -> String {
    let desired = u64::from(desired.max(1));
    let maximum = ((desired + 1) * 100).div_ceil(desired);
    let minimum = (desired - 1) * 100 / desired;
    let count = percentages
        .smallest_that_moves()
        .map_or_else(String::new, |count| {
            format!(", or run at least {count} tasks")
        });
    format!(
        "set maximum_percent to {maximum} or more, or minimum_healthy_percent to {minimum} or \
         less{count}"
    )
}
