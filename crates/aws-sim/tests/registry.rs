//! The registry protocol: pushing, pulling, and what is refused.

mod support;

use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::{Value, json};
use support::{Answer, OCI_INDEX, OCI_MANIFEST, PROD, STAGING, TOOLS, World, digest};

#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(
        answer.json()["errors"][0]["code"],
        code,
        "{}",
        answer.text()
    );
}

#[tokio::test]
async fn nobody_enters_without_a_token_and_none_is_good_for_more_than_twelve_hours() {
    let world = World::demo().await;
    let mut registry = world.repository("app", json!({})).await;
    assert_eq!(registry.get("/v2/").await.status, StatusCode::OK);
    world.sim.clock().advance(Duration::from_secs(12 * 3600));
    let expired = registry.get("/v2/").await;
    refused(&expired, 403, "DENIED");
    assert!(
        expired
            .text()
            .contains("Your authorization token has expired. Reauthenticate")
    );
    registry.authorization = "Basic QVdTOng=".to_owned();
    let unknown = registry.get("/v2/app/tags/list").await;
    refused(&unknown, 401, "UNAUTHORIZED");
    assert_eq!(
        unknown.header("www-authenticate"),
        format!(
            "Basic realm=\"http://{}/\",service=\"ecr.amazonaws.com\"",
            registry.host
        )
    );
}

#[tokio::test]
async fn a_blob_pushed_in_chunks_comes_back_whole_and_in_parts() {
    let world = World::demo().await;
    let registry = world.repository("team/app", json!({})).await;
    let blob: &[u8] = b"hello, layers";
    let path = format!("/v2/team/app/blobs/{}", digest(blob));
    refused(&registry.get(&path).await, 404, "BLOB_UNKNOWN");

    let begun = registry
        .send(Method::POST, "/v2/team/app/blobs/uploads/", &[], "")
        .await;
    assert_eq!(begun.status, StatusCode::ACCEPTED);
    assert_eq!(begun.header("range"), "0-0");
    let upload = begun.header("location").to_owned();
    assert!(upload.ends_with(begun.header("docker-upload-uuid")));
    let chunk = registry.send(Method::PATCH, &upload, &[], &blob[..5]).await;
    assert_eq!(chunk.status, StatusCode::ACCEPTED);
    assert_eq!(chunk.header("range"), "0-4");
    let gap = [("content-range", "6-9")];
    let gap = registry.send(Method::PATCH, &upload, &gap, "x").await;
    refused(&gap, 416, "BLOB_UPLOAD_INVALID");
    let status = registry.get(&upload).await;
    assert_eq!(
        (status.status, status.header("range")),
        (StatusCode::NO_CONTENT, "0-4")
    );
    let finish = format!("{upload}?digest={}", digest(blob).replace(':', "%3A"));
    let done = registry.send(Method::PUT, &finish, &[], &blob[5..]).await;
    assert_eq!(done.status, StatusCode::CREATED, "{}", done.text());
    assert_eq!(done.header("docker-content-digest"), digest(blob));
    assert_eq!(done.header("location"), path);

    assert_eq!(registry.blob(&path, &[]).await.body, blob);
    let part = registry.blob(&path, &[("range", "bytes=7-")]).await;
    assert_eq!(part.status, StatusCode::PARTIAL_CONTENT);
    assert_eq!(part.header("content-range"), "bytes 7-12/13");
    assert_eq!(part.text(), "layers");
    let head = registry.send(Method::HEAD, &path, &[], "").await;
    assert_eq!(head.header("content-length"), "13");
    refused(
        &registry.send(Method::PUT, &finish, &[], "").await,
        404,
        "BLOB_UPLOAD_UNKNOWN",
    );
}

