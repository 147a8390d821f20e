//! Examples of what the README says is refused.

use serde_json::{Value, json};

use super::hello::{CLUSTER, SERVICE, definition, network};
use super::support::{STAGING, TOOLS};

/// A request that is refused.
pub(crate) struct Example {
    /// An operation by which the README's row is known.
    pub(crate) row: &'static str,
    /// `X-Amz-Target`, or a form of a query.
    pub(crate) call: Call,
    /// The error code; of a call that names it as a failure, the word there.
    pub(crate) refusal: &'static str,
}

pub(crate) enum Call {
    Json(&'static str, Value),
    Form(&'static str),
}

const ECS: &str = "AmazonEC2ContainerServiceV20141113";
pub(crate) const ECR: &str = "AmazonEC2ContainerRegistry_V20150921";
pub(crate) const SCALING: &str = "AnyScaleFrontendService";
const LOGS: &str = "Logs_20140328";

const PARAMETER: &str = "InvalidParameterException";
const UNSUPPORTED: &str = "UnsupportedFeatureException";
pub(crate) const VALIDATION: &str = "ValidationException";

fn json(row: &'static str, service: &'static str, input: Value, refusal: &'static str) -> Example {
    Example {
        row,
        call: Call::Json(service, input),
        refusal,
    }
}

/// Members of `more` beside or instead of those of `input`.
fn with(mut input: Value, more: Value) -> Value {
    if let (Some(input), Value::Object(more)) = (input.as_object_mut(), more) {
        input.extend(more);
    }
    input
}

fn service(more: Value) -> Value {
    let plain = json!({"cluster": CLUSTER, "serviceName": "more", "taskDefinition": "hello",
        "desiredCount": 1, "networkConfiguration": network()});
    with(plain, more)
}

pub(crate) fn family(more: Value) -> Value {
    with(definition("app"), more)
}

fn hook(kind: &str) -> Value {
    json!({"deploymentConfiguration": {"lifecycleHooks":
        [{"targetType": kind, "lifecycleStages": ["PRE_SCALE_UP"]}]}})
}

/// ECS; `DEPLOYMENT` stands for the ARN of the service deployment of `hello`.
fn ecs() -> Vec<(&'static str, &'static str, Value, &'static str)> {
    let busy = json!({"cluster": CLUSTER});
    let not_essential = json!([{"name": "app", "image": "app", "essential": false}]);
    let gone = json!({"taskDefinition": "gone:1"});
    let strategy = |name: &str| json!({"deploymentConfiguration": {"strategy": name}});
    let update = |more: Value| with(json!({"cluster": CLUSTER, "service": SERVICE}), more);
    let controller = |kind: &str| json!({"deploymentController": {"type": kind}});
    let deployment = |more: Value| with(json!({"serviceDeploymentArn": "DEPLOYMENT"}), more);
    let run = json!({"cluster": CLUSTER, "networkConfiguration": network()});
    let definitions = "DescribeTaskDefinition";
    let create = "CreateService";
    vec![
        (
            "Create-",
            "DeleteCluster",
            busy,
            "ClusterContainsServicesException",
        ),
        (
            "RegisterTaskDefinition",
            "RegisterTaskDefinition",
            family(json!({"cpu": "300"})),
            "ClientException",
        ),
        (
            "RegisterTaskDefinition",
            "RegisterTaskDefinition",
            family(json!({"networkMode": "vpc"})),
            PARAMETER,
        ),
        (
            "RegisterTaskDefinition",
            "RegisterTaskDefinition",
            family(json!({"containerDefinitions": not_essential})),
            "ClientException",
        ),
        (
            definitions,
            "RunTask",
            with(run, gone.clone()),
            "ClientException",
        ),
        (
            definitions,
            create,
            service(gone.clone()),
            "ClientException",
        ),
        (
            definitions,
            "UpdateService",
            update(gone),
            "ClientException",
        ),
        (
            "DeleteTaskDefinitions",
            "DeleteTaskDefinitions",
            json!({"taskDefinitions": ["hello:1"]}),
            "failures",
        ),
        (
            create,
            create,
            service(json!({"schedulingStrategy": "DAEMON"})),
            UNSUPPORTED,
        ),
        (
            create,
            create,
            service(controller("CODE_DEPLOY")),
            UNSUPPORTED,
        ),
        (create, create, service(controller("EXTERNAL")), UNSUPPORTED),
        (create, create, service(hook("AWS_LAMBDA")), UNSUPPORTED),
        (
            create,
            "UpdateService",
            update(hook("AWS_LAMBDA")),
            UNSUPPORTED,
        ),
        (create, create, service(strategy("BLUE_GREEN")), PARAMETER),
        (
            create,
            "UpdateService",
            update(strategy("CANARY")),
            PARAMETER,
        ),
        (
            create,
            "UpdateService",
            update(strategy("LINEAR")),
            PARAMETER,
        ),
        (
            "ContinueServiceDeployment",
            "ContinueServiceDeployment",
            deployment(json!({"hookId": "none", "action": "CONTINUE"})),
            PARAMETER,
        ),
        (
            "StopServiceDeployment",
            "StopServiceDeployment",
            deployment(json!({"stopType": "ABORT"})),
            PARAMETER,
        ),
        (
            "ListTasks",
            "ListTasks",
            json!({"cluster": CLUSTER, "containerInstance": "i"}),
            PARAMETER,
        ),
    ]
}

fn repository_policy(condition: Value) -> Value {
    let text = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*",
        "Action": "ecr:BatchGetImage", "Condition": condition}]});
    json!({"repositoryName": "app", "policyText": text.to_string()})
}

