//! How many items one call takes (ecs-facts 5.1 and the service models); pages of answers are in `page_sizes.rs`.

#[path = "support/hello.rs"]
mod hello;
mod support;

use http::StatusCode;
use serde_json::{Value, json};
use support::{STAGING, World};

const PARAMETER: &str = "InvalidParameterException";

/// An input with so many items, the most that a call takes, and how more are refused.
struct Limit {
    target: &'static str,
    input: fn(usize) -> Value,
    most: usize,
    refusal: &'static str,
}

fn limit(
    target: &'static str,
    most: usize,
    refusal: &'static str,
    input: fn(usize) -> Value,
) -> Limit {
    Limit {
        target,
        input,
        most,
        refusal,
    }
}

/// So many different texts that begin alike.
fn names(prefix: &str, count: usize) -> Value {
    (0..count)
        .map(|number| Value::from(format!("{prefix}{number}")))
        .collect()
}

fn tags(count: usize) -> Value {
    (0..count)
        .map(|number| json!({"key": format!("k{number}"), "value": "v"}))
        .collect()
}

fn big_tags(count: usize) -> Value {
    (0..count)
        .map(|number| json!({"Key": format!("k{number}"), "Value": "v"}))
        .collect()
}

fn digests(count: usize) -> Value {
    let digest = |number: usize| support::digest(&number.to_be_bytes());
    (0..count)
        .map(|number| Value::from(digest(number)))
        .collect()
}

fn images(count: usize) -> Value {
    let ids = digests(count);
    let ids = ids.as_array().into_iter().flatten();
    ids.map(|digest| json!({"imageDigest": digest})).collect()
}

fn filters(count: usize) -> Value {
    let filter = |number| json!({"filterType": "WILDCARD", "filter": format!("f{number}*")});
    (0..count).map(filter).collect()
}

fn strategy(count: usize) -> Value {
    (0..count)
        .map(|number| json!({"capacityProvider": format!("p{number}"), "weight": 1}))
        .collect()
}

fn hello_with(member: &str, value: Value) -> Value {
    json!({"cluster": "main", "taskDefinition": "hello", "serviceName": "limited",
        "desiredCount": 1, "networkConfiguration": hello::network(), member: value})
}

fn family_with(member: &str, value: Value) -> Value {
    let mut input = hello::definition("app");
    input[member] = value;
    input
}

fn ecs_limits() -> Vec<Limit> {
    macro_rules! ecs {
        ($name:literal) => {
            concat!("AmazonEC2ContainerServiceV20141113.", $name)
        };
    }
    vec![
        limit(
            ecs!("DescribeServices"),
            10,
            PARAMETER,
            |count| json!({"cluster": "main", "services": names("s", count)}),
        ),
        limit(
            ecs!("DescribeTasks"),
            100,
            PARAMETER,
            |count| json!({"cluster": "main", "tasks": names("a", count)}),
        ),
        limit(
            ecs!("DescribeClusters"),
            100,
            PARAMETER,
            |count| json!({"clusters": names("c", count)}),
        ),
        limit(
            ecs!("DescribeServiceDeployments"),
            20,
            PARAMETER,
            |count| json!({"serviceDeploymentArns": names("d", count)}),
        ),
        limit(
            ecs!("DescribeServiceRevisions"),
            20,
            PARAMETER,
            |count| json!({"serviceRevisionArns": names("r", count)}),
        ),
        limit(
            ecs!("DeleteTaskDefinitions"),
            10,
            PARAMETER,
            |count| json!({"taskDefinitions": names("f:", count)}),
        ),
        limit(ecs!("RunTask"), 10, PARAMETER, |count| {
            hello_with("count", count.into())
        }),
        limit(ecs!("RunTask"), 50, PARAMETER, |count| {
            hello_with("tags", tags(count))
        }),
        limit(ecs!("RunTask"), 20, PARAMETER, |count| {
            hello_with("capacityProviderStrategy", strategy(count))
        }),
        limit(ecs!("CreateService"), 20, PARAMETER, |count| {
            hello_with("capacityProviderStrategy", strategy(count))
        }),
        limit(ecs!("CreateService"), 50, PARAMETER, |count| {
            hello_with("tags", tags(count))
        }),
        limit(
            ecs!("CreateCluster"),
            50,
            PARAMETER,
            |count| json!({"clusterName": "limited", "tags": tags(count)}),
        ),
        limit(ecs!("RegisterTaskDefinition"), 50, PARAMETER, |count| {
            family_with("tags", tags(count))
        }),
        limit(
            ecs!("RegisterTaskDefinition"),
            10,
            "ClientException",
            |count| {
                let container = |number| json!({"name": format!("n{number}"), "image": "app"});
                family_with("containerDefinitions", (0..count).map(container).collect())
            },
        ),
        limit(ecs!("TagResource"), 50, PARAMETER, |count| {
            let arn = format!("arn:aws:ecs:eu-west-1:{STAGING}:cluster/main");
            json!({"resourceArn": arn, "tags": tags(count)})
        }),
    ]
}

