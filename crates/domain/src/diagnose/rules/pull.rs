//! The image does not come.

use super::{Rule, Weight};

const PULL: &str = "cannotpullcontainererror";

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "wrong-architecture",
        weight: Weight::Cause,
        all: &[],
        any: &[
            "does not contain descriptor matching platform",
            "exec format error",
        ],
        cause: "the image is built for another processor than the task asks for",
        remedy: "build for the platform of the task, or set runtimePlatform.cpuArchitecture",
    },
    Rule {
        code: "image-pull-rate",
        weight: Weight::Cause,
        all: &[PULL],
        any: &["toomanyrequests", "pull rate limit"],
        cause: "the image cannot be pulled: the registry's rate limit is reached",
        remedy: "use a pull-through cache, or credentials",
    },
    Rule {
        code: "disk-full",
        weight: Weight::Cause,
        all: &[PULL],
        any: &["no space left on device"],
        cause: "the image cannot be pulled: the disk is full",
        remedy: "raise ephemeralStorage, make the image smaller, or clean the host",
    },
    // Before the network: what does not come from S3 says "connection issue", too.
    Rule {
        code: "image-pull-layers",
        weight: Weight::Cause,
        all: &[PULL],
        any: &[
            "failed to copy",
            "httpreadseeker",
            "httpreaderseeker",
            "nil pointer",
        ],
        cause: "the image cannot be pulled: its layers do not come through from S3",
        remedy: "give the subnets a gateway endpoint or a route to S3 (ECR keeps layers there), then deploy again",
    },
    Rule {
        code: "image-pull-network",
        weight: Weight::Cause,
        all: &[PULL],
        any: &[
            "i/o timeout",
            "dial tcp",
            "request canceled",
            "context canceled",
            "deadline exceeded",
            "connection issue",
            "no such host",
        ],
        cause: "the image cannot be pulled: there is no route to the registry",
        remedy: "give the subnets a NAT gateway, or endpoints for ecr.api, ecr.dkr and S3; in public subnets set assignPublicIp",
    },
    Rule {
        code: "image-pull-denied",
        weight: Weight::Cause,
        all: &[PULL],
        any: &[
            " 403",
            "denied",
            "no basic auth",
            "not authorized",
            "role has the permissions",
        ],
        cause: "the image cannot be pulled: the execution role or the repository policy forbids it",
        remedy: "allow the execution role (on EC2 the instance's) to pull, and its account in the repository policy",
    },
    Rule {
        code: "image-not-found",
        weight: Weight::Cause,
        all: &[PULL],
        any: &[
            "manifest unknown",
            "not found",
            "failed to resolve ref",
            "does not exist",
        ],
        cause: "the image cannot be pulled: it is not in the repository",
        remedy: "see whether a lifecycle rule expired it; build and deploy again",
    },
    Rule {
        code: "image-cannot-be-pulled",
        weight: Weight::Cause,
        all: &[PULL],
        any: &[],
        cause: "the image cannot be pulled",
        remedy: "read the message; the agent's log, or the execution role's permissions and the route to the registry say more",
    },
];
