//! Least privilege: policies as IAM writes them decide what a role may do.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests fail and speak like tests"
)]

mod support;

use aws_sim::seed::{Seed, demo};
use serde_json::{Value, json};
use support::{Keys, REGION, STAGING, World};

/// The demo world with a role `deployer` of these statements in `staging`, and keys of it.
async fn deployer(statements: Value) -> (World, Keys) {
    let world = World::seeded(&demo()).await;
    let seed: Seed = serde_json::from_value(json!({"accounts": [{"id": STAGING, "roles": [
        {"name": "deployer", "policies": [{"Version": "2012-10-17", "Statement": statements}]},
    ]}]}))
    .unwrap();
    world.sim.seed(&seed).unwrap();
    let keys = world.assume(STAGING, STAGING, "deployer").await;
    (world, keys)
}

fn definition(more: Value) -> Value {
    let mut input = json!({"family": "hello",
        "containerDefinitions": [{"name": "app", "image": "app:1", "memory": 128}]});
    for (name, value) in more.as_object().unwrap() {
        input[name] = value.clone();
    }
    input
}

#[tokio::test]
async fn a_statement_about_one_service_does_not_reach_another() {
    let arn = |rest: &str| format!("arn:aws:ecs:{REGION}:{STAGING}:{rest}");
    let (world, keys) = deployer(json!([
        {"Effect": "Allow", "Action": ["ecs:DescribeServices", "ecs:UpdateService"],
         "Resource": arn("service/main/hello")},
        {"Effect": "Allow", "Action": "ecs:ListTasks", "Resource": "*",
         "Condition": {"ArnEquals": {"ecs:cluster": arn("cluster/main")}}},
    ]))
    .await;
    let hello = json!({"cluster": "main", "services": ["hello"]});
    world
        .ecs(keys.clone(), "DescribeServices", hello)
        .await
        .ok();
    let update = json!({"cluster": "main", "service": "hello", "desiredCount": 1});
    world.ecs(keys.clone(), "UpdateService", update).await.ok();
    world
        .ecs(keys.clone(), "ListTasks", json!({"cluster": "main"}))
        .await
        .ok();
    for (action, input) in [
        (
            "DescribeServices",
            json!({"cluster": "main", "services": ["hello", "other"]}),
        ),
        (
            "UpdateService",
            json!({"cluster": "main", "service": "other"}),
        ),
        ("ListTasks", json!({"cluster": "other"})),
        (
            "DeleteService",
            json!({"cluster": "main", "service": "hello"}),
        ),
    ] {
        let answer = world.ecs(keys.clone(), action, input).await;
        assert_eq!(answer.error(), "AccessDeniedException", "{action}");
    }
}

#[tokio::test]
async fn roles_are_passed_only_by_those_who_may() {
    let role = |name: &str| format!("arn:aws:iam::{STAGING}:role/{name}");
    let (world, keys) = deployer(json!([
        {"Effect": "Allow", "Action": ["ecs:RegisterTaskDefinition", "ecs:RunTask"], "Resource": "*"},
        {"Effect": "Allow", "Action": "iam:PassRole", "Resource": role("app"),
         "Condition": {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}},
    ]))
    .await;
    let register = async |more: Value| {
        world
            .ecs(keys.clone(), "RegisterTaskDefinition", definition(more))
            .await
    };
    register(json!({})).await.ok();
    register(json!({"taskRoleArn": role("app")})).await.ok();
    let answer =
        register(json!({"taskRoleArn": role("app"), "executionRoleArn": role("admin")})).await;
    assert_eq!(answer.error(), "AccessDeniedException");
    let message = answer.json()["message"].as_str().unwrap().to_owned();
    assert_eq!(
        message,
        format!(
            "User: arn:aws:sts::{STAGING}:assumed-role/deployer/test is not authorized to perform: \
             iam:PassRole on resource: {} because no identity-based policy allows the iam:PassRole \
             action",
            role("admin")
        )
    );
    let input = json!({"cluster": "main", "taskDefinition": "hello",
        "overrides": {"taskRoleArn": role("admin")}});
    let answer = world.ecs(keys.clone(), "RunTask", input).await;
    assert_eq!(answer.error(), "AccessDeniedException");
}

#[tokio::test]
async fn tagging_at_creation_needs_its_own_permission() {
    let family = format!("arn:aws:ecs:{REGION}:{STAGING}:task-definition/hello:*");
    let register =
        json!({"Effect": "Allow", "Action": "ecs:RegisterTaskDefinition", "Resource": "*"});
    let tag = json!({"Effect": "Allow", "Action": "ecs:TagResource", "Resource": family,
        "Condition": {"StringEquals": {"ecs:CreateAction": "RegisterTaskDefinition"}}});
    let tagged = definition(json!({"tags": [{"key": "team", "value": "web"}]}));

    let (world, keys) = deployer(json!([register])).await;
    let answer = world
        .ecs(keys, "RegisterTaskDefinition", tagged.clone())
        .await;
    assert_eq!(answer.error(), "AccessDeniedException");
    assert!(
        answer.text().contains("ecs:TagResource"),
        "{}",
        answer.text()
    );

    let (world, keys) = deployer(json!([register, tag])).await;
    world.ecs(keys, "RegisterTaskDefinition", tagged).await.ok();
}

#[tokio::test]
async fn tasks_are_run_of_the_families_that_are_allowed() {
    let arn = |rest: &str| format!("arn:aws:ecs:{REGION}:{STAGING}:{rest}");
    let (world, keys) = deployer(json!([
        {"Effect": "Allow", "Action": "ecs:RunTask", "Resource": arn("task-definition/hello:*")},
        {"Effect": "Allow", "Action": "ecs:TagResource", "Resource": arn("task/main/*")},
    ]))
    .await;
    let run = |definition: &str| {
        json!({"cluster": "main", "taskDefinition": definition,
            "tags": [{"key": "team", "value": "web"}],
            "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}})
    };
    for definition in ["hello", "hello:1"] {
        world
            .ecs(keys.clone(), "RunTask", run(definition))
            .await
            .ok();
    }
    let answer = world.ecs(keys.clone(), "RunTask", run("other")).await;
    assert_eq!(answer.error(), "AccessDeniedException");
}

#[tokio::test]
async fn a_denial_wins_over_everything() {
    let (world, keys) = deployer(json!([
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": "ecr:DeleteRepository", "Resource": "*"},
    ]))
    .await;
    let name = json!({"repositoryName": "app"});
    world
        .ecr(keys.clone(), "CreateRepository", name.clone())
        .await
        .ok();
    let answer = world.ecr(keys, "DeleteRepository", name).await;
    assert_eq!(answer.error(), "AccessDeniedException");
    assert!(
        answer
            .text()
            .contains("with an explicit deny in an identity-based policy"),
        "{}",
        answer.text()
    );
}
