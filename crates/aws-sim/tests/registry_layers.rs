//! Where layers are: the registry sends to an address that carries its own right to read, as ECR sends to S3.

mod support;

use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::json;
use support::{Answer, Registry, STAGING, World, digest, request, send};

async fn prepared(world: &World) -> (Registry, String) {
    let registry = world.repository("team/app", json!({})).await;
    let blob = registry.push_blob("team/app", b"hello, layers").await;
    let path = format!("/v2/team/app/blobs/{blob}");
    let sent = registry.get(&path).await;
    assert_eq!(sent.status, StatusCode::TEMPORARY_REDIRECT);
    assert!(sent.body.is_empty());
    let address = sent.header("location").to_owned();
    let path = address.strip_prefix(&format!("http://{}", registry.host));
    (
        registry.clone(),
        path.expect("an address of the registry").to_owned(),
    )
}

async fn ask(registry: &Registry, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
    let host = &registry.host;
    send(host, request(method, host, path, headers, "")).await
}

#[tokio::test]
async fn the_address_needs_no_token_and_takes_ranges() {
    let world = World::demo().await;
    let (registry, path) = prepared(&world).await;
    let got = ask(&registry, Method::GET, &path, &[]).await;
    assert_eq!(got.text(), "hello, layers");
    let part = ask(&registry, Method::GET, &path, &[("range", "bytes=0-4")]).await;
    assert_eq!(part.status, StatusCode::PARTIAL_CONTENT);
    assert_eq!(
        (part.header("content-range"), part.text().as_str()),
        ("bytes 0-4/13", "hello")
    );
    let beyond = ask(&registry, Method::GET, &path, &[("range", "bytes=13-")]).await;
    assert_eq!(beyond.status, StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(beyond.xml("Code"), "InvalidRange");
    let head = ask(&registry, Method::HEAD, &path, &[]).await;
    assert_eq!(head.header("content-length"), "13");
    let put = ask(&registry, Method::PUT, &path, &[]).await;
    assert_eq!(put.xml("Code"), "MethodNotAllowed");
    // A client that keeps its token on the way is served as well.
    let with_token = registry.get(&path).await;
    assert_eq!(with_token.text(), "hello, layers");
}

#[tokio::test]
async fn it_is_good_for_one_layer_for_an_hour() {
    let world = World::demo().await;
    let (registry, path) = prepared(&world).await;
    let (of_one, query) = path.split_once('?').unwrap();
    let other = registry.push_blob("team/app", b"another").await;
    let (name, _) = of_one.rsplit_once('/').unwrap();
    for forged in [
        format!("{name}/{other}?{query}"),
        of_one.to_owned(),
        format!("{of_one}?Expires=99999999999999999&Signature=00"),
        path.replace("team/app", "team/other"),
        path.replace("Expires=", "Expires=9"),
    ] {
        let refused = ask(&registry, Method::GET, &forged, &[]).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{forged}");
        assert_eq!(refused.xml("Code"), "SignatureDoesNotMatch");
    }
    world.sim.clock().advance(Duration::from_secs(3599));
    assert_eq!(
        ask(&registry, Method::GET, &path, &[]).await.status,
        StatusCode::OK
    );
    world.sim.clock().advance(Duration::from_secs(1));
    let late = ask(&registry, Method::GET, &path, &[]).await;
    assert_eq!(late.status, StatusCode::FORBIDDEN);
    assert_eq!(late.xml("Message"), "Request has expired");
}

#[tokio::test]
async fn a_layer_that_has_gone_is_no_key_and_the_address_is_not_given_to_everybody() {
    let world = World::demo().await;
    let (registry, path) = prepared(&world).await;
    let blob = format!("/v2/team/app/blobs/{}", digest(b"hello, layers"));
    let staging = world.registry(STAGING).await;
    assert_eq!(staging.get(&blob).await.status, StatusCode::FORBIDDEN);
    let nobody = ask(&registry, Method::GET, &blob, &[]).await;
    assert_eq!(nobody.status, StatusCode::UNAUTHORIZED);
    let gone = json!({"repositoryName": "team/app", "force": true});
    world
        .ecr(support::TOOLS, "DeleteRepository", gone)
        .await
        .ok();
    let gone = ask(&registry, Method::GET, &path, &[]).await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
    assert_eq!(gone.xml("Code"), "NoSuchKey");
}

#[tokio::test]
async fn both_requests_of_a_download_are_logged_and_can_be_made_to_fail() {
    let world = World::demo().await;
    let (registry, path) = prepared(&world).await;
    ask(&registry, Method::GET, &path, &[]).await;
    let calls = world.sim.calls(0.0);
    let [.., sent, served] = calls.as_slice() else {
        panic!("{calls:?}");
    };
    assert_eq!(
        (sent.action.as_str(), sent.status),
        ("GetDownloadUrlForLayer", Some(307))
    );
    assert_eq!(
        (served.action.as_str(), served.status),
        ("GetObject", Some(200))
    );
    assert_eq!(served.resource, sent.resource);
    assert_eq!(served.principal, None, "whoever has the address");
    for named in ["get-layer", "GetObject"] {
        for (kind, status, code) in [
            ("http-500", 500, "InternalError"),
            ("throttle", 503, "SlowDown"),
        ] {
            let rule = json!({"service": "registry", "action": named, "kind": kind, "count": 1});
            world.control(Method::POST, "/_sim/faults", rule).await.ok();
            let struck = ask(&registry, Method::GET, &path, &[]).await;
            assert_eq!(
                (struck.status.as_u16(), struck.xml("Code").as_str()),
                (status, code)
            );
            let fine = ask(&registry, Method::GET, &path, &[]).await;
            assert_eq!(fine.status, StatusCode::OK);
        }
    }
}

#[tokio::test]
async fn without_redirects_the_bytes_come_at_once() {
    let world = World::demo().await;
    let (registry, path) = prepared(&world).await;
    let direct = json!({"layer_redirects": false});
    let chosen = world.control(Method::PUT, "/_sim/choices", direct).await;
    assert_eq!(chosen.ok()["layer_redirects"], false);
    let blob = format!("/v2/team/app/blobs/{}", digest(b"hello, layers"));
    let got = registry.get(&blob).await;
    assert_eq!(got.status, StatusCode::OK);
    assert_eq!(got.text(), "hello, layers");
    let part = registry.send(Method::GET, &blob, &[("range", "bytes=7-")], "");
    assert_eq!(part.await.text(), "layers");
    let address = ask(&registry, Method::GET, &path, &[]).await;
    assert_eq!(
        address.text(),
        "hello, layers",
        "addresses given out stay good"
    );
}
