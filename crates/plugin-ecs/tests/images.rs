//! Repositories, logins, images and tags, against the simulator and its registry.

mod common;

use aws_sim::Sim;
use aws_sim::seed::demo;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use common::{STAGING, Server, config, job, open, repository};
use serde_json::json;
use shipway_domain::ids::Digest;
use shipway_domain::spec::{RepositorySettings, TagMutability};
use shipway_plugin::{ErrorKind, Login, RegistryApi};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const OCI: &str = "application/vnd.oci.image.manifest.v1+json";
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

fn settings(except: &[&str]) -> RepositorySettings {
    RepositorySettings {
        scan_on_push: true,
        mutability: TagMutability::Immutable {
            except: except.iter().map(|&wildcard| wildcard.to_owned()).collect(),
        },
        keep_last: Some(10),
    }
}

/// One request of the registry protocol; status and headers of the answer.
async fn http(login: &Login, request: &str, kind: &str, body: &[u8]) -> (u16, String) {
    let pair = [login.user.as_bytes(), b":", login.password.expose()].concat();
    let head = format!(
        "{request} HTTP/1.1\r\nHost: {}\r\nAuthorization: Basic {}\r\nContent-Type: {kind}\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        login.host,
        STANDARD.encode(pair),
        body.len()
    );
    let mut stream = TcpStream::connect(&login.host).await.expect("connected");
    stream.write_all(head.as_bytes()).await.expect("sent");
    stream.write_all(body).await.expect("sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("answered");
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    (status.expect("a status"), answer)
}

async fn push_blob(login: &Login, bytes: &[u8]) -> Digest {
    let digest = Digest::of(bytes);
    let start = format!("POST /v2/{}/blobs/uploads/", repository());
    let (status, answer) = http(login, &start, "application/octet-stream", b"").await;
    assert_eq!(status, 202, "{answer}");
    let location = answer
        .lines()
        .find_map(|line| {
            line.to_ascii_lowercase()
                .starts_with("location:")
                .then(|| line[9..].trim())
        })
        .expect("a location");
    let path = location
        .strip_prefix(&format!("http://{}", login.host))
        .unwrap_or(location);
    let mark = if path.contains('?') { '&' } else { '?' };
    let finish = format!("PUT {path}{mark}digest={digest}");
    let (status, answer) = http(login, &finish, "application/octet-stream", bytes).await;
    assert_eq!(status, 201, "{answer}");
    digest
}

async fn push_manifest(login: &Login, kind: &str, reference: &str, text: &str) -> Digest {
    let digest = Digest::of(text.as_bytes());
    let reference = if reference.is_empty() {
        digest.as_str()
    } else {
        reference
    };
    let put = format!("PUT /v2/{}/manifests/{reference}", repository());
    let (status, answer) = http(login, &put, kind, text.as_bytes()).await;
    assert_eq!(status, 201, "{answer}");
    digest
}

/// Pushes an image of one layer.
async fn push_image(login: &Login, reference: &str, layer: &[u8]) -> Digest {
    let config = push_blob(login, br#"{"os":"linux","architecture":"amd64"}"#).await;
    let blob = push_blob(login, layer).await;
    // Spaced as no serialiser does it: the bytes must survive.
    let text = format!(
        r#"{{ "schemaVersion":2,  "mediaType":"{OCI}",
        "config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{config}","size":37}},
        "layers":[{{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"{blob}","size":{}}}] }}"#,
        layer.len()
    );
    push_manifest(login, OCI, reference, &text).await
}

