//! Service Quotas, and the metric of CloudWatch that says how much of one is used.

mod support;

#[path = "support/hello.rs"]
mod hello;

use aws_sim::seed::Seed;
use hello::{CLUSTER, Hello, definition, network};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use support::{Answer, Keys, PROD, REGION, STAGING};

const ON_DEMAND: &str = "L-3032A538";
const SPOT: &str = "L-36FBB829";

async fn quotas(hello: &Hello, caller: impl Into<Keys>, action: &str, input: Value) -> Answer {
    let target = format!("ServiceQuotasV20190624.{action}");
    hello.world.call(caller, &target, input).await
}

async fn quota(hello: &Hello, action: &str, code: &str) -> Value {
    let input = json!({"ServiceCode": "fargate", "QuotaCode": code});
    quotas(hello, STAGING, action, input).await.ok()["Quota"].clone()
}

async fn seed(hello: &Hello, quotas: Value) -> Answer {
    let seed =
        json!({"accounts": [{"id": STAGING, "regions": [{"name": REGION, "quotas": quotas}]}]});
    hello.world.control(Method::POST, "/_sim/seed", seed).await
}

/// Input of GetMetricStatistics for the vCPUs of this class.
fn usage(class: &str, more: Value) -> Value {
    let names = [
        ("Type", "Resource"),
        ("Resource", "vCPU"),
        ("Service", "Fargate"),
        ("Class", class),
    ];
    let dimensions = names.map(|(name, value)| json!({"Name": name, "Value": value}));
    let mut input = json!({"Namespace": "AWS/Usage", "MetricName": "ResourceCount", "Dimensions": dimensions,
        "StartTime": 1_800_000_010, "EndTime": 1_800_000_610, "Period": 300, "Statistics": ["Maximum"]});
    for (name, value) in more.as_object().expect("members") {
        input[name] = value.clone();
    }
    input
}

async fn statistics(hello: &Hello, input: Value) -> Answer {
    let target = "GraniteServiceVersion20100801.GetMetricStatistics";
    hello.world.call(STAGING, target, input).await
}

/// The vCPUs of this class that run now.
async fn vcpus(hello: &Hello, class: &str) -> Value {
    let answer = statistics(hello, usage(class, json!({}))).await.ok();
    answer["Datapoints"][0]["Maximum"].clone()
}

#[tokio::test]
async fn a_quota_is_roomy_until_a_seed_says_otherwise_and_its_default_is_that_of_aws() {
    let hello = Hello::new().await;
    for (code, title, class) in [
        (
            ON_DEMAND,
            "Fargate On-Demand vCPU resource count",
            "Standard/OnDemand",
        ),
        (SPOT, "Fargate Spot vCPU resource count", "Standard/Spot"),
    ] {
        let applied = quota(&hello, "GetServiceQuota", code).await;
        assert_eq!(applied["Value"], 4000.0);
        assert_eq!(applied["QuotaName"], title);
        assert_eq!(
            applied["QuotaArn"],
            format!("arn:aws:servicequotas:{REGION}:{STAGING}:fargate/{code}")
        );
        assert_eq!(applied["UsageMetric"]["MetricDimensions"]["Class"], class);
        assert_eq!(
            quota(&hello, "GetAWSDefaultServiceQuota", code).await["Value"],
            6.0
        );
    }
    seed(&hello, json!({"fargate/L-3032A538": 8})).await.ok();
    assert_eq!(
        quota(&hello, "GetServiceQuota", ON_DEMAND).await["Value"],
        8.0
    );
    assert_eq!(
        quota(&hello, "GetServiceQuota", SPOT).await["Value"],
        4000.0
    );
    assert_eq!(
        quota(&hello, "GetAWSDefaultServiceQuota", ON_DEMAND).await["Value"],
        6.0
    );
    let input = json!({"ServiceCode": "fargate", "QuotaCode": ON_DEMAND});
    let elsewhere = quotas(&hello, PROD, "GetServiceQuota", input).await.ok();
    assert_eq!(elsewhere["Quota"]["Value"], 4000.0);
}

