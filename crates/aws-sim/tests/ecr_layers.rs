//! Layers through the API, referrers, and how registries scan.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

mod support;

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use support::{OCI_MANIFEST, STAGING, TOOLS, World, digest, request, send};

async fn upload(world: &World, id: &Value, first: usize, bytes: &[u8]) -> support::Answer {
    let last = (first + bytes.len()).saturating_sub(1);
    let part = json!({"repositoryName": "app", "uploadId": id, "partFirstByte": first,
        "partLastByte": last, "layerPartBlob": STANDARD.encode(bytes)});
    world.ecr(TOOLS, "UploadLayerPart", part).await
}

async fn complete(world: &World, id: &Value, digest: &str) -> support::Answer {
    let input = json!({"repositoryName": "app", "uploadId": id, "layerDigests": [digest]});
    world.ecr(TOOLS, "CompleteLayerUpload", input).await
}

async fn initiate(world: &World) -> Value {
    let name = json!({"repositoryName": "app"});
    let begun = world.ecr(TOOLS, "InitiateLayerUpload", name).await.ok();
    begun["uploadId"].clone()
}

#[tokio::test]
async fn a_layer_uploaded_in_parts_comes_back_from_its_address() {
    let world = World::demo().await;
    world.repository("app", json!({})).await;
    let id = initiate(&world).await;
    let large = vec![7; 5 << 20];
    let first = upload(&world, &id, 0, &large).await.ok();
    assert_eq!(first["lastByteReceived"], large.len() - 1);
    let gap = upload(&world, &id, large.len() + 1, b"end").await;
    assert_eq!(gap.error(), "InvalidLayerPartException");
    upload(&world, &id, large.len(), b"end").await.ok();
    let wrong = complete(&world, &id, &digest(b"other")).await;
    assert_eq!(wrong.error(), "InvalidLayerException");
    let whole = [large.as_slice(), b"end"].concat();
    let done = complete(&world, &id, &digest(&whole)).await.ok();
    assert_eq!(done["layerDigest"], digest(&whole));
    let gone = complete(&world, &id, &digest(&whole)).await;
    assert_eq!(gone.error(), "UploadNotFoundException");

    let asked = json!({"repositoryName": "app", "layerDigest": digest(&whole)});
    let url = world.ecr(TOOLS, "GetDownloadUrlForLayer", asked).await.ok();
    let url = url["downloadUrl"].as_str().unwrap().to_owned();
    let host = world.sim.registry(TOOLS, support::REGION).unwrap();
    let path = url.strip_prefix(&format!("http://{host}")).unwrap();
    let get = || send(&host, request(Method::GET, &host, path, &[], ""));
    let got = get().await;
    assert_eq!(got.status, StatusCode::OK, "{}", got.text());
    assert_eq!(digest(&got.body), digest(&whole));
    world.sim.clock().advance(Duration::from_secs(3601));
    let late = get().await;
    assert_eq!(late.status, StatusCode::FORBIDDEN);
    assert_eq!(late.xml("Message"), "Request has expired");
    let missing = json!({"repositoryName": "app", "layerDigest": digest(b"none")});
    let missing = world.ecr(TOOLS, "GetDownloadUrlForLayer", missing).await;
    assert_eq!(missing.error(), "LayersNotFoundException");
}

#[tokio::test]
async fn uploads_that_are_not_whole_are_refused() {
    let world = World::demo().await;
    let registry = world.repository("app", json!({})).await;
    let id = initiate(&world).await;
    let empty = complete(&world, &id, &digest(b"")).await;
    assert_eq!(empty.error(), "EmptyUploadException");
    upload(&world, &id, 0, b"small").await.ok();
    upload(&world, &id, 5, b"small").await.ok();
    let small = complete(&world, &id, &digest(b"smallsmall")).await;
    assert_eq!(small.error(), "LayerPartTooSmallException");
    registry.push_blob("app", b"known").await;
    let id = initiate(&world).await;
    upload(&world, &id, 0, b"known").await.ok();
    let known = complete(&world, &id, &digest(b"known")).await;
    assert_eq!(known.error(), "LayerAlreadyExistsException");
    let foreign = json!({"repositoryName": "app", "registryId": TOOLS});
    let foreign = world.ecr(STAGING, "InitiateLayerUpload", foreign).await;
    assert_eq!(foreign.error(), "AccessDeniedException");
}

#[tokio::test]
async fn what_refers_to_an_image_is_listed_by_kind() {
    let world = World::demo().await;
    let registry = world.repository("app", json!({})).await;
    let subject = registry.push_image("app", "v1", b"layer").await;
    let subject = subject.header("docker-content-digest").to_owned();
    let mut signature: Value =
        serde_json::from_str(&registry.image("app", b"signature").await).unwrap();
    signature["artifactType"] = "application/vnd.signature".into();
    signature["subject"] = json!({"digest": subject, "mediaType": OCI_MANIFEST, "size": 1});
    let signature = signature.to_string();
    let put = json!({"repositoryName": "app", "imageManifest": signature});
    world.ecr(TOOLS, "PutImage", put).await.ok();
    for (kind, count) in [("application/vnd.signature", 1), ("application/other", 0)] {
        let input = json!({"repositoryName": "app", "subjectId": {"imageDigest": subject},
            "filter": {"artifactTypes": [kind]}});
        let listed = world.ecr(TOOLS, "ListImageReferrers", input).await.ok();
        let listed = listed["referrers"].as_array().unwrap().clone();
        assert_eq!(listed.len(), count, "{kind}");
        if let Some(found) = listed.first() {
            assert_eq!(found["digest"], digest(signature.as_bytes()));
            assert_eq!(found["artifactStatus"], "ACTIVE");
        }
    }
}

