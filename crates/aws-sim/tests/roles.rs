//! Roles: who may assume them, what their sessions may do, and when those end.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests fail and speak like tests"
)]

mod support;

use std::time::Duration;

use aws_sim::seed::Seed;
use http::{Method, StatusCode};
use serde_json::json;
use support::{PROD, STAGING, TOOLS, World};

const ROLE_ARN: &str = "RoleArn=arn%3Aaws%3Aiam%3A%3A111111111111%3Arole%2F";

fn assume(role: &str, more: &str) -> String {
    format!("Action=AssumeRole&{ROLE_ARN}{role}&RoleSessionName=job-7.2{more}")
}

async fn with_roles() -> World {
    let seed: Seed = serde_json::from_value(json!({"accounts": [{
        "id": STAGING,
        "roles": [
            {"name": "deploy", "trust": {"principals": [TOOLS], "external_id": "s3cret"}},
            {"name": "reader", "allow": ["ecr:Describe*"]},
            {"name": "long", "max_session_seconds": 43200},
        ],
    }]}))
    .unwrap();
    World::seeded(&seed).await
}

#[tokio::test]
async fn a_session_acts_in_the_account_of_its_role_under_its_name() {
    let world = World::demo().await;
    let keys = world.assume(TOOLS, STAGING, "shipway-deploy").await;
    assert!(keys.id.starts_with("ASIA"), "{keys:?}");
    let answer = world.sts(keys.clone(), "Action=GetCallerIdentity").await;
    assert_eq!(answer.xml("Account"), STAGING);
    assert_eq!(
        answer.xml("Arn"),
        format!("arn:aws:sts::{STAGING}:assumed-role/shipway-deploy/test")
    );
    let stolen = support::Keys {
        token: Some("other".to_owned()),
        ..keys
    };
    let answer = world.sts(stolen, "Action=GetCallerIdentity").await;
    assert_eq!(answer.xml("Code"), "InvalidClientTokenId");
}

#[tokio::test]
async fn trust_and_external_id_decide_who_may_assume() {
    let world = with_roles().await;
    let fine = world
        .sts(TOOLS, &assume("deploy", "&ExternalId=s3cret"))
        .await;
    assert_eq!(fine.status, StatusCode::OK, "{}", fine.text());
    for (caller, form) in [
        (TOOLS, assume("deploy", "")),
        (TOOLS, assume("deploy", "&ExternalId=wrong")),
        (PROD, assume("deploy", "&ExternalId=s3cret")),
        (TOOLS, assume("unknown", "")),
    ] {
        let answer = world.sts(caller, &form).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{form}");
        assert_eq!(answer.xml("Code"), "AccessDenied", "{form}");
        assert!(answer.xml("Message").contains("sts:AssumeRole on resource"));
    }
}

#[tokio::test]
async fn malformed_requests_for_roles_are_validation_errors() {
    let world = with_roles().await;
    for form in [
        "Action=AssumeRole".to_owned(),
        format!("Action=AssumeRole&{ROLE_ARN}long&RoleSessionName=x"),
        format!("Action=AssumeRole&{ROLE_ARN}long&RoleSessionName=with+space"),
        assume("long", "&DurationSeconds=899"),
        assume("long", "&DurationSeconds=soon"),
        assume("reader", "&DurationSeconds=7200"),
        "Action=AssumeRole&RoleArn=nonsense&RoleSessionName=test".to_owned(),
    ] {
        let answer = world.sts(TOOLS, &form).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{form}");
        assert_eq!(answer.xml("Code"), "ValidationError", "{form}");
    }
}

#[tokio::test]
async fn a_session_ends_in_simulated_time() {
    let world = World::demo().await;
    let keys = world.assume(TOOLS, STAGING, "shipway-deploy").await;
    world.sim.clock().advance(Duration::from_secs(3599));
    world
        .ecr(keys.clone(), "DescribeRepositories", json!({}))
        .await
        .ok();
    let later = json!({"advance_seconds": 2});
    world.control(Method::POST, "/_sim/clock", later).await.ok();
    let answer = world
        .ecr(keys.clone(), "DescribeRepositories", json!({}))
        .await;
    assert_eq!(answer.error(), "ExpiredTokenException");
    let answer = world.sts(keys, "Action=GetCallerIdentity").await;
    assert_eq!(answer.xml("Code"), "ExpiredToken");
}

#[tokio::test]
async fn a_role_does_only_what_it_allows() {
    let world = with_roles().await;
    let keys = world.assume(TOOLS, STAGING, "reader").await;
    world
        .ecr(keys.clone(), "DescribeRepositories", json!({}))
        .await
        .ok();
    let answer = world
        .ecr(
            keys.clone(),
            "CreateRepository",
            json!({"repositoryName": "app"}),
        )
        .await;
    assert_eq!(answer.error(), "AccessDeniedException");
    let message = answer.json()["message"].as_str().unwrap().to_owned();
    for part in [
        "assumed-role/reader/test is not authorized to perform: ecr:CreateRepository",
        "repository/app",
        "no identity-based policy allows",
    ] {
        assert!(message.contains(part), "{message}");
    }
    let who = world.sts(keys, "Action=GetCallerIdentity").await;
    assert_eq!(who.status, StatusCode::OK);
}
