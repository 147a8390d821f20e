//! Injected faults of registries: what real clients see, what stays undone, and chance that repeats.

mod support;

use std::time::{Duration, Instant};

use http::{Method, StatusCode};
use oci_client::client::{Client, ClientConfig, ClientProtocol, Config, ImageLayer};
use oci_client::manifest::{IMAGE_CONFIG_MEDIA_TYPE, IMAGE_LAYER_GZIP_MEDIA_TYPE};
use oci_client::secrets::RegistryAuth;
use serde_json::{Value, json};
use support::{OCI_MANIFEST, REGION, Registry, STAGING, TOOLS, World, request, try_send};

async fn rule(world: &World, rule: Value) {
    world.control(Method::POST, "/_sim/faults", rule).await.ok();
}

async fn forget(world: &World) {
    let path = "/_sim/faults";
    world.control(Method::DELETE, path, Value::Null).await.ok();
}

async fn hits(world: &World) -> Value {
    let rules = world
        .control(Method::GET, "/_sim/faults", Value::Null)
        .await;
    rules.ok()[0]["hits"].clone()
}

/// A registry with the repository `app` and the image `app:v1`.
async fn with_image(world: &World) -> Registry {
    let registry = world.repository("app", json!({})).await;
    registry.push_image("app", "v1", b"layer").await;
    registry
}

#[tokio::test]
async fn each_kind_is_answered_in_the_words_of_a_registry() {
    let world = World::demo().await;
    let registry = with_image(&world).await;
    for (kind, status, code) in [
        ("http-500", 500, "UNKNOWN"),
        ("http-503", 503, "UNAVAILABLE"),
        ("throttle", 429, "TOOMANYREQUESTS"),
        ("expired-token", 401, "UNAUTHORIZED"),
    ] {
        rule(&world, json!({"service": "registry", "kind": kind})).await;
        for path in ["/v2/", "/v2/app/manifests/v1", "/v2/app/tags/list"] {
            let answer = registry.get(path).await;
            assert_eq!(answer.status.as_u16(), status, "{kind} {path}");
            assert_eq!(answer.json()["errors"][0]["code"], code, "{kind} {path}");
            assert_eq!(answer.header("x-amzn-requestid").len(), 36);
            let challenged = answer.header("www-authenticate").starts_with("Basic ");
            assert_eq!(challenged, status == 401, "{kind} {path}");
        }
        // The API of ECR is another service.
        world
            .ecr(TOOLS, "DescribeRepositories", json!({}))
            .await
            .ok();
        assert_eq!(hits(&world).await, 3, "{kind}");
        let logged = world.sim.calls(0.0);
        let last = logged.iter().rev().find(|call| call.service == "registry");
        let last = last.expect("it is logged");
        assert_eq!(last.error.as_deref(), Some(code));
        assert_eq!(last.status, Some(status));
        forget(&world).await;
        assert_eq!(
            registry.get("/v2/app/manifests/v1").await.status,
            StatusCode::OK
        );
    }
}