#[tokio::test]
async fn quotas_that_are_not_known_are_refused() {
    let hello = Hello::new().await;
    for action in ["GetServiceQuota", "GetAWSDefaultServiceQuota"] {
        for (input, code) in [
            (
                json!({"ServiceCode": "fargate", "QuotaCode": "L-00000000"}),
                "NoSuchResourceException",
            ),
            (
                json!({"ServiceCode": "ec2", "QuotaCode": ON_DEMAND}),
                "NoSuchResourceException",
            ),
            (
                json!({"ServiceCode": "fargate"}),
                "IllegalArgumentException",
            ),
            (json!({"QuotaCode": ON_DEMAND}), "IllegalArgumentException"),
            (
                json!({"ServiceCode": 1, "QuotaCode": ON_DEMAND}),
                "SerializationException",
            ),
        ] {
            let answer = quotas(&hello, STAGING, action, input.clone()).await;
            assert_eq!(answer.error(), code, "{action} {input}");
            assert!(answer.json()["Message"].is_string(), "{}", answer.text());
        }
    }
    let unknown = quotas(&hello, STAGING, "ListServices", json!({})).await;
    assert_eq!(unknown.error(), "UnknownOperationException");
    for bad in [json!({"fargate/L-1": 1}), json!({"fargate/L-3032A538": -1})] {
        assert_eq!(
            seed(&hello, bad.clone()).await.status,
            StatusCode::BAD_REQUEST,
            "{bad}"
        );
    }
}

#[tokio::test]
async fn tasks_of_fargate_use_vcpus_from_their_launch_until_they_have_stopped() {
    let hello = Hello::new().await;
    let (demand, spot) = ("Standard/OnDemand", "Standard/Spot");
    assert_eq!(vcpus(&hello, demand).await, 0.5);
    assert_eq!(vcpus(&hello, spot).await, 0.0);
    hello.update(json!({"desiredCount": 6})).await;
    assert_eq!(vcpus(&hello, demand).await, 1.5);
    hello.update(json!({"desiredCount": 1})).await;
    hello.advance(600);
    hello.service().await;
    assert_eq!(vcpus(&hello, demand).await, 0.25);

    hello
        .ecs("RegisterTaskDefinition", definition("app:1"))
        .await;
    hello
        .ecs("CreateCluster", json!({"clusterName": "other"}))
        .await;
    let run = json!({"cluster": "other", "taskDefinition": "hello", "count": 2,
        "networkConfiguration": network()});
    let with = |more: Value| {
        let mut input = run.clone();
        for (name, value) in more.as_object().expect("members") {
            input[name] = value.clone();
        }
        input
    };
    let big = json!({"launchType": "FARGATE", "overrides": {"cpu": "2048"}});
    hello.ecs("RunTask", with(big)).await;
    assert_eq!(vcpus(&hello, demand).await, 4.25);
    let provider = json!([{"capacityProvider": "FARGATE_SPOT", "weight": 1}]);
    hello
        .ecs(
            "RunTask",
            with(json!({"capacityProviderStrategy": provider})),
        )
        .await;
    let service = json!({"cluster": CLUSTER, "serviceName": "cheap", "taskDefinition": "hello",
        "desiredCount": 4, "networkConfiguration": network(), "capacityProviderStrategy": provider});
    hello.ecs("CreateService", service).await;
    hello
        .ecs("RunTask", with(json!({"launchType": "EC2"})))
        .await;
    assert_eq!(vcpus(&hello, spot).await, 1.5);
    assert_eq!(vcpus(&hello, demand).await, 4.25);
}

