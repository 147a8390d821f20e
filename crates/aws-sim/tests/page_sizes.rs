//! How much fits one call (ecs-facts 5.1 and the service models): pages of lists, and items of an input.

#[path = "support/crowd.rs"]
mod crowd;
#[path = "support/hello.rs"]
mod hello;
mod support;

use http::StatusCode;
use serde_json::{Value, json};
use support::{STAGING, TOOLS, World};

/// A list that comes in pages.
struct List {
    target: &'static str,
    /// What is asked besides size and token.
    input: Value,
    /// Where the items are in the answer.
    items: &'static str,
    /// Items of a page that nobody chose the size of, and the most that can be chosen.
    sizes: (usize, usize),
}

fn list(target: &'static str, input: Value, items: &'static str, sizes: (usize, usize)) -> List {
    List {
        target,
        input,
        items,
        sizes,
    }
}

/// How a service names and refuses size and token.
struct Words {
    size: &'static str,
    token: &'static str,
    next: &'static str,
    bad_size: &'static str,
    bad_token: &'static str,
}

const PARAMETER: &str = "InvalidParameterException";
const PLAIN: Words = Words {
    size: "maxResults",
    token: "nextToken",
    next: "nextToken",
    bad_size: PARAMETER,
    bad_token: PARAMETER,
};
const LOGS: Words = Words {
    size: "limit",
    ..PLAIN
};
const SCALING: Words = Words {
    size: "MaxResults",
    token: "NextToken",
    next: "NextToken",
    bad_size: "ValidationException",
    bad_token: "InvalidNextTokenException",
};
const CLOUD_WATCH: Words = Words {
    size: "MaxRecords",
    bad_size: "ValidationError",
    bad_token: "InvalidNextToken",
    ..SCALING
};

/// Asks in every way; `foreign` is a token of another list. Gives a token of this one.
async fn check(world: &World, caller: &str, list: &List, words: &Words, foreign: &str) -> String {
    let (target, (default, most)) = (list.target, list.sizes);
    let ask = async |size: Value, token: Value| {
        let mut input = list.input.clone();
        input[words.size] = size;
        input[words.token] = token;
        world.call(caller, target, input).await
    };
    let count = |answer: &Value| {
        let items = answer.pointer(list.items).and_then(Value::as_array);
        items.unwrap_or_else(|| panic!("{target}: {answer}")).len()
    };
    let first = ask(Value::Null, Value::Null).await.ok();
    assert_eq!(count(&first), default, "{target}: the page nobody chose");
    let token = first[words.next].as_str();
    let token = token
        .unwrap_or_else(|| panic!("{target}: there is more"))
        .to_owned();
    let largest = ask(json!(most), Value::Null).await.ok();
    assert_eq!(count(&largest), most, "{target}: the largest page");
    assert!(largest[words.next].is_string(), "{target}: there is more");
    for size in [json!(0), json!(-1), json!(most + 1), json!(i64::MAX)] {
        let refused = ask(size.clone(), Value::Null).await;
        assert_eq!(refused.error(), words.bad_size, "{target}: {size}");
    }
    for bad in ["nonsense", "bm9uc2Vuc2U=", "", foreign] {
        let refused = ask(Value::Null, json!(bad)).await;
        assert_eq!(refused.error(), words.bad_token, "{target}: token `{bad}`");
    }
    // Page by page there is each item once.
    let (mut seen, mut next) = (Vec::new(), Value::Null);
    loop {
        let page = ask(json!(most), next).await.ok();
        let items = page.pointer(list.items).and_then(Value::as_array);
        seen.extend(items.into_iter().flatten().map(Value::to_string));
        next = page[words.next].clone();
        if next.is_null() {
            break;
        }
    }
    let all = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), all, "{target}: twice on a page");
    assert!(all > most, "{target}: {all}");
    token
}

/// Each list refuses the token of the one before; the first that of the last.
async fn check_all(world: &World, caller: &str, words: &Words, lists: &[List]) {
    let last = lists.last().expect("a list");
    let mut foreign = check(world, caller, last, words, "none").await;
    for list in lists {
        foreign = check(world, caller, list, words, &foreign).await;
    }
}

#[tokio::test]
async fn lists_of_ecs_and_auto_scaling_come_in_pages() {
    let world = World::demo().await;
    crowd::ecs(&world).await;
    macro_rules! ecs {
        ($name:literal) => {
            concat!("AmazonEC2ContainerServiceV20141113.", $name)
        };
    }
    let (cluster, often) = (
        json!({"cluster": "crowd"}),
        json!({"cluster": "crowd", "service": "s1"}),
    );
    let lists = [
        list(ecs!("ListClusters"), json!({}), "/clusterArns", (100, 100)),
        list(
            ecs!("ListServices"),
            cluster.clone(),
            "/serviceArns",
            (10, 100),
        ),
        list(ecs!("ListTasks"), cluster, "/taskArns", (100, 100)),
        list(
            ecs!("ListTaskDefinitions"),
            json!({}),
            "/taskDefinitionArns",
            (100, 100),
        ),
        list(
            ecs!("ListTaskDefinitionFamilies"),
            json!({}),
            "/families",
            (100, 100),
        ),
        list(
            ecs!("ListServiceDeployments"),
            often,
            "/serviceDeployments",
            (20, 100),
        ),
    ];
    check_all(&world, STAGING, &PLAIN, &lists).await;

    crowd::scaling(&world).await;
    let all = json!({"ServiceNamespace": "ecs"});
    let target = |target, items| list(target, all.clone(), items, (50, 50));
    let lists = [
        target(
            "AnyScaleFrontendService.DescribeScalableTargets",
            "/ScalableTargets",
        ),
        target(
            "AnyScaleFrontendService.DescribeScalingPolicies",
            "/ScalingPolicies",
        ),
        target(
            "AnyScaleFrontendService.DescribeScheduledActions",
            "/ScheduledActions",
        ),
        target(
            "AnyScaleFrontendService.DescribeScalingActivities",
            "/ScalingActivities",
        ),
    ];
    check_all(&world, STAGING, &SCALING, &lists).await;
}

