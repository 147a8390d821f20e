//! Odd inputs: every operation answers every kind of value with a valid answer or an AWS-shaped error.

mod support;

use serde_json::{Value, json};
use support::{TOOLS, World};

const ECR: &str = "AmazonEC2ContainerRegistry_V20150921.";
const SCALING: &str = "AnyScaleFrontendService.";
const LOGS: &str = "Logs_20140328.";

/// Operations and the members they read.
fn operations() -> Vec<(String, &'static [&'static str])> {
    let ecr: &[(&str, &[&str])] = &[
        ("GetAuthorizationToken", &["registryIds"]),
        (
            "CreateRepository",
            &[
                "repositoryName",
                "tags",
                "imageTagMutability",
                "imageScanningConfiguration",
                "imageTagMutabilityExclusionFilters",
                "encryptionConfiguration",
                "registryId",
            ],
        ),
        (
            "DescribeRepositories",
            &["repositoryNames", "maxResults", "nextToken", "registryId"],
        ),
        (
            "PutImageTagMutability",
            &["imageTagMutability", "imageTagMutabilityExclusionFilters"],
        ),
        (
            "PutImageScanningConfiguration",
            &["imageScanningConfiguration"],
        ),
        ("SetRepositoryPolicy", &["policyText"]),
        ("PutLifecyclePolicy", &["lifecyclePolicyText"]),
        (
            "DescribeImages",
            &["imageIds", "filter", "maxResults", "nextToken"],
        ),
        ("ListImages", &["filter", "maxResults"]),
        ("BatchGetImage", &["imageIds", "acceptedMediaTypes"]),
        ("BatchCheckLayerAvailability", &["layerDigests"]),
        (
            "PutImage",
            &[
                "imageManifest",
                "imageManifestMediaType",
                "imageTag",
                "imageDigest",
            ],
        ),
        ("BatchDeleteImage", &["imageIds"]),
        ("StartImageScan", &["imageId"]),
        ("DescribeImageScanFindings", &["imageId"]),
        (
            "StartLifecyclePolicyPreview",
            &["repositoryName", "lifecyclePolicyText"],
        ),
        (
            "GetLifecyclePolicyPreview",
            &["imageIds", "filter", "maxResults", "nextToken"],
        ),
        (
            "UpdateImageStorageClass",
            &["imageId", "targetStorageClass"],
        ),
        ("InitiateLayerUpload", &["repositoryName", "registryId"]),
        (
            "UploadLayerPart",
            &["uploadId", "partFirstByte", "partLastByte", "layerPartBlob"],
        ),
        ("CompleteLayerUpload", &["uploadId", "layerDigests"]),
        ("GetDownloadUrlForLayer", &["layerDigest"]),
        (
            "ListImageReferrers",
            &["subjectId", "filter", "maxResults", "nextToken"],
        ),
        ("PutRegistryScanningConfiguration", &["scanType", "rules"]),
        (
            "BatchGetRepositoryScanningConfiguration",
            &["repositoryNames"],
        ),
        (
            "CreateRepositoryCreationTemplate",
            &["prefix", "appliedFor", "resourceTags", "lifecyclePolicy"],
        ),
        (
            "DescribeRepositoryCreationTemplates",
            &["prefixes", "maxResults", "nextToken"],
        ),
        ("DeleteRepositoryCreationTemplate", &["prefix"]),
        ("TagResource", &["resourceArn", "tags"]),
        ("UntagResource", &["resourceArn", "tagKeys"]),
        ("ListTagsForResource", &["resourceArn"]),
        ("PutAccountSetting", &["name", "value"]),
        ("DeleteRepository", &["repositoryName", "force"]),
    ];
    let scaling: &[(&str, &[&str])] = &[
        (
            "RegisterScalableTarget",
            &[
                "ServiceNamespace",
                "ResourceId",
                "ScalableDimension",
                "MinCapacity",
                "MaxCapacity",
                "SuspendedState",
            ],
        ),
        (
            "DescribeScalableTargets",
            &["ServiceNamespace", "ResourceIds", "MaxResults", "NextToken"],
        ),
        (
            "PutScalingPolicy",
            &[
                "PolicyName",
                "PolicyType",
                "TargetTrackingScalingPolicyConfiguration",
            ],
        ),
        (
            "DescribeScalingPolicies",
            &["PolicyNames", "ResourceId", "MaxResults", "NextToken"],
        ),
        ("DeleteScalingPolicy", &["PolicyName"]),
        (
            "PutScheduledAction",
            &[
                "ScheduledActionName",
                "Schedule",
                "Timezone",
                "StartTime",
                "EndTime",
                "ScalableTargetAction",
            ],
        ),
        (
            "DescribeScheduledActions",
            &["ScheduledActionNames", "ResourceId", "MaxResults"],
        ),
        ("DeleteScheduledAction", &["ScheduledActionName"]),
        (
            "DescribeScalingActivities",
            &["ResourceId", "IncludeNotScaledActivities", "MaxResults"],
        ),
        ("TagResource", &["ResourceARN", "Tags"]),
        ("UntagResource", &["ResourceARN", "TagKeys"]),
        ("ListTagsForResource", &["ResourceARN"]),
        ("DeregisterScalableTarget", &["ResourceId"]),
    ];
    let logs: &[(&str, &[&str])] = &[
        (
            "GetLogEvents",
            &[
                "logGroupName",
                "logStreamName",
                "nextToken",
                "limit",
                "startTime",
            ],
        ),
        (
            "FilterLogEvents",
            &[
                "logGroupName",
                "logStreamNames",
                "filterPattern",
                "nextToken",
            ],
        ),
        (
            "DescribeLogGroups",
            &[
                "logGroupNamePrefix",
                "logGroupNamePattern",
                "nextToken",
                "limit",
            ],
        ),
        (
            "DescribeLogStreams",
            &["logGroupName", "orderBy", "descending", "limit"],
        ),
    ];
    let ecr = ecr
        .iter()
        .map(|(name, members)| (format!("{ECR}{name}"), *members));
    let scaling = scaling
        .iter()
        .map(|(name, members)| (format!("{SCALING}{name}"), *members));
    let logs = logs
        .iter()
        .map(|(name, members)| (format!("{LOGS}{name}"), *members));
    let others: [(String, &[&str]); 3] = [
        (
            "GraniteServiceVersion20100801.DescribeAlarms".to_owned(),
            &[
                "AlarmNames",
                "AlarmTypes",
                "StateValue",
                "MaxRecords",
                "NextToken",
            ],
        ),
        ("secretsmanager.GetSecretValue".to_owned(), &["SecretId"]),
        ("AmazonSSM.GetParameter".to_owned(), &["Name"]),
    ];
    ecr.chain(scaling).chain(logs).chain(others).collect()
}