#[tokio::test]
async fn the_point_is_that_of_the_last_period_asked_for_and_other_metrics_have_none() {
    let hello = Hello::new().await;
    let class = "Standard/OnDemand";
    let points = async |more: Value| {
        let answer = statistics(&hello, usage(class, more)).await.ok();
        assert!(answer["Label"].is_string(), "{answer}");
        answer["Datapoints"].clone()
    };
    let expected = json!([{"Timestamp": 1_800_000_600, "Maximum": 0.5, "Unit": "None"}]);
    assert_eq!(points(json!({})).await, expected);
    for (start, end, period, begins) in [
        (1_800_000_000, 1_800_000_600, 300, 1_800_000_300),
        (1_800_000_000, 1_800_000_601, 300, 1_800_000_600),
        (1_800_000_001, 1_800_000_002, 60, 1_800_000_000),
        (0, 60, 60, 0),
    ] {
        let asked = json!({"StartTime": start, "EndTime": end, "Period": period});
        assert_eq!(points(asked).await[0]["Timestamp"], begins, "{start} {end}");
    }
    let all = json!({"Statistics": ["SampleCount", "Average", "Sum", "Minimum", "Maximum"]});
    let point = points(all).await[0].clone();
    assert_eq!(point["SampleCount"], 1.0);
    assert_eq!(point["Sum"], 0.5);
    for none in [
        json!({"Namespace": "AWS/ECS"}),
        json!({"MetricName": "CallCount"}),
        json!({"Unit": "Count"}),
        json!({"Dimensions": []}),
        json!({"Dimensions": [{"Name": "Service", "Value": "Fargate"}]}),
        json!({"Statistics": null, "ExtendedStatistics": ["p90"]}),
    ] {
        assert_eq!(points(none.clone()).await, json!([]), "{none}");
    }
    // As awsQuery has it.
    let form = "Action=GetMetricStatistics&Version=2010-08-01&Namespace=AWS/Usage&MetricName=ResourceCount&\
                StartTime=2026-01-01T00:00:10Z&EndTime=2026-01-01T00:10:00.5Z&Period=60&Statistics.member.1=Maximum&\
                Dimensions.member.1.Name=Class&Dimensions.member.1.Value=Standard/OnDemand&\
                Dimensions.member.2.Name=Resource&Dimensions.member.2.Value=vCPU&\
                Dimensions.member.3.Name=Service&Dimensions.member.3.Value=Fargate&\
                Dimensions.member.4.Name=Type&Dimensions.member.4.Value=Resource";
    let answer = hello.world.sts(STAGING, form).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    assert_eq!(answer.xml("Timestamp"), "2026-01-01T00:09:00Z");
    assert_eq!(answer.xml("Maximum"), "0.5");
}

#[tokio::test]
async fn statistics_are_asked_for_as_cloudwatch_wants_it() {
    let hello = Hello::new().await;
    for (more, code) in [
        (json!({"Namespace": null}), "ValidationError"),
        (json!({"MetricName": null}), "ValidationError"),
        (json!({"StartTime": null}), "ValidationError"),
        (json!({"EndTime": null}), "ValidationError"),
        (json!({"Period": null}), "ValidationError"),
        (json!({"Statistics": null}), "MissingParameter"),
        (
            json!({"ExtendedStatistics": ["p90"]}),
            "InvalidParameterCombination",
        ),
        (json!({"Statistics": ["Median"]}), "ValidationError"),
        (json!({"Unit": "Vcpus"}), "ValidationError"),
        (json!({"Period": 0}), "InvalidParameterValue"),
        (json!({"Period": 90}), "InvalidParameterValue"),
        (json!({"EndTime": 1_800_000_010}), "InvalidParameterValue"),
        (
            json!({"EndTime": 1_800_900_000}),
            "InvalidParameterCombination",
        ),
        (json!({"StartTime": "yesterday"}), "SerializationException"),
        (json!({"StartTime": 1e300}), "SerializationException"),
        (
            json!({"Dimensions": [{"Name": "Class"}]}),
            "ValidationError",
        ),
        (
            json!({"Dimensions": vec![json!({"Name": "a", "Value": "b"}); 31]}),
            "InvalidParameterValue",
        ),
    ] {
        let answer = statistics(&hello, usage("Standard/OnDemand", more.clone())).await;
        assert_eq!(answer.error(), code, "{more}");
    }
}

#[tokio::test]
async fn callers_need_the_permissions() {
    let hello = Hello::new().await;
    let roles = json!({"accounts": [{"id": STAGING, "roles": [
        {"name": "blind", "allow": ["ecs:*"]},
        {"name": "sees", "allow": ["servicequotas:GetServiceQuota", "cloudwatch:GetMetricStatistics"]},
    ]}]});
    let roles: Seed = serde_json::from_value(roles).expect("a seed");
    hello.world.sim.seed(&roles).expect("seeded");
    for (role, fine) in [("blind", false), ("sees", true)] {
        let keys = hello.world.assume(STAGING, STAGING, role).await;
        let input = json!({"ServiceCode": "fargate", "QuotaCode": ON_DEMAND});
        let quota = quotas(&hello, keys.clone(), "GetServiceQuota", input).await;
        let target = "GraniteServiceVersion20100801.GetMetricStatistics";
        let metric = hello
            .world
            .call(keys, target, usage("Standard/Spot", json!({})))
            .await;
        for answer in [quota, metric] {
            assert_eq!(answer.status.is_success(), fine, "{}", answer.text());
            if !fine {
                assert_eq!(answer.error(), "AccessDeniedException");
            }
        }
    }
}