fn registry_policy(condition: Value) -> Value {
    let text = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*",
        "Action": "ecr:CreateRepository", "Resource": "*", "Condition": condition}]});
    json!({"policyText": text.to_string()})
}

/// ECR; `CHILD` stands for the digest of the image in the index.
fn ecr() -> Vec<(&'static str, &'static str, Value, &'static str)> {
    let policies = "DeleteRepositoryPolicy";
    let templates = "DeleteRepositoryCreationTemplate(s)";
    let template = |kind: &str| json!({"prefix": "team", "appliedFor": [kind]});
    let rules = "ValidatePullThroughCacheRule(s)";
    let rule = |url: &str, more: Value| {
        with(
            json!({"ecrRepositoryPrefix": "cache", "upstreamRegistryUrl": url}),
            more,
        )
    };
    let secret =
        format!("arn:aws:secretsmanager:eu-west-1:{TOOLS}:secret:ecr-pullthroughcache/none");
    let schema_1 = json!({"schemaVersion": 1, "name": "app", "tag": "v9", "fsLayers": [],
        "history": [], "architecture": "amd64"});
    let image = |tag: &str| json!({"repositoryName": "app", "imageId": {"imageTag": tag}});
    let foreign = json!({"registryId": STAGING, "repositoryName": "more"});
    vec![
        (
            "CreateRepository",
            "CreateRepository",
            foreign,
            "AccessDeniedException",
        ),
        (
            "DescribeRepositories",
            "DescribeRepositories",
            json!({"registryId": STAGING}),
            "AccessDeniedException",
        ),
        (
            policies,
            "SetRepositoryPolicy",
            repository_policy(json!({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})),
            PARAMETER,
        ),
        (
            policies,
            "SetRepositoryPolicy",
            repository_policy(json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}})),
            PARAMETER,
        ),
        (
            templates,
            "CreateRepositoryCreationTemplate",
            template("REPLICATION"),
            VALIDATION,
        ),
        (
            templates,
            "UpdateRepositoryCreationTemplate",
            template("CREATE_ON_PUSH"),
            "TemplateNotFoundException",
        ),
        (
            rules,
            "CreatePullThroughCacheRule",
            rule("https://quay.io", json!({})),
            "UnsupportedUpstreamRegistryException",
        ),
        (
            rules,
            "CreatePullThroughCacheRule",
            rule("registry-1.docker.io", json!({})),
            VALIDATION,
        ),
        (
            rules,
            "CreatePullThroughCacheRule",
            rule("ghcr.io", json!({"credentialArn": secret})),
            "SecretNotFoundException",
        ),
        (
            rules,
            "CreatePullThroughCacheRule",
            rule("quay.io", json!({"registryId": STAGING})),
            "AccessDeniedException",
        ),
        (
            rules,
            "ValidatePullThroughCacheRule",
            json!({"ecrRepositoryPrefix": "none"}),
            "PullThroughCacheRuleNotFoundException",
        ),
        (
            "DeleteRegistryPolicy",
            "PutRegistryPolicy",
            registry_policy(json!({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})),
            PARAMETER,
        ),
        (
            "UpdateImageStorageClass",
            "UpdateImageStorageClass",
            json!({"repositoryName": "app", "targetStorageClass": "ARCHIVE",
                "imageId": {"imageDigest": "CHILD"}}),
            "ImageStorageClassUpdateNotSupportedException",
        ),
        (
            "PutImage",
            "PutImage",
            json!({"repositoryName": "app", "imageManifest": schema_1.to_string()}),
            PARAMETER,
        ),
        (
            "StartImageScan",
            "StartImageScan",
            image("multi"),
            "UnsupportedImageTypeException",
        ),
        (
            "StartImageScan",
            "StartImageScan",
            image("archived"),
            "ImageArchivedException",
        ),
        (
            "PutAccountSetting",
            "PutAccountSetting",
            json!({"name": "BASIC_SCAN_TYPE_VERSION", "value": "AWS_NATIVE"}),
            VALIDATION,
        ),
        (
            "PutAccountSetting",
            "GetAccountSetting",
            json!({"name": "BASIC_SCAN_TYPE_VERSION"}),
            VALIDATION,
        ),
    ]
}

