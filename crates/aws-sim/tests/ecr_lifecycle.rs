//! Lifecycle policies that run, their previews, and the archive.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

mod support;

use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::{Value, json};
use support::{OCI_INDEX, OCI_MANIFEST, Registry, TOOLS, World};

const HOUR: Duration = Duration::from_secs(3600);

/// A policy of one rule.
fn policy(selection: &Value, action: &Value) -> String {
    json!({"rules": [{"rulePriority": 1, "description": "a rule of a test, long enough to be taken",
        "selection": selection, "action": action}]})
    .to_string()
}

fn newest(count: u64) -> String {
    let selection =
        json!({"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": count});
    policy(&selection, &json!({"type": "expire"}))
}

/// A repository `app` with images `v1` to `v3`, an hour between them.
async fn three(world: &World) {
    let registry = world.repository("app", json!({})).await;
    for tag in ["v1", "v2", "v3"] {
        registry.push_image("app", tag, tag.as_bytes()).await;
        world.sim.clock().advance(HOUR);
    }
}

async fn tags(world: &World) -> Value {
    let listed = world
        .ecr(TOOLS, "ListImages", json!({"repositoryName": "app"}))
        .await
        .ok();
    let ids = listed["imageIds"].as_array().unwrap();
    let mut tags: Vec<&str> = ids
        .iter()
        .filter_map(|id| id["imageTag"].as_str())
        .collect();
    tags.sort_unstable();
    json!(tags)
}

/// What a pull gets, with a login of its own: days pass in these tests.
async fn status(world: &World, tag: &str) -> StatusCode {
    let path = format!("/v2/app/manifests/{tag}");
    world.registry(TOOLS).await.get(&path).await.status
}

#[tokio::test]
async fn a_policy_runs_within_the_day_and_what_expired_cannot_be_pulled() {
    let world = World::demo().await;
    three(&world).await;
    let put = json!({"repositoryName": "app", "lifecyclePolicyText": newest(2)});
    world.ecr(TOOLS, "PutLifecyclePolicy", put).await.ok();
    assert_eq!(tags(&world).await, json!(["v1", "v2", "v3"]), "not at once");
    world.sim.clock().advance(HOUR * 24);
    assert_eq!(status(&world, "v1").await, StatusCode::NOT_FOUND);
    assert_eq!(tags(&world).await, json!(["v2", "v3"]));
    let name = json!({"repositoryName": "app"});
    let got = world.ecr(TOOLS, "GetLifecyclePolicy", name).await.ok();
    assert!(got["lastEvaluatedAt"].as_f64().is_some(), "{got}");
}

