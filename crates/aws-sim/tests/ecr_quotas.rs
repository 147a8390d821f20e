//! How much a registry takes, and how fast (ecs-facts 7.7).

mod support;

use http::{Method, StatusCode};
use serde_json::{Value, json};
use support::{OCI_MANIFEST, TOOLS, World};

#[tokio::test]
async fn an_image_has_a_thousand_tags_and_no_more() {
    let world = World::demo().await;
    let registry = world.repository("app", json!({})).await;
    registry.push_image("app", "t0", b"layer").await;
    let manifest = registry.get("/v2/app/manifests/t0").await.text();
    let tag = async |tag: &str| {
        let put = json!({"repositoryName": "app", "imageTag": tag, "imageManifest": manifest});
        world.ecr(TOOLS, "PutImage", put).await
    };
    for number in 1..1000 {
        tag(&format!("t{number}")).await.ok();
    }
    let text = format!(
        "Adding tag 'more' to an image in the repository with name 'app' in registry with id '{TOOLS}' exceeds the \
         maximum allowed number of tags per image which is '1000'"
    );
    let refused = tag("more").await;
    assert_eq!(refused.error(), "LimitExceededException");
    assert_eq!(refused.json()["message"], text);
    let headers = [("content-type", OCI_MANIFEST)];
    let push = async |tag: &str, manifest: String| {
        let path = format!("/v2/app/manifests/{tag}");
        registry.send(Method::PUT, &path, &headers, manifest).await
    };
    let pushed = push("more", manifest.clone()).await;
    assert_eq!(pushed.status, StatusCode::FORBIDDEN);
    assert_eq!(
        pushed.json()["errors"][0],
        json!({"code": "DENIED", "message": text})
    );
    let again = push("t7", manifest.clone()).await;
    assert_eq!(again.status, StatusCode::CREATED, "it has this one");

    // A tag that moves to another image makes room.
    registry.push_image("app", "t7", b"other").await;
    tag("more").await.ok();
    assert_eq!(tag("t7").await.error(), "LimitExceededException");
}

#[tokio::test]
async fn pushes_and_pulls_draw_on_the_rates_of_ecr_where_these_are_switched_on() {
    let world = World::demo().await;
    let registry = world.repository("app", json!({})).await;
    let manifest = registry.image("app", b"layer").await;
    let push = async || {
        let headers = [("content-type", OCI_MANIFEST)];
        let path = "/v2/app/manifests/v1";
        registry
            .send(Method::PUT, path, &headers, manifest.clone())
            .await
    };
    for _ in 0..20 {
        assert_eq!(push().await.status, StatusCode::CREATED);
    }
    let on = json!({"enabled": true});
    world.control(Method::PUT, "/_sim/limits", on).await.ok();
    for _ in 0..10 {
        assert_eq!(push().await.status, StatusCode::CREATED);
    }
    let refused = push().await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    let error = json!({"code": "TOOMANYREQUESTS", "message": "Rate exceeded"});
    assert_eq!(refused.json()["errors"][0], error);
    let put = json!({"repositoryName": "app", "imageTag": "v2", "imageManifest": manifest});
    let put = world.ecr(TOOLS, "PutImage", put).await;
    assert_eq!(put.error(), "ThrottlingException", "they share the rate");
    world.sim.clock().advance(std::time::Duration::from_secs(1));
    assert_eq!(push().await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn a_list_of_tags_has_at_most_a_thousand() {
    let world = World::demo().await;
    let registry = world.repository("app", json!({})).await;
    let tags = async |query: &str| registry.get(&format!("/v2/app/tags/list{query}")).await;
    assert_eq!(tags("?n=1000").await.ok()["tags"], json!([]));
    let more = tags("?n=1001").await;
    assert_eq!(more.json()["errors"][0]["code"], "UNSUPPORTED");
    assert!(
        more.text().contains("less than or equal to 1000"),
        "{}",
        more.text()
    );
    assert_ne!(tags("?n=x").await.json()["errors"], Value::Null);
}