/// Auto Scaling, of the target of `hello`.
fn scaling() -> Vec<(&'static str, &'static str, Value, &'static str)> {
    let about = |more: Value| {
        let target = json!({"ServiceNamespace": "ecs", "ResourceId": "service/main/hello",
            "ScalableDimension": "ecs:service:DesiredCount"});
        with(target, more)
    };
    let named = |more: Value| with(about(json!({"PolicyName": "p"})), more);
    let capacity = json!({"MinCapacity": 1, "MaxCapacity": 2});
    let query = json!({"Id": "m", "Expression": "a / b"});
    let math = json!({"TargetValue": 5.0, "CustomizedMetricSpecification": {"Metrics": [query]}});
    let steps = json!({"AdjustmentType": "ChangeInCapacity",
        "StepAdjustments": [{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 1}]});
    let pair = json!({"TargetValue": 50.0, "PredefinedMetricPairSpecification":
        {"PredefinedMetricType": "ECSServiceCPUUtilization"}});
    let (target, policy, put) = (
        "RegisterScalableTarget",
        "PutScalingPolicy",
        "PutScalingPolicy",
    );
    let policies = [
        json!({"PolicyType": "StepScaling", "StepScalingPolicyConfiguration": steps}),
        json!({"PolicyType": "StepScaling"}),
        json!({"StepScalingPolicyConfiguration": steps}),
        json!({"PolicyType": "PredictiveScaling",
            "PredictiveScalingPolicyConfiguration": {"MetricSpecifications": [pair]}}),
        json!({"PolicyType": "PredictiveScaling"}),
        json!({"PolicyType": "TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration": math}),
    ];
    let mut examples: Vec<_> = policies
        .into_iter()
        .map(|more| (policy, put, named(more), VALIDATION))
        .collect();
    for other in [
        json!({"ServiceNamespace": "dynamodb", "ResourceId": "table/t",
            "ScalableDimension": "dynamodb:table:ReadCapacityUnits"}),
        json!({"ScalableDimension": "ec2:spot-fleet-request:TargetCapacity"}),
    ] {
        let input = with(about(capacity.clone()), other);
        examples.push((target, target, input, VALIDATION));
    }
    let zoned = json!({"ScheduledActionName": "a", "Schedule": "cron(0 8 * * ? *)",
        "Timezone": "Europe/Berlin", "ScalableTargetAction": {"MinCapacity": 1}});
    examples.push((
        "PutScheduledAction",
        "PutScheduledAction",
        about(zoned),
        VALIDATION,
    ));
    examples
}

