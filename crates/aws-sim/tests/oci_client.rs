//! A Rust client of the registry: `oci-client` pushes in chunks and at once, and pulls.

mod support;

use http::Method;
use oci_client::client::{Client, ClientConfig, ClientProtocol, Config, ImageLayer};
use oci_client::manifest::{IMAGE_CONFIG_MEDIA_TYPE, IMAGE_LAYER_GZIP_MEDIA_TYPE};
use oci_client::secrets::RegistryAuth;
use serde_json::{Value, json};
use support::{TOOLS, World};

#[tokio::test]
async fn what_it_pushes_it_can_pull() {
    // Another test of the process may have installed it.
    drop(rustls::crypto::ring::default_provider().install_default());
    let world = World::demo().await;
    let registry = world.repository("app", json!({})).await;
    let auth = RegistryAuth::Basic("AWS".to_owned(), registry.password());
    for (tag, at_once) in [("chunked", false), ("at-once", true)] {
        let client = Client::new(ClientConfig {
            protocol: ClientProtocol::Http,
            use_monolithic_push: at_once,
            ..ClientConfig::default()
        });
        let image = format!("{}/app:{tag}", registry.host).parse().unwrap();
        let mut bytes = vec![7_u8; 5 << 20];
        bytes.extend(tag.bytes());
        let layers = [ImageLayer::new(
            bytes,
            IMAGE_LAYER_GZIP_MEDIA_TYPE.to_owned(),
            None,
        )];
        let config = json!({"os": "linux", "architecture": "amd64"}).to_string();
        let config = Config::new(
            config.into_bytes(),
            IMAGE_CONFIG_MEDIA_TYPE.to_owned(),
            None,
        );
        client
            .push(&image, &layers, config, &auth, None)
            .await
            .unwrap();
        let pulled = client
            .pull(&image, &auth, vec![IMAGE_LAYER_GZIP_MEDIA_TYPE])
            .await
            .unwrap();
        assert_eq!(pulled.layers[0].data, layers[0].data);
        let (_, digest) = client.pull_image_manifest(&image, &auth).await.unwrap();

        let ids = json!({"repositoryName": "app", "imageIds": [{"imageTag": tag}]});
        let details = world.ecr(TOOLS, "DescribeImages", ids).await.ok();
        assert_eq!(details["imageDetails"][0]["imageDigest"], digest);
    }
    let calls = world
        .control(Method::GET, "/_sim/calls", Value::Null)
        .await
        .ok();
    let failed = calls
        .as_array()
        .unwrap()
        .iter()
        .filter(|call| !call["error"].is_null());
    let failed: Vec<_> = failed
        .filter(|call| call["error"] != "BLOB_UNKNOWN")
        .collect();
    assert!(failed.is_empty(), "{failed:?}");
}
