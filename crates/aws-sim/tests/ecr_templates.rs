//! Repository creation templates: what an update changes, and what it leaves.

mod support;

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use support::{TOOLS, World};

async fn template(world: &World, verb: &str, input: Value) -> Value {
    let action = format!("{verb}RepositoryCreationTemplate");
    let answer = world.ecr(TOOLS, &action, input).await.ok();
    answer["repositoryCreationTemplate"].clone()
}

#[tokio::test]
async fn an_update_changes_what_it_names_and_the_next_repository() {
    let world = World::demo().await;
    let policy = json!({"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "ecr:*"}]});
    let given = json!({"prefix": "team", "appliedFor": ["CREATE_ON_PUSH"], "description": "first",
        "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION", "repositoryPolicy": policy.to_string(),
        "imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "dev*"}]});
    let made = template(&world, "Create", given).await;
    assert_eq!(made["createdAt"], made["updatedAt"]);
    world.sim.clock().advance(Duration::from_secs(60));
    let change = json!({"prefix": "team/", "imageTagMutability": "IMMUTABLE", "repositoryPolicy": "",
        "appliedFor": ["CREATE_ON_PUSH", "PULL_THROUGH_CACHE"],
        "resourceTags": [{"Key": "team", "Value": "a"}]});
    let changed = template(&world, "Update", change).await;
    assert_eq!(changed["prefix"], "team");
    assert_eq!(changed["description"], "first");
    assert_eq!(changed["imageTagMutability"], "IMMUTABLE");
    assert_eq!(changed["imageTagMutabilityExclusionFilters"], Value::Null);
    assert_eq!(changed["repositoryPolicy"], Value::Null);
    assert_eq!(changed["createdAt"], made["createdAt"]);
    assert_ne!(changed["updatedAt"], made["updatedAt"]);
    let listed = world
        .ecr(TOOLS, "DescribeRepositoryCreationTemplates", json!({}))
        .await
        .ok();
    assert_eq!(listed["repositoryCreationTemplates"], json!([changed]));

    let registry = world.registry(TOOLS).await;
    registry.push_image("team/app", "dev", b"layer").await;
    let made = json!({"repositoryNames": ["team/app"]});
    let made = world.ecr(TOOLS, "DescribeRepositories", made).await.ok();
    assert_eq!(made["repositories"][0]["imageTagMutability"], "IMMUTABLE");
    let policy = json!({"repositoryName": "team/app"});
    let policy = world.ecr(TOOLS, "GetRepositoryPolicy", policy).await;
    assert_eq!(policy.error(), "RepositoryPolicyNotFoundException");
}

#[tokio::test]
async fn an_update_that_makes_no_sense_leaves_the_template_as_it_was() {
    let world = World::demo().await;
    let given = json!({"prefix": "team", "appliedFor": ["PULL_THROUGH_CACHE"]});
    let made = template(&world, "Create", given).await;
    let (parameter, validation) = ("InvalidParameterException", "ValidationException");
    for (change, refusal) in [
        (json!({"prefix": "other"}), "TemplateNotFoundException"),
        (
            json!({"prefix": "team", "imageTagMutability": "MAYBE"}),
            parameter,
        ),
        (
            json!({"prefix": "team", "imageTagMutability": "MUTABLE_WITH_EXCLUSION"}),
            parameter,
        ),
        (json!({"prefix": "team", "appliedFor": []}), parameter),
        (
            json!({"prefix": "team", "appliedFor": ["REPLICATION"]}),
            validation,
        ),
        (
            json!({"prefix": "team", "lifecyclePolicy": "{}"}),
            parameter,
        ),
        (
            json!({"prefix": "team", "description": "d".repeat(257)}),
            parameter,
        ),
        (json!({"appliedFor": ["CREATE_ON_PUSH"]}), parameter),
    ] {
        let answer = world.ecr(TOOLS, "UpdateRepositoryCreationTemplate", change.clone());
        assert_eq!(answer.await.error(), refusal, "{change}");
    }
    let listed = world
        .ecr(TOOLS, "DescribeRepositoryCreationTemplates", json!({}))
        .await
        .ok();
    assert_eq!(listed["repositoryCreationTemplates"], json!([made]));
    // It is for what is pulled through, which nothing is: a push makes no repository.
    let registry = world.registry(TOOLS).await;
    let push = registry.send(Method::POST, "/v2/team/app/blobs/uploads/", &[], "");
    assert_eq!(push.await.json()["errors"][0]["code"], "NAME_UNKNOWN");
}