fn ecr_limits() -> Vec<Limit> {
    macro_rules! ecr {
        ($name:literal) => {
            concat!("AmazonEC2ContainerRegistry_V20150921.", $name)
        };
    }
    vec![
        limit(
            ecr!("BatchGetImage"),
            100,
            PARAMETER,
            |count| json!({"repositoryName": "app", "imageIds": images(count)}),
        ),
        limit(ecr!("BatchGetImage"), 100, PARAMETER, |count| {
            json!({"repositoryName": "app", "imageIds": images(1),
                "acceptedMediaTypes": names("a/b", count)})
        }),
        limit(
            ecr!("BatchDeleteImage"),
            100,
            PARAMETER,
            |count| json!({"repositoryName": "app", "imageIds": images(count)}),
        ),
        limit(
            ecr!("DescribeImages"),
            100,
            PARAMETER,
            |count| json!({"repositoryName": "app", "imageIds": images(count)}),
        ),
        limit(
            ecr!("GetLifecyclePolicyPreview"),
            100,
            PARAMETER,
            |count| json!({"repositoryName": "app", "imageIds": images(count)}),
        ),
        limit(
            ecr!("BatchCheckLayerAvailability"),
            100,
            PARAMETER,
            |count| json!({"repositoryName": "app", "layerDigests": digests(count)}),
        ),
        limit(
            ecr!("DescribeRepositories"),
            100,
            PARAMETER,
            |count| json!({"repositoryNames": names("r", count)}),
        ),
        limit(
            ecr!("BatchGetRepositoryScanningConfiguration"),
            25,
            PARAMETER,
            |count| json!({"repositoryNames": names("r", count)}),
        ),
        limit(ecr!("GetAuthorizationToken"), 10, PARAMETER, |count| {
            let ids: Vec<&str> = (0..count).map(|_| STAGING).collect();
            json!({"registryIds": ids})
        }),
        limit(
            ecr!("CreateRepository"),
            50,
            "TooManyTagsException",
            |count| json!({"repositoryName": "tagged", "tags": big_tags(count)}),
        ),
        limit(ecr!("TagResource"), 50, "TooManyTagsException", |count| {
            let arn = format!("arn:aws:ecr:eu-west-1:{STAGING}:repository/app");
            json!({"resourceArn": arn, "tags": big_tags(count)})
        }),
        limit(ecr!("PutImageTagMutability"), 5, PARAMETER, |count| {
            json!({"repositoryName": "app", "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
                "imageTagMutabilityExclusionFilters": filters(count)})
        }),
        limit(
            ecr!("PutRegistryScanningConfiguration"),
            2,
            PARAMETER,
            |count| {
                let frequencies = ["SCAN_ON_PUSH", "CONTINUOUS_SCAN", "SCAN_ON_PUSH"];
                let rule = |frequency: &&str| json!({"scanFrequency": frequency, "repositoryFilters": filters(1)});
                let rules: Value = frequencies[..count].iter().map(rule).collect();
                json!({"scanType": "ENHANCED", "rules": rules})
            },
        ),
        limit(ecr!("ListImageReferrers"), 5, PARAMETER, |count| {
            json!({"repositoryName": "app", "filter": {"artifactTypes": names("a/b", count)},
                "subjectId": {"imageDigest": support::digest(b"")}})
        }),
    ]
}

fn other_limits() -> Vec<Limit> {
    vec![
        limit(
            "AnyScaleFrontendService.DescribeScalableTargets",
            50,
            "ValidationException",
            |count| json!({"ServiceNamespace": "ecs", "ResourceIds": names("service/main/s", count)}),
        ),
        limit(
            "AnyScaleFrontendService.DescribeScalingPolicies",
            50,
            "ValidationException",
            |count| json!({"ServiceNamespace": "ecs", "PolicyNames": names("p", count)}),
        ),
        limit(
            "AnyScaleFrontendService.DescribeScheduledActions",
            50,
            "ValidationException",
            |count| json!({"ServiceNamespace": "ecs", "ScheduledActionNames": names("a", count)}),
        ),
        limit(
            "Logs_20140328.FilterLogEvents",
            100,
            PARAMETER,
            |count| json!({"logGroupName": "/g", "logStreamNames": names("s", count)}),
        ),
        limit(
            "GraniteServiceVersion20100801.DescribeAlarms",
            100,
            "ValidationError",
            |count| json!({"AlarmNames": names("n", count)}),
        ),
    ]
}

#[tokio::test]
async fn a_call_takes_so_many_items_and_refuses_one_more() {
    let mut problems = Vec::new();
    for rows in [ecs_limits(), ecr_limits(), other_limits()] {
        for row in rows {
            let world = World::demo().await;
            let app = json!({"repositoryName": "app"});
            world.ecr(STAGING, "CreateRepository", app).await.ok();
            let ask = async |count| world.call(STAGING, row.target, (row.input)(count)).await;
            let (target, most) = (row.target, row.most);
            let refused = ask(most + 1).await;
            let is_refused = refused.status.is_client_error() && refused.error() == row.refusal;
            if !is_refused {
                problems.push(format!("{target} takes {}: {}", most + 1, refused.text()));
            }
            let taken = ask(most).await;
            if taken.status != StatusCode::OK && taken.error() == row.refusal {
                problems.push(format!("{target} refuses {most}: {}", taken.text()));
            }
        }
    }
    assert!(problems.is_empty(), "{problems:#?}");
}