fn forms() -> Vec<Example> {
    let form = |row, form, refusal| Example {
        row,
        call: Call::Form(form),
        refusal,
    };
    vec![
        form(
            "AssumeRole",
            "Action=AssumeRole&RoleSessionName=test&SerialNumber=arn%3Aaws%3Aiam%3A%3A1%3Amfa%2Fme&\
             TokenCode=123456&RoleArn=arn%3Aaws%3Aiam%3A%3A111111111111%3Arole%2Fshipway-deploy",
            "AccessDenied",
        ),
        form(
            "AssumeRoleWithWebIdentity",
            "Action=AssumeRoleWithWebIdentity&RoleSessionName=test&WebIdentityToken=token&\
             ProviderId=www.amazon.com&\
             RoleArn=arn%3Aaws%3Aiam%3A%3A111111111111%3Arole%2Fshipway-deploy",
            "ValidationError",
        ),
        form(
            "GetAccessKeyInfo",
            "Action=GetAccessKeyInfo&AccessKeyId=AKIAIOSFODNN7EXAMPLE",
            "InvalidClientTokenId",
        ),
        form(
            "SimulatePrincipalPolicy",
            "Action=SimulatePrincipalPolicy&Version=2010-05-08&ResourcePolicy=%7B%7D&\
             ActionNames.member.1=ecs%3ARunTask&\
             PolicySourceArn=arn%3Aaws%3Aiam%3A%3A000000000000%3Arole%2Fshipway-deploy",
            "InvalidInput",
        ),
        form(
            "SimulatePrincipalPolicy",
            "Action=SimulatePrincipalPolicy&Version=2010-05-08&ActionNames.member.1=ecs%3A%2A&\
             PolicySourceArn=arn%3Aaws%3Aiam%3A%3A000000000000%3Arole%2Fshipway-deploy",
            "InvalidInput",
        ),
        form(
            "SimulatePrincipalPolicy",
            "Action=SimulatePrincipalPolicy&Version=2010-05-08&ActionNames.member.1=ecs%3ARunTask&\
             PolicySourceArn=arn%3Aaws%3Aiam%3A%3A000000000000%3Auser%2Fme",
            "NoSuchEntity",
        ),
        form(
            "DescribeSubnets",
            "Action=DescribeSubnets&Version=2016-11-15&Filter.1.Name=ipv6-native&Filter.1.Value.1=true",
            "InvalidParameterValue",
        ),
    ]
}

pub(crate) fn examples() -> Vec<Example> {
    let of = |service: &'static str,
              rows: Vec<(&'static str, &'static str, Value, &'static str)>| {
        rows.into_iter().map(move |(row, action, input, refusal)| {
            let input = json!({"action": action, "input": input});
            json(row, service, input, refusal)
        })
    };
    let quota = json!({"ServiceCode": "fargate", "QuotaCode": "L-0"});
    let quotas = vec![
        (
            "GetServiceQuota",
            "GetServiceQuota",
            quota.clone(),
            "NoSuchResourceException",
        ),
        (
            "GetServiceQuota",
            "GetAWSDefaultServiceQuota",
            quota,
            "NoSuchResourceException",
        ),
    ];
    let statistics = json!({"Namespace": "AWS/Usage", "MetricName": "ResourceCount",
        "StartTime": 0, "EndTime": 600, "Period": 90, "Statistics": ["Maximum"]});
    let statistics = vec![(
        "GetMetricStatistics",
        "GetMetricStatistics",
        statistics,
        "InvalidParameterValue",
    )];
    let pattern = json!({"logGroupName": "/ecs/hello", "filterPattern": "{ $.level = \"error\" }"});
    let logs = vec![("FilterLogEvents", "FilterLogEvents", pattern, PARAMETER)];
    let mut all: Vec<Example> = of(ECS, ecs()).collect();
    all.extend(of(ECR, ecr()));
    all.extend(of(SCALING, scaling()));
    all.extend(of(LOGS, logs));
    all.extend(of("ServiceQuotasV20190624", quotas));
    all.extend(of("GraniteServiceVersion20100801", statistics));
    all.extend(forms());
    all
}
