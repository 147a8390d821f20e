//! The causes that can be read off ECS's words, old and new ones (ecs-facts section 10).

use crate::verdict::Finding;

/// A cause that can be read off a text.
pub(super) struct Rule {
    pub(super) code: &'static str,
    /// All of these (lower case) must stand in the text.
    all: &'static [&'static str],
    /// And one of these, when there are any.
    any: &'static [&'static str],
    cause: &'static str,
    remedy: &'static str,
}

/// The first that matches says the cause: a text that names a wider failure names the narrower, too.
pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "wrong-architecture",
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
        all: &["cannotpullcontainererror"],
        any: &["toomanyrequests", "pull rate limit"],
        cause: "the image cannot be pulled: the registry's rate limit is reached",
        remedy: "use a pull-through cache, or credentials",
    },
    Rule {
        code: "disk-full",
        all: &["cannotpullcontainererror"],
        any: &["no space left on device"],
        cause: "the image cannot be pulled: the disk is full",
        remedy: "raise ephemeralStorage, make the image smaller, or clean the host",
    },
    Rule {
        code: "image-pull-network",
        all: &["cannotpullcontainererror"],
        any: &[
            "i/o timeout",
            "dial tcp",
            "request canceled",
            "context canceled",
            "connection issue",
        ],
        cause: "the image cannot be pulled: there is no route to the registry",
        remedy: "give the subnets a NAT gateway, or endpoints for ecr.api, ecr.dkr and S3",
    },
    Rule {
        code: "image-pull-layers",
        all: &["cannotpullcontainererror"],
        any: &["failed to copy", "httpreaderseeker", "nil pointer"],
        cause: "the image cannot be pulled: its layers do not come through from S3",
        remedy: "see the route or gateway endpoint to S3, then deploy again",
    },
    Rule {
        code: "image-pull-denied",
        all: &["cannotpullcontainererror"],
        any: &[
            " 403",
            "denied",
            "no basic auth",
            "role has the permissions",
        ],
        cause: "the image cannot be pulled: the execution role or the repository policy forbids it",
        remedy: "allow the execution role to pull, and its account in the repository policy",
    },
    Rule {
        code: "image-not-found",
        all: &["cannotpullcontainererror"],
        any: &["manifest unknown", "not found", "failed to resolve ref"],
        cause: "the image cannot be pulled: it is not in the repository",
        remedy: "see whether a lifecycle rule expired it; build and deploy again",
    },
    Rule {
        code: "image-cannot-be-pulled",
        all: &["cannotpullcontainererror"],
        any: &[],
        cause: "the image cannot be pulled",
        remedy: "read the message below",
    },
    Rule {
        code: "registry-auth",
        all: &["resourceinitializationerror"],
        any: &[
            "ecr registry auth",
            "pull registry auth",
            "get registry auth",
        ],
        cause: "the task cannot log in to the registry",
        remedy: "let the execution role call ecr:GetAuthorizationToken, and give the subnets a route to ECR",
    },
    Rule {
        code: "log-group",
        all: &["resourceinitializationerror"],
        any: &["logging driver", "logger args", "log group"],
        cause: "the log group cannot be written",
        remedy: "create the log group, or let the execution role create it",
    },
    Rule {
        code: "efs",
        all: &["resourceinitializationerror"],
        any: &["efs utils"],
        cause: "the EFS file system cannot be mounted",
        remedy: "see port 2049 of its security group, DNS and the task role",
    },
    Rule {
        code: "env-file",
        all: &[],
        any: &["environment variable files from amazon s3"],
        cause: "the file of environment variables cannot be read from S3",
        remedy: "let the execution role read it, and see the route to S3",
    },
    Rule {
        code: "secret-denied",
        all: &["resourceinitializationerror"],
        any: &["secret", "parameter store", "ssm", "accessdenied"],
        cause: "a secret of the task definition cannot be read",
        remedy: "let the execution role read it, and see that the ARN is right and that there is a route to it",
    },
    Rule {
        code: "role-not-assumed",
        all: &[],
        any: &["unable to assume the role"],
        cause: "ECS cannot assume a role of the task",
        remedy: "see that the role exists and trusts ecs-tasks.amazonaws.com",
    },
    Rule {
        code: "out-of-memory",
        all: &[],
        any: &["outofmemoryerror", "killed due to memory usage"],
        cause: "the container was killed because it used more memory than it has",
        remedy: "raise the memory of the container or task",
    },
    Rule {
        code: "cannot-start",
        all: &[],
        any: &["cannotstartcontainererror", "executable file not found"],
        cause: "the container cannot be started",
        remedy: "see command, entrypoint and user of the image",
    },
    Rule {
        code: "container-runtime",
        all: &[],
        any: &[
            "cannotcreatecontainererror",
            "cannotcreatevolumeerror",
            "containerruntimeerror",
            "containerruntimetimeouterror",
            "dockertimeouterror",
            "cannotinspectcontainererror",
        ],
        cause: "the host could not set the container up",
        remedy: "see dependsOn, startTimeout and volumes; deploy again, on another host if it stays",
    },
    Rule {
        code: "load-balancer-health",
        all: &["failed elb health checks"],
        any: &[],
        cause: "the load balancer finds the task unhealthy",
        remedy: "see path, port and status code of the health check, and the grace period",
    },
    Rule {
        code: "container-health",
        all: &["failed container health checks"],
        any: &[],
        cause: "the container's own health check fails",
        remedy: "see that the command exists in the image, and startPeriod",
    },
    Rule {
        code: "placement",
        all: &[],
        any: &[
            "memberof placement constraint unsatisfied",
            "no active instances",
            "empty capacity provider",
        ],
        cause: "no instance satisfies the placement of the task",
        remedy: "see the placement constraints, and that the capacity provider has instances",
    },
    Rule {
        code: "no-capacity",
        all: &[],
        any: &[
            "capacity is unavailable",
            "no container instance met all of its requirements",
            "limit on the number of",
            "configuration is above your limit",
        ],
        cause: "there is no capacity for the task",
        remedy: "add capacity, raise the quota, or lower the size of the task",
    },
    Rule {
        code: "subnet-full",
        all: &[],
        any: &[
            "insufficientfreeaddressesinsubnet",
            "unexpected ec2 error while attempting to create",
        ],
        cause: "the subnets have no free address",
        remedy: "use larger subnets, or lower maximum_percent",
    },
    Rule {
        code: "target-group-missing",
        all: &[],
        any: &["target group is not found"],
        cause: "the target group of the service was deleted",
        remedy: "create the target group and the service again",
    },
    Rule {
        code: "incompatible-compute",
        all: &[],
        any: &["not compatible with the selected compute strategy"],
        cause: "the task definition does not fit the capacity of the service",
        remedy: "see requiresCompatibilities and the capacity providers",
    },
    Rule {
        code: "spot-interrupted",
        all: &[],
        any: &["your spot task was interrupted"],
        cause: "Spot capacity was taken back while the task ran",
        remedy: "keep a base of tasks on FARGATE or on-demand instances",
    },
];

/// The rule for a text in lower case, if there is one.
pub(super) fn of(text: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.matches(text))
}

impl Rule {
    /// Whether the text (lower case) shows this cause.
    fn matches(&self, text: &str) -> bool {
        self.all.iter().all(|part| text.contains(part))
            && (self.any.is_empty() || self.any.iter().any(|part| text.contains(part)))
    }

    /// The finding, with what shows it.
    pub(super) fn finding(&self, evidence: String) -> Finding {
        Finding {
            code: self.code.to_owned(),
            cause: self.cause.to_owned(),
            evidence: vec![evidence],
            remedy: self.remedy.to_owned(),
        }
    }
}