#[tokio::test]
async fn a_wrong_digest_ends_the_upload() {
    let world = World::demo().await;
    let registry = world.repository("app", json!({})).await;
    let path = format!("/v2/app/blobs/uploads/?digest={}", digest(b"other"));
    let answer = registry.send(Method::POST, &path, &[], "this").await;
    refused(&answer, 400, "DIGEST_INVALID");
    let blob = format!("/v2/app/blobs/{}", digest(b"this"));
    refused(&registry.get(&blob).await, 404, "BLOB_UNKNOWN");
}

#[tokio::test]
async fn a_mount_needs_the_account_setting() {
    let world = World::demo().await;
    let registry = world.repository("one", json!({})).await;
    world.repository("other", json!({})).await;
    let blob = registry.push_blob("one", b"shared").await;
    let path = format!("/v2/other/blobs/uploads/?mount={blob}&from=one");
    let answer = registry.send(Method::POST, &path, &[], "").await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    let setting = json!({"name": "BLOB_MOUNTING", "value": "ENABLED"});
    world.ecr(TOOLS, "PutAccountSetting", setting).await.ok();
    let answer = registry.send(Method::POST, &path, &[], "").await;
    assert_eq!(answer.status, StatusCode::CREATED);
    let mounted = format!("/v2/other/blobs/{blob}");
    let mounted = registry.blob(&mounted, &[]).await;
    assert_eq!(mounted.text(), "shared");
}

#[tokio::test]
async fn a_manifest_has_the_digest_of_its_bytes_and_needs_its_blobs() {
    let world = World::demo().await;
    let registry = world.repository("app", json!({})).await;
    let manifest = registry.image("app", b"layer").await;
    let headers = [("content-type", OCI_MANIFEST)];
    let path = "/v2/app/manifests/v1";
    let put = registry
        .send(Method::PUT, path, &headers, manifest.clone())
        .await;
    assert_eq!(put.status, StatusCode::CREATED, "{}", put.text());
    let expected = digest(manifest.as_bytes());
    assert_eq!(put.header("docker-content-digest"), expected);
    for reference in ["v1", &expected] {
        let got = registry
            .get(&format!("/v2/app/manifests/{reference}"))
            .await;
        assert_eq!(got.text(), manifest);
        assert_eq!(got.header("content-type"), OCI_MANIFEST);
        assert_eq!(got.header("docker-content-digest"), expected);
    }
    let incomplete = manifest.replace(&digest(b"layer"), &digest(b"never pushed"));
    let put = registry
        .send(Method::PUT, "/v2/app/manifests/v2", &headers, incomplete)
        .await;
    refused(&put, 400, "MANIFEST_BLOB_UNKNOWN");
    let put = registry
        .send(Method::PUT, "/v2/app/manifests/v2", &headers, "{}")
        .await;
    refused(&put, 400, "MANIFEST_INVALID");
    let elsewhere = format!("/v2/app/manifests/{}", digest(b"else"));
    let put = registry
        .send(Method::PUT, &elsewhere, &headers, manifest)
        .await;
    refused(&put, 400, "DIGEST_INVALID");
    refused(
        &registry.get("/v2/app/manifests/v2").await,
        404,
        "MANIFEST_UNKNOWN",
    );
}