#[tokio::test]
async fn lists_of_ecr_come_in_pages() {
    let world = World::demo().await;
    crowd::ecr(&world).await;
    macro_rules! ecr {
        ($name:literal) => {
            concat!("AmazonEC2ContainerRegistry_V20150921.", $name)
        };
    }
    let app = json!({"repositoryName": "app"});
    let image = json!({"repositoryName": "app", "imageId": {"imageTag": "v0"}});
    let signed = json!({"repositoryName": "signed", "imageIds": [{"imageTag": "v1"}]});
    let signed = world.ecr(TOOLS, "DescribeImages", signed).await.ok();
    let digest = &signed["imageDetails"][0]["imageDigest"];
    let subject = json!({"repositoryName": "signed", "subjectId": {"imageDigest": digest}});
    let lists = [
        list(
            ecr!("DescribeRepositories"),
            json!({}),
            "/repositories",
            (100, 1000),
        ),
        list(ecr!("ListImages"), app.clone(), "/imageIds", (100, 1000)),
        list(
            ecr!("DescribeImages"),
            app.clone(),
            "/imageDetails",
            (100, 1000),
        ),
        list(
            ecr!("DescribeRepositoryCreationTemplates"),
            json!({}),
            "/repositoryCreationTemplates",
            (100, 1000),
        ),
        list(
            ecr!("DescribeImageScanFindings"),
            image,
            "/imageScanFindings/findings",
            (100, 1000),
        ),
        list(
            ecr!("GetLifecyclePolicyPreview"),
            app,
            "/previewResults",
            (100, 100),
        ),
        list(ecr!("ListImageReferrers"), subject, "/referrers", (50, 50)),
    ];
    check_all(&world, TOOLS, &PLAIN, &lists).await;
}

#[tokio::test]
async fn lists_of_logs_and_alarms_come_in_pages() {
    let world = World::demo().await;
    crowd::logs(&world).await;
    let group = json!({"logGroupName": "/g/000"});
    let lists = [
        list(
            "Logs_20140328.DescribeLogGroups",
            json!({}),
            "/logGroups",
            (50, 50),
        ),
        list(
            "Logs_20140328.DescribeLogStreams",
            group.clone(),
            "/logStreams",
            (50, 50),
        ),
        list(
            "Logs_20140328.FilterLogEvents",
            group.clone(),
            "/events",
            (10_000, 10_000),
        ),
    ];
    check_all(&world, STAGING, &LOGS, &lists).await;
    let streams = world
        .call(STAGING, "Logs_20140328.DescribeLogStreams", group)
        .await
        .ok();
    for (member, bad) in [
        ("limit", json!(0)),
        ("limit", json!(10_001)),
        ("nextToken", json!("x")),
    ] {
        let stream = &streams["logStreams"][0]["logStreamName"];
        let input = json!({"logGroupName": "/g/000", "logStreamName": stream, member: bad});
        let refused = world
            .call(STAGING, "Logs_20140328.GetLogEvents", input)
            .await;
        assert_eq!(refused.error(), PARAMETER, "{member}");
    }

    crowd::alarms(&world).await;
    let target = "GraniteServiceVersion20100801.DescribeAlarms";
    let alarms = list(target, json!({}), "/MetricAlarms", (50, 100));
    check(
        &world,
        STAGING,
        &alarms,
        &CLOUD_WATCH,
        "bWV0cmljOmZyb206NTA=",
    )
    .await;
}

#[tokio::test]
async fn target_groups_come_in_pages_of_four_hundred() {
    let arn = |number: usize| {
        format!(
            "arn:aws:elasticloadbalancing:eu-west-1:111111111111:targetgroup/t{number}/{number:016x}"
        )
    };
    let groups: Vec<Value> = (0..401).map(|number| json!({"arn": arn(number)})).collect();
    let seed = json!({"accounts": [{"id": STAGING, "regions": [{"name": support::REGION,
        "target_groups": groups}]}]});
    let world = World::seeded(&serde_json::from_value(seed).expect("a seed")).await;
    let ask = async |more: &str| {
        let form = format!("Action=DescribeTargetGroups&Version=2015-12-01{more}");
        world.sts(STAGING, &form).await
    };
    for page in ["", "&PageSize=400"] {
        let answer = ask(page).await;
        assert_eq!(answer.text().matches("<TargetGroupArn>").count(), 400);
        let marker = answer.xml("NextMarker").replace('=', "%3D");
        let rest = ask(&format!("&Marker={marker}")).await;
        assert_eq!(rest.text().matches("<TargetGroupArn>").count(), 1);
    }
    for bad in [
        "PageSize=0",
        "PageSize=401",
        "PageSize=many",
        "Marker=nonsense",
    ] {
        let answer = ask(&format!("&{bad}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{bad}");
    }
}
