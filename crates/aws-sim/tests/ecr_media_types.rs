//! Which form of an image comes back, by the media types that are accepted: through the API and the registry.

mod support;

use http::{Method, StatusCode};
use serde_json::{Value, json};
use support::{OCI_INDEX, OCI_MANIFEST, Registry, TOOLS, World, digest};

const DOCKER: &str = "application/vnd.docker.distribution.manifest.v2+json";
const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";

/// The image `app:v1`, and the index `app:multi` over it.
async fn prepared(world: &World) -> (Registry, String, String) {
    let registry = world.repository("app", json!({})).await;
    let image = registry.image("app", b"layer").await;
    let put = async |tag: &str, kind: &str, manifest: &str| {
        let path = format!("/v2/app/manifests/{tag}");
        let headers = [("content-type", kind)];
        let put = registry.send(Method::PUT, &path, &headers, manifest.to_owned());
        assert_eq!(put.await.status, StatusCode::CREATED, "{tag}");
    };
    put("v1", OCI_MANIFEST, &image).await;
    let index = json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [{
        "mediaType": OCI_MANIFEST, "digest": digest(image.as_bytes()), "size": image.len(),
        "platform": {"os": "linux", "architecture": "amd64"}}]});
    let index = index.to_string();
    put("multi", OCI_INDEX, &index).await;
    (registry, image, index)
}

async fn get(world: &World, id: Value, accepted: &[&str]) -> Value {
    let mut input = json!({"repositoryName": "app", "imageIds": [id]});
    if !accepted.is_empty() {
        input["acceptedMediaTypes"] = json!(accepted);
    }
    world.ecr(TOOLS, "BatchGetImage", input).await.ok()
}

#[tokio::test]
async fn what_is_stored_comes_back_where_its_type_is_accepted_or_none_is_named() {
    let world = World::demo().await;
    let (_, image, index) = prepared(&world).await;
    for (tag, kind, stored) in [("v1", OCI_MANIFEST, &image), ("multi", OCI_INDEX, &index)] {
        for accepted in [&[][..], &[DOCKER, OCI_MANIFEST, OCI_INDEX, DOCKER_LIST]] {
            let got = get(&world, json!({"imageTag": tag}), accepted).await;
            let got = &got["images"][0];
            assert_eq!(got["imageManifest"], *stored, "{tag} {accepted:?}");
            assert_eq!(got["imageManifestMediaType"], kind);
        }
    }
}

#[tokio::test]
async fn by_tag_an_image_comes_in_the_other_form_and_its_id_is_that_of_the_stored_one() {
    let world = World::demo().await;
    let (registry, image, index) = prepared(&world).await;
    for (tag, stored) in [("v1", &image), ("multi", &index)] {
        let got = get(&world, json!({"imageTag": tag}), &[DOCKER]).await;
        let got = &got["images"][0];
        assert_eq!(got["imageManifestMediaType"], DOCKER, "{tag}");
        assert_eq!(
            got["imageId"],
            json!({"imageTag": tag, "imageDigest": digest(stored.as_bytes())})
        );
        let manifest = got["imageManifest"].as_str().unwrap();
        let read: Value = serde_json::from_str(manifest).unwrap();
        assert_eq!(read["mediaType"], DOCKER);
        assert_eq!(read["layers"][0]["digest"], digest(b"layer"));
        assert_eq!(
            read["layers"][0]["mediaType"],
            "application/vnd.docker.image.rootfs.diff.tar"
        );
        // To tag it by this is refused: it is not the image any more.
        let put = json!({"repositoryName": "app", "imageTag": "copy", "imageManifest": manifest,
            "imageDigest": got["imageId"]["imageDigest"]});
        let put = world.ecr(TOOLS, "PutImage", put).await;
        assert_eq!(put.error(), "ImageDigestDoesNotMatchException");

        let headers = [("accept", DOCKER)];
        let path = format!("/v2/app/manifests/{tag}");
        let pulled = registry.send(Method::GET, &path, &headers, "").await;
        assert_eq!(pulled.text(), manifest);
        assert_eq!(pulled.header("content-type"), DOCKER);
        assert_eq!(
            pulled.header("docker-content-digest"),
            digest(manifest.as_bytes())
        );
        let head = registry.send(Method::HEAD, &path, &headers, "").await;
        assert_eq!(head.header("content-length"), manifest.len().to_string());
    }
    let one = get(&world, json!({"imageTag": "multi"}), &[OCI_MANIFEST]).await;
    assert_eq!(one["images"][0]["imageManifest"], image);
}

#[tokio::test]
async fn a_docker_image_comes_as_one_of_oci() {
    let world = World::demo().await;
    let registry = world.repository("app", json!({})).await;
    let (config, layer) = (
        registry.push_blob("app", b"{}").await,
        registry.push_blob("app", b"layer").await,
    );
    let docker = json!({"schemaVersion": 2, "mediaType": DOCKER,
        "config": {"mediaType": "application/vnd.docker.container.image.v1+json", "digest": config, "size": 2},
        "layers": [{"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip", "digest": layer,
            "size": 5}]});
    let put =
        json!({"repositoryName": "app", "imageTag": "v1", "imageManifest": docker.to_string()});
    world.ecr(TOOLS, "PutImage", put).await.ok();
    let got = get(&world, json!({"imageTag": "v1"}), &[OCI_MANIFEST]).await;
    let got = &got["images"][0];
    assert_eq!(got["imageManifestMediaType"], OCI_MANIFEST);
    let read: Value = serde_json::from_str(got["imageManifest"].as_str().unwrap()).unwrap();
    assert_eq!(
        read["config"]["mediaType"],
        "application/vnd.oci.image.config.v1+json"
    );
    assert_eq!(
        read["layers"][0]["mediaType"],
        "application/vnd.oci.image.layer.v1.tar+gzip"
    );
}

#[tokio::test]
async fn by_digest_nothing_is_converted_and_what_has_no_such_form_is_not_found() {
    let world = World::demo().await;
    let (registry, image, _) = prepared(&world).await;
    let id = digest(image.as_bytes());
    let got = get(&world, json!({"imageDigest": id}), &[DOCKER]).await;
    assert_eq!(got["images"][0]["imageManifest"], image);
    let headers = [("accept", DOCKER)];
    let path = format!("/v2/app/manifests/{id}");
    let pulled = registry.send(Method::GET, &path, &headers, "").await;
    assert_eq!(pulled.text(), image);

    let got = get(&world, json!({"imageTag": "v1"}), &["text/plain"]).await;
    assert_eq!(got["failures"][0]["failureCode"], "ImageNotFound");
    let mut signature: Value = serde_json::from_str(&image).unwrap();
    signature["artifactType"] = "application/vnd.signature".into();
    let put = json!({"repositoryName": "app", "imageTag": "signed", "imageManifest": signature.to_string()});
    world.ecr(TOOLS, "PutImage", put).await.ok();
    let got = get(&world, json!({"imageTag": "signed"}), &[DOCKER]).await;
    assert_eq!(got["failures"][0]["failureCode"], "ImageNotFound");
}
