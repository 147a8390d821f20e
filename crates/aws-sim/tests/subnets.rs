//! Subnets and the addresses that are free in them.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests fail and speak like tests"
)]

mod support;

#[path = "support/hello.rs"]
mod hello;

use aws_sim::seed::Seed;
use hello::{CLUSTER, Hello, definition, network};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use support::{Answer, Keys, REGION, STAGING};

/// The subnet of the demo service.
const OURS: &str = "subnet-0a1b2c3d4e5f60718";

async fn subnets(hello: &Hello, caller: impl Into<Keys>, more: &str) -> Answer {
    let form = format!("Action=DescribeSubnets&Version=2016-11-15{more}");
    hello.world.sts(caller, &form).await
}

/// How many addresses are free in a subnet.
async fn free(hello: &Hello, id: &str) -> String {
    let answer = subnets(hello, STAGING, &format!("&SubnetId.1={id}")).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    assert_eq!(answer.xml("subnetId"), id);
    answer.xml("availableIpAddressCount")
}

async fn seed(hello: &Hello, subnets: Value) -> Answer {
    let seed = json!({"accounts": [{"id": STAGING, "regions": [
        {"name": REGION, "subnets": subnets}]}]});
    hello.world.control(Method::POST, "/_sim/seed", seed).await
}

/// All ids of an answer, in its order.
fn ids(answer: &Answer) -> Vec<String> {
    let text = answer.text();
    let parts = text.split("<subnetId>").skip(1);
    parts
        .map(|part| part.split_once("</subnetId>").unwrap().0.to_owned())
        .collect()
}

#[tokio::test]
async fn each_task_takes_an_address_of_its_subnet_until_it_has_stopped() {
    let hello = Hello::new().await;
    assert_eq!(free(&hello, OURS).await, "249");
    hello.update(json!({"desiredCount": 5})).await;
    assert_eq!(free(&hello, OURS).await, "246");
    hello.update(json!({"desiredCount": 1})).await;
    hello.advance(600);
    hello.service().await;
    assert_eq!(free(&hello, OURS).await, "250");
    let run =
        json!({"cluster": CLUSTER, "taskDefinition": "hello", "networkConfiguration": network()});
    hello.ecs("RunTask", run).await;
    assert_eq!(free(&hello, "subnet-1").await, "250");
    assert_eq!(free(&hello, OURS).await, "250");
}

#[tokio::test]
async fn a_subnet_exists_once_a_service_names_it_or_a_seed_does() {
    let hello = Hello::new().await;
    for (more, code) in [
        ("&SubnetId.1=subnet-2", "InvalidSubnetID.NotFound"),
        (
            "&SubnetId.1=subnet-0a1b2c3d4e5f60718&SubnetId.2=subnet-2",
            "InvalidSubnetID.NotFound",
        ),
        ("&SubnetId.1=vpc-2", "InvalidSubnetID.Malformed"),
    ] {
        let answer = subnets(&hello, STAGING, more).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert!(answer.text().starts_with("<Response><Errors><Error>"));
        assert_eq!(answer.xml("Code"), code, "{more}");
        assert_eq!(answer.xml("RequestID"), answer.header("x-amzn-requestid"));
    }
    let two = json!({"awsvpcConfiguration": {"subnets": ["subnet-2", "subnet-3"]}});
    hello
        .ecs("RegisterTaskDefinition", definition("app:1"))
        .await;
    let service = json!({"cluster": CLUSTER, "serviceName": "web", "taskDefinition": "hello",
        "desiredCount": 1, "networkConfiguration": two});
    hello.ecs("CreateService", service).await;
    assert_eq!(free(&hello, "subnet-2").await, "250");
    assert_eq!(free(&hello, "subnet-3").await, "251");

    let seeded = json!([
        {"id": "subnet-3", "available_ip_addresses": 4},
        {"id": "subnet-4", "cidr": "10.9.0.0/28", "zone": "eu-west-1b", "vpc": "vpc-9"},
    ]);
    seed(&hello, seeded).await.ok();
    assert_eq!(free(&hello, "subnet-3").await, "4");
    assert_eq!(free(&hello, "subnet-4").await, "11");
    let all = subnets(&hello, STAGING, "").await;
    assert_eq!(ids(&all), [OURS, "subnet-2", "subnet-3", "subnet-4"]);
    let elsewhere = subnets(&hello, support::PROD, "&SubnetId.1=subnet-4").await;
    assert_eq!(elsewhere.xml("Code"), "InvalidSubnetID.NotFound");
}

