//! The policy of a registry: kept, checked, and asked about repositories that are there and that are not.

mod support;

use http::Method;
use serde_json::{Value, json};
use support::{PROD, REGION, STAGING, TOOLS, World};

fn policy(statements: Value) -> Value {
    let text = json!({"Version": "2012-10-17", "Statement": statements});
    json!({"policyText": text.to_string()})
}

async fn put(world: &World, statements: Value) {
    let policy = policy(statements);
    world.ecr(TOOLS, "PutRegistryPolicy", policy).await.ok();
}

fn repositories(names: &str) -> String {
    format!("arn:aws:ecr:{REGION}:{TOOLS}:repository/{names}")
}

#[tokio::test]
async fn it_is_kept_until_it_is_deleted() {
    let world = World::demo().await;
    for action in ["GetRegistryPolicy", "DeleteRegistryPolicy"] {
        let none = world.ecr(TOOLS, action, json!({})).await;
        assert_eq!(none.error(), "RegistryPolicyNotFoundException");
    }
    let statement = json!([{"Sid": "Replicate", "Effect": "Allow", "Principal": {"AWS": STAGING},
        "Action": "ecr:ReplicateImage", "Resource": [repositories("*")]}]);
    let input = policy(statement.clone());
    let made = world
        .ecr(TOOLS, "PutRegistryPolicy", input.clone())
        .await
        .ok();
    assert_eq!(
        made,
        json!({"registryId": TOOLS, "policyText": input["policyText"]})
    );
    let got = world.ecr(TOOLS, "GetRegistryPolicy", json!({})).await.ok();
    assert_eq!(got, made);
    for bad in [
        json!([{"Effect": "Allow", "Principal": "*", "Action": "ecr:ReplicateImage"}]),
        json!([{"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}]),
        json!([]),
    ] {
        let refused = world.ecr(TOOLS, "PutRegistryPolicy", policy(bad)).await;
        assert_eq!(refused.error(), "InvalidParameterException");
    }
    let gone = world
        .ecr(TOOLS, "DeleteRegistryPolicy", json!({}))
        .await
        .ok();
    assert_eq!(gone, made);
}

#[tokio::test]
async fn another_account_makes_lists_and_fills_the_repositories_it_names() {
    let world = World::demo().await;
    let name = |name: &str| json!({"registryId": TOOLS, "repositoryName": name});
    let refused = world
        .ecr(STAGING, "CreateRepository", name("team/app"))
        .await;
    assert_eq!(refused.error(), "AccessDeniedException");
    let statement = json!({"Effect": "Allow", "Principal": {"AWS": STAGING}, "Action": "ecr:*",
        "Resource": repositories("team/*")});
    put(&world, json!([statement])).await;
    let made = world
        .ecr(STAGING, "CreateRepository", name("team/app"))
        .await
        .ok();
    assert_eq!(made["repository"]["registryId"], TOOLS);
    let staging = world.registry(STAGING).await;
    staging.push_image("team/app", "v1", b"layer").await;
    staging.get("/v2/team/app/manifests/v1").await.ok();
    let ids = json!({"registryId": TOOLS, "repositoryNames": ["team/app"]});
    let listed = world.ecr(STAGING, "DescribeRepositories", ids).await.ok();
    assert_eq!(listed["repositories"].as_array().unwrap().len(), 1);

    let all = json!({"registryId": TOOLS});
    let all = world.ecr(STAGING, "DescribeRepositories", all).await;
    assert_eq!(all.error(), "AccessDeniedException", "not all are named");
    let outside = world.ecr(STAGING, "CreateRepository", name("other")).await;
    assert_eq!(outside.error(), "AccessDeniedException");
    let other = world.ecr(PROD, "CreateRepository", name("team/mine")).await;
    assert_eq!(other.error(), "AccessDeniedException");
    let prod = world.registry(PROD).await;
    let pulled = prod.get("/v2/team/app/manifests/v1").await;
    assert_eq!(pulled.status, 403);
}

#[tokio::test]
async fn a_denial_holds_for_the_owner_too() {
    let world = World::demo().await;
    let registry = world.repository("frozen", json!({})).await;
    registry.push_image("frozen", "v1", b"layer").await;
    let statement = json!({"Effect": "Deny", "Principal": "*", "Resource": repositories("frozen*"),
        "Action": ["ecr:PutImage", "ecr:CreateRepository"]});
    put(&world, json!([statement])).await;
    let pushed = registry.push_image("frozen", "v2", b"other").await;
    assert_eq!(pushed.status, 403);
    assert!(
        pushed
            .text()
            .contains("explicit deny in a resource-based policy")
    );
    registry.get("/v2/frozen/manifests/v1").await.ok();
    let more = json!({"repositoryName": "frozen/more"});
    let more = world.ecr(TOOLS, "CreateRepository", more).await;
    assert_eq!(more.error(), "AccessDeniedException");

    // A push makes no repository either, whatever a template says.
    let template = json!({"prefix": "ROOT", "appliedFor": ["CREATE_ON_PUSH"]});
    let made = world.ecr(TOOLS, "CreateRepositoryCreationTemplate", template);
    made.await.ok();
    for (name, status) in [("frozen/more", 404), ("other", 202)] {
        let path = format!("/v2/{name}/blobs/uploads/");
        let begun = registry.send(Method::POST, &path, &[], "").await;
        assert_eq!(begun.status, status, "{name}");
    }
}

#[tokio::test]
async fn the_first_scope_is_about_bringing_images_in() {
    let world = World::demo().await;
    let name = "REGISTRY_POLICY_SCOPE";
    let scope = json!({"name": name});
    let usual = world
        .ecr(TOOLS, "GetAccountSetting", scope.clone())
        .await
        .ok();
    assert_eq!(usual, json!({"name": name, "value": "V2"}));
    let registry = world.repository("app", json!({})).await;
    registry.push_image("app", "v1", b"layer").await;
    let statement = json!({"Effect": "Allow", "Principal": {"AWS": STAGING}, "Resource": "*",
        "Action": ["ecr:BatchGetImage", "ecr:CreateRepository"]});
    put(&world, json!([statement])).await;
    let staging = world.registry(STAGING).await;
    staging.get("/v2/app/manifests/v1").await.ok();

    let first = json!({"name": name, "value": "V1"});
    world.ecr(TOOLS, "PutAccountSetting", first).await.ok();
    let got = world.ecr(TOOLS, "GetAccountSetting", scope).await.ok();
    assert_eq!(got["value"], "V1");
    let pulled = staging.get("/v2/app/manifests/v1").await;
    assert_eq!(pulled.status, 403);
    let more = json!({"registryId": TOOLS, "repositoryName": "more"});
    world.ecr(STAGING, "CreateRepository", more).await.ok();
    let again = world
        .ecr(TOOLS, "PutRegistryPolicy", policy(json!([statement])))
        .await;
    assert_eq!(again.error(), "InvalidParameterException");
    let odd = json!({"name": name, "value": "V3"});
    let odd = world.ecr(TOOLS, "PutAccountSetting", odd).await;
    assert_eq!(odd.error(), "ValidationException");
}
