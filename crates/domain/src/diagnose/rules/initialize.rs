//! The task cannot be set up: roles, logins, secrets, logs, files.

use super::{Rule, Weight};

const INIT: &str = "resourceinitializationerror";

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "role-not-assumed",
        weight: Weight::Cause,
        all: &[],
        any: &[
            "unable to assume the role",
            "unable to assume the service linked role",
            "trust relationship",
            "failed to retrieve credentials for role",
        ],
        cause: "ECS cannot assume a role of the task",
        remedy: "see that the role exists and trusts ecs-tasks.amazonaws.com",
    },
    Rule {
        code: "env-file",
        weight: Weight::Cause,
        all: &[],
        any: &[
            "environment variable files from amazon s3",
            "failed to download env files",
        ],
        cause: "the file of environment variables cannot be read from S3",
        remedy: "let the execution role read it, and see the route to S3",
    },
    Rule {
        code: "log-network",
        weight: Weight::Cause,
        all: &["connection issue", "cloudwatch"],
        any: &[],
        cause: "the task does not reach CloudWatch Logs",
        remedy: "give the subnets a NAT gateway or an endpoint for logs, and let its security group take port 443",
    },
    Rule {
        code: "log-group",
        weight: Weight::Cause,
        all: &[INIT],
        any: &["logging driver", "logger args", "log group", "log stream"],
        cause: "the log group cannot be written",
        remedy: "create the log group, or let the execution role create it (awslogs-create-group and logs:CreateLogGroup)",
    },
    Rule {
        code: "efs",
        weight: Weight::Cause,
        all: &[],
        any: &["efs utils", "mount.efs", "efs volume"],
        cause: "the EFS file system cannot be mounted",
        remedy: "see port 2049 of its security group, DNS and the task role",
    },
    Rule {
        code: "secret-format",
        weight: Weight::Cause,
        all: &[INIT],
        any: &["json key", "invalid character", "did not contain"],
        cause: "a secret is there, and does not hold what the task definition names",
        remedy: "see the JSON key after the secret's ARN in valueFrom, and that the secret is JSON",
    },
    Rule {
        code: "secret-not-found",
        weight: Weight::Cause,
        all: &[INIT],
        any: &[
            "can't find the specified secret",
            "invalid parameters",
            "invalid ssm parameters",
            "parameternotfound",
            "resourcenotfoundexception: secrets manager",
        ],
        cause: "a secret that the task definition names does not exist",
        remedy: "correct the ARN in secrets[].valueFrom, or create the secret in this region",
    },
    Rule {
        code: "secret-network",
        weight: Weight::Cause,
        all: &[INIT, "secret"],
        any: NO_ROUTE,
        cause: "the task does not reach Secrets Manager or Parameter Store",
        remedy: "give the subnets a NAT gateway or endpoints for secretsmanager and ssm, and let their security group take port 443",
    },
    Rule {
        code: "secret-denied",
        weight: Weight::Cause,
        all: &[INIT],
        any: &["secret", "parameter store", "ssm:", "from ssm", "kms"],
        cause: "a secret of the task definition cannot be read",
        remedy: "let the execution role read it (secretsmanager:GetSecretValue or ssm:GetParameters, and kms:Decrypt)",
    },
    Rule {
        code: "registry-auth",
        weight: Weight::Cause,
        all: &[INIT],
        any: &["registry auth", "getauthorizationtoken"],
        cause: "the task cannot log in to the registry",
        remedy: "let the execution role call ecr:GetAuthorizationToken, and give the subnets a route to ECR",
    },
    Rule {
        code: "task-initialization",
        weight: Weight::Cause,
        all: &[INIT],
        any: &[],
        cause: "the task cannot be set up",
        remedy: "read the message; Fargate cuts it short, the execution role and the subnets' routes are the usual reasons",
    },
];

/// Words of a call that found no way.
const NO_ROUTE: &[&str] = &[
    "connection issue",
    "dial tcp",
    "i/o timeout",
    "tls handshake",
    "deadline exceeded",
    "request canceled",
];
