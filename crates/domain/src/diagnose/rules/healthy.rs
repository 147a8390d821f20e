//! The container runs, and is found unhealthy.

use super::{Rule, Weight};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "load-balancer-health",
        weight: Weight::Outside,
        all: &[],
        any: &[
            "failed elb health checks",
            "is unhealthy in (target-group",
            "is unhealthy in target-group",
            "health checks failed with these codes",
        ],
        cause: "the load balancer finds the task unhealthy",
        remedy: "see path, port and status code of the health check, the security group between, and the grace period",
    },
    Rule {
        code: "container-health",
        weight: Weight::Outside,
        all: &["failed container health checks"],
        any: &[],
        cause: "the container's own health check fails",
        remedy: "see that the command exists in the image, and startPeriod",
    },
    Rule {
        code: "target-group-missing",
        weight: Weight::Cause,
        all: &[],
        any: &["target group is not found", "target group not found"],
        cause: "the target group of the service was deleted",
        remedy: "create the target group and the service again",
    },
];
