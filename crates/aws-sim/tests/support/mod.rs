//! A plain HTTP client for tests: AWS calls, control calls, registry requests.

#![allow(dead_code, reason = "each test file uses its own part of it")]
#![allow(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

use aws_sim::seed::{Seed, demo};
use aws_sim::{Sim, SimConfig, start};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

pub(crate) const TOOLS: &str = "000000000000";
pub(crate) const STAGING: &str = "111111111111";
pub(crate) const PROD: &str = "222222222222";
pub(crate) const REGION: &str = "eu-west-1";

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The output of a call that succeeded.
    #[track_caller]
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text());
        self.json()
    }

    /// The error code of a JSON service.
    #[track_caller]
    pub(crate) fn error(&self) -> String {
        assert!(self.status.is_client_error(), "{self:?}");
        self.json()["__type"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// What stands between `<name>` and `</name>`.
    pub(crate) fn xml(&self, name: &str) -> String {
        let text = self.text();
        let (_, rest) = text
            .split_once(&format!("<{name}>"))
            .unwrap_or_else(|| panic!("{text}"));
        rest.split_once(&format!("</{name}>")).unwrap().0.to_owned()
    }
}

/// A call of ECS; none if the connection ends without an answer.
pub(crate) async fn attempt(host: &str, keys: &Keys, action: &str, body: &str) -> Option<Answer> {
    let scope = scope(keys);
    let target = format!("AmazonEC2ContainerServiceV20141113.{action}");
    let headers = [
        ("content-type", "application/x-amz-json-1.1"),
        ("x-amz-target", target.as_str()),
        ("authorization", scope.as_str()),
    ];
    let request = request(Method::POST, host, "/", &headers, body.to_owned());
    try_send(host, request).await.ok()
}

/// Sends one request to `host:port`.
pub(crate) async fn send(host: &str, request: Request<Full<Bytes>>) -> Answer {
    try_send(host, request).await.unwrap()
}

/// Sends one request to `host:port`; an error if the connection ends before the answer does.
pub(crate) async fn try_send(
    host: &str,
    request: Request<Full<Bytes>>,
) -> Result<Answer, hyper::Error> {
    let stream = TcpStream::connect(host).await.unwrap();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    let mut tasks = JoinSet::new();
    tasks.spawn(connection);
    let response = sender.send_request(request).await?;
    let (parts, body) = response.into_parts();
    Ok(Answer {
        status: parts.status,
        headers: parts.headers,
        body: body.collect().await?.to_bytes(),
    })
}

/// A request with headers.
pub(crate) fn request(
    method: Method,
    host: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Request<Full<Bytes>> {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", host);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Full::new(body.into())).unwrap()
}

/// Keys of a caller: an account id, or what AssumeRole gave.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    pub(crate) id: String,
    pub(crate) token: Option<String>,
}

impl From<&str> for Keys {
    fn from(account: &str) -> Self {
        Self {
            id: account.to_owned(),
            token: None,
        }
    }
}

/// A simulator with the demo world and a paused clock.
pub(crate) struct World {
    pub(crate) sim: Sim,
}

impl World {
    pub(crate) async fn demo() -> Self {
        Self::seeded(&demo()).await
    }

    pub(crate) async fn seeded(seed: &Seed) -> Self {
        let sim = start(SimConfig {
            time_scale: 0.0,
            id_seed: Some(1),
            ..SimConfig::default()
        });
        let sim = sim.await.unwrap();
        sim.seed(seed).unwrap();
        Self { sim }
    }

    pub(crate) fn host(&self) -> String {
        self.sim.url().trim_start_matches("http://").to_owned()
    }

    /// A JSON call.
    pub(crate) async fn call(&self, keys: impl Into<Keys>, target: &str, input: Value) -> Answer {
        call(&self.host(), &keys.into(), target, &input.to_string()).await
    }

    pub(crate) async fn ecr(&self, keys: impl Into<Keys>, action: &str, input: Value) -> Answer {
        let target = format!("AmazonEC2ContainerRegistry_V20150921.{action}");
        self.call(keys, &target, input).await
    }

    pub(crate) async fn ecs(&self, keys: impl Into<Keys>, action: &str, input: Value) -> Answer {
        let target = format!("AmazonEC2ContainerServiceV20141113.{action}");
        self.call(keys, &target, input).await
    }

    /// A query call to STS.
    pub(crate) async fn sts(&self, keys: impl Into<Keys>, form: &str) -> Answer {
        let keys = keys.into();
        let scope = scope(&keys);
        let mut headers = vec![
            ("content-type", "application/x-www-form-urlencoded"),
            ("authorization", scope.as_str()),
        ];
        headers.extend(
            keys.token
                .as_deref()
                .map(|token| ("x-amz-security-token", token)),
        );
        let host = self.host();
        send(
            &host,
            request(Method::POST, &host, "/", &headers, form.to_owned()),
        )
        .await
    }

    /// Becomes a role.
    pub(crate) async fn assume(&self, caller: impl Into<Keys>, account: &str, role: &str) -> Keys {
        let form = format!(
            "Action=AssumeRole&Version=2011-06-15&RoleSessionName=test&\
             RoleArn=arn%3Aaws%3Aiam%3A%3A{account}%3Arole%2F{role}"
        );
        let answer = self.sts(caller, &form).await;
        Keys {
            id: answer.xml("AccessKeyId"),
            token: Some(answer.xml("SessionToken")),
        }
    }

    pub(crate) async fn control(&self, method: Method, path: &str, body: Value) -> Answer {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        send(&self.host(), request(method, &self.host(), path, &[], body)).await
    }

    /// A repository of the tools account and the client to its registry.
    pub(crate) async fn repository(&self, name: &str, more: Value) -> Registry {
        let mut input = json!({"repositoryName": name});
        for (member, value) in more.as_object().unwrap() {
            input[member] = value.clone();
        }
        self.ecr(TOOLS, "CreateRepository", input).await.ok();
        self.registry(TOOLS).await
    }

    /// The tools account's registry, seen by somebody.
    pub(crate) async fn registry(&self, caller: impl Into<Keys>) -> Registry {
        let answer = self
            .ecr(caller, "GetAuthorizationToken", json!({}))
            .await
            .ok();
        let token = answer["authorizationData"][0]["authorizationToken"]
            .as_str()
            .unwrap();
        Registry {
            host: self.sim.registry(TOOLS, REGION).unwrap(),
            authorization: format!("Basic {token}"),
        }
    }
}

/// A JSON call to any simulator.
pub(crate) async fn call(host: &str, keys: &Keys, target: &str, body: &str) -> Answer {
    let scope = scope(keys);
    let mut headers = vec![
        ("content-type", "application/x-amz-json-1.1"),
        ("x-amz-target", target),
        ("authorization", scope.as_str()),
    ];
    headers.extend(
        keys.token
            .as_deref()
            .map(|token| ("x-amz-security-token", token)),
    );
    send(
        host,
        request(Method::POST, host, "/", &headers, body.to_owned()),
    )
    .await
}

fn scope(keys: &Keys) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential={}/20261101/{REGION}/any/aws4_request, \
         SignedHeaders=host, Signature=00",
        keys.id
    )
}