#[tokio::test]
async fn enhanced_scanning_settles_at_active_and_takes_no_manual_scans() {
    let world = World::demo().await;
    let registry = world.repository("app", json!({})).await;
    registry.push_image("app", "v1", b"layer").await;
    let usual = world.ecr(TOOLS, "GetRegistryScanningConfiguration", json!({}));
    assert_eq!(
        usual.await.ok()["scanningConfiguration"]["scanType"],
        "BASIC"
    );
    let wrong = json!({"scanType": "BASIC", "rules": [{"scanFrequency": "CONTINUOUS_SCAN",
        "repositoryFilters": []}]});
    let wrong = world.ecr(TOOLS, "PutRegistryScanningConfiguration", wrong);
    assert_eq!(wrong.await.error(), "ValidationException");
    let rules = json!([{"scanFrequency": "CONTINUOUS_SCAN",
        "repositoryFilters": [{"filter": "a*", "filterType": "WILDCARD"}]}]);
    let enhanced = json!({"scanType": "ENHANCED", "rules": rules});
    let put = world.ecr(TOOLS, "PutRegistryScanningConfiguration", enhanced);
    assert_eq!(
        put.await.ok()["registryScanningConfiguration"]["rules"],
        rules
    );
    let names = json!({"repositoryNames": ["app", "none"]});
    let got = world.ecr(TOOLS, "BatchGetRepositoryScanningConfiguration", names);
    let got = got.await.ok();
    assert_eq!(
        got["scanningConfigurations"][0]["scanFrequency"],
        "CONTINUOUS_SCAN"
    );
    assert_eq!(got["failures"][0]["failureCode"], "REPOSITORY_NOT_FOUND");

    let findings = json!({"match": "app:v1", "findings": [
        {"name": "CVE-2026-1", "severity": "HIGH", "package": "openssl", "version": "3.0.1", "fixed_in": "3.0.2"},
        {"name": "CVE-2026-2", "severity": "HIGH"}]});
    let set = world.control(Method::POST, "/_sim/findings", findings);
    set.await.ok();
    world.sim.clock().advance(Duration::from_secs(60));
    let id = json!({"repositoryName": "app", "imageId": {"imageTag": "v1"}, "maxResults": 1});
    let found = world.ecr(TOOLS, "DescribeImageScanFindings", id.clone());
    let found = found.await.ok();
    assert_eq!(found["imageScanStatus"]["status"], "ACTIVE");
    let scan = &found["imageScanFindings"];
    assert_eq!(scan["findingSeverityCounts"], json!({"HIGH": 2}));
    let first = &scan["enhancedFindings"][0];
    assert_eq!(first["title"], "CVE-2026-1");
    assert_eq!(first["fixAvailable"], "YES");
    assert_eq!(
        first["packageVulnerabilityDetails"]["vulnerablePackages"],
        json!([{"name": "openssl", "version": "3.0.1", "fixedInVersion": "3.0.2"}])
    );
    assert!(found["nextToken"].is_string());
    let manual = world.ecr(TOOLS, "StartImageScan", id).await;
    assert_eq!(manual.error(), "ValidationException");
}

#[tokio::test]
async fn a_scan_ends_as_it_was_told_and_unknown_words_are_refused() {
    let world = World::demo().await;
    let scan = json!({"imageScanningConfiguration": {"scanOnPush": true}});
    let registry = world.repository("app", scan).await;
    registry.push_image("app", "v1", b"layer").await;
    for (findings, fine) in [
        (
            json!({"match": "app:v1", "status": "UNSUPPORTED_IMAGE"}),
            true,
        ),
        (json!({"match": "app:v1", "status": "MAYBE"}), false),
        (json!({"match": "app:v1", "counts": {"BAD": 1}}), false),
    ] {
        let set = world
            .control(Method::POST, "/_sim/findings", findings)
            .await;
        assert_eq!(set.status.is_success(), fine, "{}", set.text());
    }
    world.sim.clock().advance(Duration::from_secs(60));
    let id = json!({"repositoryName": "app", "imageId": {"imageTag": "v1"}});
    let found = world.ecr(TOOLS, "DescribeImageScanFindings", id).await.ok();
    assert_eq!(found["imageScanStatus"]["status"], "UNSUPPORTED_IMAGE");
    let registry = world.ecr(TOOLS, "DescribeRegistry", json!({})).await.ok();
    assert_eq!(registry["registryId"], TOOLS);
}