#[tokio::test]
async fn an_index_needs_its_children_and_old_clients_get_the_one_they_know() {
    let world = World::demo().await;
    let registry = world.repository("app", json!({})).await;
    let manifest = registry.image("app", b"layer").await;
    let child = digest(manifest.as_bytes());
    let index = json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [{
        "mediaType": OCI_MANIFEST, "digest": child, "size": manifest.len(),
        "platform": {"os": "linux", "architecture": "amd64"}}]})
    .to_string();
    let as_index = [("content-type", OCI_INDEX)];
    let early = registry
        .send(
            Method::PUT,
            "/v2/app/manifests/v1",
            &as_index,
            index.clone(),
        )
        .await;
    refused(&early, 400, "MANIFEST_BLOB_UNKNOWN");
    let by_digest = format!("/v2/app/manifests/{child}");
    let as_manifest = [("content-type", OCI_MANIFEST)];
    registry
        .send(Method::PUT, &by_digest, &as_manifest, manifest.clone())
        .await;
    let put = registry
        .send(
            Method::PUT,
            "/v2/app/manifests/v1",
            &as_index,
            index.clone(),
        )
        .await;
    assert_eq!(put.status, StatusCode::CREATED, "{}", put.text());
    for (accept, expected) in [
        (format!("{OCI_INDEX}, {OCI_MANIFEST};q=0.5"), Some(&index)),
        ("*/*".to_owned(), Some(&index)),
        (OCI_MANIFEST.to_owned(), Some(&manifest)),
        ("text/plain".to_owned(), None),
    ] {
        let headers = [("accept", accept.as_str())];
        let got = registry
            .send(Method::GET, "/v2/app/manifests/v1", &headers, "")
            .await;
        match expected {
            Some(expected) => assert_eq!(got.text(), *expected, "{accept}"),
            None => refused(&got, 404, "MANIFEST_UNKNOWN"),
        }
    }
}

#[tokio::test]
async fn an_immutable_tag_stays_unless_a_filter_excludes_it() {
    let world = World::demo().await;
    let mode = json!({"imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
        "imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "*-latest"}]});
    let registry = world.repository("app", mode).await;
    for tag in ["v1", "prod-latest"] {
        let put = registry.push_image("app", tag, b"one").await;
        assert_eq!(put.status, StatusCode::CREATED);
        let again = registry.push_image("app", tag, b"one").await;
        assert_eq!(
            again.status,
            StatusCode::CREATED,
            "the same image is no change"
        );
    }
    let moved = registry.push_image("app", "prod-latest", b"two").await;
    assert_eq!(moved.status, StatusCode::CREATED);
    let moved = registry.push_image("app", "v1", b"two").await;
    refused(&moved, 400, "TAG_INVALID");
    assert!(
        moved
            .text()
            .contains("cannot be overwritten because the tag is immutable")
    );
    let tags = registry.get("/v2/app/tags/list").await.ok();
    assert_eq!(tags, json!({"name": "app", "tags": ["prod-latest", "v1"]}));
    let page = registry.get("/v2/app/tags/list?n=1").await;
    assert_eq!(page.ok()["tags"], json!(["prod-latest"]));
    assert!(page.header("link").contains("last=prod-latest"));
}

#[tokio::test]
async fn a_missing_repository_is_an_unknown_name() {
    let world = World::demo().await;
    let registry = world.registry(TOOLS).await;
    let answer = registry
        .send(Method::POST, "/v2/nope/blobs/uploads/", &[], "")
        .await;
    refused(&answer, 404, "NAME_UNKNOWN");
    let expected = "The repository with name 'nope' does not exist in the registry with id";
    assert!(answer.text().contains(expected), "{}", answer.text());
    refused(&registry.get("/v2/_catalog").await, 405, "UNSUPPORTED");
}

#[tokio::test]
async fn another_account_enters_by_the_repository_policy_alone() {
    let world = World::demo().await;
    let owner = world.repository("app", json!({})).await;
    owner.push_image("app", "v1", b"layer").await;
    let agent = world.assume(TOOLS, STAGING, "shipway-deploy").await;
    let staging = world.registry(agent).await;
    refused(&staging.get("/v2/app/manifests/v1").await, 403, "DENIED");
    let policy = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow",
        "Principal": {"AWS": [format!("arn:aws:iam::{STAGING}:root")]},
        "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
    }]});
    let input = json!({"repositoryName": "app", "policyText": policy.to_string()});
    world.ecr(TOOLS, "SetRepositoryPolicy", input).await.ok();
    staging.get("/v2/app/manifests/v1").await.ok();
    let layer = format!("/v2/app/blobs/{}", digest(b"layer"));
    let layer = staging.blob(&layer, &[]).await;
    assert_eq!(layer.text(), "layer");
    let push = staging
        .send(Method::POST, "/v2/app/blobs/uploads/", &[], "")
        .await;
    refused(&push, 403, "DENIED");
    let prod = world.registry(PROD).await;
    refused(&prod.get("/v2/app/manifests/v1").await, 403, "DENIED");
    let calls = world.sim.calls(0.0);
    let pulled = calls
        .iter()
        .find(|call| call.action == "GetDownloadUrlForLayer")
        .unwrap();
    assert_eq!(pulled.service, "registry");
    assert_eq!(pulled.account.as_deref(), Some(STAGING));
}