#[tokio::test]
async fn filters_and_pages_choose_among_subnets() {
    let hello = Hello::new().await;
    let seeded: Vec<Value> = (1..=9)
        .map(|number| {
            json!({"id": format!("subnet-{number}"), "vpc": format!("vpc-{}", number % 2),
                "cidr": format!("10.1.{number}.0/24"), "zone": format!("eu-west-1{}", if number < 5 {'a'} else {'b'})})
        })
        .collect();
    seed(&hello, seeded.into()).await.ok();
    for (filter, found) in [
        ("&Filter.1.Name=vpc-id&Filter.1.Value.1=vpc-0", 4),
        (
            "&Filter.1.Name=vpc-id&Filter.1.Value.1=vpc-0&Filter.1.Value.2=vpc-1",
            9,
        ),
        ("&Filter.1.Name=vpc-id&Filter.1.Value.1=vpc-*", 10),
        (
            "&Filter.1.Name=vpc-id&Filter.1.Value.1=vpc-0&Filter.2.Name=availability-zone&Filter.2.Value.1=eu-west-1b",
            2,
        ),
        ("&Filter.1.Name=cidr-block&Filter.1.Value.1=10.1.3.0/24", 1),
        (
            "&Filter.1.Name=available-ip-address-count&Filter.1.Value.1=251",
            9,
        ),
        ("&Filter.1.Name=tag:Name&Filter.1.Value.1=*", 0),
    ] {
        let answer = subnets(&hello, STAGING, filter).await;
        assert_eq!(ids(&answer).len(), found, "{filter}: {}", answer.text());
    }
    let first = subnets(&hello, STAGING, "&MaxResults=6").await;
    let token = first.xml("nextToken").replace('=', "%3D");
    let rest = subnets(&hello, STAGING, &format!("&MaxResults=6&NextToken={token}")).await;
    assert_eq!((ids(&first).len(), ids(&rest).len()), (6, 4));
    assert!(!rest.text().contains("<nextToken>"), "{}", rest.text());
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    let hello = Hello::new().await;
    for (more, status, code) in [
        ("&MaxResults=4", 400, "InvalidParameterValue"),
        ("&MaxResults=1001", 400, "InvalidParameterValue"),
        ("&NextToken=nonsense", 400, "InvalidNextToken"),
        (
            "&MaxResults=5&SubnetId.1=subnet-0a1b2c3d4e5f60718",
            400,
            "InvalidParameterCombination",
        ),
        (
            "&Filter.1.Name=colour&Filter.1.Value.1=red",
            400,
            "InvalidParameterValue",
        ),
        ("&Filter.1.Name=vpc-id", 400, "InvalidParameterValue"),
        ("&Filter.1.Value.1=red", 400, "MissingParameter"),
        ("&DryRun=true", 412, "DryRunOperation"),
    ] {
        let answer = subnets(&hello, STAGING, more).await;
        assert_eq!(answer.status, status, "{more}");
        assert_eq!(answer.xml("Code"), code, "{more}");
    }
    let unknown = "Action=DescribeVpcs&Version=2016-11-15";
    let unknown = hello.world.sts(STAGING, unknown).await;
    assert_eq!(unknown.xml("Code"), "InvalidAction");
    for bad in [
        json!([{"id": "vpc-1"}]),
        json!([{"id": "subnet-1", "cidr": "10.0.0.0/8"}]),
        json!([{"id": "subnet-1", "free": 1}]),
    ] {
        let refused = seed(&hello, bad.clone()).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{bad}");
    }
}

#[tokio::test]
async fn callers_need_the_permission_and_learn_of_it_in_the_words_of_ec2() {
    let hello = Hello::new().await;
    let roles: Seed = serde_json::from_value(json!({"accounts": [{"id": STAGING, "roles": [
        {"name": "blind", "allow": ["ecs:*"]},
        {"name": "sees", "allow": ["ec2:DescribeSubnets"]},
    ]}]}))
    .unwrap();
    hello.world.sim.seed(&roles).unwrap();
    let blind = hello.world.assume(STAGING, STAGING, "blind").await;
    let refused = subnets(&hello, blind, "").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_eq!(refused.xml("Code"), "UnauthorizedOperation");
    let message = refused.xml("Message");
    assert!(
        message.starts_with("You are not authorized to perform this operation. User: arn:aws:sts"),
        "{message}"
    );
    let sees = hello.world.assume(STAGING, STAGING, "sees").await;
    let seen = subnets(&hello, sees.clone(), "").await;
    assert_eq!(ids(&seen), [OURS]);
    hello.advance(3601);
    let over = subnets(&hello, sees, "").await;
    assert_eq!(over.xml("Code"), "RequestExpired");
    let nobody = subnets(&hello, "ASIA", "").await;
    assert_eq!(nobody.status, StatusCode::UNAUTHORIZED);
    assert_eq!(nobody.xml("Code"), "AuthFailure");
}
