//! The calls that are made: service, name, API bucket, and whether they change anything.

use shipway_plugin::{ErrorKind, PlatformError};

use crate::budget::Bucket;

/// One operation of an AWS API.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operation {
    /// Prefix of its IAM action.
    pub(crate) service: &'static str,
    /// Name of the operation.
    pub(crate) name: &'static str,
    /// The token bucket it draws from, when AWS documents one (ecs-facts 5.2).
    pub(crate) bucket: Option<Bucket>,
    /// Whether it changes something: then it is sent once, never again (design.md section 4).
    pub(crate) mutates: bool,
}

impl Operation {
    /// As people write it: `ecs:UpdateService`.
    pub(crate) fn action(&self) -> String {
        format!("{}:{}", self.service, self.name)
    }

    /// Whether the error is an answer: whether something is there was the question.
    pub(crate) fn is_answered_by(&self, error: &PlatformError) -> bool {
        error.kind == ErrorKind::NotFound && !self.mutates
    }

    const fn read(service: &'static str, name: &'static str, bucket: Option<Bucket>) -> Self {
        Self {
            service,
            name,
            bucket,
            mutates: false,
        }
    }

    const fn mutation(service: &'static str, name: &'static str, bucket: Option<Bucket>) -> Self {
        Self {
            service,
            name,
            bucket,
            mutates: true,
        }
    }
}

macro_rules! operations {
    ($($kind:ident $constant:ident = $service:literal $name:literal $($bucket:ident)?;)*) => {
        $(pub(crate) const $constant: Operation =
            Operation::$kind($service, $name, operations!(@ $($bucket)?));)*

        #[cfg(test)]
        const ALL: &[Operation] = &[$($constant),*];
    };
    (@ $bucket:ident) => { Some(Bucket::$bucket) };
    (@) => { None };
}

operations! {
    read GET_CALLER_IDENTITY = "sts" "GetCallerIdentity";
    read ASSUME_ROLE = "sts" "AssumeRole";

    read DESCRIBE_SERVICES = "ecs" "DescribeServices" ServiceRead;
    read DESCRIBE_SERVICE_DEPLOYMENTS = "ecs" "DescribeServiceDeployments" ServiceDeployments;
    read LIST_SERVICE_DEPLOYMENTS = "ecs" "ListServiceDeployments" ServiceDeployments;
    read DESCRIBE_SERVICE_REVISIONS = "ecs" "DescribeServiceRevisions" ServiceRevisions;
    read LIST_TASKS = "ecs" "ListTasks" ClusterResourceRead;
    read DESCRIBE_TASKS = "ecs" "DescribeTasks" ClusterResourceRead;
    read DESCRIBE_TASK_DEFINITION = "ecs" "DescribeTaskDefinition" TaskDefinitionRead;
    read LIST_TASK_DEFINITIONS = "ecs" "ListTaskDefinitions" TaskDefinitionRead;
    mutation REGISTER_TASK_DEFINITION = "ecs" "RegisterTaskDefinition" TaskDefinitionModify;
    mutation DEREGISTER_TASK_DEFINITION = "ecs" "DeregisterTaskDefinition" TaskDefinitionModify;
    mutation UPDATE_SERVICE = "ecs" "UpdateService" ServiceModify;
    mutation STOP_SERVICE_DEPLOYMENT = "ecs" "StopServiceDeployment";
    mutation RUN_TASK = "ecs" "RunTask" ClusterResourceModify;
    mutation STOP_TASK = "ecs" "StopTask" ClusterResourceModify;
    mutation CONTINUE_SERVICE_DEPLOYMENT = "ecs" "ContinueServiceDeployment";

    read DESCRIBE_SCALABLE_TARGETS = "application-autoscaling" "DescribeScalableTargets";
    mutation REGISTER_SCALABLE_TARGET = "application-autoscaling" "RegisterScalableTarget";

    read GET_AUTHORIZATION_TOKEN = "ecr" "GetAuthorizationToken";
    read DESCRIBE_REPOSITORIES = "ecr" "DescribeRepositories";
    read GET_REPOSITORY_POLICY = "ecr" "GetRepositoryPolicy";
    read GET_LIFECYCLE_POLICY = "ecr" "GetLifecyclePolicy";
    read BATCH_GET_IMAGE = "ecr" "BatchGetImage";
    read BATCH_CHECK_LAYERS = "ecr" "BatchCheckLayerAvailability";
    read DESCRIBE_IMAGES = "ecr" "DescribeImages";
    read GET_DOWNLOAD_URL = "ecr" "GetDownloadUrlForLayer";
    read DESCRIBE_IMAGE_SCAN_FINDINGS = "ecr" "DescribeImageScanFindings";
    mutation START_IMAGE_SCAN = "ecr" "StartImageScan";
    mutation CREATE_REPOSITORY = "ecr" "CreateRepository";
    mutation PUT_LIFECYCLE_POLICY = "ecr" "PutLifecyclePolicy";
    mutation SET_REPOSITORY_POLICY = "ecr" "SetRepositoryPolicy";
    mutation PUT_IMAGE = "ecr" "PutImage";

    read GET_SECRET_VALUE = "secretsmanager" "GetSecretValue";
    read GET_PARAMETER = "ssm" "GetParameter";
    read GET_LOG_EVENTS = "logs" "GetLogEvents";
    read DESCRIBE_LOG_GROUPS = "logs" "DescribeLogGroups";

    read DESCRIBE_TARGET_GROUPS = "elasticloadbalancing" "DescribeTargetGroups";
    read DESCRIBE_TARGET_GROUP_ATTRIBUTES = "elasticloadbalancing" "DescribeTargetGroupAttributes";
    read DESCRIBE_TARGET_HEALTH = "elasticloadbalancing" "DescribeTargetHealth";
    read DESCRIBE_ALARMS = "cloudwatch" "DescribeAlarms";
    read GET_METRIC_STATISTICS = "cloudwatch" "GetMetricStatistics";
    read DESCRIBE_SUBNETS = "ec2" "DescribeSubnets";
    read GET_SERVICE_QUOTA = "servicequotas" "GetServiceQuota";
    read SIMULATE_PRINCIPAL_POLICY = "iam" "SimulatePrincipalPolicy";
}

#[cfg(test)]
mod tests {
    use shipway_domain::trace::changes_what_serves;

    use super::ALL;

    #[test]
    fn calls_that_change_services_tasks_or_scaling_are_always_shown_in_traces() {
        // Nothing serves otherwise because of these.
        let quiet = ["ecs:RegisterTaskDefinition", "ecs:DeregisterTaskDefinition"];
        for operation in ALL {
            let action = operation.action();
            let serves = matches!(operation.service, "ecs" | "application-autoscaling");
            let shown = operation.mutates && serves && !quiet.contains(&action.as_str());
            assert_eq!(changes_what_serves(&action), shown, "{action}");
        }
        assert!(ALL.len() > 30);
    }
}