fn odd_values() -> Vec<Value> {
    vec![
        json!(null),
        json!(true),
        json!(-1),
        json!(1.5),
        json!(u64::MAX),
        json!(""),
        json!("..%2f\u{0}é*"),
        json!("sha256:"),
        json!("a".repeat(70_000)),
        json!([]),
        json!([null]),
        json!(["x", 1]),
        json!([{}]),
        json!([{"imageTag": "v1"}, {"imageDigest": "sha256:"}]),
        json!({}),
        json!({"tagStatus": "NONE", "scanOnPush": 1}),
        json!({"imageTag": "v1"}),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn no_value_breaks_an_operation() {
    let world = World::demo().await;
    for (target, members) in operations() {
        for member in members {
            for value in odd_values() {
                let mut input = json!({
                    "repositoryName": "app",
                    "ServiceNamespace": "ecs",
                    "ScalableDimension": "ecs:service:DesiredCount",
                    "ResourceId": "service/main/hello",
                    "PolicyName": "cpu",
                    "ScheduledActionName": "evening",
                    "logGroupName": "/ecs/hello",
                    "logStreamName": "ecs/app/1",
                });
                input[*member] = value;
                let answer = world.call(TOOLS, &target, input.clone()).await;
                if !answer.status.is_success() {
                    let error = answer.error();
                    assert!(!error.is_empty(), "{target} {input}: {answer:?}");
                }
            }
        }
        world
            .ecr(TOOLS, "CreateRepository", json!({"repositoryName": "app"}))
            .await;
    }
}

#[tokio::test]
async fn no_query_breaks_an_operation() {
    let world = World::demo().await;
    let operations = [
        "Version=2011-06-15&Action=AssumeRole",
        "Version=2011-06-15&Action=AssumeRoleWithWebIdentity",
        "Version=2011-06-15&Action=GetSessionToken",
        "Version=2011-06-15&Action=GetAccessKeyInfo",
        "Version=2015-12-01&Action=DescribeTargetGroups",
        "Version=2015-12-01&Action=DescribeTargetHealth",
        "Version=2015-12-01&Action=DescribeTargetGroupAttributes",
        "Version=2010-08-01&Action=DescribeAlarms",
    ];
    let members = [
        "RoleArn=arn:aws:iam::000000000000:role/shipway-deploy&RoleSessionName=job",
        "RoleArn&RoleSessionName=%00",
        "DurationSeconds=99999999999999999999999",
        "Tags=x&Tags.member.1=y&Tags.member.1.Key=z",
        "Tags.member.x.Key=a&Tags.member.-1.Value=b&Tags.member.18446744073709551616.Key=c",
        "Policy=%7B%7D&PolicyArns.member.1.arn=x",
        "WebIdentityToken=e30.e30.e30&RoleArn=arn:aws:iam::1:role/x",
        "TargetGroupArn=x&Targets.member.1.Port=many",
        "TargetGroupArns.member=x&Names=&PageSize=-1&Marker=%25",
        "AlarmNames.member.1.Deep=x&MaxRecords=0&StateValue=%C3%A9",
        "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o=p",
    ];
    for operation in operations {
        for member in members {
            let answer = world.sts(TOOLS, &format!("{operation}&{member}")).await;
            if !answer.status.is_success() {
                assert!(answer.status.is_client_error(), "{operation} {member}");
                assert!(!answer.xml("Code").is_empty(), "{operation} {member}");
            }
        }
    }
    let unknown = world
        .sts(TOOLS, "Version=2000-01-01&Action=AssumeRole")
        .await;
    assert_eq!(unknown.error(), "UnknownOperationException");
}