#[tokio::test]
async fn what_an_index_lists_survives_and_what_refers_to_an_image_goes_with_it() {
    let world = World::demo().await;
    let registry = world.repository("app", json!({})).await;
    let child = registry.push_image("app", "child", b"child").await;
    let child = child.header("docker-content-digest").to_owned();
    let index = json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [
        {"digest": child, "mediaType": OCI_MANIFEST, "size": 1}]});
    put_manifest(&registry, "index", OCI_INDEX, &index).await;
    let subject = registry.push_image("app", "subject", b"subject").await;
    let subject = subject.header("docker-content-digest").to_owned();
    let mut signature: Value =
        serde_json::from_str(&registry.image("app", b"signature").await).unwrap();
    signature["subject"] = json!({"digest": subject, "mediaType": OCI_MANIFEST, "size": 1});
    put_manifest(&registry, "signature", OCI_MANIFEST, &signature).await;
    world.sim.clock().advance(HOUR);
    put_manifest(&registry, "newest", OCI_INDEX, &{
        let mut newer = index.clone();
        newer["annotations"] = json!({"a": "b"});
        newer
    })
    .await;
    let selection = json!({"tagStatus": "tagged", "tagPrefixList": ["s"],
        "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 1});
    let text = policy(&selection, &json!({"type": "expire"}));
    let put = json!({"repositoryName": "app", "lifecyclePolicyText": text});
    world.ecr(TOOLS, "PutLifecyclePolicy", put).await.ok();
    world.sim.clock().advance(HOUR * 48);
    assert_eq!(
        tags(&world).await,
        json!(["child", "index", "newest"]),
        "subject and signature are gone together"
    );
    let put = json!({"repositoryName": "app", "lifecyclePolicyText": newest(1)});
    world.ecr(TOOLS, "PutLifecyclePolicy", put).await.ok();
    world.sim.clock().advance(HOUR * 24);
    assert_eq!(tags(&world).await, json!(["child", "newest"]));
}

async fn put_manifest(registry: &Registry, tag: &str, kind: &str, manifest: &Value) {
    let path = format!("/v2/app/manifests/{tag}");
    let headers = [("content-type", kind)];
    let put = registry.send(Method::PUT, &path, &headers, manifest.to_string());
    let put = put.await;
    assert_eq!(put.status, StatusCode::CREATED, "{}", put.text());
}

#[tokio::test]
async fn a_preview_says_what_would_happen_and_nothing_does() {
    let world = World::demo().await;
    three(&world).await;
    let name = json!({"repositoryName": "app"});
    let none = world.ecr(TOOLS, "GetLifecyclePolicyPreview", name.clone());
    assert_eq!(
        none.await.error(),
        "LifecyclePolicyPreviewNotFoundException"
    );
    let none = world.ecr(TOOLS, "StartLifecyclePolicyPreview", name.clone());
    assert_eq!(none.await.error(), "LifecyclePolicyNotFoundException");
    let start = json!({"repositoryName": "app", "lifecyclePolicyText": newest(1)});
    let started = world.ecr(TOOLS, "StartLifecyclePolicyPreview", start.clone());
    assert_eq!(started.await.ok()["status"], "IN_PROGRESS");
    let again = world.ecr(TOOLS, "StartLifecyclePolicyPreview", start);
    assert_eq!(
        again.await.error(),
        "LifecyclePolicyPreviewInProgressException"
    );
    world.sim.clock().advance(HOUR * 48);
    let got = world
        .ecr(TOOLS, "GetLifecyclePolicyPreview", name)
        .await
        .ok();
    assert_eq!(got["status"], "COMPLETE");
    assert_eq!(got["summary"]["expiringImageTotalCount"], 2);
    let results = got["previewResults"].as_array().unwrap();
    assert_eq!(results.len(), 2);
    assert_eq!(results[0]["action"], json!({"type": "EXPIRE"}));
    assert_eq!(results[0]["appliedRulePriority"], 1);
    assert_eq!(tags(&world).await, json!(["v1", "v2", "v3"]));
}

#[tokio::test]
async fn an_archived_image_cannot_be_pulled_until_it_is_restored() {
    let world = World::demo().await;
    three(&world).await;
    let selection = json!({"tagStatus": "tagged", "tagPrefixList": ["v1"],
        "countType": "sinceImagePulled", "countUnit": "days", "countNumber": 2});
    let action = json!({"type": "transition", "targetStorageClass": "archive"});
    let put = json!({"repositoryName": "app", "lifecyclePolicyText": policy(&selection, &action)});
    world.ecr(TOOLS, "PutLifecyclePolicy", put).await.ok();
    world.sim.clock().advance(HOUR * 72);
    assert_eq!(status(&world, "v1").await, StatusCode::NOT_FOUND);
    assert_eq!(status(&world, "v2").await, StatusCode::OK);
    let archived = json!({"repositoryName": "app", "filter": {"imageStatus": "ARCHIVED"}});
    let archived = world.ecr(TOOLS, "DescribeImages", archived).await.ok();
    assert_eq!(archived["imageDetails"][0]["imageTags"], json!(["v1"]));
    assert!(archived["imageDetails"][0]["lastArchivedAt"].is_f64());
    let ids = json!({"repositoryName": "app", "imageIds": [{"imageTag": "v1"}]});
    let got = world.ecr(TOOLS, "BatchGetImage", ids).await.ok();
    assert_eq!(got["failures"][0]["failureCode"], "ImageInaccessible");

    let restore = json!({"repositoryName": "app", "imageId": {"imageTag": "v1"},
        "targetStorageClass": "STANDARD"});
    let restored = world.ecr(TOOLS, "UpdateImageStorageClass", restore.clone());
    assert_eq!(restored.await.ok()["imageStatus"], "ACTIVATING");
    assert_eq!(status(&world, "v1").await, StatusCode::NOT_FOUND);
    world.sim.clock().advance(HOUR);
    assert_eq!(status(&world, "v1").await, StatusCode::OK);
    let again = world.ecr(TOOLS, "UpdateImageStorageClass", restore).await;
    assert_eq!(
        again.error(),
        "ImageStorageClassUpdateNotSupportedException"
    );
}