#[tokio::test]
async fn a_rule_names_the_iam_action_or_the_operation_of_the_protocol() {
    let world = World::demo().await;
    let registry = with_image(&world).await;
    let digest = support::digest(b"layer");
    let upload = registry
        .send(Method::POST, "/v2/app/blobs/uploads/", &[], "")
        .await;
    let upload = upload.header("location").to_owned();
    let upload = upload
        .split_once("/v2/")
        .map(|(_, rest)| format!("/v2/{rest}"));
    let upload = upload.expect("a path");
    let blob = format!("/v2/app/blobs/{digest}");
    let referrers = format!("/v2/app/referrers/{digest}");
    let manifest = "/v2/app/manifests/v1";
    for (action, operation, method, path) in [
        ("ping", "ping", Method::GET, "/v2/"),
        (
            "BatchCheckLayerAvailability",
            "head-blob",
            Method::HEAD,
            blob.as_str(),
        ),
        ("GetDownloadUrlForLayer", "get-blob", Method::GET, &blob),
        (
            "InitiateLayerUpload",
            "start-upload",
            Method::POST,
            "/v2/app/blobs/uploads/",
        ),
        ("UploadLayerPart", "upload-chunk", Method::PATCH, &upload),
        ("UploadLayerPart", "upload-status", Method::GET, &upload),
        ("CompleteLayerUpload", "finish-upload", Method::PUT, &upload),
        ("UploadLayerPart", "cancel-upload", Method::DELETE, &upload),
        ("BatchGetImage", "head-manifest", Method::HEAD, manifest),
        ("BatchGetImage", "get-manifest", Method::GET, manifest),
        ("PutImage", "put-manifest", Method::PUT, manifest),
        ("ListImages", "list-tags", Method::GET, "/v2/app/tags/list"),
        (
            "ListImageReferrers",
            "list-referrers",
            Method::GET,
            &referrers,
        ),
    ] {
        for named in [action, operation] {
            rule(
                &world,
                json!({"action": "nothing-else", "kind": "http-500"}),
            )
            .await;
            rule(
                &world,
                json!({"service": "registry", "action": named, "kind": "http-503"}),
            )
            .await;
            let answer = registry.send(method.clone(), path, &[], "").await;
            let unavailable = StatusCode::SERVICE_UNAVAILABLE;
            assert_eq!(answer.status, unavailable, "{named}: {method} {path}");
            forget(&world).await;
        }
    }
}

#[tokio::test]
async fn a_rule_is_for_the_resources_and_callers_that_it_names() {
    let world = World::demo().await;
    let registry = with_image(&world).await;
    world.repository("other", json!({})).await;
    let repository = format!("arn:aws:ecr:{REGION}:{TOOLS}:repository");
    for (pattern, path, struck) in [
        (format!("{repository}/app:v1"), "/v2/app/manifests/v1", true),
        (format!("{repository}/app*"), "/v2/app/manifests/v1", true),
        (format!("{repository}/app"), "/v2/app/manifests/v1", false),
        (format!("{repository}/app"), "/v2/app/tags/list", true),
        (format!("{repository}/app*"), "/v2/other/tags/list", false),
    ] {
        rule(&world, json!({"resource": pattern, "kind": "throttle"})).await;
        let answer = registry.get(path).await;
        let throttled = answer.status == StatusCode::TOO_MANY_REQUESTS;
        assert_eq!(throttled, struck, "{pattern} {path}");
        forget(&world).await;
    }
    let service = format!("arn:aws:ecs:{REGION}:{STAGING}:service/main/hello");
    rule(&world, json!({"resource": service, "kind": "throttle"})).await;
    rule(
        &world,
        json!({"service": "registry", "account": STAGING, "kind": "http-500"}),
    )
    .await;
    for (services, struck) in [(json!(["other", "hello"]), true), (json!(["other"]), false)] {
        let input = json!({"cluster": "main", "services": services});
        let answer = world.ecs(STAGING, "DescribeServices", input).await;
        assert_eq!(answer.status == StatusCode::BAD_REQUEST, struck);
    }
    let mine = registry.get("/v2/app/tags/list").await;
    assert_eq!(mine.status, StatusCode::OK, "that account has not asked");
}

#[tokio::test]
async fn a_dropped_push_leaves_the_tag_alone_unless_it_is_dropped_afterwards() {
    let world = World::demo().await;
    let registry = with_image(&world).await;
    let manifest = registry.image("app", b"layer").await;
    for (tag, kind, there) in [("v2", "drop-before", false), ("v3", "drop-after", true)] {
        rule(
            &world,
            json!({"action": "put-manifest", "kind": kind, "count": 1}),
        )
        .await;
        let path = format!("/v2/app/manifests/{tag}");
        let authorization = registry.authorization.as_str();
        let headers = [
            ("authorization", authorization),
            ("content-type", OCI_MANIFEST),
        ];
        let put = request(
            Method::PUT,
            &registry.host,
            &path,
            &headers,
            manifest.clone(),
        );
        let ended = try_send(&registry.host, put).await;
        assert!(ended.is_err(), "{kind}: {ended:?}");
        let found = registry.get(&path).await.status == StatusCode::OK;
        assert_eq!(found, there, "{kind}");
        let calls = world.sim.calls(0.0);
        let logged = calls.iter().rfind(|call| call.action == "PutImage");
        let logged = logged.expect("it is logged");
        assert_eq!(logged.status, None);
        let error = (!there).then_some("ConnectionDropped");
        assert_eq!(logged.error.as_deref(), error);
    }
}

