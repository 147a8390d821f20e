//! The ECR API: repositories, images, tags, policies, scans.

mod support;

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use support::{OCI_MANIFEST, STAGING, TOOLS, World, digest};

#[tokio::test]
async fn a_repository_names_the_registry_of_its_account() {
    let world = World::demo().await;
    let input = json!({"repositoryName": "team/app", "tags": [{"Key": "team", "Value": "a"}],
        "imageScanningConfiguration": {"scanOnPush": true}});
    let created = world
        .ecr(TOOLS, "CreateRepository", input.clone())
        .await
        .ok();
    let host = world.sim.registry(TOOLS, "eu-west-1").unwrap();
    let repository = &created["repository"];
    assert_eq!(repository["repositoryUri"], format!("{host}/team/app"));
    assert_eq!(repository["imageTagMutability"], "MUTABLE");
    assert_eq!(repository["imageScanningConfiguration"]["scanOnPush"], true);
    let again = world.ecr(TOOLS, "CreateRepository", input).await;
    assert_eq!(again.error(), "RepositoryAlreadyExistsException");
    let listed = world
        .ecr(TOOLS, "DescribeRepositories", json!({}))
        .await
        .ok();
    assert_eq!(listed["repositories"], json!([repository]));
    let tags = json!({"resourceArn": repository["repositoryArn"]});
    let tags = world.ecr(TOOLS, "ListTagsForResource", tags).await.ok();
    assert_eq!(tags["tags"], json!([{"Key": "team", "Value": "a"}]));

    let token = world
        .ecr(TOOLS, "GetAuthorizationToken", json!({}))
        .await
        .ok();
    assert_eq!(
        token["authorizationData"][0]["proxyEndpoint"],
        format!("http://{host}")
    );
    assert_ne!(world.sim.registry(STAGING, "eu-west-1").unwrap(), host);
}

#[tokio::test]
async fn a_tag_is_added_without_a_push_and_leaves_with_its_image() {
    let world = World::demo().await;
    let registry = world.repository("app", json!({})).await;
    registry.push_image("app", "v1", b"layer").await;
    let ids = json!({"repositoryName": "app", "imageIds": [{"imageTag": "v1"}, {"imageTag": "x"}]});
    let got = world.ecr(TOOLS, "BatchGetImage", ids).await.ok();
    assert_eq!(got["failures"][0]["failureCode"], "ImageNotFound");
    let image = &got["images"][0];
    let put = json!({"repositoryName": "app", "imageManifest": image["imageManifest"],
        "imageManifestMediaType": image["imageManifestMediaType"],
        "imageDigest": image["imageId"]["imageDigest"], "imageTag": "release-1"});
    world.ecr(TOOLS, "PutImage", put.clone()).await.ok();
    let again = world.ecr(TOOLS, "PutImage", put.clone()).await;
    assert_eq!(again.error(), "ImageAlreadyExistsException");
    let mut other = put;
    other["imageDigest"] = digest(b"other").into();
    let other = world.ecr(TOOLS, "PutImage", other).await;
    assert_eq!(other.error(), "ImageDigestDoesNotMatchException");

    let all = json!({"repositoryName": "app"});
    let details = world.ecr(TOOLS, "DescribeImages", all.clone()).await.ok();
    let detail = &details["imageDetails"][0];
    assert_eq!(detail["imageTags"], json!(["release-1", "v1"]));
    assert_eq!(detail["imageSizeInBytes"], 5);
    assert_eq!(detail["imageManifestMediaType"], OCI_MANIFEST);
    let unknown = json!({"repositoryName": "app", "imageIds": [{"imageTag": "x"}]});
    let unknown = world.ecr(TOOLS, "DescribeImages", unknown).await;
    assert_eq!(unknown.error(), "ImageNotFoundException");

    for (tag, left) in [("v1", 1), ("release-1", 0)] {
        let ids = json!({"repositoryName": "app", "imageIds": [{"imageTag": tag}]});
        let deleted = world.ecr(TOOLS, "BatchDeleteImage", ids).await.ok();
        assert_eq!(deleted["imageIds"][0]["imageTag"], tag);
        let list = world.ecr(TOOLS, "ListImages", all.clone()).await.ok();
        assert_eq!(list["imageIds"].as_array().unwrap().len(), left, "{list}");
    }
    let layers = json!({"repositoryName": "app", "layerDigests": [digest(b"layer")]});
    let layers = world
        .ecr(TOOLS, "BatchCheckLayerAvailability", layers)
        .await
        .ok();
    assert_eq!(layers["layers"][0]["layerAvailability"], "UNAVAILABLE");
}