#[tokio::test]
async fn what_refers_to_an_image_is_listed() {
    let world = World::demo().await;
    let registry = world.repository("app", json!({})).await;
    let image = registry.image("app", b"layer").await;
    let headers = [("content-type", OCI_MANIFEST)];
    registry
        .send(Method::PUT, "/v2/app/manifests/v1", &headers, image.clone())
        .await;
    let mut signature: Value = serde_json::from_str(&image).unwrap();
    signature["artifactType"] = "application/example.signature".into();
    signature["subject"] = json!({"mediaType": OCI_MANIFEST, "size": image.len(),
        "digest": digest(image.as_bytes())});
    let signature = signature.to_string();
    let path = format!("/v2/app/manifests/{}", digest(signature.as_bytes()));
    let put = registry
        .send(Method::PUT, &path, &headers, signature.clone())
        .await;
    assert_eq!(put.header("oci-subject"), digest(image.as_bytes()));
    let path = format!("/v2/app/referrers/{}", digest(image.as_bytes()));
    let index = registry.get(&path).await.ok();
    assert_eq!(
        index["manifests"][0]["digest"],
        digest(signature.as_bytes())
    );
    assert_eq!(
        index["manifests"][0]["artifactType"],
        "application/example.signature"
    );
}

#[tokio::test]
async fn a_push_makes_the_repository_that_a_template_describes() {
    let world = World::demo().await;
    let registry = world.registry(TOOLS).await;
    let path = "/v2/team/app/blobs/uploads/";
    let unknown = registry.send(Method::POST, path, &[], "").await;
    refused(&unknown, 404, "NAME_UNKNOWN");
    let other = json!({"prefix": "team", "appliedFor": ["REPLICATION"]});
    let other = world.ecr(TOOLS, "CreateRepositoryCreationTemplate", other);
    assert_eq!(other.await.error(), "ValidationException");
    let template = json!({"prefix": "team", "appliedFor": ["CREATE_ON_PUSH"],
        "imageTagMutability": "IMMUTABLE", "resourceTags": [{"Key": "team", "Value": "a"}]});
    for (template, code) in [
        (&template, ""),
        (&template, "TemplateAlreadyExistsException"),
    ] {
        let made = world.ecr(TOOLS, "CreateRepositoryCreationTemplate", template.clone());
        let made = made.await;
        assert_eq!(made.json()["__type"].as_str().unwrap_or_default(), code);
    }
    registry.push_image("team/app", "v1", b"layer").await;
    let made = json!({"repositoryNames": ["team/app"]});
    let made = world.ecr(TOOLS, "DescribeRepositories", made).await.ok();
    assert_eq!(made["repositories"][0]["imageTagMutability"], "IMMUTABLE");
    let outside = registry.send(Method::POST, "/v2/teams/blobs/uploads/", &[], "");
    refused(&outside.await, 404, "NAME_UNKNOWN");
    let prefix = json!({"prefix": "team"});
    let gone = world.ecr(TOOLS, "DeleteRepositoryCreationTemplate", prefix.clone());
    gone.await.ok();
    let gone = world.ecr(TOOLS, "DeleteRepositoryCreationTemplate", prefix);
    assert_eq!(gone.await.error(), "TemplateNotFoundException");
}