#[tokio::test]
async fn a_late_answer_of_a_registry_is_the_right_one() {
    let world = World::demo().await;
    let registry = with_image(&world).await;
    rule(
        &world,
        json!({"action": "get-manifest", "kind": "latency", "ms": 60, "count": 1}),
    )
    .await;
    let begin = Instant::now();
    let late = registry.get("/v2/app/manifests/v1").await;
    assert!(begin.elapsed() >= Duration::from_millis(60));
    assert_eq!(late.status, StatusCode::OK);
    assert_eq!(registry.get("/v2/app/manifests/v1").await.body, late.body);
}

/// Which of a hundred calls are struck by a rule of this probability.
async fn struck(probability: f64) -> Vec<bool> {
    let world = World::demo().await;
    rule(
        &world,
        json!({"kind": "http-503", "probability": probability}),
    )
    .await;
    let mut seen = Vec::new();
    for _ in 0..100 {
        let answer = world.ecs(STAGING, "ListClusters", json!({})).await;
        seen.push(answer.status == StatusCode::SERVICE_UNAVAILABLE);
    }
    let count = seen.iter().filter(|struck| **struck).count();
    assert_eq!(hits(&world).await, count);
    seen
}

#[tokio::test]
async fn chance_strikes_about_as_often_as_asked_and_alike_in_runs_that_repeat() {
    let count = |seen: &[bool]| seen.iter().filter(|struck| **struck).count();
    let (first, second) = (struck(0.3).await, struck(0.3).await);
    assert_eq!(first, second);
    assert!((15..=45).contains(&count(&first)), "{}", count(&first));
    assert_eq!(count(&struck(0.0).await), 0);
    assert_eq!(count(&struck(1.0).await), 100);
    let world = World::demo().await;
    for probability in [json!(1.5), json!(-0.1), json!("often")] {
        let rule = json!({"kind": "http-503", "probability": probability});
        let answer = world.control(Method::POST, "/_sim/faults", rule).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    }
}

/// `oci-client` has no retries of its own: it tells, and the next try succeeds.
#[tokio::test]
async fn oci_client_tells_of_one_503_and_succeeds_at_the_next_try() {
    // Another test of the process may have installed it.
    drop(rustls::crypto::ring::default_provider().install_default());
    let world = World::demo().await;
    let registry = with_image(&world).await;
    let auth = RegistryAuth::Basic("AWS".to_owned(), registry.password());
    let image = format!("{}/app:v2", registry.host).parse().expect("a name");
    let push = async || {
        let client = Client::new(ClientConfig {
            protocol: ClientProtocol::Http,
            ..ClientConfig::default()
        });
        let kind = IMAGE_LAYER_GZIP_MEDIA_TYPE.to_owned();
        let layers = [ImageLayer::new(b"more".to_vec(), kind, None)];
        let config = json!({"os": "linux", "architecture": "amd64"}).to_string();
        let kind = IMAGE_CONFIG_MEDIA_TYPE.to_owned();
        let config = Config::new(config.into_bytes(), kind, None);
        client.push(&image, &layers, config, &auth, None).await
    };
    rule(
        &world,
        json!({"action": "PutImage", "kind": "http-503", "count": 1}),
    )
    .await;
    let told = push().await.map(|_| ());
    let told = format!("{:?}", told.expect_err("it does not try again by itself"));
    assert!(told.contains("503") || told.contains("Injected"), "{told}");
    assert_eq!(hits(&world).await, 1);
    push().await.expect("the fault is over");
}