#[tokio::test]
async fn a_repository_is_made_once_and_described() {
    let (sim, registry) = registry().await;
    assert_eq!(registry.account().as_str(), STAGING);
    assert_eq!(
        registry.repository(&repository()).await.expect("asked"),
        None
    );
    let made = registry
        .create_repository(&repository(), &settings(&["*-latest"]))
        .await;
    let made = made.expect("created");
    let again = registry
        .create_repository(&repository(), &settings(&[]))
        .await;
    assert_eq!(again.expect("it exists"), made, "it stays as it was made");
    let except = vec!["*-latest".to_owned()];
    assert_eq!(made.mutability, TagMutability::Immutable { except });
    let login = registry.login().await.expect("a login");
    assert!(login.plain_http);
    assert_eq!(made.uri, format!("{}/{}", login.host, repository()));
    let put = |call: &&aws_sim::Call| call.action == "PutLifecyclePolicy" && call.error.is_none();
    assert_eq!(sim.calls(0.0).iter().filter(put).count(), 1);

    let policy = json!({"Version": "2012-10-17", "Statement": [{
        "Sid": "pull", "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::222222222222:root"},
        "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
    }]})
    .to_string();
    registry
        .set_policy(&repository(), &policy)
        .await
        .expect("set");
    let seen = registry
        .repository(&repository())
        .await
        .expect("asked")
        .expect("it exists");
    let seen: serde_json::Value =
        serde_json::from_str(&seen.policy.expect("a policy")).expect("JSON");
    assert_eq!(seen["Statement"][0]["Sid"], "pull");
}

#[tokio::test]
async fn an_image_is_seen_by_tag_and_digest_down_to_its_layers() {
    let (_sim, registry) = registry().await;
    assert_eq!(
        registry
            .image(&repository(), "v1", true)
            .await
            .expect("asked"),
        None
    );
    registry
        .create_repository(&repository(), &settings(&[]))
        .await
        .expect("created");
    assert_eq!(
        registry
            .image(&repository(), "v1", true)
            .await
            .expect("asked"),
        None
    );
    let login = registry.login().await.expect("a login");
    let digest = push_image(&login, "v1", b"layer one").await;
    for reference in ["v1", digest.as_str()] {
        let facts = registry
            .image(&repository(), reference, true)
            .await
            .expect("asked");
        let facts = facts.expect("it is there");
        assert_eq!(facts.digest, digest);
        assert_eq!((facts.complete, facts.size), (true, 9));
        assert!(facts.manifests.is_empty());
    }
}

#[tokio::test]
async fn an_index_names_its_platforms() {
    let (_sim, registry) = registry().await;
    registry
        .create_repository(&repository(), &settings(&[]))
        .await
        .expect("created");
    let login = registry.login().await.expect("a login");
    let child = push_image(&login, "", b"layer one").await;
    let text = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [{
        "mediaType": OCI, "digest": child.as_str(), "size": 400,
        "platform": {"os": "linux", "architecture": "amd64"},
    }]})
    .to_string();
    let index = push_manifest(&login, INDEX, "v2", &text).await;
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
async fn a_tag_is_put_without_pushing_and_pinned_ones_do_not_move() {
    let (_sim, registry) = registry().await;
    registry
        .create_repository(&repository(), &settings(&["*-latest"]))
        .await
        .expect("created");
    let login = registry.login().await.expect("a login");
    let one = push_image(&login, "v1", b"layer one").await;
    let two = push_image(&login, "v2", b"layer two").await;
    let name = repository();
    for digest in [&one, &two, &two] {
        registry
            .put_tag(&name, digest, "prod-latest")
            .await
            .expect("it may move");
    }
    let latest = registry
        .image(&name, "prod-latest", false)
        .await
        .expect("asked");
    assert_eq!(
        latest.expect("there").digest,
        two,
        "the manifest came through byte by byte"
    );
    let error = registry
        .put_tag(&name, &two, "v1")
        .await
        .expect_err("pinned");
    assert_eq!(error.kind, ErrorKind::AlreadyExists, "{error}");
    let nothing = Digest::of(b"nothing");
    let error = registry
        .put_tag(&name, &nothing, "v3")
        .await
        .expect_err("missing");
    assert_eq!(error.kind, ErrorKind::NotFound, "{error}");
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
