//! Images of several platforms, and images with layers missing: what the contract leaves out.

mod common;

use aws_sim::Sim;
use aws_sim::seed::demo;
use common::push::{self, OCI};
use common::{STAGING, Server, config, job, open, repository};
use serde_json::json;
use shipway_domain::ids::Digest;
use shipway_domain::spec::{RepositorySettings, TagMutability};
use shipway_plugin::RegistryApi;
use std::sync::Arc;

const INDEX: &str = "application/vnd.oci.image.index.v1+json";

async fn registry() -> (Sim, Arc<dyn RegistryApi>) {
    let sim = aws_sim::start(aws_sim::SimConfig::default())
        .await
        .expect("a simulator");
    sim.seed(&demo()).expect("seeded");
    let region = open(config(&sim.url()), STAGING, &job()).await;
    let registry = region.registry();
    (sim, registry)
}

const SETTINGS: RepositorySettings = RepositorySettings {
    scan_on_push: true,
    mutability: TagMutability::Mutable,
    keep_last: None,
};

#[tokio::test]
async fn an_index_names_its_platforms() {
    let (_sim, registry) = registry().await;
    registry
        .create_repository(&repository(), &SETTINGS)
        .await
        .expect("created");
    let login = registry.login().await.expect("a login");
    let child = push::image(&login, &repository(), "", b"layer one").await;
    let text = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [{
        "mediaType": OCI, "digest": child.as_str(), "size": 400,
        "platform": {"os": "linux", "architecture": "amd64"},
    }]})
    .to_string();
    let index = push::manifest(&login, &repository(), INDEX, "v2", &text).await;
    let facts = registry
        .image(&repository(), "v2", true)
        .await
        .expect("asked")
        .expect("there");
    assert_eq!(facts.digest, index);
    assert_eq!(facts.manifests, [("linux/amd64".to_owned(), child)]);
    assert_eq!((facts.complete, facts.size), (true, 9));
}

#[tokio::test]
async fn a_layer_that_is_gone_makes_an_image_incomplete() {
    let server = Server::start(|asked, _| {
        let manifest =
            json!({"config": {"digest": "sha256:c"}, "layers": [{"digest": "sha256:a"}]});
        let body = match asked.operation.as_str() {
            "BatchGetImage" => json!({"images": [{
                "imageId": {"imageDigest": Digest::of(b"x").as_str()},
                "imageManifest": manifest.to_string(),
            }]}),
            _ => json!({
                "layers": [{"layerDigest": "sha256:c", "layerAvailability": "AVAILABLE"}],
                "failures": [{"layerDigest": "sha256:a", "failureCode": "MissingLayerDigest"}],
            }),
        };
        (200, body.to_string())
    })
    .await;
    let registry = server.open().await.registry();
    let name = repository();
    let deep = registry
        .image(&name, "v1", true)
        .await
        .expect("asked")
        .expect("there");
    assert!(!deep.complete);
    let asked = &server.asked("BatchCheckLayerAvailability")[0].body;
    assert!(asked.contains(r#""registryId":"111111111111""#), "{asked}");
    let flat = registry
        .image(&name, "v1", false)
        .await
        .expect("asked")
        .expect("there");
    assert!(flat.complete, "as far as it was looked at");
}