/// A client of one registry.
#[derive(Clone, Debug)]
pub(crate) struct Registry {
    pub(crate) host: String,
    pub(crate) authorization: String,
}

impl Registry {
    /// The password in the token.
    pub(crate) fn password(&self) -> String {
        let token = self.authorization.trim_start_matches("Basic ");
        let decoded = String::from_utf8(STANDARD.decode(token).unwrap()).unwrap();
        decoded.strip_prefix("AWS:").unwrap().to_owned()
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Answer {
        let mut all = vec![("authorization", self.authorization.as_str())];
        all.extend(headers);
        send(&self.host, request(method, &self.host, path, &all, body)).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], "").await
    }

    /// Fetches a blob from where the registry says that it is; that takes no token.
    pub(crate) async fn blob(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let answer = self.send(Method::GET, path, headers, "").await;
        if answer.status != StatusCode::TEMPORARY_REDIRECT {
            return answer;
        }
        let address = answer.header("location");
        let path = address.strip_prefix(&format!("http://{}", self.host));
        let path = path.unwrap_or_else(|| panic!("{address} is elsewhere"));
        let request = request(Method::GET, &self.host, path, headers, "");
        send(&self.host, request).await
    }

    /// Pushes a blob in one piece; gives its digest.
    pub(crate) async fn push_blob(&self, name: &str, bytes: &[u8]) -> String {
        let digest = digest(bytes);
        let path = format!("/v2/{name}/blobs/uploads/?digest={digest}");
        let answer = self.send(Method::POST, &path, &[], bytes.to_vec()).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text());
        digest
    }

    /// Pushes an image with one layer; gives the answer to its manifest.
    pub(crate) async fn push_image(&self, name: &str, tag: &str, layer: &[u8]) -> Answer {
        let manifest = self.image(name, layer).await;
        let path = format!("/v2/{name}/manifests/{tag}");
        let headers = [("content-type", OCI_MANIFEST)];
        self.send(Method::PUT, &path, &headers, manifest).await
    }

    /// Pushes the blobs of an image; gives its manifest.
    pub(crate) async fn image(&self, name: &str, layer: &[u8]) -> String {
        let config = json!({"os": "linux", "architecture": "amd64"}).to_string();
        let config_digest = self.push_blob(name, config.as_bytes()).await;
        let layer_digest = self.push_blob(name, layer).await;
        json!({
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json",
                "digest": config_digest, "size": config.len()},
            "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar",
                "digest": layer_digest, "size": layer.len()}],
        })
        .to_string()
    }
}

pub(crate) const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// `sha256:<hex>`.
pub(crate) fn digest(bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
    let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}