#[tokio::test]
async fn mutability_is_kept_by_the_api_too() {
    let world = World::demo().await;
    let registry = world
        .repository("app", json!({"imageTagMutability": "IMMUTABLE"}))
        .await;
    registry.push_image("app", "v1", b"one").await;
    let manifest = registry.image("app", b"two").await;
    let put = json!({"repositoryName": "app", "imageManifest": manifest, "imageTag": "v1"});
    let refused = world.ecr(TOOLS, "PutImage", put.clone()).await;
    assert_eq!(refused.error(), "ImageTagAlreadyExistsException");
    let mode = json!({"repositoryName": "app", "imageTagMutability": "MUTABLE"});
    world.ecr(TOOLS, "PutImageTagMutability", mode).await.ok();
    world.ecr(TOOLS, "PutImage", put).await.ok();
    let never = manifest_without_layer();
    let put = json!({"repositoryName": "app", "imageManifest": never, "imageTag": "v2"});
    assert_eq!(
        world.ecr(TOOLS, "PutImage", put).await.error(),
        "LayersNotFoundException"
    );
}

fn manifest_without_layer() -> String {
    let blob = json!({"digest": digest(b"never pushed"), "size": 1});
    json!({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": blob, "layers": []}).to_string()
}

#[tokio::test]
async fn policies_are_checked_kept_and_removed() {
    let world = World::demo().await;
    world.repository("app", json!({})).await;
    let name = json!({"repositoryName": "app"});
    let none = world.ecr(TOOLS, "GetRepositoryPolicy", name.clone()).await;
    assert_eq!(none.error(), "RepositoryPolicyNotFoundException");
    let none = world.ecr(TOOLS, "GetLifecyclePolicy", name.clone()).await;
    assert_eq!(none.error(), "LifecyclePolicyNotFoundException");

    let lifecycle = json!({"rules": [{"rulePriority": 1, "description": "keep the last thirty",
        "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 30},
        "action": {"type": "expire"}}]});
    let access = json!({"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "ecr:*"}]});
    for (kind, member, text) in [
        (
            "LifecyclePolicy",
            "lifecyclePolicyText",
            lifecycle.to_string(),
        ),
        ("RepositoryPolicy", "policyText", access.to_string()),
    ] {
        let verb = if kind == "LifecyclePolicy" {
            "Put"
        } else {
            "Set"
        };
        let bad = json!({"repositoryName": "app", member: "{}"});
        let bad = world.ecr(TOOLS, &format!("{verb}{kind}"), bad).await;
        assert_eq!(bad.error(), "InvalidParameterException", "{kind}");
        let good = json!({"repositoryName": "app", member: text});
        world.ecr(TOOLS, &format!("{verb}{kind}"), good).await.ok();
        let got = world
            .ecr(TOOLS, &format!("Get{kind}"), name.clone())
            .await
            .ok();
        assert_eq!(got[member], text);
        world
            .ecr(TOOLS, &format!("Delete{kind}"), name.clone())
            .await
            .ok();
        assert!(
            world
                .ecr(TOOLS, &format!("Get{kind}"), name.clone())
                .await
                .status
                .is_client_error()
        );
    }
}

#[tokio::test]
async fn lists_come_in_pages() {
    let world = World::demo().await;
    for name in ["one", "two", "three"] {
        world.repository(name, json!({})).await;
    }
    let first = json!({"maxResults": 2});
    let first = world.ecr(TOOLS, "DescribeRepositories", first).await.ok();
    assert_eq!(first["repositories"].as_array().unwrap().len(), 2);
    let second = json!({"maxResults": 2, "nextToken": first["nextToken"]});
    let second = world.ecr(TOOLS, "DescribeRepositories", second).await.ok();
    assert_eq!(second["repositories"].as_array().unwrap().len(), 1);
    assert_eq!(second["nextToken"], Value::Null);
    for bad in [
        json!({"maxResults": 1001}),
        json!({"nextToken": "nonsense"}),
    ] {
        let answer = world.ecr(TOOLS, "DescribeRepositories", bad).await;
        assert_eq!(answer.error(), "InvalidParameterException");
    }
}

#[tokio::test]
async fn another_account_names_the_registry_and_needs_its_policy() {
    let world = World::demo().await;
    let registry = world.repository("app", json!({})).await;
    registry.push_image("app", "v1", b"layer").await;
    let ids =
        json!({"registryId": TOOLS, "repositoryName": "app", "imageIds": [{"imageTag": "v1"}]});
    let denied = world.ecr(STAGING, "BatchGetImage", ids.clone()).await;
    assert_eq!(denied.error(), "AccessDeniedException");
    let policy = json!({"Statement": [{"Effect": "Allow", "Principal": {"AWS": STAGING},
        "Action": "ecr:BatchGetImage"}]});
    let policy = json!({"repositoryName": "app", "policyText": policy.to_string()});
    world.ecr(TOOLS, "SetRepositoryPolicy", policy).await.ok();
    let got = world.ecr(STAGING, "BatchGetImage", ids).await.ok();
    assert_eq!(got["images"][0]["registryId"], TOOLS);
}

#[tokio::test]
async fn a_scan_takes_its_time_and_finds_what_was_set() {
    let world = World::demo().await;
    let registry = world.repository("app", json!({})).await;
    registry.push_image("app", "v1", b"layer").await;
    let findings = json!({"match": "app:v1", "counts": {"HIGH": 2}, "findings": [
        {"name": "CVE-2026-1", "severity": "HIGH", "package": "zlib", "version": "1.2", "fixed_in": "1.3"},
        {"name": "CVE-2026-2", "severity": "HIGH"}]});
    world
        .control(Method::POST, "/_sim/findings", findings)
        .await
        .ok();
    let id = json!({"repositoryName": "app", "imageId": {"imageTag": "v1"}});
    let early = world
        .ecr(TOOLS, "DescribeImageScanFindings", id.clone())
        .await;
    assert_eq!(early.error(), "ScanNotFoundException");
    let started = world.ecr(TOOLS, "StartImageScan", id.clone()).await.ok();
    assert_eq!(started["imageScanStatus"]["status"], "IN_PROGRESS");
    world.sim.clock().advance(Duration::from_secs(60));
    let found = world
        .ecr(TOOLS, "DescribeImageScanFindings", id.clone())
        .await
        .ok();
    assert_eq!(found["imageScanStatus"]["status"], "COMPLETE");
    assert_eq!(
        found["imageScanFindings"]["findingSeverityCounts"],
        json!({"HIGH": 2})
    );
    let listed = &found["imageScanFindings"]["findings"];
    let package = json!([{"key": "package_name", "value": "zlib"}, {"key": "package_version", "value": "1.2"}]);
    assert_eq!(listed[0]["attributes"], package, "nothing is said of a fix");
    assert_eq!(listed[1]["attributes"], json!([]));
    let again = world.ecr(TOOLS, "StartImageScan", id).await;
    assert_eq!(again.error(), "LimitExceededException");
}

#[tokio::test]
async fn only_an_empty_repository_goes_without_force() {
    let world = World::demo().await;
    let registry = world.repository("app", json!({})).await;
    registry.push_image("app", "v1", b"layer").await;
    let name = json!({"repositoryName": "app"});
    let refused = world.ecr(TOOLS, "DeleteRepository", name).await;
    assert_eq!(refused.error(), "RepositoryNotEmptyException");
    let forced = json!({"repositoryName": "app", "force": true});
    world
        .ecr(TOOLS, "DeleteRepository", forced.clone())
        .await
        .ok();
    let gone = world.ecr(TOOLS, "DeleteRepository", forced).await;
    assert_eq!(gone.error(), "RepositoryNotFoundException");
}
