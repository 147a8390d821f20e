//! What the README says is refused, is: each row with a refusal has examples here, and nothing is kept of them.

#[path = "support/hello.rs"]
mod hello;
#[path = "support/refused.rs"]
mod refused;
mod support;

use std::collections::BTreeSet;

use hello::{CLUSTER, SERVICE};
use http::{Method, StatusCode};
use refused::{Call, ECR, Example, SCALING, VALIDATION, examples, family};
use serde_json::{Value, json};
use support::{OCI_INDEX, OCI_MANIFEST, STAGING, TOOLS, World};

/// A world in which each example has what it is about. Gives what its placeholders stand for.
async fn prepared() -> (World, [(&'static str, String); 2]) {
    let world = World::demo().await;
    let gone = family(json!({"family": "gone"}));
    world
        .ecs(STAGING, "RegisterTaskDefinition", gone)
        .await
        .ok();
    let gone = json!({"taskDefinition": "gone:1"});
    world
        .ecs(STAGING, "DeregisterTaskDefinition", gone)
        .await
        .ok();
    let target = json!({"ServiceNamespace": "ecs", "ResourceId": "service/main/hello",
        "ScalableDimension": "ecs:service:DesiredCount", "MinCapacity": 1, "MaxCapacity": 4});
    let register = format!("{SCALING}.RegisterScalableTarget");
    world.call(STAGING, &register, target).await.ok();
    let listed = json!({"cluster": CLUSTER, "service": SERVICE});
    let listed = world
        .ecs(STAGING, "ListServiceDeployments", listed)
        .await
        .ok();
    let deployment = listed["serviceDeployments"][0]["serviceDeploymentArn"].clone();

    let registry = world.repository("app", json!({})).await;
    registry.push_image("app", "archived", b"old").await;
    let archive = json!({"repositoryName": "app", "targetStorageClass": "ARCHIVE",
        "imageId": {"imageTag": "archived"}});
    world
        .ecr(TOOLS, "UpdateImageStorageClass", archive)
        .await
        .ok();
    let child = registry.push_image("app", "child", b"layer").await;
    let child = child.header("docker-content-digest").to_owned();
    let size = registry.get("/v2/app/manifests/child").await.body.len();
    let index = json!({"schemaVersion": 2, "mediaType": OCI_INDEX,
        "manifests": [{"mediaType": OCI_MANIFEST, "digest": child, "size": size}]});
    let headers = [("content-type", OCI_INDEX)];
    let path = "/v2/app/manifests/multi";
    let pushed = registry
        .send(Method::PUT, path, &headers, index.to_string())
        .await;
    assert_eq!(pushed.status, StatusCode::CREATED, "{}", pushed.text());
    let deployment = deployment.as_str().expect("an ARN").to_owned();
    (world, [("DEPLOYMENT", deployment), ("CHILD", child)])
}

/// The world without what each request takes from it.
async fn state(world: &World) -> Value {
    let mut state = world
        .control(Method::GET, "/_sim/state", Value::Null)
        .await
        .ok();
    state["ids"] = Value::Null;
    state
}

/// What is wrong with the answer to an example, if something is.
async fn problem(
    world: &World,
    example: &Example,
    stands: &[(&'static str, String)],
) -> Option<String> {
    let Example { row, call, refusal } = example;
    match call {
        Call::Form(form) => {
            let answer = world.sts(TOOLS, form).await;
            let fits = answer.status.is_client_error() && answer.xml("Code") == *refusal;
            (!fits).then(|| format!("{row}: {form}: {}", answer.text()))
        }
        Call::Json(service, asked) => {
            let mut input = asked["input"].to_string();
            for (name, value) in stands {
                input = input.replace(name, value);
            }
            let input = serde_json::from_str(&input).expect("still JSON");
            let action = asked["action"].as_str().unwrap_or_default();
            let caller = if *service == ECR { TOOLS } else { STAGING };
            let answer = world
                .call(caller, &format!("{service}.{action}"), input)
                .await;
            let fits = if *refusal == "failures" {
                answer.ok()["failures"]
                    .as_array()
                    .is_some_and(|list| !list.is_empty())
            } else {
                answer.status.is_client_error() && answer.error() == *refusal
            };
            (!fits).then(|| format!("{row}: {action} {asked}: {}", answer.text()))
        }
    }
}

#[tokio::test]
async fn each_example_is_refused_and_nothing_of_it_is_kept() {
    let (world, stands) = prepared().await;
    let before = state(&world).await;
    let mut problems = Vec::new();
    for example in examples() {
        problems.extend(problem(&world, &example, &stands).await);
        if state(&world).await != before {
            problems.push(format!("{}: something is kept", example.row));
        }
    }
    assert!(problems.is_empty(), "{problems:#?}");
}

#[tokio::test]
async fn a_scan_by_hand_is_refused_while_scanning_is_enhanced() {
    let (world, _) = prepared().await;
    let image = json!({"repositoryName": "app", "imageId": {"imageTag": "child"}});
    let enhanced = json!({"scanType": "ENHANCED", "rules": [{"scanFrequency": "SCAN_ON_PUSH",
        "repositoryFilters": [{"filterType": "WILDCARD", "filter": "*"}]}]});
    world
        .ecr(TOOLS, "PutRegistryScanningConfiguration", enhanced)
        .await
        .ok();
    let before = state(&world).await;
    let refused = world.ecr(TOOLS, "StartImageScan", image).await;
    assert_eq!(refused.error(), VALIDATION);
    assert_eq!(state(&world).await, before);
}

#[tokio::test]
async fn a_role_session_gets_no_session_token() {
    let world = World::demo().await;
    let role = world.assume(TOOLS, STAGING, "shipway-deploy").await;
    let before = state(&world).await;
    let refused = world.sts(role, "Action=GetSessionToken").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_eq!(refused.xml("Code"), "AccessDenied");
    assert_eq!(state(&world).await, before);
}

/// Operations of the rows whose column `refused` says something.
fn refusing_rows() -> Vec<Vec<String>> {
    let readme = include_str!("../README.md");
    let (_, tables) = readme.split_once("## Operations").expect("the section");
    let mut rows = Vec::new();
    let mut refuses = false;
    for line in tables.lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        match cells.as_slice() {
            ["", "operation", .., last, ""] => refuses = *last == "refused",
            ["", "---", ..] => {}
            ["", operations, .., refused, ""] if refuses && !refused.is_empty() => {
                let names = operations.split(", ").map(str::to_owned);
                rows.push(names.collect());
            }
            _ => {}
        }
    }
    rows
}

#[test]
fn each_row_of_the_readme_that_refuses_something_has_an_example() {
    let rows = refusing_rows();
    assert!(rows.len() > 20, "{rows:?}");
    let mut known: BTreeSet<&str> = examples().iter().map(|example| example.row).collect();
    // A test of its own.
    known.insert("GetSessionToken");
    let has = |name: &&str| rows.iter().any(|row| row.iter().any(|known| known == name));
    let missing: Vec<_> = rows
        .iter()
        .filter(|row| !row.iter().any(|name| known.contains(name.as_str())))
        .collect();
    assert!(missing.is_empty(), "no example: {missing:?}");
    let unfounded: Vec<&&str> = known.iter().filter(|name| !has(name)).collect();
    assert!(unfounded.is_empty(), "no such row: {unfounded:?}");
}
